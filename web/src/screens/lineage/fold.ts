// SPDX-License-Identifier: Apache-2.0
// A graph that can be read however many things were made of one: of those from which nothing else was made and at which
// no alias points a few are drawn, and one more thing says how many there are besides. Pure.
import type { Graph, Link, Thing } from "./graph";

const MOST = 12; // that are made of one
const LEAST = 3; // fewer are not worth a thing of their own

// What is tied to the root by links that have no end among the hidden.
function reached({ things, links }: Graph, hidden: ReadonlySet<number>): Set<number> {
    const near = things.map((): number[] => []);
    for (const { from, to } of links) {
        if (hidden.has(from) || hidden.has(to)) continue;
        near[from]?.push(to);
        near[to]?.push(from);
    }
    const root = Math.max(
        0,
        things.findIndex((t) => t.isRoot),
    );
    const open = [root];
    const all = new Set(open);
    for (let i = open.pop(); i !== undefined; i = open.pop())
        for (const j of near[i] ?? []) if (!all.has(j)) all.add(j) && open.push(j);
    return all;
}

// By what they are made of: those that are not drawn.
function surplus({ things, links }: Graph): Map<number, number[]> {
    const hasMore = new Set(links.map((l) => l.to));
    const made = new Map<number, Set<number>>();
    for (const { from, to } of links) made.set(to, (made.get(to) ?? new Set()).add(from));
    const out = new Map<number, number[]>();
    for (const [parent, children] of made) {
        const plain = [...children].filter((i) => !hasMore.has(i) && !things[i]?.isRoot);
        const over = plain.slice(Math.max(0, MOST - (children.size - plain.length)));
        if (over.length >= LEAST) out.set(parent, over);
    }
    return out;
}

// `table`: where all of them are.
export function folded(graph: Graph, table: string): Graph {
    const over = surplus(graph);
    if (!over.size) return graph;
    const kept = reached(graph, new Set([...over.values()].flat()));
    const place = new Map([...kept].sort((a, b) => a - b).map((old, i) => [old, i]));
    const things = graph.things.filter((_, i) => kept.has(i));
    const links = graph.links.flatMap((l): Link[] => {
        const [from, to] = [place.get(l.from), place.get(l.to)];
        return from === undefined || to === undefined ? [] : [{ ...l, from, to }];
    });
    for (const [parent, children] of over) {
        const to = place.get(parent);
        if (to === undefined) continue;
        const of = graph.things[parent] as Thing;
        links.push({ from: things.length, to, word: "made from", brief: "", belief: "recorded", proof: "" });
        things.push({ ...MORE, key: `more ${of.key}`, title: `and ${children.length} more`, href: table });
    }
    return { things, links };
}

const MORE: Omit<Thing, "key" | "title" | "href"> = {
    kind: "more",
    of: "",
    about: "",
    faults: [],
    sealed: [],
    isRoot: false,
    steps: "",
};
