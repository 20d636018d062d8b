// SPDX-License-Identifier: Apache-2.0
// Configuration as a tree: keys are split at "/" and ".", values that are JSON objects go on as branches, a branch with a
// single branch below is one row. Pure.
import { naturally } from "../base/text";
import { exactText, isRaw, parseExactly, rawText } from "./json";

export interface Branch {
    name: string; // as it is shown: may be several parts of a key
    path: string; // the key up to here
    value?: string; // a leaf, or a key that is also the beginning of others
    children: Branch[];
    leaves: number;
}

interface Node {
    name: string;
    path: string;
    value?: string;
    children: Map<string, Node>;
}

const node = (name: string, path: string): Node => ({ name, path, children: new Map() });

function childOf(parent: Node, name: string, path: string): Node {
    let child = parent.children.get(name);
    if (!child) {
        child = node(name, path);
        parent.children.set(name, child);
    }
    return child;
}

const DEEPEST = 20; // more parts than that stay one name

function put(root: Node, key: string, value: string): void {
    let at = root;
    let from = 0;
    for (let depth = 0; depth < DEEPEST; depth++) {
        const end = from + key.slice(from).search(/(?<=[^/.])[/.](?=[^/.])/);
        if (end < from) break;
        at = childOf(at, key.slice(from, end), key.slice(0, end));
        from = end + 1;
    }
    const leaf = childOf(at, key.slice(from), key);
    const object = objectOf(value);
    if (!object) leaf.value = value;
    else for (const [k, v] of Object.entries(object)) putJson(leaf, k, v, 0);
}

function putJson(parent: Node, key: string, value: unknown, depth: number): void {
    const child = childOf(parent, key, `${parent.path}.${key}`);
    if (value && typeof value === "object" && !Array.isArray(value) && depth < DEEPEST)
        for (const [k, v] of Object.entries(value)) putJson(child, k, v, depth + 1);
    else if (isRaw(value)) child.value = rawText(value);
    else child.value = typeof value === "string" ? value : exactText(value);
}

function objectOf(value: string): object | null {
    if (!value.startsWith("{") || value.length > 100_000) return null;
    try {
        const read: unknown = parseExactly(value);
        return read && typeof read === "object" && Object.keys(read).length ? read : null;
    } catch {
        return null;
    }
}

function branchOf(from: Node): Branch {
    let at = from;
    let name = from.name;
    for (;;) {
        const [only] = at.children.values();
        if (at.children.size !== 1 || at.value !== undefined || !only || !only.children.size) break;
        name = `${name}${only.path.charAt(at.path.length)}${only.name}`;
        at = only;
    }
    const children = [...at.children.values()].map(branchOf).sort(byKind);
    const own = at.value === undefined ? 0 : 1;
    return {
        name,
        path: at.path,
        ...(at.value === undefined ? {} : { value: at.value }),
        children,
        leaves: children.reduce((sum, c) => sum + c.leaves, own),
    };
}

// Leaves before branches, each in natural order.
const byKind = (a: Branch, b: Branch): number =>
    Number(a.children.length > 0) - Number(b.children.length > 0) || naturally(a.name, b.name);

export function treeOf(config: Readonly<Record<string, string>>, keep: (text: string) => boolean): Branch[] {
    const root = node("", "");
    for (const [key, value] of Object.entries(config)) {
        if (keep(key) || keep(value)) put(root, key, value);
    }
    return [...root.children.values()].map(branchOf).sort(byKind);
}

export type ValueKind = "number" | "truth" | "nothing" | "list" | "text";

// How a value looks: everything arrives as text.
export function kindOf(value: string): ValueKind {
    if (/^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) || /^[+-]?(inf|infinity|nan)$/i.test(value))
        return "number";
    if (/^(true|false|yes|no)$/i.test(value)) return "truth";
    if (/^(none|null|)$/i.test(value)) return "nothing";
    return /^[[({]/.test(value) ? "list" : "text";
}
