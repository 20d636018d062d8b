// SPDX-License-Identifier: Apache-2.0
// The token that whoever looks at the page gave it: in this tab's session only.
const TOKEN = "stemma.token";

export const tokenOf = (): string => sessionStorage.getItem(TOKEN) ?? "";
export const keepToken = (token: string): void => sessionStorage.setItem(TOKEN, token);
export const dropToken = (): void => sessionStorage.removeItem(TOKEN);
