// SPDX-License-Identifier: Apache-2.0
// From runs, their columns and the settings to what a plot shows: traces, smoothed values, groups, ranges,
// and the words of a legend. Pure but for the colours.
import { dateTime, integer, shortNumber } from "../base/format";
import type { Columns } from "./columns";
import { groupTrace, valueAt } from "./group";
import type { Entry } from "./legend";
import { lineColour } from "./palette";
import type { PlotLine } from "./plot";
import type { Settings } from "./settings";
import { smoothLine } from "./smooth";
import { durationText } from "./ticks";
import { nearest, oddities, originOf, type Range, traceOf, type XMode, xExtent, yExtent } from "./trace";

export interface ChartRun {
    id: string;
    name: string;
    colour: number; // place in the palette, base/colour.ts
    group?: string | undefined;
    startMs?: number | undefined;
    live?: boolean | undefined;
}
export interface Source {
    columns(run: string): Columns;
    whole(run: string): Columns;
}
export interface ModelLine extends PlotLine {
    readonly whole: Columns;
    readonly members: readonly string[]; // ids of runs
}

// Traces and smoothed lines are made once for the columns they are of.
interface Made {
    columns: Columns;
    whole: Columns;
    how: string;
    line: ModelLine;
}
export type Memory = Map<string, Made>;

function lineOf(run: ChartRun, source: Source, s: Settings, memory: Memory): ModelLine | null {
    const columns = source.columns(run.id);
    const whole = source.whole(run.id);
    if (!columns.n) return null;
    const colour = lineColour(run.colour);
    const how = `${s.x} ${s.smooth} ${run.startMs} ${run.name} ${colour}`;
    const known = memory.get(run.id);
    if (known && known.columns === columns && known.whole === whole && known.how === how) return known.line;
    const trace = traceOf(columns, s.x, run.startMs);
    const smooth = s.smooth ? smoothLine(columns, whole, s.x !== "step", s.smooth) : null;
    const line = { id: run.id, name: run.name, colour, trace, smooth, whole, members: [run.id] };
    memory.set(run.id, { columns, whole, how, line });
    return line;
}

export function linesOf(
    runs: readonly ChartRun[],
    source: Source,
    s: Settings,
    places: number,
    memory: Memory,
): ModelLine[] {
    const groups = new Map<string, ModelLine[]>();
    const out: ModelLine[] = [];
    for (const run of runs) {
        const line = lineOf(run, source, s, memory);
        if (!line) continue;
        if (run.group === undefined) out.push(line);
        else groups.set(run.group, [...(groups.get(run.group) ?? []), line]);
    }
    for (const [name, members] of groups) out.push(groupLine(name, members, s, places));
    return out;
}

function groupLine(name: string, members: readonly ModelLine[], s: Settings, places: number): ModelLine {
    const traces = members.map((m) => m.trace);
    const extent = s.zoom ?? xExtent(traces, false) ?? [0, 1];
    const trace = groupTrace(traces, extent, places, s.band);
    const smooth = s.smooth ? smoothLine(trace.c, trace.c, false, s.smooth) : null;
    return {
        id: `group ${name}`,
        name: `${name} (${members.length})`,
        colour: members[0]?.colour ?? "",
        trace,
        smooth,
        whole: trace.c,
        members: members.flatMap((m) => m.members),
    };
}

// ---- ranges -----------------------------------------------------------------------------------------------

export function xRangeOf(lines: readonly PlotLine[], s: Settings): Range {
    const extent = s.zoom ??
        xExtent(
            lines.map((l) => l.trace),
            s.logX,
        ) ?? [s.logX ? 1 : 0, s.logX ? 10 : 1];
    const [min, max] = extent;
    if (s.logX && min <= 0) return [Math.min(1, max / 10), max > 0 ? max : 10];
    if (max > min) return extent;
    const pad = s.x === "wall" ? 1000 : s.x === "rel" ? 1 : 0.5;
    return s.logX ? [min / 2, max * 2] : [min - pad, max + pad];
}

export function yRangeOf(lines: readonly PlotLine[], x: Range, log: boolean): Range {
    const extent = yExtent(
        lines.map((l) => l.trace),
        x,
        log,
    );
    if (!extent) return log ? [0.1, 10] : [0, 1];
    const [min, max] = extent;
    if (log) {
        const pad = max > min ? (max / min) ** 0.05 : 2;
        return [min / pad, max * pad];
    }
    const pad = max > min ? (max - min) * 0.06 : Math.abs(max) * 0.1 || 0.5;
    return [min - pad, max + pad];
}

// What a range of x is in places of a line: steps, or milliseconds since 1970.
export function placesWithin(whole: Columns, mode: XMode, [from, to]: Range, startMs?: number): Range {
    if (mode !== "rel") return [Math.floor(from), Math.ceil(to)];
    const origin = originOf(whole, startMs);
    return [Math.floor(origin + from * 1000), Math.ceil(origin + to * 1000)];
}

// ---- words ------------------------------------------------------------------------------------------------

export function xText(x: number, mode: XMode): string {
    if (mode === "rel") return durationText(x);
    if (mode === "wall") return dateTime(x);
    return `step ${integer(Math.round(x))}`;
}

// The value of a line at x, or at its end.
export function entryOf(line: PlotLine, x: number | null, logY: boolean): Entry {
    const t = line.trace;
    const inside = x === null || (t.n > 0 && x >= (t.x0[0] as number) && x <= (t.x1[t.n - 1] as number));
    const i = x === null ? t.n - 1 : inside ? nearest(t, x) : -1;
    const odd = oddities(t, logY);
    const notes = [
        odd.nan ? `${integer(odd.nan)} NaN` : "",
        odd.up ? `${odd.up} × ∞` : "",
        odd.down ? `${odd.down} × −∞` : "",
    ].filter(Boolean);
    const value = i < 0 ? Number.NaN : ((line.smooth?.[i] ?? t.c.last[i]) as number);
    const text = [i < 0 ? "–" : shortNumber(value), ...notes].join(" · ");
    return { id: line.id, name: line.name, colour: line.colour, text, full: fullOf(line, i, notes), value };
}

function fullOf(line: PlotLine, i: number, notes: readonly string[]): string {
    const c = line.trace.c;
    if (i < 0) return ["no value here", ...notes].join("\n");
    const many = (c.count[i] as number) > 1 && c.min[i] !== c.max[i];
    const range = many ? `\nfrom ${c.min[i]} to ${c.max[i]} in this place` : "";
    const smooth = line.smooth ? `\nsmoothed: ${line.smooth[i]}` : "";
    return [`${c.last[i]}${range}${smooth}`, ...notes].join("\n");
}

// The line nearest to a height, in pixels given by `yOf`; null when none is within reach.
export function lineNear(
    lines: readonly PlotLine[],
    x: number,
    y: number,
    yOf: (v: number) => number,
    reach = 16,
): string | null {
    let best: string | null = null;
    let distance = reach;
    for (const line of lines) {
        const i = line.smooth ? nearest(line.trace, x) : -1;
        const d = Math.abs(yOf(i >= 0 ? (line.smooth?.[i] as number) : valueAt(line.trace, x)) - y);
        if (d < distance) {
            distance = d;
            best = line.id;
        }
    }
    return best;
}
