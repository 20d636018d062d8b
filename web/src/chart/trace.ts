// SPDX-License-Identifier: Apache-2.0
// A line over one kind of x: steps, seconds since the run began, or milliseconds since 1970. And what a chart
// has to know about it: its extent in x and y, what is at a place of x, what can not be shown. Pure.
import type { Columns } from "./columns";

export type XMode = "step" | "rel" | "wall";
export interface Trace {
    readonly c: Columns;
    readonly n: number;
    readonly x0: Float64Array; // of the first point of each part
    readonly x1: Float64Array; // of its last point
    readonly rising: boolean; // x never falls: places can be found by halving
    readonly sloped?: boolean; // its band goes from place to place (a group's), not in columns
}
export type Range = readonly [number, number];

// startMs: when the run began; a run whose points are older (imported, or another clock) begins with its
// first point.
export function traceOf(c: Columns, mode: XMode, startMs?: number): Trace {
    if (mode === "step") return { c, n: c.n, x0: c.step0, x1: c.step1, rising: true };
    if (mode === "wall")
        return { c, n: c.n, x0: c.time0, x1: c.time1, rising: rises(c.time0) && rises(c.time1) };
    const origin = originOf(c, startMs);
    const seconds = (times: Float64Array): Float64Array => times.map((t) => (t - origin) / 1000);
    return {
        c,
        n: c.n,
        x0: seconds(c.time0),
        x1: seconds(c.time1),
        rising: rises(c.time0) && rises(c.time1),
    };
}

export const originOf = (c: Columns, startMs?: number): number => {
    const first = c.time0[0] ?? 0;
    return startMs !== undefined && startMs < first ? startMs : first;
};

function rises(column: Float64Array): boolean {
    for (let i = 1; i < column.length; i++)
        if ((column[i] as number) < (column[i - 1] as number)) return false;
    return true;
}

// The parts that touch [from, to], with a neighbour at each side so that lines reach the edge: [first, last +
// 1].
export function partsWithin(t: Trace, from: number, to: number): [number, number] {
    if (!t.rising) return [0, t.n];
    let low = 0;
    let high = t.n;
    while (low < high) {
        const mid = (low + high) >>> 1;
        if ((t.x1[mid] as number) < from) low = mid + 1;
        else high = mid;
    }
    let end = low;
    high = t.n;
    while (end < high) {
        const mid = (end + high) >>> 1;
        if ((t.x0[mid] as number) <= to) end = mid + 1;
        else high = mid;
    }
    return [Math.max(0, low - 1), Math.min(t.n, end + 1)];
}

export function xExtent(traces: Iterable<Trace>, positive: boolean): Range | null {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (const t of traces) {
        for (let i = 0; i < t.n; i++) {
            const [a, b] = [t.x0[i] as number, t.x1[i] as number];
            if (a < min && (!positive || a > 0)) min = a;
            if (b > max) max = b;
        }
    }
    return min <= max ? [min, max] : null;
}

// Least and greatest of what is finite (with `positive`: and above 0) within [from, to].
export function yExtent(traces: Iterable<Trace>, [from, to]: Range, positive: boolean): Range | null {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    const take = (y: number): void => {
        if (!Number.isFinite(y) || (positive && y <= 0)) return;
        if (y < min) min = y;
        if (y > max) max = y;
    };
    for (const t of traces) {
        const [a, b] = partsWithin(t, from, to);
        for (let i = a; i < b; i++) {
            if ((t.x1[i] as number) < from || (t.x0[i] as number) > to) continue;
            take(t.c.min[i] as number);
            take(t.c.max[i] as number);
            take(t.c.first[i] as number);
            take(t.c.last[i] as number);
        }
    }
    return min <= max ? [min, max] : null;
}

// The part nearest to x, or -1.
export function nearest(t: Trace, x: number): number {
    const [a, b] = partsWithin(t, x, x);
    let best = -1;
    let distance = Number.POSITIVE_INFINITY;
    for (let i = a; i < b; i++) {
        const d = Math.max((t.x0[i] as number) - x, x - (t.x1[i] as number), 0);
        if (d < distance) {
            distance = d;
            best = i;
        }
    }
    return best;
}

export interface Odd {
    nan: number; // points
    up: number; // parts that hold an infinity
    down: number;
    low: number; // parts that hold values a logarithm has none for
}

export function oddities(t: Trace, log: boolean): Odd {
    const odd = { nan: 0, up: 0, down: 0, low: 0 };
    for (let i = 0; i < t.n; i++) {
        odd.nan += (t.c.nan?.[i] as number | undefined) ?? 0;
        if (t.c.max[i] === Number.POSITIVE_INFINITY) odd.up++;
        if (t.c.min[i] === Number.NEGATIVE_INFINITY) odd.down++;
        if (log && (t.c.min[i] as number) <= 0) odd.low++;
    }
    return odd;
}
