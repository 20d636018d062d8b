// SPDX-License-Identifier: Apache-2.0
// The pure parts of the Runs screen: fields, the filter's context and completion, windows of the table, pages of rows.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Run } from "../src/api/client";
import { placeOfByte } from "../src/base/text";
import { suggestions, valuesWanted } from "../src/screens/runs/complete";
import { metricField, parseField, words } from "../src/screens/runs/field";
import { RunPages } from "../src/screens/runs/pages";
import { PAGE } from "../src/screens/runs/search";
import { contextAt, splitStatus, withStatus } from "../src/screens/runs/tokens";
import { HEIGHT_MAX, rowsInSight, scrolledTo, slots, topOf, travelOf } from "../src/table/window";

test("fields are read as the search language writes them", () => {
    for (const text of ["metrics.loss", "metrics.loss.min", 'metrics."psnr.min"', 'config."a b"', "status"])
        assert.equal(parseField(text)?.text, text);
    assert.equal(parseField('metrics."my loss".max')?.key, "my loss");
    assert.equal(parseField("metrics.psnr.min")?.which, "min");
    assert.equal(metricField("psnr.min").text, 'metrics."psnr.min"');
    assert.equal(parseField('tags."a""b"')?.key, 'a"b');
    for (const wrong of ["loss", "metrics.", 'metrics."a".b', 'config."a".min', ""])
        assert.equal(parseField(wrong), null);
    assert.deepEqual(words('name metrics."a b"*120 -x'), ["name", 'metrics."a b"*120', "-x"]);
});

test("what is expected at the cursor", () => {
    const at = (text: string) => contextAt(text, text.length).expected;
    assert.equal(at(""), "field");
    assert.equal(at("conf"), "field");
    assert.equal(at("config.lr "), "operator");
    assert.equal(at("config.lr <"), "value");
    assert.equal(at("config.lr < 1 "), "join");
    assert.equal(at("config.lr < 1 and "), "field");
    assert.equal(at("not (tags.a = 'x y' or "), "field");
    assert.equal(at("status in "), "list");
    assert.equal(at("status not in (failed, "), "value");
    assert.equal(at("status in (failed) "), "join");
    assert.equal(at("tags.a is not "), "null");
    assert.equal(contextAt("config.lr < 1 and na", 20).typed, "na");
    assert.equal(contextAt('metrics."my l', 13).from, 0);
});

const NAMES = [
    { name: "loss", kind: "metric", runs: 9 },
    { name: "my loss", kind: "metric", runs: 2 },
    { name: "lr", kind: "config", runs: 9 },
] as const;

test("completion", () => {
    const labels = (text: string, values = [{ value: "adam", runs: 3 }]) =>
        suggestions(text, text.length, [...NAMES], values).map((s) => s.label);
    assert.equal(labels("lo")[0], "metrics.loss");
    assert.ok(labels("metrics.my").includes('metrics."my loss"'));
    assert.deepEqual(labels("metrics.loss").slice(0, 4), [
        "metrics.loss",
        "metrics.loss.first",
        "metrics.loss.min",
        "metrics.loss.max",
    ]);
    assert.deepEqual(labels("config.o = a"), ['"adam"']);
    assert.deepEqual(labels("status = fa"), ["failed"]);
    const s = suggestions("config.l and x", 8, [...NAMES], [])[0];
    assert.equal(s?.text, "config.lr and x");
    assert.equal(s?.cursor, 10);
    assert.deepEqual(valuesWanted('config.o = "ad', 14), { field: "config.o", prefix: "ad" });
    assert.equal(valuesWanted("metrics.loss < ", 15), null);
});

test("chips of the status are the beginning of the filter", () => {
    assert.deepEqual(splitStatus("status in (failed, crashed) and a.b = 1"), {
        statuses: ["failed", "crashed"],
        rest: "a.b = 1",
    });
    assert.deepEqual(splitStatus("status = failed or name = 'x'").statuses, []);
    assert.equal(withStatus(["failed"], "a = 1 or b = 2"), "status = failed and (a = 1 or b = 2)");
    assert.equal(withStatus([], "x"), "x");
});

