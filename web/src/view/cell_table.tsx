// SPDX-License-Identifier: Apache-2.0
// A table of plain columns and any number of rows, of which only those in sight are made.
import type { ComponentChildren } from "preact";
import { CellRow, Title } from "./cells";
import { Rows } from "./rows";

const HEIGHT = 24;

// `width` in characters; "number" for those that are aligned as such.
export type CellColumn = readonly [id: string, title: string, width: number, look?: "number"];

export function CellTable<T>({
    items,
    columns,
    label,
    cell,
    onSight,
}: {
    items: readonly T[];
    columns: readonly CellColumn[];
    label: string;
    cell: (item: T, column: string) => ComponentChildren;
    onSight?: (from: number, to: number) => void;
}) {
    const head = (
        <CellRow class="cells cells-head">
            {columns.map(([id, title, width, look]) => (
                <Title
                    key={id}
                    id={id}
                    title={title}
                    style={{ width: `${width}ch` }}
                    {...(look ? { class: look } : {})}
                />
            ))}
        </CellRow>
    );
    return (
        <Rows
            count={items.length}
            height={HEIGHT}
            headHeight={HEIGHT}
            label={label}
            role="table"
            wide={columns.reduce((sum, c) => sum + c[2], 0)}
            head={head}
            {...(onSight ? { onSight } : {})}
            row={(i) => (
                <CellRow key={i} class="cells">
                    {columns.map(([id, , width, look]) => (
                        <span key={id} role="cell" class={look} style={{ width: `${width}ch` }}>
                            {cell(items[i] as T, id)}
                        </span>
                    ))}
                </CellRow>
            )}
        />
    );
}
