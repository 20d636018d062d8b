// SPDX-License-Identifier: Apache-2.0
// What a run read and what it made: data sets and models.
import { call, type Run } from "../../api/client";
import { searchText } from "../../base/text";
import { toProject } from "../../routes";
import { Card } from "../../ui/card";
import { useLoad } from "../../ui/load";
import { Copy } from "../../ui/parts";

type Dataset = NonNullable<Run["datasets"]>[number];

// MLflow's clients put where a data set is from into a JSON object of one member.
function placeOf(source: string): string {
    try {
        const read: unknown = JSON.parse(source);
        const [first] = read && typeof read === "object" ? Object.values(read) : [];
        return typeof first === "string" ? first : source;
    } catch {
        return source;
    }
}

function DatasetRow({ run, dataset: d }: { run: Run; dataset: Dataset }) {
    const context = d.tags["mlflow.data.context"];
    const where = `dataset.name = ${searchText(d.name)}`;
    return (
        <div class="pair">
            <dt>
                <a
                    class="given"
                    href={toProject(run.project, { where })}
                    title="Runs that read this data set"
                >
                    {d.name}
                </a>
                {context && <span class="muted"> for {context}</span>}
            </dt>
            <dd>
                <span class="grow given">
                    <span class="muted">{d.source_type} </span>
                    {placeOf(d.source)}
                </span>
                <span class="pair-acts">
                    <code title="Digest">{d.digest}</code>
                    <Copy text={placeOf(d.source)} label="Copy where it is" />
                </span>
            </dd>
        </div>
    );
}

interface LoggedModel {
    model: { info: { name: string; status: string; model_type?: string } };
}

function Model({ id, made, step }: { id: string; made: boolean; step?: number }) {
    // MLflow's route: models have none of the native API.
    const load = useLoad(`model ${id}`, (signal) =>
        call<LoggedModel>(`../2.0/mlflow/logged-models/m-${id}`, { signal }),
    );
    const info = load.data?.model.info;
    return (
        <div class="pair">
            <dt class="given">{info?.name ?? "Model"}</dt>
            <dd>
                <span class="grow">
                    <span class="muted">
                        {made ? "made" : "began with"}
                        {step ? ` at step ${step}` : ""}
                    </span>
                </span>
                <span class="pair-acts">
                    <code title={`m-${id}`}>{id.slice(0, 8)}…</code>
                    <Copy text={`m-${id}`} label="Copy the model's id" />
                </span>
            </dd>
        </div>
    );
}

export function Inputs({ run }: { run: Run }) {
    const { datasets = [], models_in: before = [], models_out: made = [] } = run;
    if (!datasets.length && !before.length && !made.length) return null;
    return (
        <Card title="Data and models">
            <dl class="pairs">
                {datasets.map((d, i) => (
                    <DatasetRow key={`${d.name} ${d.digest} ${i}`} run={run} dataset={d} />
                ))}
                {before.map((m) => (
                    <Model key={`in ${m.model}`} id={m.model} made={false} />
                ))}
                {made.map((m) => (
                    <Model key={`out ${m.model} ${m.step}`} id={m.model} made step={m.step} />
                ))}
            </dl>
        </Card>
    );
}
