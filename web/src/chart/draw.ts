// SPDX-License-Identifier: Apache-2.0
// Lines on a canvas. Where a part holds many points, its least and greatest value are a pale column, and
// neighbouring columns touch: the envelope, in which no outlier is lost. Through the first and last points
// goes the line. What is no number breaks it, and is marked at the edge where it happened.
import { partsWithin, type Trace } from "./trace";

export interface Scale {
    readonly min: number;
    readonly max: number;
    readonly log: boolean;
}
export interface Frame {
    readonly ctx: CanvasRenderingContext2D;
    readonly left: number; // of the plot, in pixels of the canvas
    readonly top: number;
    readonly width: number;
    readonly height: number;
    readonly ratio: number; // pixels of the canvas a CSS pixel
    readonly x: Scale;
    readonly y: Scale;
}
export interface Stroke {
    readonly colour: string;
    readonly alpha: number;
    readonly width: number; // CSS pixels
    readonly band: number; // alpha of the envelope, as a part of alpha; 0: none
    readonly dots: boolean; // single points are dots when there is room
    readonly thin: boolean; // as can be: without a graphics card a fraction of the cost of a wider line
}

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

export const xPlace = (f: Frame): Place => placing(f.x, f.left, f.left + f.width);
// Far outside is as good as just outside, and canvases do not like large numbers.
export function yPlace(f: Frame): Place {
    const place = placing(f.y, f.top + f.height, f.top);
    const [low, high] = [f.top - 4 * f.height, f.top + 5 * f.height];
    return (v) => Math.max(low, Math.min(high, place(v)));
}

// Values: one a part, at its last point (a smoothed line); null: the trace's own.
export function paintLine(f: Frame, t: Trace, values: Float64Array | null, s: Stroke): void {
    const [from, to] = partsWithin(t, f.x.min, f.x.max);
    if (from >= to) return;
    const { ctx } = f;
    ctx.fillStyle = s.colour;
    ctx.strokeStyle = s.colour;
    if (s.band > 0 && !values) {
        ctx.globalAlpha = s.alpha * s.band;
        paintEnvelope(f, t, from, to);
    }
    ctx.globalAlpha = s.alpha;
    const path = new Path2D();
    const alone = values ? traceValues(f, path, t, values, from, to) : traceLine(f, path, t, from, to);
    stroke(f, path, s);
    const sparse = to - from < f.width / f.ratio / 12;
    paintDots(f, s.dots && sparse && !values ? dotsOf(f, t, from, to) : alone, s.width);
    ctx.globalAlpha = 1;
}

function stroke(f: Frame, path: Path2D, { width, thin }: Stroke): void {
    const { ctx } = f;
    ctx.lineJoin = "bevel";
    ctx.lineWidth = width * f.ratio;
    if (!thin || f.ratio > 1) {
        ctx.stroke(path);
        return;
    }
    // Twice, a little apart, is a wider line.
    ctx.lineWidth = 1;
    ctx.stroke(path);
    if (width < 1.5) return;
    ctx.translate(0, width - 1);
    ctx.stroke(path);
    ctx.translate(0, 1 - width);
}

