// SPDX-License-Identifier: Apache-2.0
// Who uses how much, and what gc would free.
import { call, pathOf } from "./client";
import type { components } from "./schema";

export type Usage = components["schemas"]["Usage"];
export type Job = components["schemas"]["Job"];
export type UsageBy = "repo" | "project" | "user";

// The server walks through everything: it takes a while. `workspace`: of another one than the page's.
export async function usage(by: UsageBy, signal: AbortSignal, workspace?: string): Promise<Usage[]> {
    const headers = workspace ? { headers: { "X-MLflow-Workspace": workspace } } : {};
    return (await call<{ items: Usage[] }>("du", { query: { by }, signal, ...headers })).items;
}

// A job that only counts; it is of the whole server.
export const tryGc = (): Promise<Job> =>
    call("jobs", { json: { kind: "gc", argument: { dry_run: true, older_than_s: 0 } } });
export const getJob = (id: string): Promise<Job> => call(pathOf("jobs", id));
