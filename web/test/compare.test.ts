// SPDX-License-Identifier: Apache-2.0
// A comparison as CSV: numbers as they are, texts that no spreadsheet takes for formulas.
import assert from "node:assert/strict";
import test from "node:test";
import type { Run } from "../src/api/client";
import { csvOf, sectionsOf } from "../src/screens/compare/rows";

const point = (value: number) => ({ step: 1, time_ms: 1, value });

const run = (id: string, name: string, config: Record<string, string>, loss: number): Run => ({
    id,
    project: 1,
    project_name: "p",
    name,
    user: "ann",
    status: "finished",
    deleted: false,
    created_us: 0,
    artifact_uri: "",
    config,
    tags: {},
    metrics: { loss: { first: point(1), last: point(loss), min: loss, max: 1, at_most: 2 } },
});

test("numbers stay numbers, and no text becomes a formula", () => {
    const runs = [
        run("a", "=HYPERLINK()", { "-key": "-1e-3", note: '=1+1, "x"' }, -0.25),
        run("b", "b", { "-key": "2", note: "plain" }, Number.NaN),
    ];
    const lines = csvOf(runs, sectionsOf(runs, "last")).split("\r\n");
    assert.equal(lines[0], "section,key,a,b");
    assert.equal(lines[1], ",name,'=HYPERLINK(),b");
    assert.ok(lines.includes("metrics,loss,-0.25,NaN"));
    assert.ok(lines.includes("config,'-key,-1e-3,2"));
    assert.ok(lines.includes(`config,note,"'=1+1, ""x""",plain`));
});
