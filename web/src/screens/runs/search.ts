// SPDX-License-Identifier: Apache-2.0
// The search that the address of the Runs screen stands for. Pure.

import type { RunSearch } from "../../api/asks";
import type { Which } from "../../api/fields";
import { askedFor, parseField } from "./field";
import { type State, searchSort } from "./state_of";

export const PAGE = 32; // runs that are read at once: about what a screen shows

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
