// SPDX-License-Identifier: Apache-2.0
// Which cell has the focus, and the keys that move it or act on its row or heading. A row keeps the focus where it goes.
import { useEffect, useState } from "preact/hooks";
import type { HeadingActs } from "./heading";
import { type Focus, moved } from "./keys";
import { COLUMN_LEAST, type Column, ROW_HEIGHT, type Rows } from "./model";
import type { Box } from "./use_sight";
import { scrolledTo } from "./window";

export type Picking = "only" | "toggle" | "range";

export interface FocusOptions<R> {
    rows: Rows<R>;
    columns: readonly Column[];
    edges: readonly number[];
    fixed: number;
    first: number; // place of the headings
    rowAt: (place: number) => R | undefined;
    keyOf: (row: R) => string;
    acts: HeadingActs;
    pick: (place: number, row: R, how: Picking) => void;
    open: (row: R) => void;
    menu: (row: R | null, column: Column | null) => void; // at the cell that has the focus
    focused: (row: R | null, column: Column | null) => void;
}

type Place = Pick<Box, "box" | "travel">;

export interface Focused {
    focus: Focus;
    goTo: (f: Focus, reveal?: boolean) => void;
    onKey: (e: KeyboardEvent) => void;
}

function reveal<R>(o: FocusOptions<R>, { box, travel }: Place, f: Focus): void {
    const element = box.current;
    if (!element) return;
    if (f.place >= 0) element.scrollTop = scrolledTo(travel, f.place, element.scrollTop);
    if (f.column < o.fixed) return;
    const left = o.edges[f.column] ?? 0;
    const right = o.edges[f.column + 1] ?? 0;
    const start = o.edges[o.fixed] ?? 0;
    if (left < element.scrollLeft + start) element.scrollLeft = left - start;
    else if (right > element.scrollLeft + element.clientWidth)
        element.scrollLeft = right - element.clientWidth;
}

function headKey<R>(e: KeyboardEvent, o: FocusOptions<R>, at: Focused): boolean {
    const column = o.columns[at.focus.column];
    if (!column) return false;
    const step = e.key === "ArrowLeft" ? -1 : e.key === "ArrowRight" ? 1 : 0;
    if (e.key === "Enter" || e.key === " ") o.acts.sort(column, e.shiftKey);
    else if (step && e.shiftKey)
        o.acts.resize(column, Math.max(COLUMN_LEAST, column.width + 16 * step), true);
    else if (step && e.ctrlKey) {
        const to = at.focus.column + step;
        if (to < 0 || to >= o.columns.length) return true;
        o.acts.move(column, to);
        at.goTo({ place: at.focus.place, column: to });
    } else return false;
    return true;
}

function rowKey<R>(e: KeyboardEvent, row: R, o: FocusOptions<R>, at: Focused): boolean {
    const { place, column } = at.focus;
    if (e.key === "Enter") o.open(row);
    else if (e.key === " ") o.pick(place, row, e.shiftKey ? "range" : "toggle");
    else if ((e.key === "ArrowDown" || e.key === "ArrowUp") && e.shiftKey) {
        const to = Math.max(0, Math.min(o.rows.count - 1, place + (e.key === "ArrowDown" ? 1 : -1)));
        const next = o.rowAt(to);
        at.goTo({ place: to, column });
        if (next !== undefined) o.pick(to, next, "range");
    } else return false;
    return true;
}

export function useFocus<R>(o: FocusOptions<R>, box: Place): Focused {
    const { rows, columns, rowAt, keyOf, first } = o;
    const [focus, setFocus] = useState<Focus & { key: string | null }>({ place: 0, column: 0, key: null });
    const row = rowAt(focus.place);
    const column = columns[focus.column] ?? null;
    const version = rows.version.value;
    useEffect(() => {
        if (focus.key === null || focus.place < 0) return;
        if (row !== undefined && keyOf(row) === focus.key) return;
        const now = rows.find(focus.key, focus.place);
        if (now >= 0) setFocus((f) => ({ ...f, place: now }));
    }, [version]);
    useEffect(() => o.focused(row ?? null, column), [row, column?.id]);

    const at: Focused = {
        focus,
        goTo: (next, show = true) => {
            const to = rowAt(next.place);
            setFocus({ ...next, key: to === undefined ? null : keyOf(to) });
            if (show) reveal(o, box, next);
        },
        onKey: (e) => {
            if (e.target !== box.box.current || e.altKey || e.metaKey) return;
            if (key(e)) e.preventDefault();
        },
    };
    function key(e: KeyboardEvent): boolean {
        if (e.key === "ContextMenu" || (e.key === "F10" && e.shiftKey)) {
            o.menu(row ?? null, column);
            return true;
        }
        if (focus.place === first && headKey(e, o, at)) return true;
        if (row !== undefined && rowKey(e, row, o, at)) return true;
        const page = Math.max(1, Math.floor(box.travel.view / ROW_HEIGHT) - 1);
        const extent = { first, rows: rows.count, columns: columns.length, page };
        const next = e.shiftKey ? null : moved(e.key, e.ctrlKey, focus, extent);
        if (next) at.goTo(next);
        return next !== null;
    }
    return at;
}
