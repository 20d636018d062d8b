// SPDX-License-Identifier: Apache-2.0
// The one place that speaks HTTP with the server. Replies have the types of the OpenAPI page (schema.d.ts, made by
// `make reference`). A reply of 400 and more is thrown as a Problem; a server that does not answer is a Problem too, and
// `connection` tells the whole page. The token lives in this tab's session only.
import { signal } from "@preact/signals";
import { workspace } from "../base/parse_address";
import { dropToken, keepToken, tokenOf } from "../base/token";
import { type Ask, replyTo } from "./ask";
import type { components } from "./schema";

export { type Ask, apiUrl, pathOf } from "./ask";

type Schemas = components["schemas"];
export type Project = Schemas["Project"];
export type Run = Schemas["Run"];
export type Event = Schemas["Event"];
export type File = Schemas["File"];
export type Series = Schemas["Series"];
export type FieldName = Schemas["FieldName"];
export type FieldValue = Schemas["FieldValue"];
export type RunGroup = Schemas["RunGroup"];
export type FieldStatistics = Schemas["FieldStatistics"];
export type ConsolePage = Schemas["Console"];
export type ConsoleLine = Schemas["ConsoleLine"];
export interface Page<T> {
    items: T[];
    next?: string;
}

export class Problem extends Error {
    constructor(
        readonly status: number, // 0: no answer
        readonly code: string,
        detail: string,
        readonly at?: number, // byte of a search's text
    ) {
        super(detail);
    }
    get canRetry(): boolean {
        return this.status === 0 || this.status >= 500;
    }
}

export type Connection = "good" | "lost" | "unauthorised";
export const connection = signal<Connection>("good");

// Why the token of this tab does not count; empty: there is none.
export const refusal = signal("");

export const hasToken = (): boolean => tokenOf() !== "";

// Takes a token that the server knows. What was shown to somebody else is read anew.
export async function takeToken(token: string): Promise<void> {
    const had = hasToken();
    const reply = await replyTo("whoami", { headers: { Authorization: `Bearer ${token}` } });
    if (!reply.ok) throw await problemOf(reply);
    keepToken(token);
    if (had) location.reload();
    else connection.value = "good";
}

export function forgetToken(): void {
    dropToken();
    location.reload();
}

// May the browser read an address itself, as a link or a picture? It sends neither token nor workspace.
export const canLink = (): boolean => !workspace && !hasToken();

async function problemOf(reply: Response): Promise<Problem> {
    try {
        const p = (await reply.json()) as Schemas["Problem"];
        return new Problem(reply.status, p.code, p.detail, p.at);
    } catch {
        return new Problem(
            reply.status,
            "UNKNOWN",
            `The server answered ${reply.status} ${reply.statusText}.`,
        );
    }
}

// The raw reply; it is a success.
export async function send(path: string, ask: Ask = {}): Promise<Response> {
    const token = tokenOf();
    let reply: Response;
    try {
        reply = await replyTo(path, ask);
    } catch (e) {
        if (ask.signal?.aborted) throw e;
        connection.value = "lost";
        throw new Problem(0, "NO_ANSWER", "The server does not answer. This page goes on when it is back.");
    }
    if (reply.ok) {
        if (connection.peek() !== "good") connection.value = "good";
        return reply;
    }
    const problem = await problemOf(reply);
    if (reply.status !== 401) throw problem;
    // Another one may have been given meanwhile.
    if (token === tokenOf()) {
        refusal.value = token ? problem.message : "";
        connection.value = "unauthorised";
    }
    // What the server says to whom sends none is about the environment of programs.
    throw token ? problem : new Problem(401, problem.code, "This server shows nothing without a token.");
}

export async function call<T>(path: string, ask: Ask = {}): Promise<T> {
    const reply = await send(path, ask);
    return (await reply.json()) as T;
}

export const isAbort = (e: unknown): boolean => e instanceof DOMException && e.name === "AbortError";
