// SPDX-License-Identifier: Apache-2.0
// What the Runs screen shows, read from its address and written back to it:
//   where, view, sort=-metrics.loss+name, group=config.lr      which runs, in which order
//   cols=name*240+status+metrics.loss, fix=1, spark            columns, their widths, how many stay at the left, with courses
//   sel=ID+ID or sel=*+ID (all but), pin, show=8, eye, hide    selected, on top, in the charts
//   open=GROUP+GROUP, pane=table|charts, side, split              groups that are open, what is beside the table

import type { View } from "../../api/fields";
import { address, setQuery } from "../../base/address";
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

export const readState = (): State => stateOf(address.value.query);

const sortText = (sort: readonly SortKey[]): string =>
    sort.map((k) => (k.down ? `-${k.field}` : k.field)).join(" ");

// A key that ends like a width is quoted, so that it is none.
const columnWord = (c: ColumnWish): string => {
    const bare = /\*\d+$/.test(c.field.text)
        ? c.field.text.replace(/^(\w+)\.(.*)$/, (_, domain, key) => `${domain}."${key}"`)
        : c.field.text;
    return c.width ? `${bare}*${Math.round(c.width)}` : bare;
};

// What changes which rows there are is a step back for the browser's button; all else is not.
export const setWhere = (where: string): void =>
    setQuery({ where, sel: null, open: null }, { replace: false });
export const setView = (view: View): void =>
    setQuery({ view: view === "active" ? null : view, sel: null }, { replace: false });
export const setGroup = (group: readonly Field[]): void =>
    setQuery({ group: group.map((f) => f.text).join(" "), open: null, sel: null }, { replace: false });
export const setSort = (sort: readonly SortKey[]): void =>
    setQuery({ sort: sortText(sort) === sortText(DEFAULT_SORT) ? null : sortText(sort) });
export const setColumns = (columns: readonly ColumnWish[] | null, fixed?: number): void =>
    setQuery({
        cols: columns?.map(columnWord).join(" ") ?? null,
        ...(fixed === undefined ? {} : { fix: fixed === 1 ? null : String(fixed) }),
    });
export const setSparks = (fields: Iterable<string>): void =>
    setQuery({ spark: [...fields].join(" ") || "none" });
export const setSelection = (s: Selection): void =>
    setQuery({ sel: [...(s.all ? ["*"] : []), ...s.ids].join(" ") });
export const setPinned = (ids: readonly string[]): void => setQuery({ pin: ids.join(" ") });
export const setShow = (n: number): void =>
    setQuery({ show: n === SHOWN_AT_FIRST ? null : String(n), eye: null, hide: null });
export const setOpen = (keys: Iterable<string>): void => setQuery({ open: [...keys].join(" ") });
export const setPane = (pane: Pane): void => setQuery({ pane: pane === "both" ? null : pane });
export const setSide = (side: Side): void => setQuery({ side: side === "charts" ? null : side });
export const setSplit = (split: number): void => setQuery({ split: Math.round(split) });

// In and out of the charts.
export function setShown(ids: readonly string[], shown: boolean): void {
    const { eye, hidden } = stateOf(address.peek().query);
    const into = new Set(shown ? eye : hidden);
    const from = new Set(shown ? hidden : eye);
    for (const id of ids) {
        into.add(id);
        from.delete(id);
    }
    const [eyes, hides] = shown ? [into, from] : [from, into];
    setQuery({ eye: [...eyes].join(" "), hide: [...hides].join(" ") });
}

export const noSelection: Selection = { all: false, ids: new Set() };
export const isSelected = (s: Selection, id: string): boolean => s.ids.has(id) !== s.all;
export const searchSort = (sort: readonly SortKey[]): string[] =>
    sort.map((k) => `${k.field} ${k.down ? "desc" : "asc"}`);
