// SPDX-License-Identifier: Apache-2.0
// Smoothing, marks of axes, sections, groups, what is asked of the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { csvField } from "../src/base/text";
import { openAtFirst, reordered, sectionsOf } from "../src/chart/arrange";
import type { Columns } from "../src/chart/columns";
import { csvOf, fileName } from "../src/chart/export";
import { axisRange, fieldOf } from "../src/chart/fields";
import { groupTrace, valueAt } from "../src/chart/group";
import { sortEntries } from "../src/chart/legend";
import { scaleColour } from "../src/chart/palette";
import { layoutOf, passes, rowNear, valueAtY, yAt } from "../src/chart/parallel";
import { levelOf, logRanges, needOf, requestsOf, rounded, tailsOf } from "../src/chart/plan";
import { readSettings } from "../src/chart/settings";
import { smoothed, smoothLine } from "../src/chart/smooth";
import { durationText, durationTicks, linearTicks, logTicks, numberText, stepText } from "../src/chart/ticks";
import { nearest, oddities, partsWithin, type Trace, traceOf, xExtent, yExtent } from "../src/chart/trace";

function dots(
    values: readonly number[],
    steps = values.map((_, i) => i),
    times = steps.map((s) => s * 1000),
): Columns {
    const column = Float64Array.from(values);
    const nan = Float64Array.from(values, (v) => Number(Number.isNaN(v)));
    return {
        by: "step",
        n: values.length,
        step0: Float64Array.from(steps),
        step1: Float64Array.from(steps),
        time0: Float64Array.from(times),
        time1: Float64Array.from(times),
        first: column,
        last: column,
        min: column,
        max: column,
        count: new Float64Array(values.length).fill(1),
        nan: nan.includes(1) ? nan : null,
    };
}
const trace = (values: readonly number[], steps?: number[]): Trace => traceOf(dots(values, steps), "step");
const close = (a: number | undefined, b: number): void =>
    assert.ok(Math.abs((a ?? Number.NaN) - b) < 1e-9, `${a} is ${b}`);

// ---- smoothing --------------------------------------------------------------------------------------------

test("smoothing has no bias at its beginning", () => {
    const s = smoothed([5, 5, 5], [1, 1, 1], 0.9);
    for (const v of s) close(v, 5);
    const two = smoothed([0, 1], [1, 1], 0.5); // (0.25 * 0 + 0.5 * 1) / 0.75
    close(two[1], 2 / 3);
});

test("a gap stays one and is no part of what follows", () => {
    const s = smoothed([1, Number.NaN, 1, Number.POSITIVE_INFINITY, 1], [1, 1, 1, 1, 1], 0.5);
    assert.ok(Number.isNaN(s[1]));
    close(s[2], 1);
    close(s[4], 1);
});

test("by time a long pause forgets more", () => {
    const steps = [0, 1, 2, 3];
    const even = smoothLine(
        dots([0, 0, 0, 1], steps, [0, 1, 2, 3]),
        dots([0, 0, 0, 1], steps, [0, 1, 2, 3]),
        true,
        0.9,
    );
    const late = dots([0, 0, 0, 1], steps, [0, 1, 2, 100]);
    const after = smoothLine(late, late, true, 0.9);
    assert.ok((after[3] as number) > (even[3] as number));
});

test("a zoom does not change a smoothed line", () => {
    const values = Array.from({ length: 64 }, (_, i) => Math.sin(i / 5));
    const whole = dots(values);
    const coarse: Columns = { ...dots(values.filter((_, i) => i % 2)), count: new Float64Array(32).fill(2) };
    const zoomed = smoothLine(whole, coarse, false, 0.8);
    const far = smoothLine(coarse, coarse, false, 0.8);
    assert.ok(Math.abs((zoomed.at(-1) as number) - (far.at(-1) as number)) < 0.05);
});

// ---- traces -----------------------------------------------------------------------------------------------

test("relative time begins with the run, or with its first point", () => {
    const c = dots([1, 2], [0, 1], [5000, 7000]);
    assert.deepEqual([...traceOf(c, "rel").x0], [0, 2]);
    assert.deepEqual([...traceOf(c, "rel", 4000).x0], [1, 3]);
    assert.deepEqual([...traceOf(c, "rel", 6000).x0], [0, 2]);
    assert.deepEqual([...traceOf(c, "wall").x0], [5000, 7000]);
});

