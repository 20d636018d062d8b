// SPDX-License-Identifier: Apache-2.0
// One row of the table. It is drawn again only when what it shows is another thing than before. While its run is not known,
// or its turn has not come, it waits: its old cells stay in the page, unseen, since taking them down and building them
// again would cost more than all else of a jump.
import { Component, type VNode } from "preact";
import type { Cell, Column, RowLook } from "./model";
import { leave, takeTurn, type Waiting } from "./turns";

export interface PlacedColumn {
    column: Column;
    index: number;
    left: number;
}

export interface RowProps<R> {
    id: string; // of the table
    place: number;
    number: number; // aria-rowindex
    row: R | undefined;
    top: number | null; // null: stays on top, in the flow
    fixed: readonly PlacedColumn[];
    columns: readonly PlacedColumn[];
    look: RowLook;
    focus: number; // the focused column, or -1
    stamp: unknown; // what cells depend on beside the row
    cell: (row: R, column: Column) => Cell;
}

const sameLook = (a: RowLook, b: RowLook): boolean =>
    a.selected === b.selected && a.lit === b.lit && a.kind === b.kind && a.expanded === b.expanded;

const WAITING: Cell = { body: null, kind: "wait" };

export const px = (n: number): string => `${n}px`;

// What is seen of rows that wait: a bar in each cell, as a background.
export function barsOf(fixed: readonly PlacedColumn[], columns: readonly PlacedColumn[]): string {
    const bar = (c: PlacedColumn, left: string): string =>
        `linear-gradient(var(--paper-3) 0 0) ${left} 9px / ${px(0.55 * (c.column.width - 16))} 8px no-repeat`;
    const width = fixed.reduce((sum, c) => sum + c.column.width, 0);
    return [
        ...fixed.map((c) => bar(c, px(c.left + 8))),
        `linear-gradient(var(--rule-2) 0 0) ${px(width)} 0 / 1px 100% no-repeat`,
        `linear-gradient(var(--paper) 0 0) 0 0 / ${px(width)} 100% no-repeat`,
        ...columns.map((c) => bar(c, `calc(${px(c.left + 8)} - var(--passed, 0px))`)),
    ].join(", ");
}

// A text that fits for certain is not clipped: each clip is one more thing that the browser sorts in every frame. The
// widths are more than any font of that size needs.
const NARROW = /[0-9a-ln-vx-z .,:+-]/g;
const NARROW_PX = 9;
const WIDE_PX = 15;
const PADDING_PX = 16;

function fits({ body, shows }: Cell, width: number): boolean {
    const text = shows ?? (typeof body === "string" ? body : null);
    if (text === null) return body === null;
    if (text.length * NARROW_PX > width - PADDING_PX) return false;
    const wide = text.replace(NARROW, "").length;
    return wide * WIDE_PX + (text.length - wide) * NARROW_PX <= width - PADDING_PX;
}

export const cellId = (table: string, place: number, column: number): string => `${table}.${place}.${column}`;

interface CellsProps<R>
    extends Pick<RowProps<R>, "id" | "place" | "row" | "fixed" | "columns" | "focus" | "cell"> {}

function Cells<R>({ id, place, row, fixed, columns, focus, cell }: CellsProps<R>) {
    const draw = ({ column, index, left }: PlacedColumn, stays: boolean) => {
        const shown = row === undefined ? WAITING : cell(row, column);
        const { body, hint, kind } = shown;
        let names = kind ? `cell cell-${kind}` : "cell";
        if (!fits(shown, column.width)) names += " cell-clip";
        if (column.numeric) names += " cell-number";
        if (focus === index) names += " cell-focus";
        return (
            // biome-ignore lint/a11y/useFocusableInteractive: the table has the focus, and says which cell it is on
            <div
                role="gridcell"
                id={focus === index ? cellId(id, place, index) : undefined}
                class={names}
                title={hint}
                aria-colindex={index + 1}
                data-column={index}
                style={stays ? { width: px(column.width) } : { left: px(left), width: px(column.width) }}
            >
                {body}
            </div>
        );
    };
    return (
        <>
            <div class="table-fixed" role="none">
                {fixed.map((c) => draw(c, true))}
            </div>
            <div class="table-pass" role="none">
                {columns.map((c) => draw(c, false))}
            </div>
        </>
    );
}

export class TableRow<R> extends Component<RowProps<R>> implements Waiting {
    private cells: VNode<CellsProps<R>> | null = null; // as they were drawn last

    get place(): number {
        return this.props.place;
    }

    fill(): void {
        this.forceUpdate();
    }

    override componentWillUnmount(): void {
        leave(this);
    }

    override shouldComponentUpdate(next: RowProps<R>): boolean {
        const now = this.props;
        return (
            next.row !== now.row ||
            next.place !== now.place ||
            next.top !== now.top ||
            next.columns !== now.columns ||
            next.fixed !== now.fixed ||
            next.focus !== now.focus ||
            next.stamp !== now.stamp ||
            !sameLook(next.look, now.look)
        );
    }

    // Old cells of the same columns can stay; not those that the focus names.
    private keepsCells(old: CellsProps<R>): boolean {
        const { row, fixed, columns, focus } = this.props;
        if (old.row === undefined || old.fixed !== fixed || old.columns !== columns || focus >= 0)
            return false;
        return row === undefined || (row !== old.row && !takeTurn(this));
    }

    override render() {
        const { id, place, number, top, fixed, columns, look, row, focus, cell } = this.props;
        const old = this.cells;
        const keeps = old !== null && this.keepsCells(old.props);
        // The same element as before is not looked at again.
        if (!keeps) this.cells = <Cells {...{ id, place, row, fixed, columns, focus, cell }} />;
        const names = ["table-row", look.kind ?? ""];
        // What is new of the same row may be seen a frame later.
        if (keeps && (row === undefined || place !== old.props.place)) names.push("row-wait");
        if (look.selected) names.push("row-selected");
        if (look.lit) names.push("row-lit");
        return (
            // biome-ignore lint/a11y/useFocusableInteractive: as above
            <div
                role="row"
                class={names.join(" ")}
                aria-rowindex={number}
                aria-selected={look.selected === true}
                aria-expanded={look.expanded}
                aria-level={look.level}
                aria-busy={row === undefined || undefined}
                data-place={place}
                style={top === null ? {} : { top: px(top) }}
            >
                {this.cells}
            </div>
        );
    }
}
