// SPDX-License-Identifier: Apache-2.0
// The table of runs: binds the virtual table to the runs, their columns, the selection and the eye.
import type { Signal } from "@preact/signals";
import { useCallback, useMemo, useRef } from "preact/hooks";
import type { Run } from "../../api/client";
import { readIds } from "../../api/fields";
import { go } from "../../base/address";
import { highlight } from "../../chart/highlight";
import { toRun } from "../../routes";
import type { Cell, Column } from "../../table/model";
import { Table } from "../../table/table";
import type { Picking } from "../../table/use_focus";
import { say, sayProblem } from "../../ui/toast";
import { groupCell, nameCell, sparkCell, statisticsCell, valueCell } from "./cells";
import { type RunColumn, sortedBy } from "./columns";
import { fieldValue, isNumberText } from "./field";
import { type GroupRow, isGroup, keyOf, nameOf, type Row } from "./group";
import { whichOf } from "./search";
import { idsBetween, only, toggled } from "./selection";
import {
    isSelected,
    SELECT_MAX,
    type State,
    searchSort,
    setColumns,
    setOpen,
    setSelection,
    setShown,
    setSort,
} from "./state";
import { type Source, useDerived } from "./use_rows";

export interface Place {
    row: Row | null;
    column: RunColumn | null;
}
export interface MenuPlace extends Place {
    x: number;
    y: number;
}

export interface GridProps {
    project: number;
    state: State;
    source: Source;
    columns: readonly RunColumn[];
    pinned: readonly Run[];
    colours: ReadonlyMap<string, number>;
    focus: Signal<Place>;
    menu: (at: MenuPlace) => void;
}

function toggleOpen(state: State, row: GroupRow): void {
    const open = new Set(state.open);
    if (!open.delete(row.key)) open.add(row.key);
    setOpen(open);
}

// What is done to headings, as a change of the address.
export function moveColumn(columns: readonly RunColumn[], fixed: number, column: Column, to: number): void {
    const from = columns.findIndex((c) => c.id === column.id);
    const list = columns.filter((c) => c.id !== column.id);
    const moving = columns[from];
    if (!moving || from === to) return;
    list.splice(to, 0, moving);
    // Across the border of those that stay at the left, it becomes one of them or ceases to be.
    const stays = to < fixed;
    const nextFixed = from < fixed === stays ? fixed : fixed + (stays ? 1 : -1);
    setColumns(wishesOf(list), nextFixed);
}

export const wishesOf = (columns: readonly RunColumn[], resized?: { id: string; width: number }) =>
    columns.map((c) => ({ field: c.field, width: c.id === resized?.id ? resized.width : c.wished }));

function usePick({ source, state, project }: GridProps) {
    const anchor = useRef(0);
    return async (place: number, row: Row, how: Picking): Promise<void> => {
        if (isGroup(row)) {
            toggleOpen(state, row);
            return;
        }
        if (how !== "range") {
            anchor.current = place;
            const next = how === "only" ? only : (s: typeof state.selection, id: string) => toggled(s, [id]);
            setSelection(next(state.selection, row.id));
            return;
        }
        const [from, to] = [Math.min(anchor.current, place), Math.max(anchor.current, place)];
        if (to - from >= SELECT_MAX) {
            say(`A range holds ${SELECT_MAX} runs at most; Ctrl-A selects all that match.`);
            return;
        }
        const ids =
            idsBetween(source.rows, from, to) ??
            (await readIds(whichOf(project, state), searchSort(state.sort), from, to + 1));
        setSelection({ all: false, ids: new Set(ids) });
    };
}

function useCell({ state, colours }: GridProps) {
    const pins = useMemo(() => new Set(state.pinned), [state.pinned.join(" ")]);
    const stamp = useMemo(() => ({}), [colours, pins]);
    const open = useRef(state);
    open.current = state;
    const cell = useCallback(
        (row: Row, column: Column): Cell => {
            const { field, spark } = column as RunColumn;
            const key = keyOf(row);
            const colour = colours.get(key);
            const look = { colour, toggle: () => setShown([key], colour === undefined) };
            const first = field.text === "name";
            if (!isGroup(row)) {
                if (first) return nameCell(row, pins.has(row.id), look);
                return spark ? sparkCell(row, field) : valueCell(row, field);
            }
            if (first)
                return groupCell(row, nameOf(row.group, open.current.group), look, () =>
                    toggleOpen(open.current, row),
                );
            const statistics = row.group.of[field.text];
            return statistics ? statisticsCell(statistics) : { body: row.group.by[field.text] };
        },
        [stamp],
    );
    return { cell, stamp };
}

const SAMPLE = 16;

// Configuration is text; a column whose first values all read as numbers is aligned like numbers.
function numbersIn(columns: readonly RunColumn[], { rows }: Source): string[] {
    const sample: Run[] = [];
    for (let i = 0; i < Math.min(SAMPLE, rows.count); i++) {
        const row = rows.row(i);
        if (row && !isGroup(row)) sample.push(row);
    }
    const texts = columns.filter((c) => c.field.domain === "config" || c.field.domain === "tags");
    return texts.flatMap((c) => {
        const values = sample.flatMap((run) => fieldValue(run, c.field) ?? []);
        return values.length && values.every((v) => isNumberText(String(v))) ? c.id : [];
    });
}

function useAligned(columns: readonly RunColumn[], source: Source): readonly RunColumn[] {
    const numbers = useDerived(source.rows, () => numbersIn(columns, source).join("\n"));
    return useMemo(() => {
        const set = new Set(numbers.split("\n"));
        return columns.map((c) => (set.has(c.id) ? { ...c, numeric: true } : c));
    }, [columns, numbers]);
}

export function Grid(props: GridProps) {
    const { source, state, pinned, focus, colours } = props;
    const columns = useAligned(props.columns, source);
    const pick = usePick(props);
    const { cell, stamp } = useCell(props);
    const lit = highlight.value;
    const fixed = Math.min(state.fixed, columns.length);
    return (
        <Table<Row>
            label="Runs"
            tree={source.grouped !== null}
            rows={source.rows}
            columns={columns}
            fixed={fixed}
            top={pinned}
            keyOf={keyOf}
            cell={cell}
            stamp={stamp}
            remember={source.name}
            look={(row) =>
                isGroup(row)
                    ? { kind: "row-group", expanded: row.open, level: 1, lit: lit === row.key }
                    : {
                          selected: isSelected(state.selection, row.id),
                          lit: lit === row.id,
                          kind: source.grouped ? "row-child" : "",
                          ...(source.grouped ? { level: 2 } : {}),
                      }
            }
            acts={{
                sort: (c, add) => setSort(sortedBy((c as RunColumn).field, state.sort, add)),
                move: (c, to) => moveColumn(columns, fixed, c, to),
                resize: (c, width) => setColumns(wishesOf(columns, { id: c.id, width })),
            }}
            pick={(place, row, how) => void pick(place, row, how).catch(sayProblem)}
            open={(row) => (isGroup(row) ? toggleOpen(state, row) : go(toRun(row.project, row.id)))}
            menu={(row, column, x, y) => props.menu({ row, column: column as RunColumn | null, x, y })}
            focused={(row, column) => {
                focus.value = { row, column: column as RunColumn | null };
            }}
            pointed={(row) => {
                const key = row && keyOf(row);
                highlight.value = key !== null && colours.has(key) ? key : null;
            }}
        />
    );
}
