// SPDX-License-Identifier: Apache-2.0
// The graph of a family tree: what is made of it, and where its things stand.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lineage, LineageNode } from "../src/api/lineage";
import { labelsOf, nearest } from "../src/screens/lineage/drawing";
import { folded } from "../src/screens/lineage/fold";
import { graphOf } from "../src/screens/lineage/graph";
import { columnsOf, layoutOf, pathOf } from "../src/screens/lineage/layout";

const SIZE = { wide: 100, tall: 40, across: 50, between: 10 };
const link = (from: number, to: number) => ({ from, to });

test("what is made of something stands right of it, lines pass between", () => {
    // 0 data, 1 run, 2 version, 3 version of 2, 4 data of the second run only
    const links = [link(1, 0), link(2, 1), link(3, 2), link(3, 0), link(3, 4)];
    assert.deepEqual(columnsOf(5, links), [0, 1, 2, 3, 0]);
    const { at, lines, wide, tall } = layoutOf(5, links, SIZE);
    assert.deepEqual(
        at.map((p) => p.x),
        [0, 150, 300, 450, 300], // the second data set stands next to what was made of it
    );
    assert.equal(wide, 550);
    for (const [i, l] of links.entries()) {
        const line = lines[i] ?? [];
        assert.deepEqual([line[0]?.x, line.at(-1)?.x], [(at[l.to]?.x ?? 0) + 100, at[l.from]?.x]);
        assert.ok(line.every((p) => p.y >= 0 && p.y <= tall));
    }
    const boxes = at.map((p) => `${p.x} ${p.y}`);
    assert.equal(new Set(boxes).size, 5);
    assert.equal(nearest(at, 0, [1, 0]), 1);
    assert.equal(nearest(at, 0, [-1, 0]), 0);
    assert.match(pathOf(lines[0] ?? []), /^M100 [\d.]+[LC]/);
});

test("circles and links to itself have places too", () => {
    const { at } = layoutOf(3, [link(0, 1), link(1, 2), link(2, 0), link(1, 1)], SIZE);
    assert.equal(at.length, 3);
    assert.equal(new Set(at.map((p) => `${p.x} ${p.y}`)).size, 3);
    assert.deepEqual(layoutOf(0, [], SIZE).at, []);
});

test("lines that would take too many places go straight", () => {
    const links = Array.from({ length: 400 }, (_, i) => [link(i + 1, i), link(i + 1, 0)]).flat();
    const { lines } = layoutOf(401, links, SIZE);
    const places = lines.reduce((sum, l) => sum + l.length - 2, 0);
    assert.ok(places > 30_000 && places <= 40_000, `${places}`); // two points each
    assert.equal(lines.at(-1)?.length, 2);
});

test("few lines cross", () => {
    // Three chains that are given crosswise.
    const links = [link(3, 2), link(4, 0), link(5, 1), link(6, 4), link(7, 5), link(8, 3)];
    const { at } = layoutOf(9, links, SIZE);
    for (const { from, to } of links) assert.equal(at[from]?.y, at[to]?.y);
});

test("aliases are things that point at a version, and only derivations are a question of belief", () => {
    const node = (more: Partial<LineageNode>): LineageNode => ({
        kind: "version",
        name: "bot",
        deleted: false,
        freed: false,
        ...more,
    });
    const graph = graphOf({
        nodes: [
            node({ number: 2, aliases: ["prod"], marks: ["bad"], up: 0, down: 0 }),
            node({ kind: "run", id: "ab", name: "train", status: "finished", up: 1 }),
            node({ name: "base", number: 1, up: 1, deleted: true, marks: ["deleted"] }),
            node({ kind: "elsewhere", name: "s3://b/c", up: 2 }),
        ],
        edges: [
            { from: 0, to: 1, link: "made-by", evidence: "declared" },
            {
                from: 0,
                to: 2,
                link: "derives-from",
                relation: "adapter",
                evidence: "verified",
                proof: "names it",
            },
            { from: 0, to: 2, link: "evaluated-on", evidence: "declared" },
        ],
    });
    assert.deepEqual(
        graph.things.map((t) => [t.kind, t.title, t.href, t.faults.join(), t.steps]),
        [
            ["version", "bot v2", "#/repos/bot/versions/2", "bad", ""],
            ["run", "train", "#/runs/ab", "", "1 up"],
            ["version", "base v1", "#/repos/base/versions/1", "deleted", "1 up"],
            ["elsewhere", "s3://b/c", "#/lineage/s3%3A%2F%2Fb%2Fc", "", "2 up"],
            ["ref", "prod", "#/repos/bot?tab=refs&ref=prod", "", ""],
        ],
    );
    assert.deepEqual(
        graph.links.map((l) => [l.word, l.belief]),
        [
            ["made by", "recorded"],
            ["adapter of", "verified"],
            ["evaluated on", "recorded"],
            ["points at", "recorded"],
        ],
    );
});

const many = (count: number): Lineage => ({
    nodes: [
        { kind: "version", name: "base", number: 1, up: 0, down: 0, deleted: false, freed: false },
        ...Array.from({ length: count }, (_, i) => ({
            kind: "version" as const,
            name: "bot",
            number: i + 1,
            down: 1,
            deleted: false,
            freed: false,
            ...(i === count - 1 ? { aliases: ["prod"] } : {}),
        })),
        ...Array.from({ length: count }, (_, i) => ({
            kind: "run" as const,
            id: `r${i}`,
            name: `run ${i}`,
            deleted: false,
            freed: false,
        })),
    ],
    edges: Array.from({ length: count }, (_, i) => [
        {
            from: i + 1,
            to: 0,
            link: "derives-from" as const,
            relation: "fine-tune" as const,
            evidence: "declared" as const,
        },
        { from: i + 1, to: 0, link: "same-content" as const, evidence: "verified" as const },
        { from: i + 1, to: count + i + 1, link: "made-by" as const, evidence: "declared" as const },
    ]).flat(),
});

test("of many that were made of one a few are drawn, with what is live, and the rest is counted", () => {
    const whole = graphOf(many(120));
    const { things, links } = folded(whole, "#/table");
    const more = things.find((t) => t.kind === "more");
    assert.deepEqual([more?.title, more?.href], ["and 108 more", "#/table"]);
    const titles = things.map((t) => t.title);
    assert.ok(titles.includes("bot v120") && titles.includes("prod"), "an alias points there");
    assert.ok(
        titles.includes("run 0") && !titles.includes("run 50"),
        "what is tied to a hidden one alone is hidden too",
    );
    assert.equal(things.length, 1 + 12 + 12 + 1 + 1);
    for (const { from, to } of links) assert.ok(things[from] && things[to]);
    for (const l of links.filter((l) => l.word === "fine-tune of"))
        assert.deepEqual([things[l.to]?.title, things[l.from]?.title.slice(0, 3)], ["base v1", "bot"]);
    const few = graphOf(many(14));
    assert.equal(folded(few, ""), few, "two more are drawn");
});

test("several lines between the same two have one label", () => {
    const { links } = graphOf(many(2));
    const both = ["fine-tune", "same content"];
    const none = undefined;
    assert.deepEqual(labelsOf(links), [both, none, none, both, none, none, none]);
});
