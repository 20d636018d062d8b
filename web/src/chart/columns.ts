// SPDX-License-Identifier: Apache-2.0
// A line as the page keeps it: parts in the order of steps, or of times, each with its first and last point,
// least and greatest value and counts. Lines of different fineness are laid into each other, live points are
// put behind, neighbours are merged when there are too many. Pure.
import type { By, ChartLine, Places, Values } from "../api/series";

export type Counts = Uint32Array | Float64Array;
export interface Columns {
    readonly by: By; // what its parts are of; "places" are these
    readonly n: number;
    readonly step0: Float64Array; // of the first point of each part
    readonly step1: Float64Array; // of the last
    readonly time0: Float64Array;
    readonly time1: Float64Array;
    readonly first: Values;
    readonly last: Values;
    readonly min: Values; // NaN when all are
    readonly max: Values;
    readonly count: Counts;
    readonly nan: Counts | null;
}

function numbers(column: Places, base: bigint): Float64Array {
    const out = new Float64Array(column.length);
    if (column instanceof BigInt64Array) {
        for (let i = 0; i < out.length; i++) out[i] = Number(column[i]);
        return out;
    }
    const from = Number(base);
    for (let i = 0; i < out.length; i++) out[i] = from + (column[i] as number);
    return out;
}

export const columnsOf = (line: ChartLine, by: By): Columns => ({
    by,
    n: line.n,
    step0: numbers(line.firstStep, line.stepBase),
    step1: numbers(line.lastStep, line.stepBase),
    time0: numbers(line.firstTime, line.timeBase),
    time1: numbers(line.lastTime, line.timeBase),
    first: line.first,
    last: line.last,
    min: line.min,
    max: line.max,
    count: line.count,
    nan: line.nan,
});

export const NOTHING: Columns = {
    by: "step",
    n: 0,
    step0: new Float64Array(),
    step1: new Float64Array(),
    time0: new Float64Array(),
    time1: new Float64Array(),
    first: new Float64Array(),
    last: new Float64Array(),
    min: new Float64Array(),
    max: new Float64Array(),
    count: new Float64Array(),
    nan: null,
};

const starts = (c: Columns): Float64Array => (c.by === "time" ? c.time0 : c.step0);
const ends = (c: Columns): Float64Array => (c.by === "time" ? c.time1 : c.step1);
export const firstPlace = (c: Columns): number => starts(c)[0] ?? Number.NaN;
export const lastPlace = (c: Columns): number => ends(c)[c.n - 1] ?? Number.NaN;

// Bytes that it holds, for the bound of the cache.
export const bytesOf = (c: Columns): number =>
    c.n * (4 * 8 + 4 * c.first.BYTES_PER_ELEMENT + c.count.BYTES_PER_ELEMENT * (c.nan ? 2 : 1));

export function points(c: Columns): number {
    let sum = 0;
    for (let i = 0; i < c.n; i++) sum += c.count[i] as number;
    return sum;
}

// Each part is one point: nothing finer is to be had.
export function exact(c: Columns): boolean {
    for (let i = 0; i < c.n; i++) if ((c.count[i] as number) > 1) return false;
    return true;
}

// The first index whose value is not below.
export function lowerBound(column: Float64Array, value: number, n = column.length): number {
    let low = 0;
    let high = n;
    while (low < high) {
        const mid = (low + high) >>> 1;
        if ((column[mid] as number) < value) low = mid + 1;
        else high = mid;
    }
    return low;
}

function joinColumns(parts: readonly { of: Columns; from: number; to: number }[]): Columns {
    let n = 0;
    for (const p of parts) n += p.to - p.from;
    const some = (pick: (c: Columns) => Float64Array | Values | Counts | null): Float64Array => {
        const out = new Float64Array(n);
        let at = 0;
        for (const p of parts) {
            const column = pick(p.of);
            if (column) out.set(column.subarray(p.from, p.to), at);
            at += p.to - p.from;
        }
        return out;
    };
    return {
        by: parts[0]?.of.by ?? "step",
        n,
        step0: some((c) => c.step0),
        step1: some((c) => c.step1),
        time0: some((c) => c.time0),
        time1: some((c) => c.time1),
        first: some((c) => c.first),
        last: some((c) => c.last),
        min: some((c) => c.min),
        max: some((c) => c.max),
        count: some((c) => c.count),
        nan: parts.some((p) => p.of.nan) ? some((c) => c.nan) : null,
    };
}

