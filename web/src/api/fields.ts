// SPDX-License-Identifier: Apache-2.0
// Runs in numbers: groups with statistics, the names of what they have, and its values.
import { call, type FieldName, type FieldValue, type RunGroup } from "./client";
import { searchRuns } from "./runs";

export type View = "active" | "deleted" | "all";

// Which runs.
export interface Which {
    projects: readonly (string | number)[];
    where?: string | undefined;
    view: View;
}

export const groupRuns = (
    which: Which,
    by: readonly string[],
    of: readonly string[],
    signal?: AbortSignal,
): Promise<{ items: RunGroup[] }> =>
    call("runs/group", { json: { ...which, by, of }, ...(signal ? { signal } : {}) });

// Of metrics, configuration and tags: a thousand of each.
export async function readNames(project: number, signal: AbortSignal): Promise<FieldName[]> {
    const ask = (kind: FieldName["kind"]): Promise<{ items: FieldName[] }> =>
        call("names", { query: { project, kind, limit: 1000 }, signal });
    const parts = await Promise.all([ask("metric"), ask("config"), ask("tag")]);
    return parts.flatMap((p) => p.items);
}

export const readValues = (
    project: number,
    field: string,
    prefix: string,
    signal: AbortSignal,
): Promise<{ items: FieldValue[]; all: boolean }> =>
    call("values", { query: { project, field, prefix, limit: 40 }, signal });

// The ids of a part of an order, or of all of it.
export async function readIds(
    which: Which,
    sort: readonly string[],
    from = 0,
    to = Number.POSITIVE_INFINITY,
): Promise<string[]> {
    const ids: string[] = [];
    for (let skip = from; skip < to; skip += 1000) {
        const limit = Math.min(1000, to - skip);
        const page = await searchRuns({ ...which, sort, columns: ["name"], skip, limit });
        ids.push(...page.items.map((r) => r.id));
        if (!page.next) break;
    }
    return ids;
}
