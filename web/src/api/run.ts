// SPDX-License-Identifier: Apache-2.0
// One run: reading and changing it.
import { call, type Page, pathOf, type Run } from "./client";

export interface TagChange {
    key: string;
    value?: string; // absent: the tag is taken away
}

export interface RunChange {
    name?: string;
    status?: Run["status"];
    project?: string | number;
    tags?: readonly TagChange[];
}

export interface RunSearch {
    projects?: readonly (string | number)[];
    where?: string;
    view?: "active" | "deleted" | "all";
    sort?: readonly string[];
    limit?: number;
    after?: string;
    columns?: readonly string[];
}

export const readRun = (id: string, signal?: AbortSignal): Promise<Run> =>
    call<Run>(pathOf("runs", id), signal ? { signal } : {});

export const changeRun = (id: string, change: RunChange): Promise<Run> =>
    call<Run>(pathOf("runs", id), { method: "PATCH", json: change });

export const deleteRun = (id: string): Promise<Run> => call<Run>(pathOf("runs", id), { method: "DELETE" });

export const restoreRun = (id: string): Promise<Run> =>
    call<Run>(pathOf("runs", id, "restore"), { method: "POST" });

export const findRuns = (search: RunSearch, signal?: AbortSignal): Promise<Page<Run>> =>
    call<Page<Run>>("runs/search", { json: search, ...(signal ? { signal } : {}) });
