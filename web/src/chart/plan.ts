// SPDX-License-Identifier: Apache-2.0
// Which requests answer what the charts in sight wish for: the fewest. Pure.
import type { By } from "../api/series";
import { type Columns, exact, firstPlace, lastPlace } from "./columns";

export interface Level {
    readonly columns: Columns;
    readonly start: number; // places (steps, or times in ms) that it was read for
    readonly end: number;
    readonly width: number; // of a part, at most
    readonly exact: boolean;
}
export interface Need {
    by: By;
    start?: number; // neither: the whole of all lines asked for together; by time, of each
    end?: number;
    buckets: number;
    whole: boolean; // its answer replaces the coarse level; else it is laid into it
    alone?: string; // a run that goes into no request with others
}

export function levelOf(columns: Columns, start: number, end: number, buckets: number): Level {
    const width = Math.max(1, (end - start + 1) / Math.max(1, buckets));
    return { columns, start, end, width, exact: exact(columns) };
}

// How much coarser than wished a level may be before a finer one is read.
const SLACK = 1.5;
// What is read at each side of what is seen, as a part of it.
const MARGIN = 0.1;

// Whole places around [start, end], on a grid of its own size: small changes and other runs ask for the same.
export function rounded(start: number, end: number): [number, number] {
    const margin = (end - start) * MARGIN;
    const grid = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, end - start)) - 5));
    return [Math.floor((start - margin) / grid) * grid, Math.ceil((end + margin + 1) / grid) * grid - 1];
}

// What is missing of a line for a range of places (null: all of it, which for the chart is `extent`).
export function needOf(
    by: By,
    base: Level | null,
    fines: readonly Level[],
    range: readonly [number, number] | null,
    extent: readonly [number, number],
    buckets: number,
    slack = SLACK,
): Need | null {
    if (!base) return { by, buckets, whole: true };
    if (base.exact || !base.columns.n) return null;
    const [start, end] = range ?? extent;
    if (end < firstPlace(base.columns) || start > lastPlace(base.columns)) return null;
    const width = Math.max(1, ((end - start + 1) / buckets) * slack);
    if (base.width <= width) return null;
    if (!range)
        return by === "time" ? { by, buckets, whole: true } : { by, start, end, buckets, whole: true };
    if (fines.some((f) => f.start <= start && f.end >= end && (f.exact || f.width <= width))) return null;
    const [from, to] = rounded(start, end);
    return { by, start: from, end: to, buckets: Math.ceil(buckets * (1 + 2 * MARGIN)), whole: false };
}

// On a logarithmic axis of steps the beginning is wide: ranges from there on, each a part of the one before.
const LOG_PART = 32;
export function logRanges([start, end]: readonly [number, number], buckets: number): [number, number][] {
    const out: [number, number][] = [];
    const from = Math.max(1, start);
    for (let to = end / LOG_PART; to > from + buckets / 4 && out.length < 5; to /= LOG_PART)
        out.push([from, Math.ceil(to)]);
    return out;
}

export interface Piece {
    run: string;
    key: string;
    need: Need;
}
export interface Request {
    runs: string[];
    keys: string[];
    need: Need;
}

export const needKey = (n: Need): string =>
    `${n.by} ${n.start ?? ""} ${n.end ?? ""} ${n.buckets} ${n.whole} ${n.alone ?? ""}`;

// Pieces with the same range go together; keys that lack the same runs are one request.
export function requestsOf(pieces: readonly Piece[]): Request[] {
    const needs = new Map<string, { need: Need; keys: Map<string, Set<string>> }>();
    for (const p of pieces) {
        const id = needKey(p.need);
        const group = needs.get(id) ?? { need: p.need, keys: new Map<string, Set<string>>() };
        needs.set(id, group);
        const runs = group.keys.get(p.key) ?? new Set<string>();
        group.keys.set(p.key, runs.add(p.run));
    }
    return [...needs.values()].flatMap(({ need, keys }) => {
        const sets = new Map<string, Request>();
        for (const [key, runs] of keys) {
            const list = [...runs].sort();
            const id = list.join(" ");
            const request = sets.get(id) ?? { runs: list, keys: [], need };
            sets.set(id, request);
            request.keys.push(key);
        }
        return [...sets.values()];
    });
}

const TOGETHER: Record<By, number> = { step: 64, time: 4096 };

// Live lines are read on from where they end. Those that end at nearly the same place share a request.
export function tailsOf(
    lines: readonly { run: string; key: string; by: By; end: number }[],
    buckets: number,
): Request[] {
    return requestsOf(
        lines.map(({ run, key, by, end }) => {
            const start = Math.floor(end / TOGETHER[by]) * TOGETHER[by];
            return { run, key, need: { by, start, buckets, whole: false } };
        }),
    );
}
