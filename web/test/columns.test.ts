// SPDX-License-Identifier: Apache-2.0
// Lines laid into each other, read on at their ends, and merged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Columns, exact, extend, merged, points, splice } from "../src/chart/columns";

type Part = [step0: number, step1: number, first: number, last: number, min: number, max: number, n: number];

function line(parts: Part[], nan?: number[]): Columns {
    const column = (i: number): Float64Array => Float64Array.from(parts, (p) => p[i] as number);
    return {
        by: "step",
        n: parts.length,
        step0: column(0),
        step1: column(1),
        time0: column(0).map((v) => v * 10),
        time1: column(1).map((v) => v * 10),
        first: column(2),
        last: column(3),
        min: column(4),
        max: column(5),
        count: column(6),
        nan: nan ? Float64Array.from(nan) : null,
    };
}
const point = (step: number, v: number): Part => [step, step, v, v, v, v, 1];
const dots = (...steps: number[]): Columns => line(steps.map((s) => point(s, s)));

test("a finer part in the place of a coarse one", () => {
    const coarse = line([
        [0, 9, 1, 2, 0, 5, 10],
        [10, 19, 2, 3, 1, 6, 10],
        [20, 29, 3, 4, 2, 7, 10],
    ]);
    const both = splice(coarse, dots(10, 12, 19), 10, 19);
    assert.deepEqual([...both.step0], [0, 10, 12, 19, 20]);
    assert.deepEqual([...both.count], [10, 1, 1, 1, 10]);
    assert.deepEqual([...splice(coarse, dots(), 10, 19).step0], [0, 20], "nothing there is a fact too");
    const all = dots(1, 2);
    assert.equal(splice(coarse, all, 0, 29), all);
});

test("by time parts are found by their times", () => {
    const c: Columns = {
        ...dots(1, 2, 3, 4),
        by: "time",
        step0: new Float64Array(4),
        step1: new Float64Array(4),
    };
    const tail: Columns = {
        ...dots(4, 5),
        by: "time",
        step0: new Float64Array(2),
        step1: new Float64Array(2),
    };
    assert.deepEqual([...extend(c, tail).time0], [10, 20, 30, 40, 50]);
    assert.deepEqual([...splice(c, tail, 35, 50).time0], [10, 20, 30, 40, 50]);
    assert.deepEqual([...merged(c, 20).count], [2, 2]);
});

test("a part that reaches behind its range is not there twice", () => {
    const coarse = line([
        [0, 9, 1, 2, 0, 5, 10],
        [10, 19, 2, 3, 1, 6, 10],
    ]);
    const fine = line([[0, 14, 1, 2, 0, 5, 15]]);
    assert.deepEqual([...splice(coarse, fine, 0, 9).step0], [0]);
});

test("points behind the end", () => {
    assert.deepEqual([...extend(dots(1, 2, 3), dots(3, 4, 5)).step0], [1, 2, 3, 4, 5]);
    assert.deepEqual([...extend(dots(), dots(1)).step0], [1]);
    const old = dots(1, 2);
    assert.equal(extend(old, dots(1)), old, "nothing new");
});

test("the last step may have got more points", () => {
    const more = extend(dots(1, 2), line([[2, 2, 2, 9, 2, 9, 3]]));
    assert.deepEqual([...more.count], [1, 3]);
    assert.deepEqual([...more.max], [1, 9]);
});

test("a tail whose first part overlaps a merged end", () => {
    const old = line([[0, 9, 0, 9, 0, 9, 10]]);
    const now = extend(old, line([[8, 11, 8, 11, 8, 11, 4]]));
    assert.deepEqual([...now.step0], [0, 11]);
    assert.deepEqual([...now.max], [9, 11]);
    assert.deepEqual([...now.first], [0, 11]);
});

test("merged parts keep every least and greatest value", () => {
    const many = line(
        Array.from({ length: 100 }, (_, i) => point(i, i === 57 ? 1e6 : i === 31 ? -1e6 : i % 7)),
    );
    const few = merged(many, 10);
    assert.equal(few.n, 10);
    assert.equal(points(few), 100);
    assert.equal(Math.max(...few.max), 1e6);
    assert.equal(Math.min(...few.min), -1e6);
    assert.deepEqual([few.step0[5], few.step1[5], few.time1[5]], [50, 59, 590]);
    assert.equal(few.first[1], 10 % 7);
    assert.equal(few.last[1], 19 % 7);
    assert.ok(!exact(few) && exact(many));
});

test("merging passes over NaN and counts them", () => {
    const c = line(
        [point(0, Number.NaN), point(1, 3), point(2, Number.NaN), point(3, Number.NaN)],
        [1, 0, 1, 1],
    );
    const few = merged(c, 2);
    assert.deepEqual([...few.min], [3, Number.NaN]);
    assert.deepEqual([...(few.nan ?? [])], [1, 2]);
});

test("wide gaps are not merged away", () => {
    assert.deepEqual([...merged(dots(0, 1, 1000, 1001, 5000), 10).step0], [0, 1000, 5000]);
});
