// SPDX-License-Identifier: Apache-2.0
// Which runs the charts show: the first of the sort, those on top, and those whose eye was opened, without those whose
// eye was closed. Of groups: their runs, as one line each.
import { useMemo } from "preact/hooks";
import type { Run } from "../../api/client";
import { searchRuns } from "../../api/runs";
import { lineColours } from "../../base/colour";
import type { ChartRun } from "../../chart";
import { useLoad } from "../../ui/load";
import { type GroupRow, isGroup, nameOf, type Row, whereOf } from "./group";
import { type State, searchSort } from "./state";
import type { Source } from "./use_rows";

const OF_A_GROUP = 30; // runs that make a band

// Ids of runs and keys of groups, in the order in which they are drawn.
export function shownKeys(source: Source | null, state: State): string[] {
    const keys = new Set<string>(state.pinned);
    if (source?.grouped) for (const g of source.grouped.groups().slice(0, state.show)) keys.add(g.key);
    else
        for (let i = 0; i < Math.min(state.show, source?.rows.count ?? 0); i++) {
            const row = source?.rows.row(i);
            if (row && !isGroup(row)) keys.add(row.id);
        }
    for (const key of state.eye) keys.add(key);
    return [...keys].filter((key) => !state.hidden.has(key));
}

// Keeps its identity while its text is the same, so that what depends on it is not drawn again.
export function useSame<T>(value: T): T {
    const text = JSON.stringify(value);
    return useMemo(() => value, [text]);
}

const chartRun = (run: Run, colour: number, group?: string): ChartRun => ({
    id: run.id,
    name: run.name,
    colour,
    ...(group === undefined ? {} : { group }),
    ...(run.start_ms === undefined ? {} : { startMs: run.start_ms }),
    live: run.status === "running",
});

function useGroupRuns(
    project: number,
    groups: readonly GroupRow[],
    state: State,
): ReadonlyMap<string, Run[]> {
    const key = groups.map((g) => `${g.key} ${g.group.count}`).join(" ");
    const load = useLoad(
        `${key} ${state.where} ${state.view} ${JSON.stringify(state.sort)}`,
        async (signal) => {
            const parts = await Promise.all(
                groups.map((g) =>
                    searchRuns(
                        {
                            projects: [project],
                            where: whereOf(state.where, g.group, state.group),
                            view: state.view,
                            sort: searchSort(state.sort),
                            columns: ["name"],
                            limit: OF_A_GROUP,
                        },
                        signal,
                    ),
                ),
            );
            return new Map(groups.map((g, i) => [g.key, parts[i]?.items ?? []]));
        },
    );
    return load.data ?? new Map();
}

export interface ShownRuns {
    colours: ReadonlyMap<string, number>; // of runs and groups that are in the charts
    runs: readonly ChartRun[];
}

export function useShown(
    project: number,
    source: Source | null,
    state: State,
    extras: ReadonlyMap<string, Run>,
): ShownRuns {
    const keys = useSame(shownKeys(source, state));
    const colours = useMemo(() => lineColours(keys), [keys]);
    const groups = (source?.grouped?.groups() ?? []).filter((g) => colours.has(g.key));
    const members = useGroupRuns(project, groups, state);
    const known = new Map<string, Run>(extras);
    for (let i = 0; i < Math.min(state.show, source?.rows.count ?? 0); i++) {
        const row: Row | undefined = source?.rows.row(i);
        if (row && !isGroup(row)) known.set(row.id, row);
    }
    const runs: ChartRun[] = [];
    for (const g of groups)
        for (const run of members.get(g.key) ?? [])
            runs.push(chartRun(run, colours.get(g.key) ?? 0, nameOf(g.group, state.group)));
    for (const key of keys) {
        const run = known.get(key);
        if (run) runs.push(chartRun(run, colours.get(key) ?? 0));
    }
    return { colours, runs: useSame(runs) };
}
