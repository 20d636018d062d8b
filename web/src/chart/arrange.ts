// SPDX-License-Identifier: Apache-2.0
// Keys in sections by what stands before their first "/" (or "."), in natural order; what a system measures comes last. Pure.
import { matcher, naturally } from "../base/text";

export interface Section {
    readonly name: string; // "": keys without a prefix
    readonly keys: readonly string[];
}

export function prefixOf(key: string): string {
    const slash = key.indexOf("/");
    const at = slash > 0 ? slash : key.indexOf(".");
    return at > 0 ? key.slice(0, at) : "";
}

const late = (name: string): number => (name === "system" || name === "sys" ? 1 : 0);

export function sectionsOf(keys: readonly string[], find: string): Section[] {
    const found = matcher(find);
    const all = new Map<string, string[]>();
    for (const key of new Set(keys)) {
        if (!found(key)) continue;
        const name = prefixOf(key);
        const list = all.get(name);
        if (list) list.push(key);
        else all.set(name, [key]);
    }
    return [...all]
        .map(([name, list]) => ({ name, keys: list.sort(naturally) }))
        .sort((a, b) => late(a.name) - late(b.name) || naturally(a.name, b.name));
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
