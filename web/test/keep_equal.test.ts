// SPDX-License-Identifier: Apache-2.0
// What is equal in an older and a newer answer stays the same object; whatever changed does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { keepEqual } from "../src/base/keep_equal";

test("what is equal stays the same object", () => {
    const old = { files: { items: [{ path: "a" }], total: 1 }, metrics: [1, null, "x"] };
    assert.equal(keepEqual(old, structuredClone(old)), old);
    const now = { ...structuredClone(old), metrics: [1, null, "y"] };
    const kept = keepEqual(old, now);
    assert.deepEqual(kept, now);
    assert.notEqual(kept, old);
    assert.equal(kept.files, old.files);
});

test("what came, went or is of another kind is new", () => {
    const item = { a: 1 };
    for (const [old, now] of [
        [[item], [item, item]],
        [[item, item], [item]],
        [{ a: undefined }, {}],
        [{}, { a: undefined }],
        [[], {}],
        [{ 0: "x" }, ["x"]],
        [null, item],
        [item, null],
        [item, "text"],
    ]) {
        const kept = keepEqual(old, structuredClone(now));
        assert.deepEqual(kept, now);
        assert.notEqual(kept, old);
    }
    assert.equal(keepEqual([item, item], [{ a: 1 }])[0], item);
});
