// SPDX-License-Identifier: Apache-2.0
// Texts: order, search, quoting for shells, CSV and the search language. Pure.

let collator: Intl.Collator | undefined; // made when something is sorted: it costs more than what is drawn first

// "layer2" before "layer10".
export function naturally(a: string, b: string): number {
    collator ??= new Intl.Collator("en", { numeric: true, sensitivity: "base" });
    return collator.compare(a, b);
}

// What a search box finds: a regular expression when it is one, else the text itself; case does not matter.
export function matcher(pattern: string): (text: string) => boolean {
    if (!pattern) return () => true;
    if (isPattern(pattern)) {
        const re = new RegExp(pattern, "i");
        return (text) => re.test(text);
    }
    const plain = pattern.toLowerCase();
    return (text) => text.toLowerCase().includes(plain);
}

export function isPattern(text: string): boolean {
    try {
        new RegExp(text, "i");
        return true;
    } catch {
        return false;
    }
}

// Signs that turn the direction of what follows could make "exe.png" of a name: they are shown instead of obeyed.
export const plainName = (text: string): string => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "�");

// A key as the search language takes it: bare, or quoted.
export function searchKey(key: string): string {
    const bare = /^[^\s"'`(),=!<>~]+$/.test(key) && !/\.(last|first|min|max)$/.test(key);
    return bare ? key : `"${key.replaceAll('"', '""')}"`;
}

export const searchText = (text: string): string => `"${text.replaceAll('"', '""')}"`;

export const shellWord = (text: string): string =>
    /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

// The place in a text of the byte that the server points at: it counts the bytes of UTF-8.
export function placeOfByte(text: string, byte: number): number {
    let bytes = 0;
    let place = 0;
    for (const c of text) {
        if (bytes >= byte) break;
        const code = c.codePointAt(0) ?? 0;
        bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        place += c.length;
    }
    return place;
}

// A field of CSV: quoted where needed; a text that a spreadsheet would take for a formula is made a text.
export function csvField(text: string): string {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
