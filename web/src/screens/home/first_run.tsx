// SPDX-License-Identifier: Apache-2.0
// What an empty server shows: the lines that log a first run. Home follows the events, so this turns into the list of
// projects when the run arrives.
import { useState } from "preact/hooks";
import { Crumbs } from "../../ui/crumbs";
import { Paste } from "../../ui/parts";

const server = (): string => location.origin + location.pathname.replace(/\/$/, "");

const WAYS = [
    {
        id: "mlflow",
        title: "MLflow",
        lines: () => `pip install mlflow-skinny
export MLFLOW_TRACKING_URI=${server()}
python - <<'EOF'
import math, mlflow
mlflow.set_experiment("first steps")
with mlflow.start_run():
    mlflow.log_param("lr", 0.01)
    for step in range(100):
        mlflow.log_metric("loss", math.exp(-step / 30), step=step)
EOF`,
    },
    {
        id: "script",
        title: "Your own script",
        lines: () => `export MLFLOW_TRACKING_URI=${server()}
python train.py        # whatever already logs to MLflow`,
    },
    {
        id: "cli",
        title: "Any command",
        lines: () => `export STEMMA_URL=${server()}
stemma run --project "first steps" -- ./train.sh`,
    },
    {
        id: "curl",
        title: "curl",
        lines: () => `S=${server()}/api/v1
curl -s $S/projects -H 'Content-Type: application/json' -d '{"name": "first steps"}'
curl -s $S/runs -H 'Content-Type: application/json' -d '{"project": "first steps", "name": "by hand"}'`,
    },
] as const;

export function FirstRun() {
    const [way, setWay] = useState<(typeof WAYS)[number]>(WAYS[0]);
    return (
        <div class="first-run">
            <Crumbs list={[{ title: "Welcome" }]} />
            <h1>Log a first run</h1>
            <p class="muted">
                Paste these lines into a terminal. This page shows the run when its first record arrives.
            </p>
            <div class="row" role="group" aria-label="How">
                {WAYS.map((w) => (
                    <button
                        key={w.id}
                        type="button"
                        class="button"
                        aria-pressed={w === way}
                        onClick={() => setWay(w)}
                    >
                        {w.title}
                    </button>
                ))}
            </div>
            <Paste text={way.lines()} />
            <p class="waiting" role="status">
                <span aria-hidden="true">●</span> Waiting for a first run …
            </p>
        </div>
    );
}
