// SPDX-License-Identifier: Apache-2.0
// The charts of one run: what it measured, or (system) what the machine measured.
import { useMemo } from "preact/hooks";
import type { Run } from "../../api/client";
import { lineColours } from "../../base/colour";
import { naturally } from "../../base/text";
import { type ChartRun, ChartSections } from "../../chart";
import { Empty, Paste } from "../../ui/parts";

export const isSystem = (key: string): boolean => key.startsWith("system/");

export function Charts({ run, system = false }: { run: Run; system?: boolean }) {
    const list = Object.keys(run.metrics)
        .filter((key) => isSystem(key) === system)
        .sort(naturally)
        .join("\n");
    const keys = useMemo(() => (list ? list.split("\n") : []), [list]);
    const live = run.status === "running";
    const runs = useMemo<ChartRun[]>(
        () => [
            {
                id: run.id,
                name: run.name,
                colour: lineColours([run.id]).get(run.id) ?? 0,
                live,
                ...(run.start_ms === undefined ? {} : { startMs: run.start_ms }),
            },
        ],
        [run.id, run.name, run.start_ms, live],
    );
    if (!keys.length) return system ? <NoSystem /> : <NoMetrics run={run} />;
    return (
        <ChartSections
            project={run.project}
            runs={runs}
            keys={keys}
            storeKey={`run ${run.project}${system ? " system" : ""}`}
        />
    );
}

function NoMetrics({ run }: { run: Run }) {
    return (
        <Empty title="No metrics yet">
            <p>They appear here as they are logged:</p>
            <Paste text={`stemma log ${run.id} loss=0.5 --step 1`} />
        </Empty>
    );
}

function NoSystem() {
    return (
        <Empty title="No system metrics">
            <p>Run the program with Stemma, or let MLflow's client measure:</p>
            <Paste
                text={"stemma run -- ./train.sh\n# or in Python\nmlflow.enable_system_metrics_logging()"}
            />
        </Empty>
    );
}
