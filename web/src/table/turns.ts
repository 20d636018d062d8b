// SPDX-License-Identifier: Apache-2.0
// While the table scrolls only so many rows are filled in a frame, the topmost first; the others wait for the next one. So
// no frame takes long, however far the thumb of the scroll bar was taken.
import { still } from "./still";

const A_FRAME = 11; // a few more than come into sight in a frame of quick scrolling

export interface Waiting {
    readonly place: number;
    fill(): void;
}

let left = A_FRAME;
let framed = false;
const waiting = new Set<Waiting>();

function next(): void {
    framed = false;
    left = A_FRAME;
    const rows = [...waiting].sort((a, b) => a.place - b.place);
    waiting.clear();
    for (const row of rows) row.fill();
}

// May the row be filled now? Else its fill() is called in the next frame, where it asks again.
export function takeTurn(row: Waiting): boolean {
    if (still.peek()) return true;
    if (!framed) requestAnimationFrame(next);
    framed = true;
    if (left-- > 0) return true;
    waiting.add(row);
    return false;
}

export const leave = (row: Waiting): void => void waiting.delete(row);
