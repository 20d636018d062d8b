// SPDX-License-Identifier: Apache-2.0
// The graph as a table: each thing, how far it is from what was asked for, and what it is made of.
import { useMemo } from "preact/hooks";
import { plainName } from "../../base/text";
import { toLineage } from "../../routes";
import { type CellColumn, CellTable } from "../../view/cell_table";
import { type Graph, kindOf, type Link, type Thing } from "./graph";

const COLUMNS: readonly CellColumn[] = [
    ["kind", "What", 14],
    ["title", "Name", 36],
    ["steps", "Steps", 16],
    ["about", "About", 22],
    ["of", "Made of", 72],
    ["lineage", "Lineage", 12],
];

interface Row {
    thing: Thing;
    links: Link[]; // to what it is made of
}

const said = (l: Link): string =>
    l.belief === "recorded" ? "" : ` (${l.belief}${l.proof ? `: ${l.proof}` : ""})`;

export function LineageTable({ graph, name }: { graph: Graph; name: string }) {
    const rows = useMemo(() => {
        const list = graph.things.map((thing): Row => ({ thing, links: [] }));
        for (const l of graph.links) list[l.from]?.links.push(l);
        return list;
    }, [graph]);
    const cell = ({ thing: t, links }: Row, column: string) => {
        if (column === "kind") return kindOf(t);
        if (column === "title")
            return (
                <a href={t.href} title={t.title} class={t.isRoot ? "lineage-asked" : ""}>
                    {plainName(t.title)}
                </a>
            );
        if (column === "steps") return t.isRoot ? "asked for" : t.steps;
        if (column === "about")
            return (
                <>
                    {[plainName(t.about), ...t.sealed.map((s) => `⚑ ${plainName(s)}`)]
                        .filter(Boolean)
                        .join(", ")}{" "}
                    {t.faults.length > 0 && <b class="bad">{t.faults.join(", ")}</b>}
                </>
            );
        if (column === "lineage") return t.of && !t.isRoot && <a href={toLineage(t.of)}>of this</a>;
        return links.map((l, i) => {
            const to = graph.things[l.to];
            return (
                <span key={i} title={`${l.word} ${to?.title}${said(l)}`}>
                    {i > 0 && ", "}
                    {l.word} <a href={to?.href}>{plainName(to?.title ?? "")}</a>
                    {said(l)}
                </span>
            );
        });
    };
    return (
        <div class="viewer lineage-table">
            <CellTable items={rows} columns={COLUMNS} label={name} cell={cell} />
        </div>
    );
}
