// SPDX-License-Identifier: Apache-2.0
// One row of the table. It is drawn again only when what it shows is another thing than before.
import { Component } from "preact";
import type { Cell, Column, RowLook } from "./model";

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

export const cellId = (table: string, place: number, column: number): string => `${table}.${place}.${column}`;

export class TableRow<R> extends Component<RowProps<R>> {
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

    private drawCell({ column, index, left }: PlacedColumn, fixed: boolean) {
        const { id, place, row, focus, cell } = this.props;
        const { body, hint, kind } = row === undefined ? WAITING : cell(row, column);
        let names = kind ? `cell cell-${kind}` : "cell";
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
                style={fixed ? { width: px(column.width) } : { left: px(left), width: px(column.width) }}
            >
                {body}
            </div>
        );
    }

    override render() {
        const { place, number, top, fixed, columns, look, row } = this.props;
        const names = ["table-row", look.kind ?? ""];
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
                <div class="table-fixed" role="none">
                    {fixed.map((c) => this.drawCell(c, true))}
                </div>
                <div class="table-pass" role="none">
                    {columns.map((c) => this.drawCell(c, false))}
                </div>
            </div>
        );
    }
}
