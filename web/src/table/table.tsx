// SPDX-License-Identifier: Apache-2.0
// A table of any number of rows and columns: what is drawn is what is in sight and a little more. One element has the
// focus (arrows say which cell is meant: aria-activedescendant), so rows that come and go never lose it. When rows
// arrive above, what is under the eye stays where it is.
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Head, type HeadingActs } from "./heading";
import { type Focus, moved } from "./keys";
import { COLUMN_LEAST, type Column, ROW_HEIGHT, type RowLook, type Rows } from "./model";
import { cellId, type PlacedColumn, TableRow } from "./row";
import {
    columnsInSight,
    edgesOf,
    offsetOf,
    rowsInSight,
    type Span,
    scrolledTo,
    slots,
    type Travel,
    topOf,
    travelOf,
} from "./window";
import "./table.css";

export type Pick = "only" | "toggle" | "range";

export interface TableProps<R> {
    label: string;
    tree?: boolean; // rows open and close
    rows: Rows<R>;
    columns: readonly Column[];
    fixed: number; // columns that stay at the left
    top?: readonly R[]; // rows that stay on top
    keyOf: (row: R) => string;
    cell: (row: R, column: Column) => ComponentChildren;
    look: (row: R) => RowLook;
    stamp: unknown; // what cells depend on beside their row
    remember: string; // rows under this name are found where they were left
    acts: HeadingActs;
    pick: (place: number, row: R, how: Pick) => void;
    open: (row: R) => void;
    menu: (row: R | null, column: Column | null, x: number, y: number) => void;
    focused: (row: R | null, column: Column | null) => void;
    pointed?: (row: R | null) => void;
}

const SPARE = 8; // rows drawn beyond what is in sight
const STEP = 4; // so many rows the window moves at once
const remembered = new Map<string, number>();

interface Sight {
    rows: Span;
    columns: Span;
    top: number; // scrollTop, when a tall table needs it
}

const sameSpan = (a: Span, b: Span): boolean => a.from === b.from && a.to === b.to;

function sightOf(box: HTMLElement, t: Travel, edges: readonly number[], fixed: number): Sight {
    const rows = rowsInSight(t, box.scrollTop, SPARE);
    const left = box.scrollLeft + (edges[fixed] ?? 0);
    const found = columnsInSight(edges, left, box.scrollLeft + box.clientWidth);
    return {
        rows: {
            from: rows.from - (rows.from % STEP),
            to: Math.min(t.count, rows.to + (-rows.to & (STEP - 1))),
        },
        columns: { from: Math.max(fixed, found.from), to: Math.max(fixed, found.to) },
        top: t.ratio === 1 ? 0 : box.scrollTop,
    };
}

// Follows the size and scrolling of the box; draws again only when other rows or columns came into sight.
function useSight(count: number, headHeight: number, edges: readonly number[], fixed: number) {
    const box = useRef<HTMLDivElement>(null);
    const [size, setSize] = useState({ width: 0, height: 0 });
    const [sight, setSight] = useState<Sight>({
        rows: { from: 0, to: 0 },
        columns: { from: 0, to: 0 },
        top: 0,
    });
    const travel = useMemo(
        () => travelOf(count, Math.max(ROW_HEIGHT, size.height - headHeight)),
        [count, size.height, headHeight],
    );
    const look = useCallback(() => {
        if (!box.current) return;
        const next = sightOf(box.current, travel, edges, fixed);
        setSight((s) =>
            sameSpan(s.rows, next.rows) && sameSpan(s.columns, next.columns) && s.top === next.top ? s : next,
        );
    }, [travel, edges, fixed]);
    useLayoutEffect(look, [look, size.width]);
    useLayoutEffect(() => {
        const element = box.current;
        if (!element) return undefined;
        const observer = new ResizeObserver(() =>
            setSize({ width: element.clientWidth, height: element.clientHeight }),
        );
        observer.observe(element);
        return () => observer.disconnect();
    }, []);
    return { box, sight, travel, look };
}

// Keeps the row under the eye where it is while others come and go above it.
function useAnchor<R>(
    { rows, keyOf }: TableProps<R>,
    box: { current: HTMLDivElement | null },
    travel: Travel,
    look: () => void,
): () => void {
    const anchor = useRef<{ key: string; place: number } | null>(null);
    const version = rows.version.value;
    const note = useCallback(() => {
        if (!box.current) return;
        const place = Math.ceil(offsetOf(travel, box.current.scrollTop) / ROW_HEIGHT);
        const row = rows.row(place);
        anchor.current = row === undefined ? null : { key: keyOf(row), place };
    }, [rows, travel]);
    useLayoutEffect(() => {
        const element = box.current;
        const was = anchor.current;
        // At the very top, and not looked at closely: there the newest appear.
        const free = element?.scrollTop === 0 && !element.matches(":hover, :focus-within");
        const now = was && !free ? rows.find(was.key, was.place) : -1;
        if (element && was && now >= 0 && now !== was.place) {
            element.scrollTop += ((now - was.place) * ROW_HEIGHT) / travel.ratio;
            look();
        }
        note();
    }, [version, rows]);
    return note;
}