// What `fine` knows of places [start, end] instead of what `coarse` knew of them.
export function splice(coarse: Columns, fine: Columns, start: number, end: number): Columns {
    const to = fine.n ? Math.max(end, lastPlace(fine)) : end;
    const before = lowerBound(ends(coarse), start, coarse.n);
    let after = before;
    while (after < coarse.n && (starts(coarse)[after] as number) <= to) after++;
    if (before === 0 && after === coarse.n) return fine;
    return joinColumns([
        { of: coarse, from: 0, to: before },
        { of: fine, from: 0, to: fine.n },
        { of: coarse, from: after, to: coarse.n },
    ]);
}

// What came behind the end of `line`: `tail` was read from the line's last place on, or from a little before
// it. A part of it that begins before that end keeps its least and greatest value and stands where it ends.
export function extend(line: Columns, tail: Columns): Columns {
    if (!line.n) return tail;
    const end = lastPlace(line);
    const single = starts(line)[line.n - 1] === end; // then the tail has all of that place
    const keep = single ? line.n - 1 : line.n;
    const from = lowerBound(ends(tail), single ? end : end + 1, tail.n);
    if (from === tail.n) return line;
    return joinColumns([
        { of: line, from: 0, to: keep },
        { of: narrowed(tail, from, single ? end : end + 1), from, to: tail.n },
    ]);
}

// Part `at` without its points before `place`.
function narrowed(c: Columns, at: number, place: number): Columns {
    if ((starts(c)[at] as number) >= place) return c;
    const put = <T extends Float64Array | Values>(column: T, value: number): T => {
        const copy = column.slice() as T;
        copy[at] = value;
        return copy;
    };
    return {
        ...c,
        step0: put(c.step0, c.step1[at] as number),
        time0: put(c.time0, c.time1[at] as number),
        first: put(c.first, c.last[at] as number),
    };
}

const lesser = (a: number, b: number): number => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b));
const greater = (a: number, b: number): number =>
    Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b);

// The parts that [from, to) of each become one: index i of the result is made of parts cuts[i] to cuts[i +
// 1].
function cutsOf(c: Columns, width: number): number[] {
    const cuts: number[] = [];
    for (let i = 0; i < c.n; ) {
        cuts.push(i);
        const end = (starts(c)[i] as number) + width;
        do i++;
        while (i < c.n && (ends(c)[i] as number) < end);
    }
    return cuts;
}

// Neighbours made one while they span less than `width` of places: fewer parts, and still every least and
// greatest value.
export function merged(c: Columns, width: number): Columns {
    const cuts = cutsOf(c, width);
    const n = cuts.length;
    const first = (i: number): number => cuts[i] as number;
    const last = (i: number): number => (cuts[i + 1] ?? c.n) - 1;
    const take = (column: Float64Array | Values, at: (i: number) => number): Float64Array =>
        Float64Array.from({ length: n }, (_, i) => column[at(i)] as number);
    const fold = (column: Values | Counts, f: (a: number, b: number) => number): Float64Array =>
        Float64Array.from({ length: n }, (_, i) => {
            let out = column[first(i)] as number;
            for (let j = first(i) + 1; j <= last(i); j++) out = f(out, column[j] as number);
            return out;
        });
    const sum = (a: number, b: number): number => a + b;
    return {
        by: c.by,
        n,
        step0: take(c.step0, first),
        step1: take(c.step1, last),
        time0: take(c.time0, first),
        time1: take(c.time1, last),
        first: take(c.first, first),
        last: take(c.last, last),
        min: fold(c.min, lesser),
        max: fold(c.max, greater),
        count: fold(c.count, sum),
        nan: c.nan ? fold(c.nan, sum) : null,
    };
}
