// SPDX-License-Identifier: Apache-2.0
// Lines on a canvas: the envelope, the line (path.ts), and marks where something is no number.
import { type Area, dotsOf, traceEnvelope, traceLine, traceValues, xPlace } from "./path";
import { partsWithin, type Trace } from "./trace";

export interface Frame extends Area {
    readonly ctx: CanvasRenderingContext2D;
}
export interface Stroke {
    readonly colour: string;
    readonly alpha: number;
    readonly width: number; // CSS pixels
    readonly band: number; // alpha of the envelope, as a part of alpha; 0: none
    readonly dots: boolean; // single points are dots when there is room
    readonly thin: boolean; // as can be: without a graphics card a fraction of the cost of a wider line
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
        ctx.beginPath();
        traceEnvelope(f, ctx, t, from, to);
        ctx.fill();
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
