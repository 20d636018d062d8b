// SPDX-License-Identifier: Apache-2.0
// The text of an address: a path and a query behind the '#'. A page is in one workspace, which its address names as MLflow's
// links do (?workspace=team); the addresses that it makes are in the same, and another workspace is another page
// (address.ts). Pure, but for `workspace`.
const WORKSPACE = "workspace";
const DEFAULT_WORKSPACE = "default";

export interface Address {
    readonly path: readonly string[];
    readonly query: URLSearchParams; // without the workspace
    readonly workspace: string; // "": the default one
}

type Value = string | number | boolean | null | undefined | readonly string[];
export type Query = Readonly<Record<string, Value>>;

export function parseAddress(hash: string): Address {
    const text = hash.replace(/^#\/?/, "");
    const mark = text.indexOf("?");
    const path = mark < 0 ? text : text.slice(0, mark);
    const query = new URLSearchParams(mark < 0 ? "" : text.slice(mark + 1));
    const named = query.get(WORKSPACE) ?? "";
    query.delete(WORKSPACE);
    return {
        path: path.split("/").filter(Boolean).map(unescaped),
        query,
        workspace: named === DEFAULT_WORKSPACE ? "" : named,
    };
}

// That of this page.
export const workspace = parseAddress(location.hash).workspace;

// A name under which this browser keeps something of the workspace: numbers of projects are its own.
export const keptName = (name: string): string => (workspace ? `${name}@${workspace}` : name);

function unescaped(part: string): string {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

// null, undefined, false and "" remove a key; a list repeats it.
export function put(into: URLSearchParams, key: string, value: Value): void {
    into.delete(key);
    if (value === null || value === undefined || value === false || value === "") return;
    if (Array.isArray(value)) for (const v of value) into.append(key, v);
    else into.set(key, value === true ? "1" : String(value));
}

export function formatAddress(
    path: readonly (string | number)[],
    query: URLSearchParams | Query = {},
    within = workspace,
): string {
    const isParams = query instanceof URLSearchParams;
    const params = new URLSearchParams(isParams ? query : "");
    if (!isParams) for (const [key, value] of Object.entries(query)) put(params, key, value);
    put(params, WORKSPACE, within);
    const tail = params.toString();
    return `#/${path.map((p) => encodeURIComponent(p)).join("/")}${tail ? `?${tail}` : ""}`;
}
