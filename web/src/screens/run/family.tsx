// SPDX-License-Identifier: Apache-2.0
// The parent and the children of a run (MLflow's tag mlflow.parentRunId).
import { useState } from "preact/hooks";
import type { Run } from "../../api/client";
import { getRun, type RunPage, searchRuns } from "../../api/runs";
import { plural } from "../../base/format";
import { plainName, searchKey, searchText } from "../../base/text";
import { toCompare, toProject, toRun } from "../../routes";
import { Card } from "../../ui/card";
import { useFollow } from "../../ui/follow";
import { useLoad } from "../../ui/load";
import { Ago, Status } from "../../ui/parts";

const PARENT = "mlflow.parentRunId";
const SHOWN = 50;

function RunLine({ run, kin }: { run: Run; kin?: string }) {
    return (
        <li class="relative">
            <Status status={run.status} reason={run.reason} brief />
            <a class="grow clip given" href={toRun(run.project, run.id)} title={run.name}>
                {plainName(run.name) || run.id}
            </a>
            {kin && <span class="muted">{kin}</span>}
            {run.start_ms !== undefined && (
                <span class="muted">
                    <Ago ms={run.start_ms} />
                </span>
            )}
        </li>
    );
}

export function Family({ run }: { run: Run }) {
    const parentId = run.tags[PARENT] ?? "";
    const where = `tags.${searchKey(PARENT)} = ${searchText(run.id)}`;
    const findChildren = (signal?: AbortSignal): Promise<RunPage> =>
        searchRuns({ where, limit: SHOWN, columns: ["name"] }, signal);
    const parent = useLoad(`parent ${parentId}`, (signal) =>
        parentId ? getRun(parentId, signal).catch(() => null) : Promise.resolve(null),
    );
    const first = useLoad(where, findChildren);
    // What was read since; the first answer may come later than it, and is older.
    const [newer, setNewer] = useState<{ where: string; page: RunPage } | null>(null);
    // A child that begins or ends is an event of the project.
    useFollow(
        run.project,
        (news) => news.kind === "again" || (news.kind === "event" && news.event.kind.startsWith("run_")),
        async () => setNewer({ where, page: await findChildren() }),
    );
    const children = newer?.where === where ? newer.page : first.data;
    const list = children?.items ?? [];
    if (!parentId && !list.length) return null;
    return (
        <Card
            title="Family"
            extra={
                list.length > 0 && (
                    <>
                        <a href={toProject(run.project, { where })}>As a table</a>
                        <a href={toCompare(list.slice(0, 20).map((r) => r.id))}>Compare</a>
                    </>
                )
            }
        >
            {parentId && (
                <ul class="relatives">
                    {parent.data && <RunLine run={parent.data} kin="parent" />}
                    {parentId && parent.data === null && !parent.loading && (
                        <li class="relative muted">Its parent {parentId} is not here.</li>
                    )}
                </ul>
            )}
            {list.length > 0 && (
                <>
                    <p class="card-body muted">
                        {children?.next
                            ? `The newest ${SHOWN} of its children`
                            : plural(list.length, "child", "children")}
                    </p>
                    <ul class="relatives">
                        {list.map((r) => (
                            <RunLine key={r.id} run={r} />
                        ))}
                    </ul>
                </>
            )}
        </Card>
    );
}
