// SPDX-License-Identifier: Apache-2.0
// The headings of the table: sorted by a click, moved by dragging, resized at their right edge.
import { useRef, useState } from "preact/hooks";
import { drag } from "../ui/drag";
import { COLUMN_LEAST, COLUMN_MOST, type Column } from "./model";
import { cellId, type PlacedColumn, px } from "./row";

export interface HeadingActs {
    sort: (column: Column, add: boolean) => void;
    move: (column: Column, to: number) => void;
    resize: (column: Column, width: number, done: boolean) => void;
}

const widthIn = (w: number): number => Math.round(Math.min(COLUMN_MOST, Math.max(COLUMN_LEAST, w)));
const ARROWS = { ascending: "↑", descending: "↓" } as const;

interface HeadingProps {
    id: string;
    place: number;
    at: PlacedColumn;
    focused: boolean;
    fixed: boolean;
    drop: "before" | "after" | "moving" | null;
    setDrop: (drop: { index: number; to: number } | null) => void;
    acts: HeadingActs;
}

// `dragged`: the click that ends a drag sorts nothing.
function onMove(e: PointerEvent, p: HeadingProps, dragged: { current: boolean }): void {
    const { column, index } = p.at;
    const head = (e.currentTarget as HTMLElement).closest<HTMLElement>("[role=row]");
    dragged.current = false;
    if (e.button !== 0 || !head) return;
    let to = index;
    const step = ({ x }: { x: number }): void => {
        dragged.current = true;
        to = placeAt(x, head);
        p.setDrop({ index, to });
    };
    drag(e, step, (good) => {
        p.setDrop(null);
        if (good) p.acts.move(column, to > index ? to - 1 : to);
    });
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

function onResize(e: PointerEvent, p: HeadingProps, dragged: { current: boolean }): void {
    e.stopPropagation();
    e.preventDefault();
    dragged.current = true;
    const { column } = p.at;
    let width = column.width;
    const step = ({ dx }: { dx: number }): void => {
        width = widthIn(column.width + dx);
        p.acts.resize(column, width, false);
    };
    drag(e, step, (good) => p.acts.resize(column, good ? width : column.width, true));
}

function classOf(p: HeadingProps): string {
    const names = ["cell", "cell-clip", "heading"];
    if (p.at.column.numeric) names.push("cell-number");
    if (p.focused) names.push("cell-focus");
    if (p.drop) names.push(`heading-${p.drop}`);
    return names.join(" ");
}

function Heading(p: HeadingProps) {
    const { column, index, left } = p.at;
    const dragged = useRef(false);
    return (
        // biome-ignore lint/a11y/useFocusableInteractive: the table has the focus, and says which cell it is on
        <div
            role="columnheader"
            id={cellId(p.id, p.place, index)}
            class={classOf(p)}
            aria-colindex={index + 1}
            aria-sort={column.sort ?? "none"}
            data-column={index}
            title={column.hint}
            style={p.fixed ? { width: px(column.width) } : { left: px(left), width: px(column.width) }}
            onPointerDown={(e) => onMove(e, p, dragged)}
            onClick={(e) => {
                if (!dragged.current) p.acts.sort(column, e.shiftKey || e.ctrlKey || e.metaKey);
            }}
        >
            <span class="clip">{column.title}</span>
            {column.sort && (
                <span class="heading-sort" aria-hidden="true">
                    {ARROWS[column.sort]}
                    {column.sortPlace && <sub>{column.sortPlace}</sub>}
                </span>
            )}
            <span class="heading-grip" aria-hidden="true" onPointerDown={(e) => onResize(e, p, dragged)} />
        </div>
    );
}

export function Head({
    id,
    place,
    count,
    fixed,
    columns,
    focus,
    acts,
}: {
    id: string;
    place: number;
    count: number; // columns, in sight or not
    fixed: readonly PlacedColumn[];
    columns: readonly PlacedColumn[];
    focus: number;
    acts: HeadingActs;
}) {
    const [drop, setDrop] = useState<{ index: number; to: number } | null>(null);
    const dropAt = (index: number): HeadingProps["drop"] => {
        if (drop?.to === index) return "before";
        if (drop?.to === count && index === count - 1) return "after";
        return drop?.index === index ? "moving" : null;
    };
    const draw = (c: PlacedColumn, isFixed: boolean) => (
        <Heading
            key={c.column.id}
            id={id}
            place={place}
            at={c}
            focused={focus === c.index}
            fixed={isFixed}
            drop={dropAt(c.index)}
            setDrop={setDrop}
            acts={acts}
        />
    );
    return (
        // biome-ignore lint/a11y/useFocusableInteractive: as above
        <div role="row" class="table-row table-headings" aria-rowindex={1} data-place={place}>
            <div class="table-fixed" role="none">
                {fixed.map((c) => draw(c, true))}
            </div>
            <div class="table-pass" role="none">
                {columns.map((c) => draw(c, false))}
            </div>
        </div>
    );
}
