// SPDX-License-Identifier: Apache-2.0
// The columns of the table: those of the address, or what a first look at the runs suggests.
import type { FieldName } from "../../api/client";
import { readNames } from "../../api/fields";
import { searchRuns } from "../../api/runs";
import { type Load, useLoad } from "../../ui/load";
import { attributesOnly, candidatesOf, chosen } from "./columns";
import { askedFor } from "./field";
import type { ColumnWish, State } from "./state";

const SAMPLE = 24;

async function suggest(
    project: number,
    names: readonly FieldName[],
    signal: AbortSignal,
): Promise<ColumnWish[]> {
    const candidates = candidatesOf(names);
    const columns = candidates.config.flatMap((f) => askedFor(f) ?? []);
    if (!columns.length) return chosen(candidates, []);
    const sample = await searchRuns({ projects: [project], columns, limit: SAMPLE }, signal);
    return chosen(candidates, sample.items);
}

export interface Columns {
    wishes: readonly ColumnWish[];
    names: Load<FieldName[]>;
    settled: boolean; // they will not change by themselves any more
}

export function useColumns(project: number, state: State, turn: number): Columns {
    const names = useLoad(`names ${project} ${turn}`, (signal) => readNames(project, signal));
    // Columns appear when the first runs, metrics or configuration do; then they stay, so that nothing moves by itself.
    const kinds = names.data && [...new Set(names.data.map((n) => n.kind))].sort().join(" ");
    const best = useLoad(`best ${project} ${kinds}`, (signal) =>
        kinds && names.data ? suggest(project, names.data, signal) : Promise.resolve([...attributesOnly]),
    );
    const settled = state.columns !== null || (names.data !== undefined && !best.loading);
    return { wishes: state.columns ?? best.data ?? attributesOnly, names, settled };
}
