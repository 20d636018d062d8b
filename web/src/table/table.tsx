// SPDX-License-Identifier: Apache-2.0
// A table of any number of rows and columns: what is drawn is what is in sight and a little more. One element has the
// focus (arrows say which cell is meant: aria-activedescendant), so rows that come and go never lose it. When rows
// arrive above, what is under the eye stays where it is.
import { useCallback, useEffect, useId, useMemo, useState } from "preact/hooks";
import { Head, type HeadingActs } from "./heading";
import { type Cell, type Column, ROW_HEIGHT, type RowLook, type Rows } from "./model";
import { barsOf, cellId, type PlacedColumn, px, TableRow } from "./row";
import { scrolled } from "./still";
import { type Picking, useFocus } from "./use_focus";
import { type Box, useAnchor, useRemembered, useSight } from "./use_sight";
import { edgesOf, rowsInSight, slots, topOf } from "./window";
import "./table.css";

export interface TableProps<R> {
    label: string;
    tree?: boolean; // rows open and close
    rows: Rows<R>;
    columns: readonly Column[];
    fixed: number; // columns that stay at the left
    top?: readonly R[]; // rows that stay on top
    keyOf: (row: R) => string;
    cell: (row: R, column: Column) => Cell;
    look: (row: R) => RowLook;
    stamp: unknown; // what cells depend on beside their row
    remember: string; // rows under this name are found where they were left
    acts: HeadingActs;
    pick: (place: number, row: R, how: Picking) => void;
    open: (row: R) => void;
    menu: (row: R | null, column: Column | null, x: number, y: number) => void;
    focused: (row: R | null, column: Column | null) => void;
    pointed?: (row: R | null) => void;
}

interface Layout {
    columns: readonly Column[]; // with the width of one that is just dragged
    edges: readonly number[];
    acts: HeadingActs;
}

function useLayout({ columns, acts }: Pick<TableProps<never>, "columns" | "acts">): Layout {
    const [resizing, setResizing] = useState<{ id: string; width: number } | null>(null);
    const shown = useMemo(
        () => columns.map((c) => (c.id === resizing?.id ? { ...c, width: resizing.width } : c)),
        [columns, resizing],
    );
    const edges = useMemo(() => edgesOf(shown.map((c) => c.width)), [shown]);
    const resize: HeadingActs["resize"] = (c, width, done) => {
        setResizing(done ? null : { id: c.id, width });
        if (done) acts.resize(c, width, true);
    };
    return { columns: shown, edges, acts: { ...acts, resize } };
}

// The columns that are drawn, and the wish for what is in sight.
function useDrawn<R>(rows: Rows<R>, fixed: number, { columns, edges }: Layout, { at, sight, travel }: Box) {
    const placed = useCallback(
        (from: number, to: number): PlacedColumn[] =>
            columns
                .slice(from, to)
                .map((column, i) => ({ column, index: from + i, left: edges[from + i] ?? 0 })),
        [columns, edges],
    );
    const stay = useMemo(() => placed(0, fixed), [placed, fixed]);
    const pass = useMemo(
        () => placed(sight.columns.from, sight.columns.to),
        [placed, sight.columns.from, sight.columns.to],
    );
    useEffect(() => {
        const span = rowsInSight(travel, at.current, 0);
        rows.want(
            span.from,
            span.to,
            [...stay, ...pass].map((c) => c.column.id),
        );
    }, [rows, sight, stay, pass, travel]);
    return { stay, pass };
}

const insideOf = (e: Event, selector: string): HTMLElement | null =>
    (e.target as HTMLElement).closest<HTMLElement>(selector);

export function Table<R>(props: TableProps<R>) {
    const { rows, top = [], keyOf, look: lookOf } = props;
    const id = useId();
    const layout = useLayout(props);
    const { columns, edges } = layout;
    const view = useSight(rows.count, ROW_HEIGHT * (1 + top.length), edges, props.fixed);
    const { fixed } = view;
    const { box, sight, travel } = view;
    const note = useAnchor(rows, keyOf, view);
    const { stay, pass } = useDrawn(rows, fixed, layout, view);
    const bars = useMemo(() => barsOf(stay, pass), [stay, pass]);
    useRemembered(props.remember, rows, view);
    const first = -1 - top.length;
    const rowAt = (place: number): R | undefined =>
        place >= 0 ? rows.row(place) : place > first ? top[place - first - 1] : undefined;
    const { focus, goTo, onKey } = useFocus(
        {
            ...props,
            fixed,
            columns,
            edges,
            first,
            rowAt,
            acts: layout.acts,
            menu: (row, column) => {
                const cell = document.getElementById(cellId(id, focus.place, focus.column));
                const at = (cell ?? box.current)?.getBoundingClientRect();
                if (at) props.menu(row, column, at.left + 8, at.bottom);
            },
        },
        view,
    );

    function under(e: Event): { place: number; index: number; row: R | undefined } | null {
        const place = insideOf(e, "[data-place]")?.dataset["place"];
        if (place === undefined) return null;
        const index = Math.max(0, Number(insideOf(e, "[data-column]")?.dataset["column"] ?? 0));
        return { place: Number(place), index, row: rowAt(Number(place)) };
    }
    function onClick(e: MouseEvent): void {
        const at = under(e);
        if (at?.row === undefined) return;
        goTo({ place: at.place, column: at.index }, false);
        if (insideOf(e, "a, button, input")) return;
        const toggle = e.ctrlKey || e.metaKey;
        props.pick(at.place, at.row, e.shiftKey ? "range" : toggle ? "toggle" : "only");
    }
    function onMenu(e: MouseEvent): void {
        const at = under(e);
        if (!at || insideOf(e, "input")) return;
        e.preventDefault();
        goTo({ place: at.place, column: at.index }, false);
        props.menu(at.row ?? null, columns[at.index] ?? null, e.clientX, e.clientY);
    }

    const width = edges.at(-1) ?? 0;
    const scrollTop = sight.top && view.at.current;
    const drawRow = (place: number, row: R | undefined, rowTop: number | null, key: string | number) => (
        <TableRow
            key={key}
            id={id}
            place={place}
            number={place - first + 1}
            row={row}
            top={rowTop}
            fixed={stay}
            columns={pass}
            look={row === undefined ? {} : lookOf(row)}
            focus={focus.place === place ? focus.column : -1}
            stamp={props.stamp}
            cell={props.cell as (row: unknown, column: Column) => Cell}
        />
    );
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
                scrolled();
                view.look();
                note();
            }}
            onKeyDown={onKey}
            onClick={onClick}
            onContextMenu={onMenu}
            onPointerOver={(e) => props.pointed?.(under(e)?.row ?? null)}
            onPointerLeave={() => props.pointed?.(null)}
        >
            <div class="table-head" role="rowgroup" style={{ width: px(view.width) }}>
                <Head
                    id={id}
                    place={first}
                    count={columns.length}
                    fixed={stay}
                    columns={pass}
                    focus={focus.place === first ? focus.column : -1}
                    acts={layout.acts}
                />
                {top.map((row, i) => drawRow(first + 1 + i, row, null, keyOf(row)))}
            </div>
            <div class="table-body" role="rowgroup" style={{ width: px(width), height: px(travel.height) }}>
                <div class="table-pane" role="none" style={{ width: px(view.width), "--bars": bars }}>
                    {slots(sight.rows).map((place, slot) =>
                        place === null || place >= rows.count
                            ? null
                            : drawRow(place, rows.row(place), topOf(travel, place, scrollTop), slot),
                    )}
                </div>
            </div>
        </div>
    );
}
