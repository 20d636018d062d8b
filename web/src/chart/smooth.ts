// SPDX-License-Identifier: Apache-2.0
// Exponential smoothing without the bias of its beginning. Pure.
//
// One point weighs as in TensorBoard: s = w s + (1 - w) y, divided by what the weights are together. A part
// of many points is one value; how far apart two values are, in points (or by time), is the power of w
// between them, so that a smoothed line keeps its shape at every zoom.
import type { Columns } from "./columns";

// What y of a part is, for lines: half way between its first and last point.
export const middle = (c: Columns, i: number): number => ((c.first[i] as number) + (c.last[i] as number)) / 2;

// `distance[i]`: from value i - 1 to value i, in units in which one step forgets (1 - weight).
export function smoothed(
    values: ArrayLike<number>,
    distance: ArrayLike<number>,
    weight: number,
): Float64Array {
    const out = new Float64Array(values.length);
    let sum = 0;
    let weights = 0;
    for (let i = 0; i < out.length; i++) {
        const y = values[i] as number;
        if (!Number.isFinite(y)) {
            out[i] = y; // a gap stays one, and is no part of what follows
            continue;
        }
        const keep = weight ** Math.max(0, distance[i] as number);
        sum = sum * keep + (1 - keep) * y;
        weights = weights * keep + (1 - keep);
        out[i] = weights > 0 ? sum / weights : y;
    }
    return out;
}

// By points: the whole line `base` decides how many points are one unit, so that a zoom does not change it.
export function pointDistances(c: Columns, base: Columns): Float64Array {
    let points = 0;
    for (let i = 0; i < base.n; i++) points += base.count[i] as number;
    const unit = Math.max(1, points / Math.max(1, base.n));
    return Float64Array.from({ length: c.n }, (_, i) => (c.count[i] as number) / unit);
}

// By time: a unit is the mean distance of the parts of the whole line.
export function timeDistances(c: Columns, base: Columns): Float64Array {
    const span = (base.time1[base.n - 1] ?? 0) - (base.time0[0] ?? 0);
    const unit = span > 0 && base.n > 1 ? span / (base.n - 1) : 1;
    return Float64Array.from({ length: c.n }, (_, i) =>
        i ? ((c.time1[i] as number) - (c.time1[i - 1] as number)) / unit : 1,
    );
}

export function smoothLine(c: Columns, base: Columns, byTime: boolean, weight: number): Float64Array {
    const values = Float64Array.from({ length: c.n }, (_, i) => middle(c, i));
    return smoothed(values, byTime ? timeDistances(c, base) : pointDistances(c, base), weight);
}
