// SPDX-License-Identifier: Apache-2.0
// The one place that speaks HTTP with the server. Replies have the types of the OpenAPI page (schema.d.ts, made by
// `make reference`). A reply of 400 and more is thrown as a Problem; a server that does not answer is a Problem too, and
// `connection` tells the whole page. The token lives in this tab's session only.
import { signal } from "@preact/signals";
import type { components } from "./schema";

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

const BASE = new URL("api/v1/", document.baseURI.split("#")[0]).href;
const TOKEN = "stemma.token";

export function setToken(token: string): void {
    sessionStorage.setItem(TOKEN, token);
    connection.value = "good";
}

export const hasToken = (): boolean => Boolean(sessionStorage.getItem(TOKEN));

type Query = Readonly<Record<string, string | number | boolean | undefined | readonly string[]>>;

export function apiUrl(path: string, query: Query = {}): string {
    const url = new URL(path, BASE);
    for (const [key, value] of Object.entries(query)) {
        if (Array.isArray(value)) for (const v of value) url.searchParams.append(key, v);
        else if (value !== undefined && value !== false && value !== "")
            url.searchParams.set(key, String(value));
    }
    return url.href;
}

// Parts of a path as the server takes them: pathOf("runs", id, "files", "a/b c") keeps the slashes of the last.
export const pathOf = (...parts: (string | number)[]): string =>
    parts.map((p) => String(p).split("/").map(encodeURIComponent).join("/")).join("/");

export interface Ask {
    method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
    query?: Query;
    json?: unknown;
    body?: BodyInit;
    accept?: string;
    headers?: Record<string, string>;
    signal?: AbortSignal;
}

function requestOf(ask: Ask): RequestInit {
    const headers: Record<string, string> = { ...ask.headers };
    const token = sessionStorage.getItem(TOKEN);
    if (token) headers["Authorization"] = `Bearer ${token}`;
    if (ask.accept) headers["Accept"] = ask.accept;
    if (ask.json !== undefined) headers["Content-Type"] = "application/json";
    const body = ask.json === undefined ? ask.body : JSON.stringify(ask.json);
    const method = ask.method ?? (body === undefined ? "GET" : "POST");
    return { method, headers, body: body ?? null, signal: ask.signal ?? null, credentials: "same-origin" };
}

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

// Answers that were asked for before there was anybody to take them.
const early = new Map<string, Promise<Response>>();
const EARLY_MS = 5000; // then they are old
const earlyKey = (url: string, request: RequestInit): string =>
    `${request.method} ${url} ${request.body ?? ""}`;

// The next who asks the same takes this answer.
export function askEarly(path: string, ask: Ask): void {
    const [url, request] = [apiUrl(path, ask.query), requestOf(ask)];
    const key = earlyKey(url, request);
    const reply = fetch(url, request);
    reply.catch(() => undefined); // told to whom takes it
    early.set(key, reply);
    setTimeout(() => early.delete(key), EARLY_MS);
}

async function replyTo(path: string, ask: Ask): Promise<Response> {
    const [url, request] = [apiUrl(path, ask.query), requestOf(ask)];
    const key = earlyKey(url, request);
    const begun = early.get(key);
    if (!begun) return fetch(url, request);
    early.delete(key);
    const reply = await begun;
    ask.signal?.throwIfAborted();
    return reply;
}

// The raw reply; it is a success.
export async function send(path: string, ask: Ask = {}): Promise<Response> {
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
    if (reply.status === 401) connection.value = "unauthorised";
    throw problem;
}

export async function call<T>(path: string, ask: Ask = {}): Promise<T> {
    const reply = await send(path, ask);
    return (await reply.json()) as T;
}

export const isAbort = (e: unknown): boolean => e instanceof DOMException && e.name === "AbortError";