test("the server points at bytes", () => {
    assert.equal(placeOfByte("été = x", 2), 1);
    assert.equal(placeOfByte("🦊 x", 5), 3);
    assert.equal(placeOfByte("ab", 9), 2);
});

test("a tall table reaches its last row", () => {
    const t = travelOf(2_000_000, 800);
    assert.equal(t.height, HEIGHT_MAX);
    const bottom = t.height - t.view;
    assert.equal(rowsInSight(t, bottom, 0).to, 2_000_000);
    assert.ok(Math.abs(topOf(t, 1_999_999, bottom) - (bottom + 800 - 28)) < 1);
    assert.ok(rowsInSight(t, scrolledTo(t, 1_000_000, 0), 0).to >= 1_000_000);
});

test("rows keep their slot while others pass", () => {
    const before = slots({ from: 4, to: 24 });
    const after = slots({ from: 8, to: 28 });
    for (let i = 8; i < 24; i++) assert.equal(before.indexOf(i), after.indexOf(i));
});

const run = (i: number, loss = 0): Run => ({
    id: `r${i}`,
    project: 1,
    project_name: "p",
    name: `run ${i}`,
    user: "",
    status: "running",
    deleted: false,
    created_us: i,
    artifact_uri: "",
    config: {},
    tags: {},
    metrics: { loss: { first: point(loss), last: point(loss), min: loss, max: loss, at_most: 1 } },
});
const point = (value: number) => ({ step: 0, time_ms: 0, value });

// A server of n runs that answers when it is told to.
function server(n: number) {
    const asked: {
        skip: number;
        limit: number;
        fields: readonly string[];
        signal: AbortSignal;
        answer: () => void;
    }[] = [];
    const state = { n, loss: 0 };
    const pages = new RunPages((skip, limit, fields, signal) => {
        return new Promise((resolve, reject) => {
            signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
            const rows = (): Run[] =>
                Array.from({ length: Math.max(0, Math.min(limit, state.n - skip)) }, (_, i) =>
                    run(skip + i, state.loss),
                );
            const answer = (): void => resolve({ items: rows(), total: state.n });
            asked.push({ skip, limit, fields, signal, answer });
        });
    }, queueMicrotask);
    return { asked, state, pages };
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

test("pages: what is in sight comes first, and what is left behind is given up", async () => {
    const { asked, pages } = server(10_000);
    pages.want(0, PAGE - 4, ["metrics.loss"]);
    asked[0]?.answer();
    await turn();
    assert.equal(pages.count, 10_000);
    assert.equal(pages.row(3)?.id, "r3");
    assert.equal(asked[1]?.skip, PAGE, "the neighbour");
    pages.want(6000, 6040, ["metrics.loss"]);
    assert.ok(asked[1]?.signal.aborted);
    await turn();
    assert.equal(asked[2]?.skip, Math.floor(6000 / PAGE) * PAGE);
    asked[2]?.answer();
    await turn();
    assert.equal(pages.row(6001)?.id, "r6001");
});

test("pages: fields that were not seen yet are added; what did not change keeps its object", async () => {
    const { asked, state, pages } = server(PAGE);
    pages.want(0, 40, ["a"]);
    asked[0]?.answer();
    await turn();
    pages.want(0, 40, ["a", "b"]);
    assert.deepEqual(asked[1]?.fields, ["b"]);
    asked[1]?.answer();
    await turn();
    const same = pages.row(0);
    const done = pages.refresh();
    asked[2]?.answer();
    await done;
    assert.equal(pages.row(0), same);
    state.loss = 1;
    void pages.refresh();
    asked[3]?.answer();
    await turn();
    assert.notEqual(pages.row(0), same);
});

test("pages: an answer from before a change is read once more", async () => {
    const { asked, state, pages } = server(PAGE);
    pages.want(0, 40, []);
    asked[0]?.answer();
    void pages.refresh();
    await turn();
    state.n = PAGE - 1;
    asked[1]?.answer();
    await turn();
    assert.equal(pages.count, PAGE - 1);
});