test("extents pass over what has no place", () => {
    const t = trace([Number.NaN, 3, Number.POSITIVE_INFINITY, -2, 0]);
    assert.deepEqual(xExtent([t], false), [0, 4]);
    assert.deepEqual(xExtent([t], true), [1, 4]);
    assert.deepEqual(yExtent([t], [0, 4], false), [-2, 3]);
    assert.deepEqual(yExtent([t], [0, 4], true), [3, 3]);
    assert.deepEqual(yExtent([t], [3, 3], false), [-2, -2]);
    assert.equal(yExtent([trace([Number.NaN])], [0, 1], false), null);
    assert.deepEqual(oddities(t, true), { nan: 1, up: 1, down: 0, low: 2 });
});

test("what touches a range, with its neighbours", () => {
    const t = trace([1, 1, 1, 1, 1], [0, 10, 20, 30, 40]);
    assert.deepEqual(partsWithin(t, 15, 25), [1, 4]);
    assert.deepEqual(partsWithin(t, -5, 100), [0, 5]);
    assert.equal(nearest(t, 14), 1);
    assert.equal(nearest(t, 16), 2);
    assert.equal(nearest(trace([]), 1), -1);
    const back = traceOf(dots([1, 2, 3], [0, 1, 2], [0, 5000, 2000]), "rel");
    assert.deepEqual(partsWithin(back, 1, 3), [0, 3], "time that falls");
});

test("a group's mean and band", () => {
    const group = groupTrace([trace([0, 2, 4]), trace([2, 4, 6])], [0, 2], 100, "range");
    assert.deepEqual([...group.x0], [0, 1, 2]);
    assert.deepEqual([...group.c.first], [1, 3, 5]);
    assert.deepEqual([group.c.min[0], group.c.max[2]], [0, 6]);
    const deviation = groupTrace([trace([0, 2]), trace([2, 4])], [0, 1], 100, "deviation");
    assert.deepEqual([deviation.c.min[0], deviation.c.max[0]], [0, 2], "mean 1 ± 1");
    assert.equal(valueAt(trace([0, 10], [0, 10]), 5), 5);
    assert.ok(Number.isNaN(valueAt(trace([0, 10], [0, 10]), 11)));
    const one = groupTrace([trace([3])], [0, 1], 10, "range");
    assert.equal(one.n, 1);
});

// ---- marks ------------------------------------------------------------------------------------------------