// Columns from each part to the next, on whole pixels: no seams. Columns that touch are one outline, since
// that is filled ten times as fast as single rectangles.
function paintEnvelope(f: Frame, t: Trace, from: number, to: number): void {
    const px = xPlace(f);
    const py = yPlace(f);
    const { min, max, count } = t.c;
    const bottom = f.top + f.height;
    columns.length = 0;
    f.ctx.beginPath();
    for (let i = from; i < to; i++) {
        const [low, high] = [min[i] as number, max[i] as number];
        if ((count[i] as number) < 2 || !(high > low)) {
            outline(f.ctx);
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
        column(f.ctx, left, Math.max(left + 1, right), y1, Math.max(y1 + 1, y0));
    }
    outline(f.ctx);
    f.ctx.fill();
}

const columns: number[] = []; // left, right, top, bottom of each; one list for all lines

function column(
    ctx: CanvasRenderingContext2D,
    left: number,
    right: number,
    top: number,
    bottom: number,
): void {
    const n = columns.length;
    const before = n ? (columns[n - 3] as number) : left;
    if (n && left < before) {
        // Several parts on one pixel are one column.
        columns[n - 3] = Math.max(before, right);
        columns[n - 2] = Math.min(columns[n - 2] as number, top);
        columns[n - 1] = Math.max(columns[n - 1] as number, bottom);
        return;
    }
    if (left > before) outline(ctx);
    columns.push(left, right, top, bottom);
}

function outline(ctx: CanvasRenderingContext2D): void {
    const n = columns.length;
    for (let i = 0; i < n; i += 4) {
        if (i) ctx.lineTo(columns[i] as number, columns[i + 2] as number);
        else ctx.moveTo(columns[i] as number, columns[i + 2] as number);
        ctx.lineTo(columns[i + 1] as number, columns[i + 2] as number);
    }
    for (let i = n - 4; i >= 0; i -= 4) {
        ctx.lineTo(columns[i + 1] as number, columns[i + 3] as number);
        ctx.lineTo(columns[i] as number, columns[i + 3] as number);
    }
    if (n) ctx.closePath();
    columns.length = 0;
}

// The line; what it returns are the places of points with a gap at both sides.
function traceLine(f: Frame, path: Path2D, t: Trace, from: number, to: number): number[] {
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
function pen(path: Path2D, px: Place, py: Place): (xv: number, v: number) => number[] {
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

function traceValues(
    f: Frame,
    path: Path2D,
    t: Trace,
    values: Float64Array,
    from: number,
    to: number,
): number[] {
    const put = pen(path, xPlace(f), yPlace(f));
    for (let i = from; i < to; i++) put(t.x1[i] as number, values[i] as number);
    return put(0, Number.NaN);
}

function dotsOf(f: Frame, t: Trace, from: number, to: number): number[] {
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

function paintDots(f: Frame, places: readonly number[], width: number): void {
    const { ctx } = f;
    const r = (width + 0.75) * f.ratio;
    ctx.beginPath();
    for (let i = 0; i < places.length; i += 2) {
        const [x, y] = [places[i] as number, places[i + 1] as number];
        ctx.moveTo(x + r, y);
        ctx.arc(x, y, r, 0, 2 * Math.PI);
    }
    ctx.fill();
}

// NaN: a cross at the bottom; infinities: an arrow at the edge they went to.
export function paintOdd(f: Frame, t: Trace, colour: string, alpha: number): void {
    const [from, to] = partsWithin(t, f.x.min, f.x.max);
    const { nan, min, max } = t.c;
    const { ctx } = f;
    const px = xPlace(f);
    const r = 3 * f.ratio;
    const bottom = f.top + f.height - r - f.ratio;
    ctx.globalAlpha = alpha;
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.lineWidth = 1.25 * f.ratio;
    for (let i = from; i < to; i++) {
        const x = px(t.x0[i] as number);
        if (nan?.[i]) cross(ctx, x, bottom, r);
        if (max[i] === Number.POSITIVE_INFINITY) arrow(ctx, x, f.top + 1, r, 1);
        if (min[i] === Number.NEGATIVE_INFINITY) arrow(ctx, x, f.top + f.height - 1, r, -1);
    }
    ctx.globalAlpha = 1;
}

function cross(ctx: CanvasRenderingContext2D, x: number, y: number, r: number): void {
    ctx.beginPath();
    ctx.moveTo(x - r, y - r);
    ctx.lineTo(x + r, y + r);
    ctx.moveTo(x + r, y - r);
    ctx.lineTo(x - r, y + r);
    ctx.stroke();
}

function arrow(ctx: CanvasRenderingContext2D, x: number, y: number, r: number, down: 1 | -1): void {
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x - r, y + 2 * r * down);
    ctx.lineTo(x + r, y + 2 * r * down);
    ctx.fill();
}
