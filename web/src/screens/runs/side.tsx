// SPDX-License-Identifier: Apache-2.0
// What stands beside the table: the charts of the shown runs, or all of its runs as a scatter or over parallel axes.
import { useMemo } from "preact/hooks";
import type { Project, Run } from "../../api/client";
import { searchRuns } from "../../api/runs";
import { naturally, searchText } from "../../base/text";
import type { ChartRun } from "../../chart";
import { useBehind } from "../../ui/behind";
import { later } from "../../ui/later";
import { useLoad } from "../../ui/load";
import { Empty } from "../../ui/parts";
import { Over, type OverProps } from "./over";
import { type ShownRuns, useSame } from "./shown";
import { setSide } from "./state";

// The rows come first.
const ChartSections = later(async () => (await import("../../chart")).ChartSections);

const KEYS_OF = 100; // runs whose metrics are asked for

// The metrics that the shown runs have.
function useKeys(runs: readonly ChartRun[], turn: number): readonly string[] {
    const ids = [...new Set(runs.map((r) => r.id))].slice(0, KEYS_OF);
    const load = useLoad(`keys ${ids.join(" ")} ${turn}`, async (signal) => {
        if (!ids.length) return [];
        const where = `id in (${ids.map(searchText).join(", ")})`;
        const page = await searchRuns({ where, view: "all", limit: ids.length }, signal);
        return metricsOf(page.items);
    });
    return useSame(load.data ?? []);
}

const metricsOf = (runs: readonly Run[]): string[] =>
    [...new Set(runs.flatMap((r) => Object.keys(r.metrics)))].sort(naturally);

export interface SideProps extends OverProps {
    shown: ShownRuns;
}

const SIDES = [
    ["charts", "Charts"],
    ["scatter", "Scatter"],
    ["parallel", "Parallel"],
] as const;

export function Side(p: SideProps) {
    return (
        <>
            <div class="side-tabs row" role="group" aria-label="View of the runs">
                {SIDES.map(([side, title]) => (
                    <button
                        key={side}
                        type="button"
                        class="button plain"
                        aria-pressed={p.state.side === side}
                        onClick={() => setSide(side)}
                    >
                        {title}
                    </button>
                ))}
            </div>
            {p.state.side === "charts" ? (
                <Charts project={p.project} shown={p.shown} turn={p.turn} />
            ) : (
                <Over {...p} />
            )}
        </>
    );
}

function Charts({ project, shown, turn }: { project: Project; shown: ShownRuns; turn: number }) {
    const runs = useBehind(shown.runs); // the rows come first here too
    const keys = useKeys(runs, turn);
    const charts = useMemo(
        () => (
            <ChartSections
                storeKey={`project-${project.number}`}
                project={project.number}
                {...{ runs, keys }}
            />
        ),
        [project.number, runs, keys],
    );
    if (runs.length) return charts;
    return (
        <Empty title="No run is shown here">
            <p class="muted">Open the eye of a run in the table, or show the first of the order again.</p>
        </Empty>
    );
}
