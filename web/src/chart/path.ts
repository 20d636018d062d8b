// SPDX-License-Identifier: Apache-2.0
// The shapes of lines, for whatever draws them. Where a part holds many points, its least and greatest value are a column,
// and neighbouring columns touch: the envelope, in which no outlier is lost. Through the first and last points goes the
// line. What is no number breaks it. Pure.
import type { Trace } from "./trace";

export interface Scale {
    readonly min: number;
    readonly max: number;
    readonly log: boolean;
}
export interface Area {
    readonly left: number; // in pixels of what is drawn on
    readonly top: number;
    readonly width: number;
    readonly height: number;
    readonly ratio: number; // of its pixels a CSS pixel
    readonly x: Scale;
    readonly y: Scale;
}
// A path of a canvas, or the text of one.
export type Pencil = Pick<Path2D, "moveTo" | "lineTo" | "closePath">;

type Place = (value: number) => number;

function placing(s: Scale, from: number, to: number): Place {
    if (s.log) {
        const low = Math.log(s.min);
        const rate = (to - from) / (Math.log(s.max) - low || 1);
        return (v) => (v > 0 ? from + (Math.log(v) - low) * rate : Number.NaN);
    }
    const rate = (to - from) / (s.max - s.min || 1);
    return (v) => from + (v - s.min) * rate;
}

export const xPlace = (f: Area): Place => placing(f.x, f.left, f.left + f.width);
// Far outside is as good as just outside, and canvases do not like large numbers.
export function yPlace(f: Area): Place {
    const place = placing(f.y, f.top + f.height, f.top);
    const [low, high] = [f.top - 4 * f.height, f.top + 5 * f.height];
    return (v) => Math.max(low, Math.min(high, place(v)));
}

// Columns from each part to the next, on whole pixels: no seams. Columns that touch are one outline, since
// that is filled ten times as fast as single rectangles.
export function traceEnvelope(f: Area, path: Pencil, t: Trace, from: number, to: number): void {
    const px = xPlace(f);
    const py = yPlace(f);
    const { min, max, count } = t.c;
    const bottom = f.top + f.height;
    columns.length = 0;
    for (let i = from; i < to; i++) {
        const [low, high] = [min[i] as number, max[i] as number];
        if ((count[i] as number) < 2 || !(high > low)) {
            outline(path);
            continue;
        }
        const y1 = Math.round(py(high));
        const y0 = low <= 0 && f.y.log ? bottom : Math.round(py(low));
        const x = px(t.x0[i] as number);
        if (t.sloped) {
            columns.push(x, x, y1, y0);
            continue;
        }
        const left = Math.round(x);
        const end = px(t.x1[i] as number);
        const next = i + 1 < to ? px(t.x0[i + 1] as number) : end;
        // Before a gap a part ends where its last point is.
        const right = Math.round(Math.min(next, end + 2 * f.ratio));
        column(path, left, Math.max(left + 1, right), y1, Math.max(y1 + 1, y0));
    }
    outline(path);
}

const columns: number[] = []; // left, right, top, bottom of each; one list for all lines

function column(path: Pencil, left: number, right: number, top: number, bottom: number): void {
    const n = columns.length;
    const before = n ? (columns[n - 3] as number) : left;
    if (n && left < before) {
        // Several parts on one pixel are one column.
        columns[n - 3] = Math.max(before, right);
        columns[n - 2] = Math.min(columns[n - 2] as number, top);
        columns[n - 1] = Math.max(columns[n - 1] as number, bottom);
        return;
    }
    if (left > before) outline(path);
    columns.push(left, right, top, bottom);
}

function outline(path: Pencil): void {
    const n = columns.length;
    for (let i = 0; i < n; i += 4) {
        if (i) path.lineTo(columns[i] as number, columns[i + 2] as number);
        else path.moveTo(columns[i] as number, columns[i + 2] as number);
        path.lineTo(columns[i + 1] as number, columns[i + 2] as number);
    }
    for (let i = n - 4; i >= 0; i -= 4) {
        path.lineTo(columns[i + 1] as number, columns[i + 3] as number);
        path.lineTo(columns[i] as number, columns[i + 3] as number);
    }
    if (n) path.closePath();
    columns.length = 0;
}

// The line; what it returns are the places of points with a gap at both sides.
export function traceLine(f: Area, path: Pencil, t: Trace, from: number, to: number): number[] {
    const px = xPlace(f);
    const { first, last, count } = t.c;
    const put = pen(path, px, yPlace(f));
    for (let i = from; i < to; i++) {
        const [a, b] = [t.x0[i] as number, t.x1[i] as number];
        // Within a pixel or two the first point tells nothing that the envelope does not.
        if ((count[i] as number) < 2 || px(b) - px(a) > 2 * f.ratio) put(a, first[i] as number);
        if ((count[i] as number) > 1) put(b, last[i] as number);
    }
    return put(0, Number.NaN);
}

// Goes from point to point; what has no place breaks the line. Returns the points that stood alone so far.
function pen(path: Pencil, px: Place, py: Place): (xv: number, v: number) => number[] {
    const alone: number[] = [];
    let points = 0; // in the piece at hand
    let [x, y] = [0, 0];
    return (xv, v) => {
        const place = py(v);
        if (!Number.isFinite(v) || Number.isNaN(place)) {
            if (points === 1) alone.push(x, y);
            points = 0;
            return alone;
        }
        x = px(xv);
        y = place;
        if (points++) path.lineTo(x, y);
        else path.moveTo(x, y);
        return alone;
    };
}

export function traceValues(
    f: Area,
    path: Pencil,
    t: Trace,
    values: Float64Array,
    from: number,
    to: number,
): number[] {
    const put = pen(path, xPlace(f), yPlace(f));
    for (let i = from; i < to; i++) put(t.x1[i] as number, values[i] as number);
    return put(0, Number.NaN);
}

export function dotsOf(f: Area, t: Trace, from: number, to: number): number[] {
    const px = xPlace(f);
    const py = yPlace(f);
    const out: number[] = [];
    for (let i = from; i < to; i++) {
        const v = t.c.last[i] as number;
        const y = py(v);
        if (Number.isFinite(v) && !Number.isNaN(y)) out.push(px(t.x1[i] as number), y);
    }
    return out;
}
