// SPDX-License-Identifier: Apache-2.0
// Keys in the table: where the focus goes. Pure. Places are those of rows; the rows that stay on top are at -n .. -1, and
// the headings above them.

export interface Focus {
    place: number;
    column: number;
}

export interface Extent {
    first: number; // place of the headings
    rows: number;
    columns: number;
    page: number; // rows in sight
}

const between = (n: number, least: number, most: number): number => Math.max(least, Math.min(most, n));

export function moved(key: string, ctrl: boolean, f: Focus, x: Extent): Focus | null {
    const to = (place: number, column: number): Focus => ({
        place: between(place, x.first, Math.max(x.first, x.rows - 1)),
        column: between(column, 0, x.columns - 1),
    });
    switch (key) {
        case "ArrowDown":
            return to(ctrl ? x.rows - 1 : f.place + 1, f.column);
        case "ArrowUp":
            return to(ctrl ? 0 : f.place - 1, f.column);
        case "ArrowRight":
            return to(f.place, f.column + 1);
        case "ArrowLeft":
            return to(f.place, f.column - 1);
        case "PageDown":
            return to(f.place + x.page, f.column);
        case "PageUp":
            return to(Math.max(0, f.place - x.page), f.column);
        case "Home":
            return ctrl ? to(0, 0) : to(f.place, 0);
        case "End":
            return ctrl ? to(x.rows - 1, x.columns - 1) : to(f.place, x.columns - 1);
        default:
            return null;
    }
}
