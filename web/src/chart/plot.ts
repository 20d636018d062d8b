// SPDX-License-Identifier: Apache-2.0
// One plot: uPlot for axes, scales and dragging; lines by draw.ts. It is made when its chart comes in sight
// and gone when it leaves, and draws once a frame whatever changed.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type Frame, paintLine, paintOdd, type Stroke } from "./draw";
import { spent } from "./pace";
import { colours } from "./palette";
import {
    durationText,
    durationTicks,
    linearTicks,
    logTicks,
    numberText,
    stepText,
    wallText,
    wallTicks,
} from "./ticks";
import type { Range, Trace, XMode } from "./trace";

export interface PlotLine {
    readonly id: string; // of its run or group
    readonly name: string;
    readonly colour: string;
    readonly trace: Trace;
    readonly smooth: Float64Array | null;
}
export interface PlotView {
    readonly lines: readonly PlotLine[];
    readonly x: Range;
    readonly y: Range;
    readonly mode: XMode | "value";
    readonly logX: boolean;
    readonly logY: boolean;
    readonly lit: string | null; // the line that is pointed at
    // Of whole numbers, where they are texts.
    readonly names?: { x: readonly string[] | null; y: readonly string[] | null };
    readonly paint?: (frame: Frame) => void; // in the place of lines
}
export interface PlotEvents {
    selected(x: Range | null, y: Range | null): void;
    reset(): void;
    click?(): void;
    hover(x: number | null, y: number | null): void;
    drawn(): void;
}

const queue = new Set<Plot>();
let pointed: Plot | null = null;
let isDrawing = false;
const FRAME_MS = 100; // more is felt; less is more frames, and each has the whole page painted and put together

// Drawn when this returns, not in a microtask behind the queue, which would count nothing of it.
const now = (u: uPlot, change: (u: uPlot) => void): void => u.batch(change);

// The plot that is pointed at first; what does not fit into a frame is drawn in the next, so that the page
// stays quick however many plots there are. What they cost is known. Who hears that plots are drawn writes
// into the page, and a canvas that draws text has all that was written styled: so these hear it at the end.
function drawQueue(): void {
    const began = performance.now();
    const first = pointed && queue.has(pointed) ? [pointed] : [];
    const drawn: Plot[] = [];
    isDrawing = true;
    for (const p of [...first, ...queue]) {
        if (!queue.delete(p)) continue;
        if (p.draw()) drawn.push(p);
        if (performance.now() - began > FRAME_MS) break;
    }
    isDrawing = false;
    for (const p of drawn) p.told();
    if (queue.size) requestAnimationFrame(drawQueue);
    // Until the browser has styled, laid out and painted what was drawn.
    setTimeout(() => spent(performance.now() - began));
}

export class Plot {
    private u: uPlot | null = null;
    private shape = "";
    private hair: HTMLElement;
    private dead = false;
    private isMoved = false;
    private view: PlotView | null = null;
    private size: readonly [number, number] = [0, 0];

    constructor(
        private readonly place: HTMLElement,
        private readonly events: PlotEvents,
        private readonly box = false, // dragging selects in both directions, not only with shift
    ) {
        this.hair = document.createElement("div");
        this.hair.className = "chart-hair";
        this.hair.style.display = "none";
    }

    set(view: PlotView | null, width: number, height: number): void {
        this.view = view;
        this.size = [width, height];
        this.soon();
    }

    soon(): void {
        if (!queue.size) requestAnimationFrame(drawQueue);
        queue.add(this);
    }

    // The cursor of all charts at a place of x.
    at(x: number | null): void {
        const u = this.u;
        const px = u && x !== null ? u.valToPos(x, "x") : -1;
        // Not the element's own width: to ask for it lays the page out anew, a chart a time.
        const inside = u && px >= 0 && px <= u.bbox.width / uPlot.pxRatio;
        this.hair.style.display = inside ? "" : "none";
        if (inside) this.hair.style.transform = `translateX(${px}px)`;
    }

    xOf(value: number): number {
        return this.u?.valToPos(value, "x") ?? Number.NaN;
    }

    yOf(value: number): number {
        return this.u?.valToPos(value, "y") ?? Number.NaN;
    }

    get canvas(): HTMLCanvasElement | null {
        return this.u?.ctx.canvas ?? null;
    }

    destroy(): void {
        this.dead = true;
        queue.delete(this);
        if (pointed === this) pointed = null;
        this.free();
    }

