// SPDX-License-Identifier: Apache-2.0
// A family tree as things to draw: its nodes, the aliases that point at its versions (where they are live), and what they are to
// each other. Pure.
import type { Lineage, LineageEdge, LineageNode } from "../../api/lineage";
import { toLineage, toRepo, toRunById, toVersion } from "../../routes";

export interface Thing {
    key: string; // the same in a newer answer
    kind: LineageNode["kind"] | "ref" | "more";
    title: string;
    href: string;
    of: string; // whose lineage to ask for; empty: none
    about: string; // a word or two: state, digest
    faults: readonly string[]; // deleted, bad ...
    sealed: readonly string[]; // tags
    isRoot: boolean;
    steps: string; // "2 up"
}
export type Belief = LineageEdge["evidence"] | "recorded";
export interface Link {
    from: number; // what is newer
    to: number; // what it is made of
    word: string; // read from `from`: "fine-tune of"
    brief: string; // beside the line; empty: it goes without saying
    belief: Belief;
    proof: string;
}
export interface Graph {
    things: Thing[];
    links: Link[];
}

const KINDS: Record<Thing["kind"], string> = {
    version: "version",
    run: "run",
    model: "logged model",
    data: "data set",
    elsewhere: "elsewhere",
    ref: "alias",
    more: "all are in the table",
};
const REPO_KINDS = {
    model: "model",
    data: "data",
    prompt: "prompt",
    run: "run",
    release: "release",
} as const;

export const kindOf = (t: Thing): string => KINDS[t.kind];

function addressOf(n: LineageNode): string {
    if (n.kind === "version" && n.number !== undefined) return `${n.name}@${n.number}`;
    return n.kind === "elsewhere" ? n.name : (n.id ?? "");
}

function hrefOf(n: LineageNode): string {
    if (n.freed) return toLineage(addressOf(n));
    if (n.kind === "version" && n.number !== undefined) return toVersion(n.name, n.number);
    return n.kind === "run" && n.id ? toRunById(n.id) : toLineage(addressOf(n));
}

function titleOf(n: LineageNode): string {
    if (n.kind === "version" && n.number !== undefined) return `${n.name} v${n.number}`;
    return n.name || n.id || "";
}

function aboutOf(n: LineageNode): string {
    if (n.kind === "version") return n.repo_kind ? REPO_KINDS[n.repo_kind] : "";
    return n.kind === "data" ? (n.digest ?? "") : (n.status ?? "");
}

function faultsOf(n: LineageNode): string[] {
    const marks = n.marks ?? [];
    if (n.freed) return ["freed"];
    return n.deleted && !marks.includes("deleted") ? [...marks, "deleted"] : marks;
}

function stepsOf(n: LineageNode): string {
    if (n.up === 0 || n.down === 0) return "";
    return [n.up && `${n.up} up`, n.down && `${n.down} down`].filter(Boolean).join(", ");
}

const thingOf = (n: LineageNode): Thing => ({
    key: `${n.kind} ${n.id ?? addressOf(n)}`,
    kind: n.kind,
    title: titleOf(n),
    href: hrefOf(n),
    of: addressOf(n),
    about: aboutOf(n),
    faults: faultsOf(n),
    sealed: n.sealed ?? [],
    isRoot: n.up === 0 || n.down === 0,
    steps: stepsOf(n),
});

const WORDS: Record<Exclude<LineageEdge["link"], "derives-from">, string> = {
    "made-by": "made by",
    "is-model": "registered from",
    "used-data": "used",
    "used-model": "used",
    evaluated: "evaluated",
    "evaluated-on": "evaluated on",
    "same-content": "same content as",
};

// Only of what a version says that it derives from is it a question whether that is so.
function linkOf(e: LineageEdge): Link {
    const ends = { from: e.from, to: e.to, proof: e.proof ?? "" };
    if (e.link === "derives-from") {
        const relation = e.relation ?? "";
        const word = relation === "pins" ? "pins" : `${relation} of`;
        return { ...ends, word, brief: relation, belief: e.evidence };
    }
    const brief = e.link === "same-content" ? "same content" : "";
    return { ...ends, word: WORDS[e.link], brief, belief: "recorded" };
}

export function graphOf({ nodes, edges }: Lineage): Graph {
    const things = nodes.map(thingOf);
    const links = edges.map(linkOf);
    nodes.forEach((n, to) => {
        for (const alias of n.aliases ?? []) {
            links.push({
                from: things.length,
                to,
                word: "points at",
                brief: "",
                belief: "recorded",
                proof: "",
            });
            things.push({
                key: `ref ${n.name}@${alias}`,
                kind: "ref",
                title: alias,
                href: toRepo(n.name, { tab: "refs", ref: alias }),
                of: "",
                about: `of ${n.name}`,
                faults: [],
                sealed: [],
                isRoot: false,
                steps: "",
            });
        }
    });
    return { things, links };
}
