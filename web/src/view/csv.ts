// SPDX-License-Identifier: Apache-2.0
// Rows of comma- or tab-separated values out of text that comes in pieces (RFC 4180: quotes may hold line ends, a quote
// within is doubled). Pure.

export class CsvReader {
    private row: string[] = [];
    private cell = "";
    private quoted = false;
    private quoteBefore = false; // a quote within quotes: an end, or the first of two
    private began = false; // the cell began with a quote

    constructor(private readonly comma: string) {}

    push(text: string): string[][] {
        const rows: string[][] = [];
        let from = 0;
        for (let i = 0; i < text.length; i++) {
            const c = text[i] as string;
            if (this.quoteBefore) {
                this.quoteBefore = false;
                if (c === '"') {
                    this.cell += '"';
                    from = i + 1;
                    continue;
                }
                this.quoted = false;
                from = i;
            }
            if (this.quoted) {
                if (c !== '"') continue;
                this.cell += text.slice(from, i);
                this.quoteBefore = true;
                from = i + 1;
            } else if (c === '"' && !this.began && i === from && !this.cell) {
                this.quoted = this.began = true;
                from = i + 1;
            } else if (c === this.comma || c === "\n") {
                this.endCell(text.slice(from, i), c === "\n");
                if (c === "\n") this.endRow(rows);
                from = i + 1;
            }
        }
        this.cell += text.slice(from);
        return rows;
    }

    end(): string[][] {
        const rows: string[][] = [];
        if (this.cell || this.row.length || this.began) {
            this.endCell("", true);
            this.endRow(rows);
        }
        return rows;
    }

    private endCell(rest: string, last: boolean): void {
        this.cell += rest;
        if (last && this.cell.endsWith("\r")) this.cell = this.cell.slice(0, -1);
        this.row.push(this.cell);
        this.cell = "";
        this.began = this.quoted = this.quoteBefore = false;
    }

    private endRow(rows: string[][]): void {
        if (this.row.length > 1 || this.row[0] !== "") rows.push(this.row);
        this.row = [];
    }
}
