// SPDX-License-Identifier: Apache-2.0
// Several runs as one line: their mean, with a band from the least to the greatest, or of one standard
// deviation. Pure.
//
// Where all points are drawn the places of x are those of the points; else they are even. Between its points
// a run has the value of its line; before its first and behind its last it does not count.
import type { Columns } from "./columns";
import { middle } from "./smooth";
import { nearest, partsWithin, type Range, type Trace } from "./trace";

export type Band = "range" | "deviation";

export function groupTrace(traces: readonly Trace[], [from, to]: Range, places: number, band: Band): Trace {
    const xs = placesOf(traces, from, to, places);
    const mean = new Float64Array(xs.length).fill(Number.NaN);
    const low = new Float64Array(xs.length).fill(Number.NaN);
    const high = new Float64Array(xs.length).fill(Number.NaN);
    for (let i = 0; i < xs.length; i++) {
        const values = traces.map((t) => valueAt(t, xs[i] as number)).filter((v) => Number.isFinite(v));
        if (!values.length) continue;
        const m = values.reduce((a, b) => a + b, 0) / values.length;
        const spread = Math.sqrt(values.reduce((s, v) => s + (v - m) ** 2, 0) / values.length);
        mean[i] = m;
        low[i] = band === "deviation" ? m - spread : Math.min(...values);
        high[i] = band === "deviation" ? m + spread : Math.max(...values);
    }
    if (band === "range") widen(traces, xs, low, high);
    return asTrace(xs, mean, low, high);
}

function placesOf(traces: readonly Trace[], from: number, to: number, most: number): Float64Array {
    const all = new Set<number>();
    for (const t of traces) {
        const [a, b] = partsWithin(t, from, to);
        for (let i = a; i < b && all.size <= 2 * most; i++) all.add(t.x1[i] as number).add(t.x0[i] as number);
    }
    if (all.size <= 2 * most) return Float64Array.from(all).sort();
    return Float64Array.from({ length: most + 1 }, (_, i) => from + ((to - from) * i) / most);
}

// Of the line through the middles of the parts.
export function valueAt(t: Trace, x: number): number {
    const i = nearest(t, x);
    if (i < 0 || x < (t.x0[0] as number) || x > (t.x1[t.n - 1] as number)) return Number.NaN;
    if (x >= (t.x0[i] as number) && x <= (t.x1[i] as number)) return middle(t.c, i);
    const j = x < (t.x0[i] as number) ? i - 1 : i + 1;
    const [l, r] = j < i ? [j, i] : [i, j];
    const [xl, xr] = [t.x1[l] as number, t.x0[r] as number];
    const [yl, yr] = [t.c.last[l] as number, t.c.first[r] as number];
    return xr > xl ? yl + ((yr - yl) * (x - xl)) / (xr - xl) : yl;
}

// Greatest and least values of parts between two places belong to the band too.
function widen(traces: readonly Trace[], xs: Float64Array, low: Float64Array, high: Float64Array): void {
    for (const t of traces) {
        let at = 0;
        for (let i = 0; i < t.n; i++) {
            if (!t.rising) at = 0;
            while (at + 1 < xs.length && (xs[at + 1] as number) <= (t.x0[i] as number)) at++;
            const [min, max] = [t.c.min[i] as number, t.c.max[i] as number];
            if (Number.isFinite(min) && min < (low[at] as number)) low[at] = min;
            if (Number.isFinite(max) && max > (high[at] as number)) high[at] = max;
        }
    }
}

function asTrace(xs: Float64Array, mean: Float64Array, min: Float64Array, max: Float64Array): Trace {
    const n = xs.length;
    const count = new Float64Array(n).fill(2);
    const places = { step0: xs, step1: xs, time0: xs, time1: xs };
    const c: Columns = { by: "step", n, ...places, first: mean, last: mean, min, max, count, nan: null };
    return { c, n, x0: xs, x1: xs, rising: true, sloped: true };
}
