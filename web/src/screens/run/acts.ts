// SPDX-License-Identifier: Apache-2.0
// What can be done with the run that is shown: for keys, the palette and the head's menus.
import { apiUrl, pathOf, type Run } from "../../api/client";
import { download, runHolder } from "../../api/files";
import { searchRuns } from "../../api/runs";
import { address, go } from "../../base/address";
import { searchText, shellWord } from "../../base/text";
import { toLineage, toRun } from "../../routes";
import type { Act } from "../../ui/acts";
import { commandAct, curlAct, linkAct } from "../../ui/copy_acts";
import { copy } from "../../ui/parts";
import { say, sayProblem } from "../../ui/toast";
import { bringBack, remove } from "./changes";

// The question that a dialog asks.
export type Asking = "rename" | "tag" | "move" | "compare" | null;

const GROUP = "Run";

const url = (run: Run, ...more: string[]): string => shellWord(apiUrl(pathOf("runs", run.id, ...more)));

const json = (method: string, to: string, body: object): string =>
    `curl -X ${method} -H 'Content-Type: application/json' ${to} -d ${shellWord(JSON.stringify(body))}`;

// The run before or after this one, in the order of their making (ids have it).
async function neighbour(run: Run, older: boolean): Promise<void> {
    try {
        const page = await searchRuns({
            projects: [run.project],
            where: `id ${older ? "<" : ">"} ${searchText(run.id)}`,
            sort: [older ? "id desc" : "id asc"],
            limit: 1,
            columns: ["name"],
        });
        const [next] = page.items;
        if (next) go(toRun(next.project, next.id, { tab: address.peek().query.get("tab") }));
        else say(older ? "This is the project's first run." : "This is the project's newest run.");
    } catch (e) {
        sayProblem(e);
    }
}

function editing(run: Run, ask: (what: Asking) => void): Act[] {
    return [
        {
            id: "run-compare",
            title: "Compare with …",
            group: GROUP,
            keys: ["c"],
            run: () => ask("compare"),
            command: `stemma runs compare ${run.id} OTHER`,
        },
        {
            id: "run-rename",
            title: "Rename",
            group: GROUP,
            keys: ["e"],
            run: () => ask("rename"),
            curl: json("PATCH", url(run), { name: "NAME" }),
        },
        {
            id: "run-tag",
            title: "Tag …",
            group: GROUP,
            keys: ["t"],
            run: () => ask("tag"),
            command: `stemma runs tag ${run.id} KEY=VALUE`,
            curl: json("PATCH", url(run), { tags: [{ key: "KEY", value: "VALUE" }] }),
        },
        {
            id: "run-move",
            title: "Move to another project …",
            group: GROUP,
            keys: ["m"],
            run: () => ask("move"),
            command: `stemma runs move ${run.id} --to PROJECT`,
            curl: json("PATCH", url(run), { project: "PROJECT" }),
        },
    ];
}

function copying(run: Run): Act[] {
    const command = `stemma runs show ${run.id}`;
    const curl = `curl ${url(run)}`;
    return [
        linkAct(GROUP),
        {
            id: "run-copy-id",
            title: "Copy the id",
            group: GROUP,
            run: () => copy(run.id, "Copied the id"),
        },
        commandAct(GROUP, command),
        curlAct(GROUP, curl),
    ];
}

function binActs(run: Run, shown: (run: Run) => void): Act[] {
    return [
        run.deleted
            ? {
                  id: "run-restore",
                  title: "Bring back from the bin",
                  group: GROUP,
                  run: () => bringBack(run, shown),
                  command: `stemma runs restore ${run.id}`,
                  curl: `curl -X POST ${url(run, "restore")}`,
              }
            : {
                  id: "run-delete",
                  title: "Delete",
                  group: GROUP,
                  keys: ["Delete"],
                  run: () => remove(run, shown),
                  command: `stemma runs delete ${run.id}`,
                  curl: `curl -X DELETE ${url(run)}`,
              },
    ];
}

export function actsOf(run: Run, shown: (run: Run) => void, ask: (what: Asking) => void): Act[] {
    return [
        ...editing(run, ask),
        {
            id: "run-tar",
            title: "Download all files (tar)",
            group: GROUP,
            run: () => download(`${runHolder(run.id)}/tar`, `${run.name || run.id}.tar`).catch(sayProblem),
            command: `stemma artifacts get ${run.id}`,
            curl: `curl -o files.tar ${url(run, "tar")}`,
        },
        {
            id: "run-lineage",
            title: "Show its lineage",
            group: GROUP,
            keys: ["l"],
            run: () => go(toLineage(run.id)),
            command: `stemma lineage ${run.id}`,
        },
        ...binActs(run, shown),
        ...copying(run),
        { id: "run-older", title: "Older run", group: GROUP, keys: ["j"], run: () => neighbour(run, true) },
        { id: "run-newer", title: "Newer run", group: GROUP, keys: ["k"], run: () => neighbour(run, false) },
    ];
}
