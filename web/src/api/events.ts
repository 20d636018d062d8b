// SPDX-License-Identifier: Apache-2.0
// The log of what happened in the workspace, newest first.
import { call, type Event, type Page } from "./client";

export interface EventQuery {
    subject?: string; // a repo with its versions and refs by its name, a run by its id
    user?: string;
    kind?: readonly string[];
    since?: string;
    until?: string;
    after?: string | undefined;
    limit: number;
}

const PAGES_MAX = 10; // that are asked for one that is full: where few match, a page may be short or empty

export async function listEvents(query: EventQuery, signal: AbortSignal): Promise<Page<Event>> {
    const { limit } = query;
    const items: Event[] = [];
    let after = query.after;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
        const rest = { ...query, order: "newest", after, limit: limit - items.length };
        const page = await call<Page<Event>>("events", { query: rest, signal });
        items.push(...page.items);
        after = page.next;
        if (!after || items.length >= limit) break;
    }
    return after ? { items, next: after } : { items };
}
