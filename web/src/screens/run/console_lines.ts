// SPDX-License-Identifier: Apache-2.0
// The lines of a console as far as they were read: pieces of 500, the ones looked at last kept. A console may have ten
// million lines; what is held is bounded by the characters in it.
import type { ConsoleLine, ConsolePage } from "../../api/client";
import { type ConsoleAsk, readConsole } from "../../api/console";

const PIECE = 500;
const PAGE = 1000;
const CHARACTERS_MAX = 24_000_000;

export class ConsoleLines {
    total = 0;
    ended = false;
    ready = false;
    private pieces = new Map<number, ConsoleLine[]>(); // by number; a piece is filled from its beginning
    private held = 0;
    private asked = new Set<number>();

    constructor(
        private readonly run: string,
        private readonly changed: () => void,
        private readonly signal: AbortSignal,
    ) {}

    line(number: number): ConsoleLine | undefined {
        return this.pieces.get(Math.floor((number - 1) / PIECE))?.[(number - 1) % PIECE];
    }

    // How many there are, and the last of them.
    async begin(): Promise<void> {
        const page = await readConsole(this.run, { tail: 1 }, this.signal);
        this.take({ ...page, items: [] });
        this.ready = true;
        this.changed();
    }

    // What was added since.
    async refresh(): Promise<void> {
        const page = await readConsole(this.run, { after: this.total, limit: PAGE }, this.signal);
        this.take(page);
        this.changed();
    }

    // Reads what is missing of lines from .. to (numbers, `to` itself not).
    async need(from: number, to: number): Promise<void> {
        const last = Math.min(to - 1, this.total);
        for (let p = Math.floor((from - 1) / PIECE); p * PIECE < last; p++) {
            if (p >= 0) await this.fill(p);
        }
    }

    private async fill(p: number): Promise<void> {
        const end = Math.min((p + 1) * PIECE, this.total);
        if (this.asked.has(p)) return;
        this.asked.add(p);
        try {
            for (;;) {
                const after = p * PIECE + (this.pieces.get(p)?.length ?? 0);
                if (after >= end) return;
                const limit = end - after;
                const page = await readConsole(this.run, { after, limit }, this.signal);
                this.take(page);
                this.changed();
                if (!page.items.length) return;
            }
        } finally {
            this.asked.delete(p);
        }
    }

    private take(page: ConsolePage): void {
        this.total = Math.max(this.total, page.lines);
        this.ended = page.ended;
        for (const line of page.items) this.keep(line);
        this.forget();
    }

    // A piece has no gaps: a line that does not continue it waits until the piece is read.
    private keep(line: ConsoleLine): void {
        const p = Math.floor((line.number - 1) / PIECE);
        const at = (line.number - 1) % PIECE;
        const piece = this.pieces.get(p) ?? [];
        if (at !== piece.length) return;
        piece.push(line);
        this.held += line.text.length + 50;
        this.pieces.delete(p);
        this.pieces.set(p, piece);
    }

    private forget(): void {
        for (const [p, piece] of this.pieces) {
            if (this.held <= CHARACTERS_MAX || this.pieces.size <= 2) return;
            for (const line of piece) this.held -= line.text.length + 50;
            this.pieces.delete(p);
        }
    }
}

// The lines that match something, as far as they were read.
export class FoundLines {
    items: ConsoleLine[] = [];
    done = false; // all lines that there are were looked at
    looked = 0; // up to this line
    private busy = false;

    constructor(
        private readonly run: string,
        private readonly ask: ConsoleAsk,
        private readonly changed: () => void,
        private readonly signal: AbortSignal,
    ) {}

    // Reads on until `wanted` lines more are there, or the end.
    async more(wanted = 200): Promise<void> {
        if (this.busy) return;
        this.busy = true;
        try {
            const aim = this.items.length + wanted;
            do {
                const ask = { ...this.ask, after: this.looked, limit: PAGE };
                const page = await readConsole(this.run, ask, this.signal);
                this.items.push(...page.items);
                this.done = page.next === undefined;
                this.looked = this.done ? page.lines : Number(page.next);
                this.changed();
            } while (!this.done && this.items.length < aim);
        } finally {
            this.busy = false;
        }
    }
}

// The next line that matches, towards the end or the beginning; null: there is none.
export async function nextFound(
    run: string,
    ask: ConsoleAsk,
    from: number,
    back: boolean,
    signal: AbortSignal,
): Promise<number | null> {
    let at = from;
    for (;;) {
        const page = await readConsole(
            run,
            { ...ask, ...(back ? { before: at } : { after: at }), limit: 1 },
            signal,
        );
        const [found] = page.items;
        if (found) return found.number;
        if (page.next === undefined || Number(page.next) === at) return null;
        at = Number(page.next);
    }
}

// The whole console as one text, in parts for a blob. `tell` hears how far it is.
export async function wholeConsole(
    run: string,
    tell: (lines: number, of: number) => void,
    signal: AbortSignal,
): Promise<string[]> {
    const parts: string[] = [];
    let after = 0;
    for (;;) {
        const page = await readConsole(run, { after, limit: PAGE }, signal);
        if (page.items.length) parts.push(`${page.items.map((l) => l.text).join("\n")}\n`);
        tell(page.next === undefined ? page.lines : Number(page.next), page.lines);
        if (page.next === undefined || Number(page.next) === after) return parts;
        after = Number(page.next);
    }
}
