// SPDX-License-Identifier: Apache-2.0
// Finds a text in the rows of a file as far as they were read, a little at a time, so that the page goes on meanwhile. Case does
// not matter. A very long line is several rows: what begins in one may end in the next. Pure but for the clock.
import type { Line } from "./lines";

const MOST = 50_000;
const AT_ONCE = 256; // rows between looks at the clock

export interface Match {
    row: number; // where it begins
    from: number;
    to: number; // may lie beyond that row
}
export interface Mark {
    from: number;
    to: number;
    match: number;
}

export class Finder {
    readonly matches: Match[] = [];
    private next = 0; // row to look at
    private readonly pattern: RegExp | null;

    constructor(private readonly needle: string) {
        this.pattern = needle ? new RegExp(needle.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi") : null;
    }

    get full(): boolean {
        return this.matches.length >= MOST;
    }

    // Looks on for some ms. True: at all rows there are. The last one is looked at again when more have come.
    more(rows: readonly Line[], ms: number): boolean {
        const end = performance.now() + ms;
        while (this.pattern && this.next < rows.length && !this.full) {
            const to = Math.min(rows.length, this.next + AT_ONCE);
            for (; this.next < to; this.next++) this.look(rows, this.next, this.pattern);
            if (performance.now() > end) return this.next === rows.length;
        }
        return true;
    }

    // Rows were added: the last one may go on in them.
    grown(): void {
        if (!this.next) return;
        this.next--;
        while ((this.matches.at(-1)?.row ?? -1) >= this.next) this.matches.pop();
    }

    private look(rows: readonly Line[], row: number, pattern: RegExp): void {
        const { text } = rows[row] as Line;
        const after = rows[row + 1];
        const whole = after?.goesOn ? text + after.text.slice(0, this.needle.length - 1) : text;
        for (const m of whole.matchAll(pattern))
            if (m.index < text.length) this.matches.push({ row, from: m.index, to: m.index + m[0].length });
    }

    // The first match in this row or behind it.
    firstFrom(row: number): number {
        let low = 0;
        let high = this.matches.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            if ((this.matches[middle] as Match).row < row) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    // What of a row is found, in order.
    marks(rows: readonly Line[], row: number): Mark[] {
        const out: Mark[] = [];
        const before = rows[row - 1]?.text.length ?? 0;
        for (let i = this.firstFrom(row - 1); i < this.matches.length; i++) {
            const m = this.matches[i] as Match;
            if (m.row > row) break;
            if (m.row === row) out.push({ from: m.from, to: m.to, match: i });
            else if (m.to > before) out.push({ from: 0, to: m.to - before, match: i });
        }
        return out;
    }
}
