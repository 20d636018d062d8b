// SPDX-License-Identifier: Apache-2.0
// A table without rows: how to log a run, or how to find more.
import type { Problem, Project } from "../../api/client";
import { setQuery } from "../../base/address";
import { Empty, Failed, Paste, Skeleton } from "../../ui/parts";
import { type State, setView, setWhere } from "./state";

const server = (): string => location.origin + location.pathname.replace(/\/$/, "");

const lines = (project: Project): string => `export MLFLOW_TRACKING_URI=${server()}
python - <<'EOF'
import math, mlflow
mlflow.set_experiment(experiment_id="${project.number}")
with mlflow.start_run():
    mlflow.log_param("lr", 0.01)
    for step in range(100):
        mlflow.log_metric("loss", math.exp(-step / 30), step=step)
EOF`;

// The filter without its last condition.
function wider(where: string): string | null {
    const at = where.search(/\s+and\s+(?!.*\s+and\s+)/is);
    return at > 0 && !/\bor\b/i.test(where) ? where.slice(0, at) : null;
}

export function NoRuns({ project, state }: { project: Project; state: State }) {
    if (state.where) {
        const more = wider(state.where);
        return (
            <div class="no-runs">
                <Empty title="No run matches">
                    <p class="muted mono">{state.where}</p>
                    <div class="row">
                        {more && (
                            <button type="button" class="button" onClick={() => setWhere(more)}>
                                Without the last condition
                            </button>
                        )}
                        <button type="button" class="button" onClick={() => setWhere("")}>
                            Without a filter
                        </button>
                        {state.view === "active" && (
                            <button type="button" class="button" onClick={() => setQuery({ view: "all" })}>
                                In the bin too
                            </button>
                        )}
                    </div>
                </Empty>
            </div>
        );
    }
    if (state.view === "deleted")
        return (
            <div class="no-runs">
                <Empty title="The bin is empty">
                    <button type="button" class="button" onClick={() => setView("active")}>
                        Back to the runs
                    </button>
                </Empty>
            </div>
        );
    return (
        <div class="no-runs">
            <Empty title="No runs yet">
                <p class="muted">
                    Paste these lines into a terminal; the run appears here when its first record arrives.
                </p>
                <Paste text={lines(project)} />
            </Empty>
        </div>
    );
}

// Before the first answer, and instead of it.
export function NoTable({ problem, retry }: { problem: Problem | null; retry: () => unknown }) {
    if (!problem) return <Skeleton lines={14} />;
    if (problem.at === undefined) return <Failed problem={problem} retry={() => void retry()} />;
    return (
        <Empty title="The filter has a mistake">
            <p class="muted">It is shown under its place, in the field above.</p>
        </Empty>
    );
}
