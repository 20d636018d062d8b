// SPDX-License-Identifier: Apache-2.0
// Gives the reader a file that was made in the page.

export function saveBlob(name: string, blob: Blob): void {
    const url = URL.createObjectURL(blob);
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export const saveText = (name: string, type: string, text: string): void =>
    saveBlob(name, new Blob([text], { type: `${type};charset=utf-8` }));
