// SPDX-License-Identifier: Apache-2.0
// Keys in sections by what stands before their first "/" (or "."), in natural order or as the reader put them;
// keys that share theirs with no other are in one section, the first; what a system measures comes last. Pure.
import { matcher, naturally } from "../base/text";

export interface Section {
    readonly name: string; // "": keys without a prefix, or with one of their own
    readonly keys: readonly string[]; // that were searched for
    readonly all: readonly string[];
}

export function prefixOf(key: string): string {
    const slash = key.indexOf("/");
    const at = slash > 0 ? slash : key.indexOf(".");
    return at > 0 ? key.slice(0, at) : "";
}

const late = (name: string): number => (name === "system" || name === "sys" ? 1 : 0);

function byPrefix(keys: Iterable<string>): Map<string, string[]> {
    const all = new Map<string, string[]>();
    const put = (name: string, key: string): void => {
        const list = all.get(name);
        if (list) list.push(key);
        else all.set(name, [key]);
    };
    for (const key of keys) put(prefixOf(key), key);
    for (const [name, list] of [...all]) {
        if (!name || late(name) || list.length > 1) continue;
        all.delete(name);
        put("", list[0] as string);
    }
    return all;
}

export function sectionsOf(keys: readonly string[], find: string, order: readonly string[]): Section[] {
    const found = matcher(find);
    const place = new Map(order.map((key, i) => [key, i]));
    const placeOf = (key: string): number => place.get(key) ?? order.length;
    const byOrder = (a: string, b: string): number => placeOf(a) - placeOf(b) || naturally(a, b);
    // By all keys: a search moves no chart to another section.
    return [...byPrefix(new Set(keys))]
        .map(([name, list]) => ({ name, all: list.sort(byOrder), keys: list.filter(found) }))
        .filter((s) => s.keys.length > 0)
        .sort((a, b) => late(a.name) - late(b.name) || naturally(a.name, b.name));
}

// The order with one chart of a section before (or behind) another of it. What stands right by itself is left
// out, so that an address stays short and new charts find their place.
export function reordered(
    order: readonly string[],
    section: readonly string[],
    key: string,
    to: { key: string; after: boolean },
): string[] {
    const list = section.filter((k) => k !== key);
    list.splice(list.indexOf(to.key) + Number(to.after), 0, key);
    let kept = list.length - 1;
    while (kept > 0 && naturally(list[kept - 1] as string, list[kept] as string) <= 0) kept--;
    return [...order.filter((k) => !section.includes(k)), ...list.slice(0, kept)];
}

// Sections that are open at first: those within the first so many charts.
export function openAtFirst(sections: readonly Section[], most: number): Set<string> {
    const open = new Set<string>();
    let charts = 0;
    for (const s of sections) {
        if (charts > 0 && charts + s.keys.length > most) break;
        open.add(s.name);
        charts += s.keys.length;
    }
    return open;
}
