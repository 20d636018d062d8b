// SPDX-License-Identifier: Apache-2.0
// Which rows and columns are in sight. Pure.
//
// Browsers draw nothing behind some 16 million pixels, so a taller table scrolls through less than its height: `travel`
// says how the scroll bar's way and the table's relate. Below that it is one to one.
import { ROW_HEIGHT } from "./model";

export const HEIGHT_MAX = 15_000_000;

export interface Travel {
    count: number;
    view: number; // height in sight
    full: number; // of all rows
    height: number; // of what scrolls
    ratio: number; // pixels of the table a pixel of scrolling
}

export function travelOf(count: number, view: number): Travel {
    const full = count * ROW_HEIGHT;
    const height = Math.min(full, HEIGHT_MAX);
    const ratio = full > height ? (full - view) / (height - view) : 1;
    return { count, view, full, height, ratio };
}

// The pixel of the table that is at the top of what is in sight.
export const offsetOf = (t: Travel, scrollTop: number): number => scrollTop * t.ratio;

// Where a row lies in what scrolls, when that is scrolled to scrollTop.
export const topOf = (t: Travel, index: number, scrollTop: number): number =>
    index * ROW_HEIGHT - offsetOf(t, scrollTop) + scrollTop;

export interface Span {
    from: number;
    to: number; // behind the last
}

export function rowsInSight(t: Travel, scrollTop: number, spare: number): Span {
    const first = Math.floor(offsetOf(t, scrollTop) / ROW_HEIGHT);
    const n = Math.ceil(t.view / ROW_HEIGHT) + 1;
    return {
        from: Math.max(0, Math.min(first, t.count) - spare),
        to: Math.min(t.count, first + n + spare),
    };
}

// The scrollTop that brings a row into sight; the same one when it is.
export function scrolledTo(t: Travel, index: number, scrollTop: number): number {
    const top = index * ROW_HEIGHT;
    const offset = offsetOf(t, scrollTop);
    if (top < offset) return top / t.ratio;
    if (top + ROW_HEIGHT > offset + t.view) return (top + ROW_HEIGHT - t.view) / t.ratio;
    return scrollTop;
}

// Left edges of columns, and the right edge of the last.
export function edgesOf(widths: readonly number[]): number[] {
    const edges = [0];
    for (const w of widths) edges.push((edges.at(-1) ?? 0) + w);
    return edges;
}

// The columns that are between two pixels.
export function columnsInSight(edges: readonly number[], from: number, to: number): Span {
    const n = edges.length - 1;
    let first = 0;
    while (first < n && (edges[first + 1] ?? 0) <= from) first++;
    let end = first;
    while (end < n && (edges[end] ?? 0) < to) end++;
    return { from: first, to: end };
}

// Elements are used again: row i is drawn in slot i modulo the slots, which keeps its element while others pass by.
export function slots(span: Span): (number | null)[] {
    const n = span.to - span.from;
    return Array.from({ length: n }, (_, slot) => {
        const first = span.from + ((((slot - span.from) % n) + n) % n);
        return first < span.to ? first : null;
    });
}
