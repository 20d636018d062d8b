// SPDX-License-Identifier: Apache-2.0
// A line of the store: the whole of a series coarsely, fine where one looked last, and what is known about
// its state.
import type { By, ChartReply } from "../api/series";
import { bytesOf, type Columns, extend, firstPlace, lastPlace, merged, NOTHING, splice } from "./columns";
import { type Level, levelOf, type Need } from "./plan";

export interface Line {
    readonly run: string;
    readonly key: string;
    readonly by: By;
    base: Level | null;
    fines: readonly Level[]; // of ranges within each other, the widest first
    seen: Columns; // the base with the fine ones laid into it
    none: boolean; // the server has no points of it
    stale: boolean; // points came since it was read
    alone: boolean; // asked for with others it failed
    refusedUntil: number;
    used: number;
    readonly needs: Set<string>; // of this plan, as needKey
}

export const lineId = (run: string, by: By, key: string): string => `${run} ${by} ${key}`;

export const newLine = (run: string, by: By, key: string): Line => ({
    run,
    key,
    by,
    base: null,
    fines: [],
    seen: NOTHING,
    none: false,
    stale: false,
    alone: false,
    refusedUntil: 0,
    used: 0,
    needs: new Set(),
});

export const refused = (line: Line): boolean => line.refusedUntil > performance.now();

export function bytesOfLine({ base, fines, seen }: Line): number {
    const own = (base ? bytesOf(base.columns) : 0) + fines.reduce((sum, f) => sum + bytesOf(f.columns), 0);
    return own + (seen === base?.columns ? 0 : bytesOf(seen));
}

// First and last place of all of them.
export function extentOf(list: readonly Line[]): [number, number] {
    let start = Number.POSITIVE_INFINITY;
    let end = Number.NEGATIVE_INFINITY;
    for (const { base } of list) {
        if (!base?.columns.n) continue;
        start = Math.min(start, firstPlace(base.columns));
        end = Math.max(end, lastPlace(base.columns));
    }
    return [start, end];
}

function look(line: Line): void {
    let seen = line.base?.columns ?? NOTHING;
    if (line.base) for (const f of line.fines) seen = splice(seen, f.columns, f.start, f.end);
    line.seen = seen;
}

const MOST_FINES = 6;

// The new level lies within the ones that are kept: those of a zoom step by step, or of a logarithmic axis.
function laid(fines: readonly Level[], level: Level): Level[] {
    const around = fines.filter((f) => f.start <= level.start && f.end >= level.end && f.width > level.width);
    return [...around.slice(-(MOST_FINES - 1)), level];
}

// A reply that is no tail. False: it changed nothing.
export function put(line: Line, columns: Columns, need: Need, reply: ChartReply): boolean {
    const own = need.by === "time" && need.start === undefined;
    const [start, end] = own ? [firstPlace(columns), lastPlace(columns)] : [reply.start, reply.end];
    const level = levelOf(columns, start, end, reply.buckets);
    if (!need.whole) {
        line.fines = laid(line.fines, level);
    } else {
        // A spark's coarse answer that comes after a chart's.
        if (line.base && line.base.width < level.width && line.base.end >= level.end) return false;
        if (line.base && lastPlace(line.base.columns) > lastPlace(columns)) line.stale = true;
        line.none = columns.n === 0;
        line.base = line.none ? null : level;
    }
    look(line);
    return true;
}

// Points behind the end. `parts`: how many the line should be made of.
export function putTail(line: Line, tail: Columns, parts: number): boolean {
    if (!line.base || !tail.n) return false;
    const before = line.base;
    let columns = extend(before.columns, tail);
    if (columns === before.columns) return false;
    const end = lastPlace(columns);
    let { width } = before;
    if (columns.n > 2 * parts) {
        width = Math.max(1, (end - firstPlace(columns) + 1) / parts);
        columns = merged(columns, width);
    }
    line.base = { ...levelOf(columns, before.start, end, parts), width };
    line.fines = line.fines.filter((f) => f.end < lastPlace(before.columns));
    look(line);
    return true;
}