export function Table<R>(props: TableProps<R>) {
    const { rows, columns, fixed, top = [], keyOf, cell, look: lookOf, stamp, acts } = props;
    const id = useId();
    const [resizing, setResizing] = useState<{ id: string; width: number } | null>(null);
    const [focus, setFocus] = useState<Focus & { key: string | null }>({
        place: 0,
        column: fixed,
        key: null,
    });
    const headHeight = ROW_HEIGHT * (1 + top.length);
    const shown = useMemo(
        () => columns.map((c) => (c.id === resizing?.id ? { ...c, width: resizing.width } : c)),
        [columns, resizing],
    );
    const edges = useMemo(() => edgesOf(shown.map((c) => c.width)), [shown]);
    const { box, sight, travel, look } = useSight(rows.count, headHeight, edges, fixed);
    const version = rows.version.value;
    const note = useAnchor(props, box, travel, look);

    const placed = useCallback(
        (from: number, to: number): PlacedColumn[] =>
            shown
                .slice(from, to)
                .map((column, i) => ({ column, index: from + i, left: edges[from + i] ?? 0 })),
        [shown, edges],
    );
    const fixedColumns = useMemo(() => placed(0, fixed), [placed, fixed]);
    const otherColumns = useMemo(
        () => placed(sight.columns.from, sight.columns.to),
        [placed, sight.columns.from, sight.columns.to],
    );
    useEffect(() => {
        const ids = [...fixedColumns, ...otherColumns].map((c) => c.column.id);
        const inSight = box.current ? rowsInSight(travel, box.current.scrollTop, 0) : sight.rows;
        rows.want(inSight.from, inSight.to, ids);
    }, [rows, sight, fixedColumns, otherColumns, travel]);

    useRemembered(props.remember, rows, box);

    // A row that has the focus keeps it where it goes.
    const first = -1 - top.length;
    const rowAt = (place: number): R | undefined =>
        place >= 0 ? rows.row(place) : place > first ? top[place - first - 1] : undefined;
    const focusRow = rowAt(focus.place);
    useEffect(() => {
        if (focus.key === null || focus.place < 0) return;
        if (focusRow !== undefined && keyOf(focusRow) === focus.key) return;
        const now = rows.find(focus.key, focus.place);
        if (now >= 0) setFocus((f) => ({ ...f, place: now }));
    }, [version]);
    const focusKey = focusRow === undefined ? null : keyOf(focusRow);
    const focusColumn = columns[focus.column] ?? null;
    useEffect(() => {
        props.focused(focusRow ?? null, focusColumn);
    }, [focusKey, focusColumn?.id]);

    function goTo(next: Focus): void {
        const row = rowAt(next.place);
        setFocus({ ...next, key: row === undefined ? null : keyOf(row) });
        const element = box.current;
        if (!element) return;
        if (next.place >= 0) element.scrollTop = scrolledTo(travel, next.place, element.scrollTop);
        if (next.column < fixed) return;
        const left = edges[next.column] ?? 0;
        const right = edges[next.column + 1] ?? 0;
        const start = edges[fixed] ?? 0;
        if (left < element.scrollLeft + start) element.scrollLeft = left - start;
        else if (right > element.scrollLeft + element.clientWidth)
            element.scrollLeft = right - element.clientWidth;
    }

    function onHeadKey(e: KeyboardEvent, column: Column): boolean {
        if (column.still) return false;
        const step = e.key === "ArrowLeft" ? -1 : e.key === "ArrowRight" ? 1 : 0;
        if (e.key === "Enter" || e.key === " ") acts.sort(column, e.shiftKey);
        else if (step && e.shiftKey)
            acts.resize(column, Math.max(COLUMN_LEAST, column.width + 16 * step), true);
        else if (step && e.ctrlKey) {
            const to = focus.column + step;
            if (to < 0 || to >= columns.length || columns[to]?.still) return true;
            acts.move(column, to);
            goTo({ place: focus.place, column: to });
        } else return false;
        return true;
    }

    function onRowKey(e: KeyboardEvent, row: R): boolean {
        if (e.key === "Enter") props.open(row);
        else if (e.key === " ") props.pick(focus.place, row, e.shiftKey ? "range" : "toggle");
        else if ((e.key === "ArrowDown" || e.key === "ArrowUp") && e.shiftKey) {
            const to = Math.max(0, Math.min(rows.count - 1, focus.place + (e.key === "ArrowDown" ? 1 : -1)));
            const next = rowAt(to);
            goTo({ place: to, column: focus.column });
            if (next !== undefined) props.pick(to, next, "range");
        } else return false;
        return true;
    }

    function menuByKey(): void {
        const element = document.getElementById(cellId(id, focus.place, focus.column));
        const at = (element ?? box.current)?.getBoundingClientRect();
        if (at) props.menu(focusRow ?? null, focusColumn, at.left + 8, at.bottom);
    }

    function onKey(e: KeyboardEvent): void {
        if (e.target !== box.current || e.altKey || e.metaKey) return;
        const head = focus.place === first;
        let taken = true;
        if (e.key === "ContextMenu" || (e.key === "F10" && e.shiftKey)) menuByKey();
        else if (head && focusColumn && onHeadKey(e, focusColumn)) taken = true;
        else if (focusRow !== undefined && onRowKey(e, focusRow)) taken = true;
        else {
            const page = Math.max(1, Math.floor(travel.view / ROW_HEIGHT) - 1);
            const extent = { first, rows: rows.count, columns: columns.length, page };
            const next = e.shiftKey ? null : moved(e.key, e.ctrlKey, focus, extent);
            if (next) goTo(next);
            taken = next !== null;
        }
        if (taken) e.preventDefault();
    }

    function under(e: Event): { place: number; column: Column | null; index: number } | null {
        const target = e.target as HTMLElement;
        const place = target.closest<HTMLElement>("[data-place]")?.dataset["place"];
        const index = Number(target.closest<HTMLElement>("[data-column]")?.dataset["column"] ?? -1);
        return place === undefined ? null : { place: Number(place), column: columns[index] ?? null, index };
    }

    function onClick(e: MouseEvent): void {
        const at = under(e);
        const row = at && rowAt(at.place);
        if (!at || row === undefined || row === null) return;
        setFocus({ place: at.place, column: Math.max(0, at.index), key: keyOf(row) });
        if ((e.target as HTMLElement).closest("a, button, input")) return;
        const toggle = e.ctrlKey || e.metaKey;
        props.pick(at.place, row, e.shiftKey ? "range" : toggle ? "toggle" : "only");
    }

    function onMenu(e: MouseEvent): void {
        const at = under(e);
        if (!at || (e.target as HTMLElement).closest("input")) return;
        e.preventDefault();
        const row = rowAt(at.place);
        setFocus({ place: at.place, column: Math.max(0, at.index), key: row ? keyOf(row) : null });
        props.menu(row ?? null, at.column, e.clientX, e.clientY);
    }

    const width = edges.at(-1) ?? 0;
    const drawRow = (place: number, row: R | undefined, rowTop: number | null, key: string | number) => (
        <TableRow
            key={key}
            id={id}
            place={place}
            number={place - first + 1}
            row={row}
            top={rowTop}
            fixed={fixedColumns}
            columns={otherColumns}
            look={row === undefined ? {} : lookOf(row)}
            focus={focus.place === place ? focus.column : -1}
            stamp={stamp}
            cell={cell as (row: unknown, column: Column) => ComponentChildren}
        />
    );
    const scrollTop = box.current?.scrollTop ?? 0;
    return (
        // biome-ignore lint/a11y/useAriaPropsSupportedByRole: it is a grid or a treegrid
        <div
            ref={box}
            class="table"
            role={props.tree ? "treegrid" : "grid"}
            aria-label={props.label}
            aria-rowcount={rows.count + 1 + top.length}
            aria-colcount={columns.length}
            aria-multiselectable="true"
            aria-activedescendant={cellId(id, focus.place, focus.column)}
            tabIndex={0}
            onScroll={() => {
                look();
                note();
            }}
            onKeyDown={onKey}
            onClick={onClick}
            onContextMenu={onMenu}
            onPointerOver={(e) => {
                const at = under(e);
                props.pointed?.((at && rowAt(at.place)) ?? null);
            }}
            onPointerLeave={() => props.pointed?.(null)}
        >
            <div class="table-head" role="rowgroup" style={{ width }}>
                <Head
                    id={id}
                    place={first}
                    fixed={fixedColumns}
                    columns={otherColumns}
                    focus={focus.place === first ? focus.column : -1}
                    acts={{
                        ...acts,
                        resize: (c, w, done) => {
                            setResizing(done ? null : { id: c.id, width: w });
                            if (done) acts.resize(c, w, true);
                        },
                    }}
                />
                {top.map((row, i) => drawRow(first + 1 + i, row, null, keyOf(row)))}
            </div>
            <div class="table-body" role="rowgroup" style={{ width, height: travel.height }}>
                {slots(sight.rows).map((place, slot) =>
                    place === null || place >= rows.count
                        ? null
                        : drawRow(place, rows.row(place), topOf(travel, place, sight.top && scrollTop), slot),
                )}
            </div>
        </div>
    );
}

// Other rows begin at the top; rows that one comes back to are where they were left.
function useRemembered<R>(name: string, rows: Rows<R>, box: { current: HTMLDivElement | null }): void {
    const filled = rows.count > 0;
    useLayoutEffect(() => {
        const element = box.current;
        if (!element || !filled) return undefined;
        element.scrollTop = remembered.get(name) ?? 0;
        return () => void remembered.set(name, element.scrollTop);
    }, [name, filled]);
}
