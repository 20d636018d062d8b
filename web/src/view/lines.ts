// SPDX-License-Identifier: Apache-2.0
// Text to rows: a line a row, very long lines in pieces. Pure.

export interface Line {
    text: string;
    line: number; // from 1, of where the reading began
    goesOn: boolean; // a further piece of the line before
}

const LONGEST = 4000;

export class LineReader {
    private rest = "";
    private line = 0;
    private within = false;

    push(text: string): Line[] {
        const out: Line[] = [];
        const parts = (this.rest + text).split("\n");
        this.rest = parts.pop() ?? "";
        for (const part of parts) {
            this.cut(part.endsWith("\r") ? part.slice(0, -1) : part, out);
            this.within = false;
        }
        while (this.rest.length > LONGEST * 2) {
            this.cut(this.rest.slice(0, LONGEST), out);
            this.within = true;
            this.rest = this.rest.slice(LONGEST);
        }
        return out;
    }

    end(): Line[] {
        const out: Line[] = [];
        if (this.rest) this.cut(this.rest, out);
        this.rest = "";
        return out;
    }

    private cut(text: string, out: Line[]): void {
        let goesOn = this.within;
        for (let at = 0; at === 0 || at < text.length; at += LONGEST) {
            if (!goesOn) this.line++;
            out.push({ text: text.slice(at, at + LONGEST), line: this.line, goesOn });
            goesOn = true;
        }
    }
}
