// SPDX-License-Identifier: Apache-2.0
// The menus of the table: at a heading about its column, at a row about its runs.

import { searchText } from "../../base/text";
import type { Act } from "../../ui/acts";
import { MenuAt, type MenuItem } from "../../ui/dialog";
import { copy } from "../../ui/parts";
import type { RunColumn } from "./columns";
import { type Field, fieldValue, isNumeric } from "./field";
import { type MenuPlace, moveColumn, wishesOf } from "./grid";
import { isGroup } from "./group";
import { type State, setColumns, setGroup, setSort, setSparks, setWhere } from "./state";
import { asMenu } from "./use_acts";

const canGroup = (f: Field): boolean =>
    f.domain === "config" || f.domain === "tags" || ["status", "user", "name"].includes(f.text);

function sparkItems(column: RunColumn, columns: readonly RunColumn[]): MenuItem[] {
    if (column.field.domain !== "metrics") return [];
    const now = columns.filter((c) => c.spark && c !== column).map((c) => c.id);
    return [
        {
            label: column.spark ? "Hide the course" : "Show the course",
            run: () => setSparks(column.spark ? now : [...now, column.id]),
        },
    ];
}

function columnItems(column: RunColumn, columns: readonly RunColumn[], state: State): MenuItem[] {
    const at = columns.indexOf(column);
    const fixed = at < state.fixed;
    const sort = (down: boolean) => (): void => setSort([{ field: column.field.text, down }]);
    const others = (list: readonly RunColumn[]) => wishesOf(list.filter((c) => c !== column));
    return [
        { label: "Sort up", run: sort(false) },
        { label: "Sort down", run: sort(true) },
        ...(canGroup(column.field)
            ? [{ label: "Group by it", run: () => setGroup([...state.group, column.field]) }]
            : []),
        {
            label: fixed ? "Let it scroll" : "Keep at the left",
            run: () => {
                const to = fixed ? state.fixed - 1 : state.fixed;
                const list = columns.filter((c) => c !== column);
                list.splice(to, 0, column);
                setColumns(wishesOf(list), state.fixed + (fixed ? -1 : 1));
            },
        },
        {
            label: "Move left",
            hint: "Ctrl+←",
            disabled: at <= 0,
            run: () => moveColumn(columns, state.fixed, column, at - 1),
        },
        {
            label: "Move right",
            hint: "Ctrl+→",
            disabled: at >= columns.length - 1,
            run: () => moveColumn(columns, state.fixed, column, at + 1),
        },
        ...sparkItems(column, columns),
        {
            label: "As wide as at first",
            run: () =>
                setColumns(wishesOf(columns.map((c) => (c === column ? { ...c, wished: undefined } : c)))),
        },
        {
            label: "Take the column away",
            disabled: columns.length === 1,
            run: () => setColumns(others(columns), fixed ? state.fixed - 1 : state.fixed),
        },
        { label: "Copy its name", run: () => copy(column.field.text) },
    ];
}

// "Only those with this value", of the cell that was pressed.
function cellItems(at: MenuPlace, state: State): MenuItem[] {
    const field = at.column?.field;
    if (!field || !at.row || isGroup(at.row)) return [];
    const value = fieldValue(at.row, field);
    if (value === undefined) return [];
    const items: MenuItem[] = [{ label: "Copy the value", run: () => copy(String(value)) }];
    if (field.domain === "attribute" && !["status", "user", "name"].includes(field.key)) return items;
    if (isNumeric(field)) return items;
    const written = field.text === "status" ? String(value) : searchText(String(value));
    const narrow = (operator: string) => (): void => {
        const more = `${field.text} ${operator} ${written}`;
        const old = /\bor\b/i.test(state.where) ? `(${state.where})` : state.where;
        setWhere(old ? `${old} and ${more}` : more);
    };
    return [
        ...items,
        { label: "Only runs with this value", run: narrow("=") },
        { label: "Only runs without this value", run: narrow("!=") },
    ];
}

export function TableMenu({
    at,
    columns,
    state,
    acts,
    close,
}: {
    at: MenuPlace;
    columns: readonly RunColumn[];
    state: State;
    acts: readonly Act[];
    close: () => void;
}) {
    const items = at.row
        ? [...asMenu(acts.filter((a) => a.id !== "run-all")), ...cellItems(at, state)]
        : at.column
          ? columnItems(at.column, columns, state)
          : [];
    return items.length ? <MenuAt x={at.x} y={at.y} items={items} close={close} /> : null;
}
