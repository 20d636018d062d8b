// SPDX-License-Identifier: Apache-2.0
// Parallel coordinates on a canvas: axes side by side, a run is a line across them. Where things are, which
// rows the brushes let through, and the drawing; the component is parallel-view.tsx.
import { axisRange, type ChartRow, colourOf, type Field, fieldText } from "./fields";
import { type Colours, colours } from "./palette";
import { linearTicks, logTicks } from "./ticks";
import type { Range } from "./trace";

export interface Axis {
    readonly field: Field;
    readonly range: Range;
    readonly log: boolean; // positive numbers that span so much that a linear axis would show one end only
    readonly x: number; // CSS pixels
    readonly brush: Range | null;
}
export interface Layout {
    readonly axes: readonly Axis[];
    readonly width: number;
    readonly height: number;
}

const SIDE = 40; // room for the words of the first and the last axis
const TOP = 8;
const BOTTOM = 14; // and for what has no value, below the axes

const LOG_FROM = 1000; // greatest / least

function wantsLog(f: Field): boolean {
    if (f.names || f.values.some((v) => v <= 0)) return false;
    return f.extent[1] / f.extent[0] >= LOG_FROM;
}

export function layoutOf(
    fields: readonly Field[],
    brushes: ReadonlyMap<string, Range>,
    width: number,
    height: number,
): Layout {
    const gap = fields.length > 1 ? (width - 2 * SIDE) / (fields.length - 1) : 0;
    const axes = fields.map((field, i) => {
        const log = wantsLog(field);
        const brush = brushes.get(field.column) ?? null;
        return { field, range: axisRange(field, log), log, x: SIDE + i * gap, brush };
    });
    return { axes, width, height };
}

export function yAt(l: Layout, a: Axis, v: number): number {
    if (Number.isNaN(v)) return l.height - 4;
    const [low, high] = a.range;
    const part = a.log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low);
    const t = Math.min(1, Math.max(0, part));
    return l.height - BOTTOM - t * (l.height - TOP - BOTTOM);
}

export function valueAtY(l: Layout, a: Axis, y: number): number {
    const t = Math.min(1, Math.max(0, (l.height - BOTTOM - y) / (l.height - TOP - BOTTOM)));
    const [low, high] = a.range;
    return a.log ? low * (high / low) ** t : low + t * (high - low);
}

export const passes = (l: Layout, row: number): boolean =>
    l.axes.every(({ brush, field }) => {
        const v = field.values[row] as number;
        return !brush || (v >= brush[0] && v <= brush[1]);
    });

// The row whose line is nearest to a point, among those that the brushes let through; -1.
export function rowNear(l: Layout, rows: number, x: number, y: number, reach = 8): number {
    const right = l.axes.findIndex((a) => a.x >= x);
    const i = Math.max(1, right < 0 ? l.axes.length - 1 : right);
    const [a, b] = [l.axes[i - 1], l.axes[i]];
    if (!a || !b) return -1;
    const t = Math.min(1, Math.max(0, (x - a.x) / (b.x - a.x)));
    let best = -1;
    let distance = reach;
    for (let row = 0; row < rows; row++) {
        if (!passes(l, row)) continue;
        const y0 = yAt(l, a, a.field.values[row] as number);
        const d = Math.abs(y0 + (yAt(l, b, b.field.values[row] as number) - y0) * t - y);
        if (d < distance) {
            distance = d;
            best = row;
        }
    }
    return best;
}

// ---- drawing ----------------------------------------------------------------------------------------------

function trace(ctx: CanvasRenderingContext2D, l: Layout, row: number): void {
    l.axes.forEach((a, i) => {
        const y = yAt(l, a, a.field.values[row] as number);
        if (i) ctx.lineTo(a.x, y);
        else ctx.moveTo(a.x, y);
    });
}

export function prepare(
    canvas: HTMLCanvasElement,
    { width, height }: Layout,
): CanvasRenderingContext2D | null {
    const ratio = devicePixelRatio || 1;
    const size = [Math.round(width * ratio), Math.round(height * ratio)] as const;
    if (canvas.width !== size[0]) canvas.width = size[0];
    if (canvas.height !== size[1]) canvas.height = size[1];
    const ctx = canvas.getContext("2d");
    ctx?.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx?.clearRect(0, 0, width, height);
    return ctx;
}

export function paintAll(
    canvas: HTMLCanvasElement,
    l: Layout,
    rows: readonly ChartRow[],
    by: Field | null,
): void {
    const ctx = prepare(canvas, l);
    if (!ctx) return;
    const c = colours.peek();
    ctx.lineWidth = 1;
    // Rows of one colour are one path.
    const paths = new Map<string, number[]>();
    rows.forEach((_, row) => {
        const colour = passes(l, row) ? colourOf(by, rows, row) : c.rule;
        const list = paths.get(colour);
        if (list) list.push(row);
        else paths.set(colour, [row]);
    });
    const left = [...paths].sort(([a], [b]) => Number(b === c.rule) - Number(a === c.rule));
    for (const [colour, list] of left) {
        ctx.strokeStyle = colour;
        ctx.globalAlpha = colour === c.rule ? 0.6 : rows.length > 200 ? 0.6 : 0.85;
        ctx.beginPath();
        for (const row of list) trace(ctx, l, row);
        ctx.stroke();
    }
    ctx.globalAlpha = 1;
    for (const a of l.axes) paintAxis(ctx, l, a, c);
}

function paintAxis(ctx: CanvasRenderingContext2D, l: Layout, a: Axis, c: Colours): void {
    ctx.fillStyle = c.ink3;
    ctx.fillRect(a.x - 0.5, TOP, 1, l.height - TOP - BOTTOM);
    if (a.brush) {
        const [y1, y0] = [yAt(l, a, a.brush[1]), yAt(l, a, a.brush[0])];
        ctx.fillStyle = c.accent;
        ctx.globalAlpha = 0.45;
        ctx.fillRect(a.x - 5, y1, 10, Math.max(2, y0 - y1));
        ctx.globalAlpha = 1;
    }
    ctx.font = `11px ${c.font}`;
    ctx.textBaseline = "middle";
    const last = a === l.axes.at(-1) && l.axes.length > 1;
    ctx.textAlign = last ? "right" : "left";
    const marks = a.field.names
        ? a.field.names.map((_, i) => i).filter((i) => i % Math.ceil((a.field.names?.length ?? 1) / 12) === 0)
        : (a.log ? logTicks : linearTicks)(a.range[0], a.range[1], Math.max(2, l.height / 50));
    for (const v of marks) {
        const text = fieldText(a.field, v);
        const y = yAt(l, a, v);
        // A halo of the ground keeps the words readable over lines.
        ctx.lineWidth = 3;
        ctx.strokeStyle = c.raised;
        ctx.strokeText(text.slice(0, 18), a.x + (last ? -7 : 7), y);
        ctx.fillStyle = c.ink;
        ctx.fillText(text.slice(0, 18), a.x + (last ? -7 : 7), y);
    }
}

export function paintLit(
    canvas: HTMLCanvasElement,
    l: Layout,
    rows: readonly ChartRow[],
    by: Field | null,
    id: string | null,
): void {
    const ctx = prepare(canvas, l);
    const row = id === null ? -1 : rows.findIndex((r) => r.id === id);
    if (!ctx || row < 0) return;
    for (const [width, colour] of [
        [5, colours.peek().raised] as const,
        [2.5, colourOf(by, rows, row)] as const,
    ]) {
        ctx.lineWidth = width;
        ctx.strokeStyle = colour;
        ctx.beginPath();
        trace(ctx, l, row);
        ctx.stroke();
    }
}