    private free(): void {
        if (!this.u) return;
        // A canvas gives its memory back at once when it is small.
        const { canvas } = this.u.ctx;
        this.u.destroy();
        canvas.width = canvas.height = 0;
        this.u = null;
    }

    // False: there is nothing to draw.
    draw(): boolean {
        const { view } = this;
        const [width, height] = this.size;
        if (this.dead || !view || width < 40) return false;
        const shape = `${view.mode} ${view.logX} ${view.logY} ${JSON.stringify(view.names ?? null)}`;
        if (this.u && shape !== this.shape) this.free();
        this.shape = shape;
        if (!this.u) this.u = this.make(view, width, height);
        else now(this.u, (u) => this.renew(u, view, width, height));
        return true;
    }

    // The plot and those beside it are drawn: what stands below the pointer is another place now.
    told(): void {
        this.events.drawn();
        if (this.u && this.isMoved) this.moved(this.u);
    }

    private renew(u: uPlot, { x }: PlotView, width: number, height: number): void {
        if (u.width !== width || u.height !== height) u.setSize({ width, height });
        else u.setScale("x", { min: x[0], max: x[1] });
    }

    private make(view: PlotView, width: number, height: number): uPlot {
        const u = new uPlot(
            optionsOf(view, width, height, this),
            [
                [0, 1],
                [0, 1],
            ],
            // Drawn outside of the page: within it the page would be styled anew for the texts of each plot.
            (self, init) => {
                now(self, () => init());
                this.place.append(self.root);
            },
        );
        u.over.append(this.hair);
        u.over.addEventListener("dblclick", () => this.events.reset());
        u.over.addEventListener("click", () => this.events.click?.());
        u.over.addEventListener(
            "mousedown",
            (e) => {
                u.cursor.drag = { ...u.cursor.drag, y: this.box || e.shiftKey };
            },
            true,
        );
        return u;
    }

    range(scale: "x" | "y"): [number, number] {
        const [min, max] = this.view?.[scale] ?? [0, 1];
        return [min, max];
    }

    paint(u: uPlot): void {
        const view = this.view;
        if (!view) return;
        const frame = frameOf(u, view);
        const { ctx } = u;
        ctx.save();
        ctx.beginPath();
        // Marks at the edge stay whole.
        const room = 4 * frame.ratio;
        ctx.rect(frame.left - room, frame.top - 2, frame.width + 2 * room, frame.height + 4);
        ctx.clip();
        if (view.paint) view.paint(frame);
        const { lit } = view;
        const known = lit !== null && view.lines.some((l) => l.id === lit);
        const thin = view.lines.reduce((n, l) => n + l.trace.n, 0) > THIN_FROM;
        for (const l of view.lines) if (!known || l.id !== lit) paintOne(frame, l, thin, known ? 0.2 : 1);
        for (const l of view.lines) if (known && l.id === lit) paintOne(frame, l, thin, 1, 1.75);
        ctx.restore();
    }

    selected(u: uPlot): void {
        const { left, top, width, height } = u.select;
        if (width < 3 && height < 3) return;
        const withY = u.cursor.drag?.y === true && height >= 3;
        this.events.selected(
            width >= 3 ? [u.posToVal(left, "x"), u.posToVal(left + width, "x")] : null,
            withY ? [u.posToVal(top + height, "y"), u.posToVal(top, "y")] : null,
        );
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    }

    moved(u: uPlot): void {
        this.isMoved = isDrawing; // then told() comes back to it
        if (isDrawing) return;
        const { left = -1, top = -1 } = u.cursor;
        pointed = left < 0 ? null : this;
        if (left < 0) this.events.hover(null, null);
        else this.events.hover(u.posToVal(left, "x"), top);
    }
}

function frameOf(u: uPlot, view: PlotView): Frame {
    const { left, top, width, height } = u.bbox;
    return {
        ctx: u.ctx,
        left,
        top,
        width,
        height,
        ratio: uPlot.pxRatio,
        x: { min: view.x[0], max: view.x[1], log: view.logX },
        y: { min: view.y[0], max: view.y[1], log: view.logY },
    };
}

const THIN_FROM = 1500; // parts in a chart

function paintOne(f: Frame, line: PlotLine, thin: boolean, alpha: number, width = 1.25): void {
    const plain: Stroke = { colour: line.colour, alpha, width, band: 0.3, dots: true, thin };
    if (line.smooth) {
        paintLine(f, line.trace, null, { ...plain, alpha: alpha * 0.3, width: 1, band: 0.5 });
        paintLine(f, line.trace, line.smooth, { ...plain, width: width + 0.25 });
    } else {
        paintLine(f, line.trace, null, plain);
    }
    paintOdd(f, line.trace, line.colour, alpha);
}

