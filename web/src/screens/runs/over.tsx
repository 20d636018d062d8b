// SPDX-License-Identifier: Apache-2.0
// The runs of the table as points of a scatter, or as lines over parallel axes: its columns are the choices. Read when
// one of them is wanted first.

import { useEffect, useState } from "preact/hooks";
import type { Project, Run } from "../../api/client";
import { searchRuns } from "../../api/runs";
import { go } from "../../base/address";
import { lineColours } from "../../base/colour";
import { integer } from "../../base/format";
import type { ChartRow } from "../../chart";
import { toRun } from "../../routes";
import { useLoad } from "../../ui/load";
import { Failed, Skeleton } from "../../ui/parts";
import type { RunColumn } from "./columns";
import { type Field, fieldValue } from "./field";
import { fieldsAsked } from "./search";
import { useSame } from "./shown";
import { type State, searchSort, setSelection } from "./state";

const MOST = 1000; // runs that are drawn

type Charts = typeof import("../../chart/rows");

function useCharts(): Charts | null {
    const [charts, setCharts] = useState<Charts | null>(null);
    useEffect(() => {
        let gone = false;
        void import("../../chart/rows").then((c) => !gone && setCharts(c));
        return () => {
            gone = true;
        };
    }, []);
    return charts;
}

function rowsOf(runs: readonly Run[], fields: readonly Field[]): ChartRow[] {
    const colours = lineColours(runs.map((r) => r.id));
    return runs.map((run) => {
        const values: Record<string, number | string> = {};
        for (const f of fields) {
            const value = fieldValue(run, f);
            if (value !== undefined) values[f.text] = value;
        }
        return { id: run.id, name: run.name, colour: colours.get(run.id) ?? 0, values };
    });
}

// What was set, then what came of it. Names and moments tell nothing on an axis.
function axesOf(fields: readonly Field[]): Field[] {
    const of = (domain: Field["domain"]): Field[] => fields.filter((f) => f.domain === domain);
    const attributes = of("attribute").filter((f) => ["duration", "status", "user"].includes(f.key));
    return [...of("config"), ...of("tags"), ...of("metrics"), ...attributes];
}

export interface OverProps {
    project: Project;
    state: State;
    columns: readonly RunColumn[];
    turn: number;
}

export function Over({ project, state, columns, turn }: OverProps) {
    const charts = useCharts();
    const fields = axesOf(columns.map((c) => c.field));
    const asked = fieldsAsked(fields.map((f) => f.text));
    const search = {
        projects: [project.number],
        where: state.where,
        view: state.view,
        sort: searchSort(state.sort),
        columns: ["name", ...asked],
        limit: MOST,
        count: true,
    };
    const load = useLoad(`${JSON.stringify(search)} ${turn}`, (signal) => searchRuns(search, signal));
    const rows = useSame(rowsOf(load.data?.items ?? [], fields));
    const names = useSame(fields.map((f) => f.text));
    if (load.problem && !load.data) return <Failed problem={load.problem} retry={load.reload} />;
    if (!charts || !load.data) return <Skeleton lines={8} />;
    const Chart = state.side === "parallel" ? charts.Parallel : charts.Scatter;
    const total = load.data.total ?? rows.length;
    return (
        <div class="over">
            {total > rows.length && (
                <p class="muted">
                    The first {integer(rows.length)} of {integer(total)} runs, in the order of the table.
                </p>
            )}
            <Chart
                rows={rows}
                columns={names}
                open={(id) => go(toRun(project.number, id))}
                select={(ids) => setSelection({ all: false, ids: new Set(ids) })}
            />
        </div>
    );
}
