// SPDX-License-Identifier: Apache-2.0
// The state of the page is its address: a path and a query behind the '#', as MLflow's links have them. Reading
// `address` in a component makes it follow; go() and setQuery() change it. Nothing else keeps what a screen shows.
import { signal } from "@preact/signals";

export interface Address {
    readonly path: readonly string[];
    readonly query: URLSearchParams;
}

type Value = string | number | boolean | null | undefined | readonly string[];
export type Query = Readonly<Record<string, Value>>;

export function parseAddress(hash: string): Address {
    const text = hash.replace(/^#\/?/, "");
    const mark = text.indexOf("?");
    const path = mark < 0 ? text : text.slice(0, mark);
    return {
        path: path.split("/").filter(Boolean).map(unescaped),
        query: new URLSearchParams(mark < 0 ? "" : text.slice(mark + 1)),
    };
}

function unescaped(part: string): string {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

// null, undefined, false and "" remove a key; a list repeats it.
function put(into: URLSearchParams, key: string, value: Value): void {
    into.delete(key);
    if (value === null || value === undefined || value === false || value === "") return;
    if (Array.isArray(value)) for (const v of value) into.append(key, v);
    else into.set(key, value === true ? "1" : String(value));
}

export function formatAddress(
    path: readonly (string | number)[],
    query: URLSearchParams | Query = {},
): string {
    let params = query as URLSearchParams;
    if (!(query instanceof URLSearchParams)) {
        params = new URLSearchParams();
        for (const [key, value] of Object.entries(query)) put(params, key, value);
    }
    const tail = params.toString();
    return `#/${path.map((p) => encodeURIComponent(p)).join("/")}${tail ? `?${tail}` : ""}`;
}

// The last address that the browser was told, or will be.
let told = location.hash;

export const address = signal<Address>(parseAddress(told));
addEventListener("hashchange", () => {
    told = location.hash;
    address.value = parseAddress(told);
});

// Telling the browser may take longer than drawing, so it comes behind: what another address shows was asked for by then.
function tell(to: string, replace: boolean): void {
    told = to;
    setTimeout(() => history[replace ? "replaceState" : "pushState"](null, "", to));
}

// A step that the back button undoes, or (replace) a change of what is shown already.
export function go(to: string, { replace = false } = {}): void {
    if (to === told) return;
    address.value = parseAddress(to);
    tell(to, replace);
}

export function setQuery(change: Query, { replace = true } = {}): void {
    const query = new URLSearchParams(address.peek().query);
    for (const [key, value] of Object.entries(change)) put(query, key, value);
    go(formatAddress(address.peek().path, query), { replace });
}
