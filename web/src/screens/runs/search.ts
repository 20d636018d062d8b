// SPDX-License-Identifier: Apache-2.0
// The search that the address of the Runs screen stands for. Pure.
import type { Which } from "../../api/fields";
import type { RunSearch } from "../../api/runs";
import { askedFor, parseField } from "./field";
import { type State, searchSort } from "./state";

export const PAGE = 64; // runs that are read at once

export const fieldsAsked = (columns: readonly string[]): string[] => [
    ...new Set(columns.map((c) => parseField(c)).flatMap((f) => (f && askedFor(f)) ?? [])),
];

export const whichOf = (project: number, state: State): Which => ({
    projects: [project],
    where: state.where || undefined,
    view: state.view,
});

export const partOf = (
    which: Which,
    sort: readonly string[],
    skip: number,
    limit: number,
    columns: readonly string[],
): RunSearch => ({ ...which, sort, skip, limit, columns: ["name", ...fieldsAsked(columns)], count: true });

// What the table asks first.
export const firstPart = (project: number, state: State): RunSearch =>
    partOf(
        whichOf(project, state),
        searchSort(state.sort),
        0,
        PAGE,
        state.columns?.map((c) => c.field.text) ?? [],
    );
