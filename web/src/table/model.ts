// SPDX-License-Identifier: Apache-2.0
// What the virtual table asks of those who use it: rows by their place, and columns. It knows nothing of runs.
import type { ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

export interface Rows<R> {
    readonly version: ReadonlySignal<number>; // moves on when something changed
    readonly count: number;
    row(index: number): R | undefined; // undefined: not read yet
    // What is in sight; the rows see to it that it comes.
    want(from: number, to: number, columns: readonly string[]): void;
    // Where a row is now, that was at `near`; -1: not among those that are known.
    find(key: string, near: number): number;
}

export interface Column {
    id: string;
    title: string;
    hint?: string;
    width: number;
    numeric?: boolean;
    sort?: "ascending" | "descending" | undefined;
    sortPlace?: number | undefined; // its place among several, from 1
}

export interface RowLook {
    selected?: boolean;
    lit?: boolean;
    kind?: string; // a class
    level?: number; // of a tree, from 1
    expanded?: boolean | undefined;
}

// What stands in a cell. A text is clipped where the cell ends; parts stand in a row.
export interface Cell {
    body: ComponentChildren;
    hint?: string | undefined; // the whole of it, when it is pointed at
    kind?: "parts" | "odd" | "text" | "wait" | undefined;
    shows?: string; // at most, of a body that is no text: whether it has to be clipped
}

export const ROW_HEIGHT = 28;
export const COLUMN_LEAST = 48;
export const COLUMN_MOST = 1200;