// ---- what uPlot is told -----------------------------------------------------------------------------------

function optionsOf(view: PlotView, width: number, height: number, plot: Plot): uPlot.Options {
    const axis: uPlot.Axis = {
        stroke: () => colours.value.ink3,
        font: `11px ${colours.value.font}`,
        grid: { stroke: () => colours.value.rule, width: 1 },
        ticks: { stroke: () => colours.value.rule, width: 1, size: 4 },
        gap: 4,
    };
    return {
        width,
        height,
        padding: [6, 10, 0, 0],
        pxAlign: 1,
        legend: { show: false },
        cursor: {
            x: false,
            y: false,
            points: { show: false },
            drag: { x: true, y: false, setScale: false, dist: 3 },
        },
        scales: {
            x: { time: false, distr: view.logX ? 3 : 1, range: () => plot.range("x") },
            y: { distr: view.logY ? 3 : 1, range: () => plot.range("y") },
        },
        axes: [
            { ...axis, size: 24, ...xAxis(view) },
            { ...axis, ...yAxis(view) },
        ],
        series: [{}, { show: true, paths: () => null, points: { show: false } }],
        hooks: {
            draw: [(u) => plot.paint(u)],
            setSelect: [(u) => plot.selected(u)],
            setCursor: [(u) => plot.moved(u)],
        },
    };
}

const room = (u: uPlot, side: "width" | "height", each: number): number =>
    Math.max(2, u.bbox[side] / uPlot.pxRatio / each);

const distanceOf = (splits: readonly number[]): number =>
    splits.length > 1 ? Math.abs((splits[1] as number) - (splits[0] as number)) : Math.abs(splits[0] ?? 1);

function xAxis(view: PlotView): uPlot.Axis {
    if (view.names?.x) return namesAxis(view.names.x);
    if (view.mode === "wall" && !view.logX) return wallAxis;
    if (view.mode === "value") return valueAxis(view.logX, "width", 64);
    const ticks = view.logX ? logTicks : view.mode === "rel" ? durationTicks : linearTicks;
    const text = view.mode === "rel" ? durationText : stepText;
    return {
        splits: (u, _axis, min, max) => {
            const list = ticks(min, max, room(u, "width", 64));
            return view.mode === "step" ? list.filter((v) => Number.isInteger(v)) : list;
        },
        values: (_u, splits) => splits.map((v) => text(v, view.logX ? v : distanceOf(splits))),
        filter: (_u, splits) => splits,
    };
}

function yAxis(view: PlotView): uPlot.Axis {
    const size = (_u: uPlot, values: string[] | null): number =>
        12 + 6.3 * Math.max(3, ...(values ?? []).map((v) => v.length));
    return { ...(view.names?.y ? namesAxis(view.names.y) : valueAxis(view.logY, "height", 26)), size };
}

function valueAxis(log: boolean, side: "width" | "height", each: number): uPlot.Axis {
    return {
        splits: (u, _axis, min, max) => (log ? logTicks : linearTicks)(min, max, room(u, side, each)),
        values: (_u, splits) => {
            if (log) return splits.map((v) => numberText(v, v));
            const largest = Math.max(...splits.map(Math.abs));
            return splits.map((v) => numberText(v, distanceOf(splits), largest));
        },
        filter: (_u, splits) => splits,
    };
}

const NAME_MOST = 14; // characters

function namesAxis(names: readonly string[]): uPlot.Axis {
    const brief = (text: string): string =>
        text.length > NAME_MOST ? `${text.slice(0, NAME_MOST - 1)}…` : text;
    return {
        splits: (_u, _axis, min, max) =>
            names
                .map((_, i) => i)
                .filter((i) => i >= min && i <= max && i % Math.ceil(names.length / 20) === 0),
        values: (_u, splits) => splits.map((v) => brief(names[v] ?? "")),
        filter: (_u, splits) => splits,
    };
}

// Wall time in the reader's zone; midnights say the date.
const wallAxis: uPlot.Axis = {
    splits: (u, _axis, min, max) => wallTicks(min, max, room(u, "width", 72)),
    values: (_u, splits) => splits.map((v) => wallText(v, distanceOf(splits))),
    filter: (_u, splits) => splits,
};
