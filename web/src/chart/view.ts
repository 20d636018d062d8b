// SPDX-License-Identifier: Apache-2.0
// A chart in sight: wishes for its lines, makes of them what the plot shows, and follows the settings, the cursor
// and the highlight. Without components: what moves often is drawn, not rendered.
import { signal } from "@preact/signals";
import { cursor } from "./cursor";
import { highlight } from "./highlight";
import { type Entry, Legend } from "./legend";
import {
    type ChartRun,
    entryOf,
    lineNear,
    linesOf,
    type Memory,
    type ModelLine,
    placesWithin,
    xRangeOf,
    xText,
    yRangeOf,
} from "./model";
import { colours } from "./palette";
import { Plot } from "./plot";
import { settings, setZoom, setZoomY } from "./settings";
import { Wisher } from "./store";
import { oddities, type Range } from "./trace";

export interface ChartInput {
    readonly key: string;
    readonly runs: readonly ChartRun[];
    readonly logY: boolean;
    readonly width: number;
    readonly height: number;
    readonly most: number; // entries of the legend
}
// What is said about a chart in words.
export interface ChartState {
    readonly loading: boolean;
    readonly empty: boolean;
    readonly problem: string | null;
    readonly leftOut: number; // places whose values a logarithm has none for
}

const BUCKETS = [128, 256, 384, 512, 768, 1024, 1536, 2048, 3072];

export class ChartView {
    lines: readonly ModelLine[] = [];
    input: ChartInput | null = null;
    private readonly wisher = new Wisher(() => this.refresh());
    private readonly plot: Plot;
    private readonly legend: Legend;
    private readonly stop: (() => void)[] = [];
    private memory: Memory = new Map();
    private said = "";
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(
        private readonly parts: { plot: HTMLElement; legend: HTMLElement; where: HTMLElement },
        private readonly say: (state: ChartState) => void,
    ) {
        this.plot = new Plot(parts.plot, {
            selected: (x, y) => {
                if (x) setZoom(x);
                if (y && this.input) setZoomY(this.input.key, y);
            },
            reset: () => this.reset(),
            hover: (x, y) => this.hover(x, y),
            drawn: () => this.follow(),
        });
        this.legend = new Legend(parts.legend, (id) => this.point(id));
        this.stop.push(settings.subscribe(() => this.wish()));
        this.stop.push(cursor.subscribe((at) => this.follow(at)));
        this.stop.push(highlight.subscribe(() => this.light()));
        this.stop.push(colours.subscribe(() => this.refresh()));
    }

    close(): void {
        clearTimeout(this.timer);
        for (const stop of this.stop) stop();
        this.wisher.close();
        this.plot.destroy();
        if (cursor.peek()?.key === this.input?.key) cursor.value = null;
    }

    set(input: ChartInput): void {
        this.input = input;
        this.wish();
    }

    private wish(): void {
        if (!this.input) return;
        const { runs, key, width } = this.input;
        const { x, zoom, logX } = settings.peek();
        const starts = new Map(runs.map((r) => [r.id, r.startMs]));
        const buckets = BUCKETS.find((b) => b >= width - 60) ?? 4096;
        this.wisher.ask({
            runs: runs.map((r) => r.id),
            key,
            buckets,
            by: x === "step" ? "step" : "time",
            log: logX && x === "step",
            range: zoom ? (whole, run) => placesWithin(whole, x, zoom, starts.get(run)) : undefined,
        });
        this.refresh();
    }

    get canvas(): HTMLCanvasElement | null {
        return this.plot.canvas;
    }

    // Raised when the lines are others: the plot draws itself, the table follows this.
    readonly version = signal(0);

    private refresh(): void {
        const { input } = this;
        if (!input) return;
        this.lines = linesOf(
            input.runs,
            this.wisher,
            settings.peek(),
            Math.max(64, input.width / 2),
            this.memory,
        );
        this.tell(input);
        this.show();
        this.version.value++;
    }

    private tell(input: ChartInput): void {
        const empty = !this.lines.length;
        const leftOut = input.logY ? this.lines.reduce((n, l) => n + oddities(l.trace, true).low, 0) : 0;
        const problem = this.wisher.problem?.message ?? null;
        const state = { loading: empty && !this.wisher.settled && !problem, empty, problem, leftOut };
        const said = JSON.stringify(state);
        if (said !== this.said) this.say(state);
        this.said = said;
    }