test("marks of numbers", () => {
    assert.deepEqual(linearTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
    assert.deepEqual(linearTicks(-3, 7, 3), [0, 5]);
    assert.deepEqual(linearTicks(1, 1 + Number.EPSILON, 5), [1], "it ends");
    assert.deepEqual(logTicks(1, 1000, 4), [1, 10, 100, 1000]);
    assert.deepEqual(logTicks(1, 20, 8), [1, 2, 5, 10, 20]);
    assert.deepEqual(logTicks(0, 20, 8), []);
    assert.ok(logTicks(1e-300, 1e300, 5).length <= 7);
    assert.equal(numberText(0.2, 0.2), "0.2");
    assert.equal(numberText(2, 0.5), "2.0");
    assert.equal(numberText(2e-4, 2e-4, 1e-3), "2e-4");
    assert.equal(numberText(1e-3, 2e-4, 1e-3), "1.0e-3");
    assert.equal(numberText(1.25e7, 2.5e6), "1.3e7");
    assert.equal(stepText(1_500_000, 500_000), "1.5M");
    assert.equal(stepText(20_000, 10_000), "20k");
    assert.equal(stepText(300, 100), "300");
    assert.equal(stepText(0, 1e6), "0");
});

test("marks of durations", () => {
    assert.deepEqual(durationTicks(0, 60, 4), [0, 15, 30, 45, 60]);
    assert.deepEqual(durationTicks(0, 7200, 4), [0, 1800, 3600, 5400, 7200]);
    const texts: [number, string][] = [
        [0, "0"],
        [0.25, "250 ms"],
        [30, "30 s"],
        [90, "1:30 min"],
        [7500, "2:05 h"],
        [273_600, "3 d 4 h"],
        [-30, "−30 s"],
    ];
    for (const [seconds, text] of texts) assert.equal(durationText(seconds), text);
});

// ---- sections ---------------------------------------------------------------------------------------------

test("sections by prefix, in natural order, the system last", () => {
    const keys = [
        "system/cpu",
        "val/loss",
        "layer10/x",
        "layer2/x",
        "layer10/y",
        "layer2/y",
        "loss",
        "val/acc",
        "a.b",
        "train/lr",
    ];
    const sections = sectionsOf(keys, "", []);
    assert.deepEqual(
        sections.map((s) => s.name),
        ["", "layer2", "layer10", "val", "system"],
    );
    assert.deepEqual(sections[0]?.keys, ["a.b", "loss", "train/lr"]);
    assert.deepEqual(sectionsOf(keys, "^val/l", [])[0]?.keys, ["val/loss"]);
    assert.deepEqual(sectionsOf(keys, "(", [])[0]?.keys, undefined, "no regular expression: as a text");
    assert.deepEqual([...openAtFirst(sections, 5)], ["", "layer2"]);
    assert.deepEqual([...openAtFirst([{ name: "big", keys: Array(500).fill("k"), all: [] }], 5)], ["big"]);
});

test("charts stand as they were put, the others behind them", () => {
    const keys = ["a", "b", "c", "d", "v/x", "v/y"];
    const inOrder = (order: string[]) => sectionsOf(keys, "", order).flatMap((s) => s.keys);
    const first = keys.slice(0, 4);
    const moved = (key: string, to: string, after: boolean, from: string[] = [], section = first) =>
        reordered(from, section, key, { key: to, after });
    assert.deepEqual(moved("c", "a", false), ["c"]);
    assert.deepEqual(inOrder(["c"]), ["c", "a", "b", "d", "v/x", "v/y"]);
    assert.deepEqual(moved("a", "d", true), ["b", "c", "d"], "those before it have to be named");
    assert.deepEqual(inOrder(["b", "c", "d"]).slice(0, 4), ["b", "c", "d", "a"]);
    assert.deepEqual(moved("a", "c", false, ["b", "c", "d"], ["b", "c", "d", "a"]), ["b"]);
    assert.deepEqual(moved("c", "b", true, ["c", "v/y"], ["c", "a", "b", "d"]), ["v/y"], "as by itself");
    const found = sectionsOf(keys, "[ad]", ["d"])[0];
    assert.deepEqual(
        [found?.keys, found?.all],
        [
            ["d", "a"],
            ["d", "a", "b", "c"],
        ],
    );
});

test("the highlighted entry, then by value", () => {
    const entry = (id: string, value: number) => ({ id, name: id, colour: "", text: "", full: "", value });
    const sorted = sortEntries([entry("a", 1), entry("b", Number.NaN), entry("c", 3), entry("d", 2)], "a");
    assert.deepEqual(
        sorted.map((e) => e.id),
        ["a", "c", "d", "b"],
    );
});

test("settings of an address", () => {
    const s = readSettings(new URLSearchParams("x=rel&smooth=0.9&log=xy&z=1_2.5&zy=0_1_a_b&charts=loss"));
    assert.deepEqual(
        [s.x, s.smooth, s.logX, s.logY, s.zoom, s.find],
        ["rel", 0.9, true, true, [1, 2.5], "loss"],
    );
    assert.deepEqual(s.zoomY.get("a_b"), [0, 1]);
    const odd = readSettings(new URLSearchParams("x=no&smooth=7&z=2_1&zy=x"));
    assert.deepEqual([odd.x, odd.smooth, odd.zoom, odd.zoomY.size], ["step", 0, null, 0]);
});

// ---- requests ---------------------------------------------------------------------------------------------

test("a logarithmic axis wants its beginning finer", () => {
    assert.deepEqual(logRanges([0, 1024 * 1024], 100), [
        [1, 32 * 1024],
        [1, 1024],
        [1, 32],
    ]);
    assert.deepEqual(logRanges([0, 500], 100), []);
});

test("many keys of the same runs are one request", () => {
    const need = { by: "step" as const, buckets: 512, whole: true };
    const all = ["k1", "k2"].flatMap((key) => ["a", "b"].map((run) => ({ run, key, need })));
    assert.deepEqual(requestsOf(all), [{ runs: ["a", "b"], keys: ["k1", "k2"], need }]);
    const more = requestsOf([...all, { run: "c", key: "k1", need }]);
    assert.equal(more.length, 2);
    assert.equal(
        requestsOf([...all, { run: "a", key: "k3", need: { ...need, start: 5, end: 9, whole: false } }])
            .length,
        2,
    );
});

test("live lines in step share a request", () => {
    const tails = tailsOf(
        [
            { run: "a", key: "k", by: "step", end: 1001 },
            { run: "b", key: "k", by: "step", end: 1020 },
            { run: "c", key: "k", by: "step", end: 5 },
            { run: "a", key: "k", by: "time", end: 4096 },
            { run: "b", key: "k", by: "time", end: 8191 },
        ],
        512,
    );
    assert.deepEqual(
        tails.map((t) => [t.runs, t.need.start]),
        [
            [["a", "b"], 960],
            [["c"], 0],
            [["a", "b"], 4096],
        ],
    );
});

test("a finer level is asked for only where it tells more", () => {
    const many: Columns = {
        ...dots(
            Array(100).fill(1),
            Array.from({ length: 100 }, (_, i) => i * 100),
        ),
    };
    many.count.fill(100);
    const base = levelOf(many, 0, 9999, 100);
    assert.equal(needOf("step", null, [], null, [0, 0], 100)?.whole, true);
    assert.equal(needOf("step", base, [], null, [0, 9900], 100), null, "fine enough");
    const zoom = needOf("step", base, [], [1000, 2000], [0, 9900], 100);
    assert.ok(zoom && !zoom.whole && (zoom.start ?? 0) <= 1000 && (zoom.end ?? 0) >= 2000);
    const fine = levelOf(many, zoom.start ?? 0, zoom.end ?? 0, zoom.buckets);
    assert.equal(needOf("step", base, [fine], [1000, 2000], [0, 9900], 100), null, "known already");
    assert.equal(needOf("step", base, [], [20_000, 30_000], [0, 9900], 100), null, "nothing is there");
    assert.equal(
        needOf("step", levelOf(dots([1, 2]), 0, 1e6, 100), [], [0, 1], [0, 1], 100),
        null,
        "all points are drawn",
    );
    const byTime = levelOf({ ...many, by: "time" }, 0, 1e7, 10);
    assert.deepEqual(needOf("time", byTime, [], null, [0, 9.9e6], 100), {
        by: "time",
        buckets: 100,
        whole: true,
    });
    const [start, end] = rounded(1003, 1998);
    assert.ok(start <= 1003 && end >= 1998 && start % 16 === 0 && (end + 1) % 16 === 0);
});

// ---- over columns of runs ---------------------------------------------------------------------------------

const row = (id: string, values: Record<string, number | string>) => ({ id, name: id, colour: 0, values });

test("a column of numbers, or of texts", () => {
    const rows = [row("a", { lr: "0.1", opt: "sgd" }), row("b", { lr: "1e-3", opt: "adam" }), row("c", {})];
    const lr = fieldOf(rows, "lr");
    assert.deepEqual([lr.names, ...lr.values], [null, 0.1, 0.001, Number.NaN]);
    assert.deepEqual(lr.extent, [0.001, 0.1]);
    const opt = fieldOf(rows, "opt");
    assert.deepEqual([opt.names, ...opt.values], [["adam", "sgd"], 1, 0, Number.NaN]);
    assert.deepEqual(axisRange(opt, false), [-0.5, 1.5]);
    const [low, high] = axisRange(lr, true);
    assert.ok(low > 0 && low < 0.001 && high > 0.1);
});

test("brushes, and the line that is pointed at", () => {
    const rows = [row("a", { x: 0, y: 0 }), row("b", { x: 10, y: 10 })];
    const fields = [fieldOf(rows, "x"), fieldOf(rows, "y")];
    const all = layoutOf(fields, new Map(), 400, 200);
    assert.deepEqual([passes(all, 0), passes(all, 1)], [true, true]);
    const [axis] = all.axes;
    assert.ok(axis);
    close(valueAtY(all, axis, yAt(all, axis, 4)), 4);
    assert.equal(rowNear(all, 2, 200, yAt(all, axis, 10)), 1);
    assert.equal(rowNear(all, 2, 200, yAt(all, axis, 5)), -1, "between the lines");
    const some = layoutOf(fields, new Map([["x", [5, 20]]]), 400, 200);
    assert.deepEqual([passes(some, 0), passes(some, 1)], [false, true]);
    const wide = [row("a", { x: 1e-5, y: 1 }), row("b", { x: 1, y: 2 })];
    assert.deepEqual(
        layoutOf([fieldOf(wide, "x"), fieldOf(wide, "y")], new Map(), 400, 200).axes.map((a) => a.log),
        [true, false],
    );
});

test("a scale of colours", () => {
    assert.equal(scaleColour(["#000000", "#ffffff"], 0), "#000000");
    assert.equal(scaleColour(["#000000", "#ffffff"], 0.5), "#808080");
    assert.equal(scaleColour(["#000000", "#102030", "#ffffff"], 0.5), "#102030");
    assert.equal(scaleColour(["#000000", "#ffffff"], 7), "#ffffff");
});

test("what is drawn, as CSV", () => {
    const text = csvOf([{ id: "r1", name: 'a "b", c', columns: dots([1, Number.NaN], [5, 6]) }]);
    assert.deepEqual(text.split("\n"), [
        "run,name,first_step,last_step,first_time_ms,last_time_ms,first,last,min,max,points,nan",
        'r1,"a ""b"", c",5,5,5000,5000,1,1,1,1,1,0',
        'r1,"a ""b"", c",6,6,6000,6000,NaN,NaN,NaN,NaN,1,1',
        "",
    ]);
    assert.equal(csvField("=1+1"), "'=1+1");
    assert.equal(fileName("train/loss <b>", "png"), "train_loss_b_.png");
});
