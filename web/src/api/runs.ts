// SPDX-License-Identifier: Apache-2.0
// Runs, as the server has them: one, those of a search, and what is done to many.
import { type RunSearch, runAsk, searchAsk } from "./asks";
import { call, type Page, pathOf, type Run } from "./client";

export type { RunSearch } from "./asks";

export interface RunPage extends Page<Run> {
    total?: number;
}

export function searchRuns(search: RunSearch, signal?: AbortSignal): Promise<RunPage> {
    const [path, ask] = searchAsk(search);
    return call(path, signal ? { ...ask, signal } : ask);
}

export function getRun(run: string, signal?: AbortSignal): Promise<Run> {
    const [path, ask] = runAsk(run);
    return call(path, signal ? { ...ask, signal } : ask);
}

// In the order of the ids; one that is not there is a Problem of its own.
export const getRuns = (ids: readonly string[], signal: AbortSignal): Promise<Run[]> =>
    Promise.all(ids.map((id) => getRun(id, signal)));

export type BulkAct =
    | { act: "delete" | "restore" }
    | { act: "tag"; key: string; value: string }
    | { act: "untag"; key: string }
    | { act: "move"; project: string | number };

export interface BulkDone {
    done: number;
    failed: { run: string; detail: string }[];
}
const BULK_MOST = 1000;

export async function bulk(act: BulkAct, runs: readonly string[]): Promise<BulkDone> {
    const all: BulkDone = { done: 0, failed: [] };
    for (let at = 0; at < runs.length; at += BULK_MOST) {
        const part = await call<BulkDone>("runs/bulk", {
            json: { ...act, runs: runs.slice(at, at + BULK_MOST) },
        });
        all.done += part.done;
        all.failed.push(...part.failed);
    }
    return all;
}

export interface RunChange {
    name?: string;
    tags?: readonly { key: string; value: string | null }[];
    project?: string | number;
}
export const changeRun = (run: string, change: RunChange): Promise<Run> =>
    call(pathOf("runs", run), { method: "PATCH", json: change });

export const deleteRun = (run: string): Promise<Run> => call(pathOf("runs", run), { method: "DELETE" });
export const restoreRun = (run: string): Promise<Run> =>
    call(pathOf("runs", run, "restore"), { method: "POST" });