    private get lit(): string | null {
        const id = highlight.peek();
        return this.lines.find((l) => id !== null && l.members.includes(id))?.id ?? null;
    }

    ranges(): { x: Range; y: Range } {
        const { key, logY } = this.input as ChartInput;
        const now = settings.peek();
        const x = xRangeOf(this.lines, now);
        return { x, y: now.zoomY.get(key) ?? yRangeOf(this.lines, x, logY) };
    }

    private show(): void {
        const { input } = this;
        if (!input) return;
        const { logY, width, height } = input;
        if (!this.lines.length) {
            this.plot.set(null, width, height);
            this.parts.plot.hidden = true;
            this.legend.show([], null, input.most);
            return;
        }
        this.parts.plot.hidden = false;
        const { lines, lit } = this;
        const { x: mode, logX } = settings.peek();
        const view = { lines, ...this.ranges(), mode, logX, logY, lit };
        this.plot.set(view, width, height);
    }

    // The chart that is pointed at shows it at once, the others when the pointer rests.
    private light(): void {
        clearTimeout(this.timer);
        if (cursor.peek()?.key === this.input?.key) this.show();
        else this.timer = setTimeout(() => this.show(), 60);
    }

    // ---- cursor -------------------------------------------------------------------------------------------

    entries(x: number | null): Entry[] {
        return this.lines.map((l) => entryOf(l, x, this.input?.logY ?? false));
    }

    private follow(at = cursor.peek()): void {
        const { input } = this;
        if (!input) return;
        const x = at?.x ?? null;
        this.plot.at(x);
        this.legend.show(this.entries(x), this.lit, input.most);
        this.parts.where.textContent = x === null ? "" : xText(x, settings.peek().x);
    }

    private hover(x: number | null, y: number | null): void {
        const { input } = this;
        if (!input) return;
        if (x === null || y === null) {
            if (cursor.peek()?.key !== input.key) return;
            cursor.value = null;
            this.point(null);
            return;
        }
        cursor.value = { x: this.snapped(x), key: input.key };
        this.point(lineNear(this.lines, x, y, (v) => this.plot.yOf(v)));
    }

    private snapped = (x: number): number => (settings.peek().x === "step" ? Math.round(x) : x);

    private point(id: string | null): void {
        const line = this.lines.find((l) => l.id === id);
        highlight.value = line?.members[0] ?? null;
    }

    // By key: to the next place of any line; what is said then is for those who do not see it.
    step(by: number): string {
        const { input } = this;
        if (!input || !this.lines.length) return "";
        const { x } = this.ranges();
        const places = this.places(x);
        const now = cursor.peek()?.x;
        let at = now === undefined ? (by > 0 ? -1 : places.length) : places.findIndex((p) => p >= now);
        if (at < 0 && now !== undefined) at = places.length;
        const to = places[Math.max(0, Math.min(places.length - 1, at + by))];
        if (to === undefined) return "";
        cursor.value = { x: to, key: input.key };
        const words = this.entries(to).map((e) => `${e.name} ${e.text}`);
        return `${xText(to, settings.peek().x)}: ${words.slice(0, 5).join(", ")}`;
    }

    places([from, to]: Range): number[] {
        const all = new Set<number>();
        for (const { trace } of this.lines)
            for (let i = 0; i < trace.n; i++) {
                const x = trace.x1[i] as number;
                if (x >= from && x <= to) all.add(x);
            }
        return [...all].sort((a, b) => a - b);
    }

    // Nearer to the cursor (or the middle), or farther.
    zoomBy(factor: number): void {
        if (!this.lines.length) return;
        const [min, max] = this.ranges().x;
        const centre = cursor.peek()?.x ?? (min + max) / 2;
        const half = ((max - min) * factor) / 2;
        setZoom([
            Math.max(centre - half, factor < 1 ? min : -Infinity),
            Math.min(centre + half, factor < 1 ? max : Infinity),
        ]);
    }

    reset(): void {
        const { input } = this;
        if (!input) return;
        if (settings.peek().zoomY.has(input.key)) setZoomY(input.key, null);
        if (settings.peek().zoom) setZoom(null);
    }
}
