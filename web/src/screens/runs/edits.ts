// SPDX-License-Identifier: Apache-2.0
// What is changed about many runs, each with its way back.

import type { Run } from "../../api/client";
import { type BulkAct, bulk, changeRun, searchRuns } from "../../api/runs";
import { plural } from "../../base/format";
import { searchKey, searchText } from "../../base/text";
import { say } from "../../ui/toast";

type Undo = () => Promise<unknown>;

// Does it, tells what came of it, and shows the rows anew: also after the undo.
async function edit(
    act: BulkAct,
    ids: readonly string[],
    done: string,
    undo: Undo,
    refresh: Undo,
): Promise<void> {
    const result = await bulk(act, ids);
    const failed = result.failed[0];
    const what = `${done} ${plural(result.done, "run")}`;
    const rest = failed ? `. ${plural(result.failed.length, "run")} not: ${failed.detail}` : "";
    say(what + rest, async () => {
        await undo();
        await refresh();
    });
    await refresh();
}

export const deleteRuns = (ids: readonly string[], refresh: Undo): Promise<void> =>
    edit({ act: "delete" }, ids, "Deleted", () => bulk({ act: "restore" }, ids), refresh);

export const restoreRuns = (ids: readonly string[], refresh: Undo): Promise<void> =>
    edit({ act: "restore" }, ids, "Restored", () => bulk({ act: "delete" }, ids), refresh);

export const moveRuns = (ids: readonly string[], from: number, to: number, refresh: Undo): Promise<void> =>
    edit(
        { act: "move", project: to },
        ids,
        "Moved",
        () => bulk({ act: "move", project: from }, ids),
        refresh,
    );

// What these runs have under a tag: runs by value, and those without it.
async function tagsBefore(ids: readonly string[], key: string): Promise<Map<string | undefined, string[]>> {
    const before = new Map<string | undefined, string[]>();
    for (let at = 0; at < ids.length; at += 1000) {
        const part = ids.slice(at, at + 1000);
        const where = `id in (${part.map(searchText).join(", ")})`;
        const columns = [`tags.${searchKey(key)}`];
        const page = await searchRuns({ where, view: "all", columns, limit: part.length });
        for (const run of page.items) {
            const list = before.get(run.tags[key]) ?? [];
            list.push(run.id);
            before.set(run.tags[key], list);
        }
    }
    return before;
}

async function putBack(key: string, before: ReadonlyMap<string | undefined, string[]>): Promise<void> {
    for (const [value, ids] of before)
        await bulk(value === undefined ? { act: "untag", key } : { act: "tag", key, value }, ids);
}

export async function tagRuns(
    ids: readonly string[],
    key: string,
    value: string | null,
    refresh: Undo,
): Promise<void> {
    const before = await tagsBefore(ids, key);
    const act: BulkAct = value === null ? { act: "untag", key } : { act: "tag", key, value };
    await edit(act, ids, value === null ? "Untagged" : "Tagged", () => putBack(key, before), refresh);
}

export async function renameRun(run: Run, name: string, refresh: Undo): Promise<void> {
    await changeRun(run.id, { name });
    say(`Renamed to ${name}`, async () => {
        await changeRun(run.id, { name: run.name });
        await refresh();
    });
    await refresh();
}
