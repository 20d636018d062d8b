// SPDX-License-Identifier: Apache-2.0
// The heights of the rows of a list: one for all, or what a row was measured to have. Only those that differ are held, in
// pieces, so that a list of ten million rows costs what was looked at. Pure.

const PIECE = 256;

export class Heights {
    private readonly pieces = new Map<number, Float64Array>(); // what rows have beyond `base`
    private order: number[] = []; // of pieces
    private sums: number[] = []; // beyond `base` of all pieces before each
    private known = 0; // sums that hold

    constructor(readonly base: number) {}

    of(row: number): number {
        return this.base + (this.pieces.get(Math.floor(row / PIECE))?.[row % PIECE] ?? 0);
    }

    // False: that was known.
    put(row: number, height: number): boolean {
        if (height === this.of(row)) return false;
        const number = Math.floor(row / PIECE);
        const piece = this.pieces.get(number) ?? new Float64Array(PIECE);
        if (!this.pieces.has(number)) {
            this.order.splice(this.placeOf(number), 0, number);
            this.pieces.set(number, piece);
        }
        piece[row % PIECE] = height - this.base;
        this.known = Math.min(this.known, this.placeOf(number) + 1);
        return true;
    }

    // Where a row begins.
    top(row: number): number {
        const number = Math.floor(row / PIECE);
        let sum = row * this.base + this.before(this.placeOf(number));
        const piece = this.pieces.get(number);
        for (let i = 0; piece && i < row % PIECE; i++) sum += piece[i] as number;
        return sum;
    }

    // The last row that begins at or before a place.
    at(place: number): number {
        let low = 0;
        let high = Math.max(0, Math.floor(place / this.base)); // rows are not less than `base` high
        while (low < high) {
            const middle = Math.ceil((low + high) / 2);
            if (this.top(middle) <= place) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    // The first piece in order whose number is not below.
    private placeOf(number: number): number {
        let low = 0;
        let high = this.order.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            if ((this.order[middle] as number) < number) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private before(place: number): number {
        for (; this.known <= place; this.known++) {
            const last = this.pieces.get(this.order[this.known - 1] ?? -1);
            const sum = last?.reduce((a, b) => a + b, 0) ?? 0;
            this.sums[this.known] = (this.sums[this.known - 1] ?? 0) + sum;
        }
        return this.sums[place] ?? 0;
    }
}
