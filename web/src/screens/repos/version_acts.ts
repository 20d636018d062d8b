// SPDX-License-Identifier: Apache-2.0
// What can be done with the version that is shown: for keys, the palette and the head's menus.
import { apiUrl } from "../../api/client";
import { download } from "../../api/files";
import { isNewest, refPath, type Version, versionPath } from "../../api/repos";
import { go, workspace } from "../../base/address";
import { inWorkspace } from "../../base/command";
import { shellWord } from "../../base/text";
import { toDiff, toLineage, toVersion } from "../../routes";
import type { Act } from "../../ui/acts";
import { linkAct } from "../../ui/copy_acts";
import { copy } from "../../ui/parts";
import { say, sayProblem } from "../../ui/toast";

// The question that a dialog asks.
export type Asking =
    | { what: "alias" | "tag"; name?: string }
    | { what: "back"; from: readonly string[] }
    | { what: "mark" }
    | { what: "unmark"; mark: "yanked" | "bad" }
    | { what: "approve"; ref?: string; withdraw?: boolean }
    | { what: "describe" }
    | { what: "delete" }
    | null;

const GROUP = "Version";

const url = (path: string): string => shellWord(apiUrl(path));
const json = (method: string, path: string, body: object): string =>
    `curl -X ${method} -H 'Content-Type: application/json' ${url(path)} -d ${shellWord(JSON.stringify(body))}`;

function refActs(v: Version, ask: (what: Asking) => void): Act[] {
    const at = shellWord(`${v.repo}@${v.number}`);
    const alias = v.aliases[0] ?? "prod";
    return [
        {
            id: "version-alias",
            title: "Set or move an alias …",
            group: GROUP,
            keys: ["a"],
            run: () => ask({ what: "alias" }),
            command: `stemma alias ${at} ${shellWord(alias)} -m WHY`,
            curl: json("PUT", refPath(v.repo, alias), { version: v.number, reason: "WHY" }),
        },
        {
            id: "version-tag",
            title: "Seal a tag …",
            group: GROUP,
            keys: ["s"],
            run: () => ask({ what: "tag" }),
            command: `stemma tag ${at} v1.0.0 -m WHY`,
            curl: json("PUT", refPath(v.repo, "v1.0.0"), { version: v.number, kind: "tag", reason: "WHY" }),
        },
        {
            id: "version-approve",
            title: "Approve …",
            group: GROUP,
            keys: ["p"],
            run: () => ask({ what: "approve" }),
            command: `stemma approve ${at} prod -m WHY`,
            curl: json("POST", `${versionPath(v.repo, v.number)}/approve`, { ref: "prod", reason: "WHY" }),
        },
        {
            id: "version-back",
            title: "Roll back …",
            group: GROUP,
            keys: ["r"],
            enabled: v.aliases.length > 0,
            run: () => ask({ what: "back", from: v.aliases }),
            command: `stemma rollback ${shellWord(`${v.repo}@${alias}`)} -m WHY`,
            curl: json("POST", `${refPath(v.repo, alias)}/rollback`, { reason: "WHY" }),
        },
    ];
}

function ownActs(v: Version, ask: (what: Asking) => void): Act[] {
    const at = shellWord(`${v.repo}@${v.number}`);
    const path = versionPath(v.repo, v.number);
    const marks = v.marks.flatMap((m) => (m.mark === "deleted" ? [] : [m.mark]));
    return [
        {
            id: "version-mark",
            title: "Mark as yanked or bad …",
            group: GROUP,
            keys: ["m"],
            enabled: marks.length < 2,
            run: () => ask({ what: "mark" }),
            command: `stemma mark ${at} bad -m WHY`,
            curl: json("POST", `${path}/mark`, { mark: "bad", reason: "WHY" }),
        },
        ...marks.map((mark) => ({
            id: `version-unmark-${mark}`,
            title: `Take the mark ${mark} away …`,
            group: GROUP,
            run: () => ask({ what: "unmark", mark }),
            command: `stemma unmark ${at} ${mark} -m WHY`,
        })),
        {
            id: "version-describe",
            title: "Change the description …",
            group: GROUP,
            keys: ["e"],
            run: () => ask({ what: "describe" }),
            curl: json("PATCH", path, { description: "TEXT" }),
        },
        {
            id: "version-tar",
            title: "Download all files (tar)",
            group: GROUP,
            enabled: v.content !== undefined,
            run: () => download(`${path}/tar`, `${v.repo}-${v.number}.tar`).catch(sayProblem),
            command: `stemma pull ${at}`,
            curl: `curl -o files.tar ${url(`${path}/tar`)}`,
        },
        {
            id: "version-delete",
            title: "Delete …",
            group: GROUP,
            keys: ["Delete"],
            run: () => ask({ what: "delete" }),
            command: `stemma delete ${at} -m WHY`,
            curl: json("DELETE", path, { reason: "WHY" }),
        },
    ];
}

function copies(v: Version): Act[] {
    const name = `${v.repo}@${v.number}`;
    const line = (id: string, title: string, text: string, keys?: string[]): Act => ({
        id: `copy-${id}`,
        title,
        group: GROUP,
        run: () => copy(text, "Copied"),
        ...(keys ? { keys } : {}),
    });
    return [
        linkAct(GROUP),
        line("address", "Copy the address", workspace ? `${workspace}/${name}` : name, ["c"]),
        ...(v.content ? [line("digest", "Copy the digest", v.content)] : []),
        line("pull", "Copy as command line", inWorkspace(`stemma pull ${shellWord(name)}`)),
        line("mlflow", "Copy for MLflow", `models:/${v.repo}/${v.number}`),
        line("curl", "Copy as curl", inWorkspace(`curl ${url(versionPath(v.repo, v.number))}`)),
    ];
}

async function stepOn(v: Version): Promise<void> {
    try {
        if (await isNewest(v)) say(`v${v.number} is the newest version`);
        else go(toVersion(v.repo, v.number + 1));
    } catch (e) {
        sayProblem(e);
    }
}

// `before`: the number of the version before it; 0: none.
export function actsOf(v: Version, before: number, ask: (what: Asking) => void): Act[] {
    return [
        ...(v.deleted ? [] : [...refActs(v, ask), ...ownActs(v, ask)]),
        ...copies(v),
        {
            id: "version-diff",
            title: "Compare with the version before",
            group: GROUP,
            keys: ["d"],
            enabled: before > 0 && !v.deleted,
            run: () => go(toDiff(v.repo, before, v.number)),
            command: `stemma diff ${shellWord(`${v.repo}@${before}`)} ${shellWord(`${v.repo}@${v.number}`)}`,
        },
        {
            id: "version-lineage",
            title: "Show its lineage",
            group: GROUP,
            keys: ["l"],
            run: () => go(toLineage(`${v.repo}@${v.number}`)),
            command: `stemma lineage ${shellWord(`${v.repo}@${v.number}`)}`,
        },
        {
            id: "older",
            title: "Version before",
            group: GROUP,
            keys: ["j"],
            enabled: v.number > 1,
            run: () => go(toVersion(v.repo, v.number - 1)),
        },
        { id: "newer", title: "Version behind", group: GROUP, keys: ["k"], run: () => stepOn(v) },
    ];
}
