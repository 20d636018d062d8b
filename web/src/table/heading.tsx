// SPDX-License-Identifier: Apache-2.0
// The headings of the table: sorted by a click, moved by dragging, resized at their right edge.
import { useRef, useState } from "preact/hooks";
import { COLUMN_LEAST, COLUMN_MOST, type Column } from "./model";
import { cellId, type PlacedColumn } from "./row";

export interface HeadingActs {
    sort: (column: Column, add: boolean) => void;
    move: (column: Column, to: number) => void;
    resize: (column: Column, width: number, done: boolean) => void;
}

const widthIn = (w: number): number => Math.round(Math.min(COLUMN_MOST, Math.max(COLUMN_LEAST, w)));

// Follows the pointer until it is let go; Escape lets go without an end.
function drag(e: PointerEvent, step: (dx: number, x: number) => void, end: (moved: boolean) => void): void {
    const from = e.clientX;
    let moved = false;
    const stop = new AbortController();
    const finish = (good: boolean): void => {
        stop.abort();
        end(good);
    };
    const on = { signal: stop.signal };
    addEventListener(
        "pointermove",
        (m) => {
            moved = moved || Math.abs(m.clientX - from) > 4;
            if (moved) step(m.clientX - from, m.clientX);
        },
        on,
    );
    addEventListener("pointerup", () => finish(moved), on);
    addEventListener("pointercancel", () => finish(false), on);
    addEventListener("keydown", (k) => k.key === "Escape" && finish(false), on);
}

// The place in the order at which a heading that is let go at x will stand.
function placeAt(x: number, head: HTMLElement): number {
    let place = 0;
    for (const cell of head.querySelectorAll<HTMLElement>("[role=columnheader]")) {
        const box = cell.getBoundingClientRect();
        const index = Number(cell.dataset["column"]);
        if (x > box.left + box.width / 2) place = Math.max(place, index + 1);
        else if (x > box.left) place = Math.max(place, index);
    }
    return place;
}

const ARROWS = { ascending: "↑", descending: "↓" } as const;

function Heading({
    id,
    place,
    at,
    focused,
    fixed,
    acts,
}: {
    id: string;
    place: number;
    at: PlacedColumn;
    focused: boolean;
    fixed: boolean;
    acts: HeadingActs;
}) {
    const { column, index, left } = at;
    const cell = useRef<HTMLDivElement>(null);
    const [to, setTo] = useState<number | null>(null);
    const dragged = useRef(false);

    function onDown(e: PointerEvent): void {
        dragged.current = false;
        if (e.button !== 0 || column.still) return;
        const head = cell.current?.closest<HTMLElement>("[role=row]");
        if (!head) return;
        let target: number | null = null;
        drag(
            e,
            (_, x) => {
                dragged.current = true;
                target = placeAt(x, head);
                setTo(target);
            },
            (good) => {
                setTo(null);
                if (good && target !== null) acts.move(column, target > index ? target - 1 : target);
            },
        );
    }

    function onGrip(e: PointerEvent): void {
        e.stopPropagation();
        e.preventDefault();
        dragged.current = true;
        let width = column.width;
        drag(
            e,
            (dx) => {
                width = widthIn(column.width + dx);
                acts.resize(column, width, false);
            },
            (good) => acts.resize(column, good ? width : column.width, true),
        );
    }

    const names = ["cell", "heading"];
    if (column.numeric) names.push("cell-number");
    if (focused) names.push("cell-focus");
    if (to !== null) names.push("heading-moving");
    return (
        // biome-ignore lint/a11y/useFocusableInteractive: the table has the focus, and says which cell it is on
        <div
            ref={cell}
            role="columnheader"
            id={cellId(id, place, index)}
            class={names.join(" ")}
            aria-colindex={index + 1}
            aria-sort={column.still ? undefined : (column.sort ?? "none")}
            data-column={index}
            title={column.hint}
            style={fixed ? { width: column.width } : { left, width: column.width }}
            onPointerDown={onDown}
            onClick={(e) => {
                if (!dragged.current && !column.still)
                    acts.sort(column, e.shiftKey || e.ctrlKey || e.metaKey);
            }}
        >
            {column.heading ?? <span class="clip">{column.title}</span>}
            {column.sort && (
                <span class="heading-sort" aria-hidden="true">
                    {ARROWS[column.sort]}
                    {column.sortPlace && <sub>{column.sortPlace}</sub>}
                </span>
            )}
            {to !== null && <span class="heading-target" aria-hidden="true">{`→ ${to + 1}`}</span>}
            {!column.still && <span class="heading-grip" aria-hidden="true" onPointerDown={onGrip} />}
        </div>
    );
}

export function Head({
    id,
    place,
    fixed,
    columns,
    focus,
    acts,
}: {
    id: string;
    place: number;
    fixed: readonly PlacedColumn[];
    columns: readonly PlacedColumn[];
    focus: number;
    acts: HeadingActs;
}) {
    const draw = (c: PlacedColumn, isFixed: boolean) => (
        <Heading
            key={c.column.id}
            id={id}
            place={place}
            at={c}
            focused={focus === c.index}
            fixed={isFixed}
            acts={acts}
        />
    );
    return (
        // biome-ignore lint/a11y/useFocusableInteractive: as above
        <div role="row" class="table-row table-headings" aria-rowindex={1} data-place={place}>
            <div class="table-fixed" role="none">
                {fixed.map((c) => draw(c, true))}
            </div>
            {columns.map((c) => draw(c, false))}
        </div>
    );
}
