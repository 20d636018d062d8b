// SPDX-License-Identifier: Apache-2.0
// The pure parts of a comparison: hunks as lines and side by side, sides of an address, the order of tensors.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TensorDiff } from "../src/api/diff";
import { toldApart } from "../src/base/format";
import { addressOf, fixed } from "../src/screens/diff/place";
import { noTensors, odd, share, sortTensors, take, worstFirst } from "../src/screens/diff/tensors";
import { linesOf, sidesOf } from "../src/screens/diff/unified";

test("hunks have the numbers of both texts, and what came stands beside what went", () => {
    const lines = linesOf(
        "@@ -3,4 +3,5 @@ x\n a\n-b\n-c\n+B\n+C\n+D\n e\n@@ -20 +21 @@\n-y\n+z\n\\ No newline\n",
    );
    assert.deepEqual(
        lines.map((l) => [l.was, l.is]),
        [
            [undefined, undefined],
            [3, 3],
            [4, undefined],
            [5, undefined],
            [undefined, 4],
            [undefined, 5],
        ].concat(
            [
                [undefined, 6],
                [6, 7],
                [undefined, undefined],
                [20, undefined],
                [undefined, 21],
            ],
            [[undefined, undefined]],
        ),
    );
    const sides = sidesOf(lines).map((s) => `${s.was?.text ?? ""}|${s.is?.text ?? ""}`);
    assert.deepEqual(sides.slice(1, 6), ["a|a", "b|B", "c|C", "|D", "e|e"]);
    assert.deepEqual(linesOf(""), []);
});

test("a side is of the repo, of another, or a run", () => {
    const run = "0123456789abcdef0123456789abcdef";
    assert.equal(addressOf("bot", "3"), "bot@3");
    assert.equal(addressOf("bot", "prod@{1 week ago}"), "bot@prod@{1 week ago}");
    assert.equal(addressOf("bot", "base@prod@{2026-01-01}"), "base@prod@{2026-01-01}");
    assert.equal(addressOf("bot", run), run);
    assert.equal(fixed("bot", "prod@{1 week ago}", { name: "", number: 4 }), "4");
    assert.equal(fixed("bot", "base@prod", { name: "", number: 7 }), "base@7");
    assert.equal(fixed("bot", "bot@prod", { name: "", number: 7 }), "7");
    assert.equal(fixed("bot", run, { name: run }), run);
});

test("tensors of which nothing is known stand last, whichever way they are sorted", () => {
    const tensor = (name: string, change?: TensorDiff["change"]): TensorDiff => ({
        what: "changed",
        name,
        layer: name,
        ...(change === undefined ? {} : { change }),
    });
    const all = noTensors();
    for (const t of [
        tensor("a"),
        tensor("b", 0.5),
        tensor("c", "Infinity"),
        tensor("d", "NaN"),
        tensor("e", 2),
    ])
        take(all, { tensor: t });
    const names = (down: boolean): string =>
        sortTensors(all.list, { by: "change", down, find: "", layer: "" })
            .map((t) => t.name)
            .join("");
    assert.equal(names(true), "cebad");
    assert.equal(names(false), "becad");
    assert.deepEqual(
        sortTensors(all.list, { by: "name", down: true, find: "[bd]", layer: "" }).map((t) => t.name),
        ["d", "b"],
    );
    const layer = (name: string, change: TensorDiff["change"] & {}) =>
        ({ name, change, tensors: 1, differ: 1, largest: 0 }) as const;
    const layers = [layer("h10", 1), layer("h2", 1), layer("x", "NaN"), layer("y", "Infinity")].sort(
        worstFirst,
    );
    assert.deepEqual(
        layers.map((l) => l.name),
        ["y", "h2", "h10", "x"],
    );
});

test("what has more elements that are no numbers comes first, and is counted", () => {
    const all = noTensors();
    const tensors = [
        { name: "a", change: 5 },
        { name: "b", change: "NaN", nan_was: 0, nan_is: 4096 },
        { name: "c", change: 1, nan_was: 2, nan_is: 2 },
        { name: "d", change: 2, inf_was: 0, inf_is: 1 },
    ] as const;
    for (const t of tensors) take(all, { tensor: { what: "changed", layer: "x", ...t } });
    const names = (by: "change" | "name", down: boolean): string =>
        sortTensors(all.list, { by, down, find: "", layer: "" })
            .map((t) => t.name)
            .join("");
    assert.equal(names("change", true), "dbac");
    assert.equal(names("name", true), "dcba");
    const layers = tensors.map((t) => ({ ...t, tensors: 1, differ: 1, largest: 0 })).sort(worstFirst);
    assert.deepEqual(
        layers.map((l) => l.name),
        ["d", "b", "a", "c"],
    );
    assert.equal(
        odd({ nan_was: 0, nan_is: 4096, inf_was: 2, inf_is: 0 }),
        "4,096 NaN (was 0), 0 infinite (was 2)",
    );
    assert.equal(odd({}), "");
});

test("two numbers that look the same when they are short are shown whole", () => {
    assert.equal(toldApart(32_000_001, 32_000_000), "32000001");
    assert.equal(toldApart(32_000_001, 64_000_000), "3.2e7");
    assert.equal(toldApart(0.12341, 0.12342), "0.12341");
    assert.equal(toldApart(3, undefined), "3");
});

test("what is not all of it is never told as all", () => {
    assert.equal(share(1), "100 %");
    assert.equal(share(2_999_999 / 3_000_000), "> 99.9 %");
    assert.equal(share(0.5), "50 %");
});
