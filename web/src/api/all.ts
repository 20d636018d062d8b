// SPDX-License-Identifier: Apache-2.0
// A whole list, page by page: of what there are tens or hundreds.
import { call, type Page } from "./client";

const PAGE_MAX = 1000;

export async function all<T>(
    path: string,
    query: Record<string, string>,
    signal: AbortSignal,
    headers: Record<string, string> = {},
): Promise<T[]> {
    const items: T[] = [];
    let after: string | undefined;
    do {
        const page = await call<Page<T>>(path, {
            query: { ...query, limit: PAGE_MAX, after },
            headers,
            signal,
        });
        items.push(...page.items);
        after = page.next;
    } while (after);
    return items;
}
