// SPDX-License-Identifier: Apache-2.0
// What the Runs screen shows, as its address says it:
//   where, view, sort=-metrics.loss+name, group=config.lr      which runs, in which order
//   cols=name*240+status+metrics.loss, fix=1, spark            columns, their widths, how many stay at the left, with courses
//   sel=ID+ID or sel=*+ID (all but), pin, show=8, eye, hide    selected, on top, in the charts
//   open=GROUP+GROUP, pane=table|charts, side, split              groups that are open, what is beside the table
// Pure: the first script reads it too.
import type { View } from "../../api/fields";
import { type Field, parseField, words } from "./field";

export interface ColumnWish {
    field: Field;
    width?: number | undefined;
}
export interface SortKey {
    field: string;
    down: boolean;
}
// `ids` are those selected, or with `all` those that are not.
export interface Selection {
    all: boolean;
    ids: ReadonlySet<string>;
}
export type Pane = "both" | "table" | "charts";
export type Side = "charts" | "scatter" | "parallel";

export interface State {
    where: string;
    view: View;
    sort: readonly SortKey[];
    group: readonly Field[];
    columns: readonly ColumnWish[] | null; // null: what the screen thinks best
    fixed: number;
    sparks: ReadonlySet<string> | null; // metrics whose course is drawn; null: of the first
    selection: Selection;
    pinned: readonly string[];
    show: number;
    eye: ReadonlySet<string>;
    hidden: ReadonlySet<string>;
    open: ReadonlySet<string>;
    pane: Pane;
    side: Side;
    split: number;
}

export const SHOWN_AT_FIRST = 8;
export const SELECT_MAX = 1000; // ids in an address
export const DEFAULT_SORT: readonly SortKey[] = [{ field: "start", down: true }];

const one = <T extends string>(text: string | null, of: readonly T[], otherwise: T): T =>
    of.find((o) => o === text) ?? otherwise;

const listOf = (q: URLSearchParams, key: string): string[] => (q.get(key) ?? "").split(" ").filter(Boolean);

function columnOf(word: string): ColumnWish | null {
    const width = /\*(\d{1,4})$/.exec(word);
    const field = parseField(width ? word.slice(0, width.index) : word);
    return field && { field, width: width ? Number(width[1]) : undefined };
}

function columnsOf(text: string | null): ColumnWish[] | null {
    if (!text) return null;
    const seen = new Set<string>();
    const list = words(text).map(columnOf);
    return list.filter((c) => c !== null).filter((c) => !seen.has(c.field.text) && seen.add(c.field.text));
}

const sortOf = (text: string | null): readonly SortKey[] =>
    text === null
        ? DEFAULT_SORT
        : words(text)
              .map((w) => ({ field: w.replace(/^-/, ""), down: w.startsWith("-") }))
              .filter((k) => parseField(k.field));

function numberIn(text: string | null, least: number, most: number, otherwise: number): number {
    const n = text === null || text === "" ? Number.NaN : Number(text);
    return Number.isFinite(n) ? Math.min(most, Math.max(least, n)) : otherwise;
}

function selectionOf(list: readonly string[]): Selection {
    return { all: list[0] === "*", ids: new Set(list.filter((id) => id !== "*")) };
}

export function stateOf(q: URLSearchParams): State {
    return {
        where: q.get("where") ?? "",
        view: one(q.get("view"), ["active", "deleted", "all"], "active"),
        sort: sortOf(q.get("sort")),
        group: words(q.get("group") ?? "")
            .map(parseField)
            .filter((f) => f !== null),
        columns: columnsOf(q.get("cols")),
        fixed: numberIn(q.get("fix"), 0, 50, 1),
        sparks: q.has("spark") ? new Set(words(q.get("spark") ?? "")) : null,
        selection: selectionOf(listOf(q, "sel")),
        pinned: listOf(q, "pin"),
        show: numberIn(q.get("show"), 0, 200, SHOWN_AT_FIRST),
        eye: new Set(listOf(q, "eye")),
        hidden: new Set(listOf(q, "hide")),
        open: new Set(listOf(q, "open")),
        pane: one(q.get("pane"), ["both", "table", "charts"], "both"),
        side: one(q.get("side"), ["charts", "scatter", "parallel"], "charts"),
        split: numberIn(q.get("split"), 15, 85, 55),
    };
}

export const searchSort = (sort: readonly SortKey[]): string[] =>
    sort.map((k) => `${k.field} ${k.down ? "desc" : "asc"}`);
