// SPDX-License-Identifier: Apache-2.0
// The text of an address: a path and a query behind the '#'. Pure.
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
export function put(into: URLSearchParams, key: string, value: Value): void {
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
