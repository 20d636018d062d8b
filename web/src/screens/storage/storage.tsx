// SPDX-License-Identifier: Apache-2.0
// Storage: what versions, runs and people use, how much of that is shared, and what could be freed. The address says by what
// (`by`). It is counted when it is asked for, and again only when the reader wants it: the server walks through everything.
import { useState } from "preact/hooks";
import { apiUrl } from "../../api/client";
import { type UsageBy, usage } from "../../api/storage";
import { listWorkspaces } from "../../api/workspaces";
import { address } from "../../base/address";
import { toStorage } from "../../routes";
import { useActs } from "../../ui/acts";
import { Crumbs } from "../../ui/crumbs";
import { useLoad } from "../../ui/load";
import { copyLine, Empty, Failed, Skeleton } from "../../ui/parts";
import { Tabs } from "../../ui/tabs";
import { Gc } from "./gc";
import { type Row, rowOf, rowOfWorkspace } from "./rows";
import { StorageTable } from "./table";
import "../repos/repos.css";
import "./storage.css";

const WAYS = ["repo", "project", "user", "workspace"] as const;
type Way = (typeof WAYS)[number];
const TITLES: Record<Way, string> = {
    repo: "By repo",
    project: "By project",
    user: "By user",
    workspace: "By workspace",
};

async function read(by: Way, signal: AbortSignal): Promise<Row[]> {
    if (by !== "workspace") return (await usage(by, signal)).map((u) => rowOf(u, by));
    const rows: Row[] = [];
    for (const { name } of await listWorkspaces(signal))
        rows.push(
            rowOfWorkspace(name, await usage("repo", signal, name), await usage("project", signal, name)),
        );
    return rows;
}

export function Storage() {
    const asked = address.value.query.get("by");
    const by = WAYS.find((w) => w === asked) ?? "repo";
    return (
        <div class="repos">
            <Crumbs list={[{ title: "Storage" }]} />
            <h1>Storage</h1>
            <Tabs
                label="Ways to count"
                current={by}
                tabs={WAYS.map((id) => ({
                    id,
                    title: TITLES[id],
                    href: toStorage({ by: id === "repo" ? null : id }),
                }))}
            />
            <Counted key={by} by={by} />
            <Gc />
        </div>
    );
}

function Counted({ by }: { by: Way }) {
    const [turn, setTurn] = useState(0);
    const load = useLoad(`${by} ${turn}`, (signal) => read(by, signal));
    const again = (): void => setTurn((t) => t + 1);
    const of: UsageBy = by === "workspace" ? "repo" : by;
    useActs([
        { id: "storage-again", title: "Count again", group: "Storage", keys: ["u"], run: again },
        {
            id: "storage-curl",
            title: "Copy as curl",
            group: "Storage",
            run: () => copyLine(`curl '${apiUrl("du", { by: of })}'`, "Copied the curl command"),
            command: `stemma du --by ${of}`,
        },
    ]);
    if (load.problem) return <Failed problem={load.problem} retry={load.reload} />;
    if (!load.data) return <Skeleton lines={8} />;
    if (!load.data.length)
        return (
            <Empty title="Nothing is stored yet">
                <p>{by === "repo" ? "No repo has a version." : "Nobody has logged a run."}</p>
            </Empty>
        );
    return <StorageTable rows={load.data} by={by} busy={load.loading} again={again} />;
}
