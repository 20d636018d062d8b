// SPDX-License-Identifier: Apache-2.0
// A request as the server's API takes it, and answers that are asked for before there is anybody to take them. The first
// script of the page asks (early.ts), the others take: so the answers lie beside both, and nothing here needs much else.
import { workspace } from "../base/parse_address";
import { tokenOf } from "../base/token";

const BASE = new URL("api/v1/", document.baseURI.split("#")[0]).href;
// A name that is none is no header either: escaped, it is what the server does not know.
const WORKSPACE_HEADER: Readonly<Record<string, string>> = workspace
    ? { "X-MLflow-Workspace": encodeURIComponent(workspace) }
    : {};

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
    const headers: Record<string, string> = { ...WORKSPACE_HEADER, ...ask.headers };
    const token = tokenOf();
    if (token) headers["Authorization"] ??= `Bearer ${token}`;
    if (ask.accept) headers["Accept"] = ask.accept;
    if (ask.json !== undefined) headers["Content-Type"] = "application/json";
    const body = ask.json === undefined ? ask.body : JSON.stringify(ask.json);
    const method = ask.method ?? (body === undefined ? "GET" : "POST");
    return { method, headers, body: body ?? null, signal: ask.signal ?? null, credentials: "same-origin" };
}

declare global {
    var stemmaEarly: Map<string, Promise<Response>> | undefined;
}
globalThis.stemmaEarly ??= new Map();
const early = globalThis.stemmaEarly;
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

export async function replyTo(path: string, ask: Ask): Promise<Response> {
    const [url, request] = [apiUrl(path, ask.query), requestOf(ask)];
    const key = earlyKey(url, request);
    const begun = early.get(key);
    if (!begun) return fetch(url, request);
    early.delete(key);
    const reply = await begun;
    ask.signal?.throwIfAborted();
    return reply;
}
