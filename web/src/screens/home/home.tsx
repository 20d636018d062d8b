// SPDX-License-Identifier: Apache-2.0
// Home: the projects, what changed last first. An empty server shows how to log a first run, and turns into the list
// when it arrives. The address holds the filter (`q`) and whether the bin is shown (`view`).
import { useState } from "preact/hooks";
import { apiUrl, type Page } from "../../api/client";
import { createProject, listProjects, type ProjectNow } from "../../api/projects";
import { address, go, setQuery } from "../../base/address";
import { plural } from "../../base/format";
import { matcher } from "../../base/text";
import { toProject } from "../../routes";
import { useActs } from "../../ui/acts";
import { Crumbs } from "../../ui/crumbs";
import { AskText } from "../../ui/dialog";
import { Find } from "../../ui/find";
import { useFollow } from "../../ui/follow";
import { useLoad } from "../../ui/load";
import { copyLine, Empty, Failed, Skeleton } from "../../ui/parts";
import { sayProblem } from "../../ui/toast";
import { FirstRun } from "./first_run";
import { ProjectList } from "./project_list";
import "./home.css";

const REST = { least: 1000, most: 1000 };

// All pages: a server has tens or hundreds of projects.
async function allProjects(signal: AbortSignal, view: string): Promise<ProjectNow[]> {
    const items: ProjectNow[] = [];
    let after: string | undefined;
    do {
        const page: Page<ProjectNow> = await listProjects(signal, after, view);
        items.push(...page.items);
        after = page.next;
    } while (after);
    return items;
}

// MLflow's own first experiment, when nothing is in it, is not something that somebody made.
const isUntouched = (projects: readonly ProjectNow[]): boolean =>
    projects.every((p) => p.number === 0 && !p.activity?.runs);

export function Home() {
    const { query } = address.value;
    const view = query.get("view") === "deleted" ? "deleted" : "active";
    const [creating, setCreating] = useState(false);
    const list = useLoad(view, (signal) => allProjects(signal, view));
    // Whatever happens anywhere may change the list.
    useFollow(
        null,
        () => true,
        async () => list.reload(),
        REST,
    );
    useActs([
        {
            id: "new-project",
            title: "New project …",
            group: "Projects",
            keys: ["n"],
            run: () => setCreating(true),
            command: "stemma projects create NAME",
        },
        {
            id: "find-project",
            title: "Filter the projects",
            group: "Projects",
            keys: ["f"],
            run: () => document.getElementById("find-project")?.focus(),
        },
        {
            id: "bin-projects",
            title: view === "deleted" ? "Leave the bin" : "Projects in the bin",
            group: "Projects",
            run: () => setQuery({ view: view === "deleted" ? null : "deleted" }),
        },
        {
            id: "curl-projects",
            title: "Copy this list as curl",
            group: "Projects",
            run: () => copyLine(`curl ${apiUrl("projects")}`),
            command: "stemma projects list",
        },
    ]);
    const find = query.get("q") ?? "";
    const found = list.data?.filter((p) => matcher(find)(p.name));

    if (list.problem && !list.data) return <Failed whole problem={list.problem} retry={list.reload} />;
    if (!found) return <Skeleton lines={8} />;
    if (view === "active" && isUntouched(list.data ?? [])) return <FirstRun />;
    return (
        <div class="home">
            <Crumbs list={[{ title: view === "deleted" ? "Projects in the bin" : "Projects" }]} />
            <div class="row">
                <h1 class="grow">{view === "deleted" ? "Projects in the bin" : "Projects"}</h1>
                <Find
                    id="find-project"
                    label="Filter the projects"
                    placeholder="Filter (regular expression)"
                    value={find}
                    change={(text) => setQuery({ q: text })}
                />
                <button
                    type="button"
                    class="button"
                    onClick={() => setQuery({ view: view === "deleted" ? null : "deleted" })}
                >
                    {view === "deleted" ? "Leave the bin" : "Bin"}
                </button>
                <button type="button" class="button strong" onClick={() => setCreating(true)}>
                    New project
                </button>
            </div>
            <p class="muted">{plural(found.length, "project")}</p>
            {found.length ? (
                <ProjectList projects={found} reload={list.reload} deleted={view === "deleted"} />
            ) : (
                <Nothing find={find} />
            )}
            {creating && <Create close={() => setCreating(false)} />}
        </div>
    );
}

function Nothing({ find }: { find: string }) {
    if (!find) return <Empty title="Nothing is here" />;
    return (
        <Empty title={`No project matches ${find}`}>
            <button type="button" class="button" onClick={() => setQuery({ q: null })}>
                Show all
            </button>
        </Empty>
    );
}

function Create({ close }: { close: () => void }) {
    return (
        <AskText
            title="New project"
            label="Name"
            act="Create"
            close={close}
            done={(name) => {
                createProject(name).then((p) => go(toProject(p.number)), sayProblem);
            }}
        />
    );
}
