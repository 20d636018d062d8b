// SPDX-License-Identifier: Apache-2.0
// Gives the reader a file: one that was made in the page, or one of the server.

export function saveUrl(name: string, url: string): void {
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
}

export function saveBlob(name: string, blob: Blob): void {
    const url = URL.createObjectURL(blob);
    saveUrl(name, url);
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export const saveText = (name: string, type: string, text: string): void =>
    saveBlob(name, new Blob([text], { type: `${type};charset=utf-8` }));
