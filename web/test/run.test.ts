// SPDX-License-Identifier: Apache-2.0
// The pure parts of a run's screen: the tree of the configuration, escape sequences, what a search marks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { markFound, piecesOf, plainText } from "../src/screens/run/ansi";
import { type Branch, kindOf, treeOf } from "../src/view/config";

const all = (): boolean => true;
const shape = (tree: readonly Branch[]): unknown =>
    tree.map((b) => (b.children.length ? [b.name, shape(b.children)] : `${b.name}=${b.value}`));

test("keys are split at slashes and dots, single branches are joined", () => {
    const tree = treeOf({ "a.b.c": "1", "a.b/d": "2", "x.y.z": "3", plain: "4" }, all);
    assert.deepEqual(shape(tree), ["plain=4", ["a.b", ["c=1", "d=2"]], ["x.y", ["z=3"]]]);
});

test("a key may be a value and the beginning of others", () => {
    const [branch] = treeOf({ lr: "1", "lr.decay": "2" }, all);
    assert.equal(branch?.value, "1");
    assert.deepEqual(shape(branch?.children ?? []), ["decay=2"]);
    assert.equal(branch?.leaves, 2);
});

test("odd keys stay what they are", () => {
    for (const key of ["", ".", "..", "/", "a..b", "a/", ".a", "__proto__", "constructor"]) {
        const [leaf] = treeOf(Object.fromEntries([[key, "v"]]), all);
        const last = (b: Branch | undefined): Branch | undefined =>
            b?.children.length ? last(b.children[0]) : b;
        assert.equal(last(leaf)?.value, "v", key);
        assert.equal(last(leaf)?.path, key);
    }
});

test("JSON objects go on as branches, with numbers as they were written", () => {
    const tree = treeOf(
        { s: '{"k": "cos", "min": 1e-06, "l": [1.50, {"a": NaN}], "big": 12345678901234567890}' },
        all,
    );
    assert.deepEqual(shape(tree), [
        ["s", ["big=12345678901234567890", "k=cos", 'l=[1.50,{"a":NaN}]', "min=1e-06"]],
    ]);
    assert.deepEqual(shape(treeOf({ s: "{not json" }, all)), ["s={not json"]);
});

test("a search keeps keys and values that match", () => {
    const config = { "opt.lr": "1e-3", seed: "7", note: "about lr" };
    assert.deepEqual(shape(treeOf(config, (t) => t.includes("lr"))), ["note=about lr", ["opt", ["lr=1e-3"]]]);
});

test("values have kinds", () => {
    const kinds = {
        "3e-4": "number",
        "-inf": "number",
        True: "truth",
        None: "nothing",
        "[1, 2]": "list",
        "a 1": "text",
    };
    for (const [text, kind] of Object.entries(kinds)) assert.equal(kindOf(text), kind, text);
});

test("colours and weights of escape sequences become looks", () => {
    assert.deepEqual(piecesOf("a\x1b[1;31mb\x1b[0mc"), [
        { text: "a", look: "" },
        { text: "b", look: "ansi-1 ansi-bold" },
        { text: "c", look: "" },
    ]);
    assert.deepEqual(piecesOf("\x1b[38;5;208mx\x1b[39my"), [
        { text: "x", look: "", colour: "rgb(255 135 0)" },
        { text: "y", look: "" },
    ]);
    assert.deepEqual(piecesOf("\x1b[38;2;1;2;999mx"), [{ text: "x", look: "", colour: "rgb(1 2 255)" }]);
    assert.deepEqual(piecesOf("\x1b[48;5;1;4mx"), [{ text: "x", look: "ansi-under" }]);
    assert.deepEqual(piecesOf("\x1b[95mx"), [{ text: "x", look: "ansi-13" }]);
});

test("all other escapes are left out, control characters are seen", () => {
    assert.equal(plainText("\x1b]0;title\x07a\x1b[2Jb\x1b[?25lc\x1b(Bd"), "abcd");
    assert.equal(plainText("a\x08b\x07\x00"), "a␈b␇␀");
    assert.equal(plainText("\x1b"), "␛");
});

test("what a search finds is marked across pieces", () => {
    const marked = markFound(piecesOf("slow \x1b[31mdi\x1b[0msk slow"), /w di|slow$/g);
    assert.deepEqual(
        marked.filter((p) => p.found).map((p) => p.text),
        ["w ", "di", "slow"],
    );
    assert.equal(marked.map((p) => p.text).join(""), "slow disk slow");
    assert.deepEqual(markFound(piecesOf("abc"), /x*/g), piecesOf("abc"));
});
