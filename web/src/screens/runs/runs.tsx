// SPDX-License-Identifier: Apache-2.0
// The runs of a project: a table with charts beside it. Everything that is shown is in the address (state.ts).
import { useSignal } from "@preact/signals";
import { useMemo, useState } from "preact/hooks";
import type { Project } from "../../api/client";
import { getProject } from "../../api/projects";
import { toHome } from "../../routes";
import { Crumbs } from "../../ui/crumbs";
import { useLoad } from "../../ui/load";
import { Failed, Skeleton } from "../../ui/parts";
import { columnsOf } from "./columns";
import { Divider } from "./divider";
import { isNumeric } from "./field";
import { useFollow } from "./follow";
import { Grid, type Place } from "./grid";
import { useSame, useShown } from "./shown";
import { Charts } from "./side";
import { readState, type State } from "./state";
import { useColumns } from "./use_columns";
import { useRuns, useSource } from "./use_rows";
import "./runs.css";

export function Runs({ project }: { project: string }) {
    const load = useLoad(`project ${project}`, (signal) => getProject(project, signal));
    if (load.data) return <RunsOf project={load.data} />;
    return load.problem ? <Failed problem={load.problem} retry={load.reload} /> : <Skeleton lines={12} />;
}

// Does a change of points or tags move rows, or change which there are?
const dependsOnValues = (s: State): boolean =>
    /metrics|config|tags|status|duration|end|reason|dataset/.test(
        `${s.where} ${s.sort.map((k) => k.field).join(" ")} ${s.group.map((f) => f.text).join(" ")}`,
    );

function useTable(project: Project, state: State) {
    const number = project.number;
    const { wishes, names } = useColumns(number, state);
    const grouped = state.group.length > 0;
    const columns = useSame(columnsOf(wishes, state.sort, grouped));
    const ids = columns.map((c) => c.id);
    const numeric = wishes.map((w) => w.field).filter((f) => isNumeric(f) && f.domain === "metrics");
    const shownRows = useSource(number, state, numeric, ids);
    const { source } = shownRows;
    source?.rows.version.value;
    const extras = useRuns(
        [...new Set([...state.pinned, ...state.eye])].filter((k) => !k.startsWith("g")),
        ids,
    );
    const shown = useShown(number, source, state, extras.runs);
    useFollow(
        number,
        async () => {
            await Promise.all([source?.refresh(), extras.refresh()]);
        },
        (runs) =>
            dependsOnValues(state) || grouped || runs.some((id) => source && source.rows.find(id, 0) >= 0),
    );
    const pinned = useMemo(
        () => state.pinned.flatMap((id) => extras.runs.get(id) ?? []),
        [state.pinned.join(" "), extras.runs],
    );
    return { columns, names, shownRows, source, shown, pinned };
}

function RunsOf({ project }: { project: Project }) {
    const state = readState();
    const focus = useSignal<Place>({ row: null, column: null });
    const table = useTable(project, state);
    const { source, columns, shown, pinned } = table;
    const [, setMenu] = useState<unknown>(null);
    return (
        <div class="runs">
            <Crumbs list={[{ title: "Projects", href: toHome() }, { title: project.name }]} />
            <div class="runs-panes" style={{ "--split": `${state.split}%` }}>
                <section class="runs-table" aria-label="Table of runs">
                    {source && (
                        <Grid
                            project={project.number}
                            state={state}
                            source={source}
                            columns={columns}
                            pinned={pinned}
                            colours={shown.colours}
                            focus={focus}
                            menu={setMenu}
                            onKey={() => false}
                        />
                    )}
                </section>
                <Divider split={state.split} />
                <section class="runs-side" aria-label="Charts">
                    <Charts project={project} shown={shown} />
                </section>
            </div>
        </div>
    );
}
