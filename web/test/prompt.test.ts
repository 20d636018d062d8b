// SPDX-License-Identifier: Apache-2.0
// What prompts say: texts, chats, their variables, and messages side by side.
import assert from "node:assert/strict";
import test from "node:test";
import { chatOf, filesOf, pairsOf, piecesOf, variablesOf } from "../src/screens/prompts/prompt";

test("variables and statements are told from text, and what only looks like one is text", () => {
    const text = "Hi {{ user.name }}{% if a %}!{% endif %} {{2x}} {one} {{";
    assert.deepEqual(
        piecesOf(text).map((p) => [p.kind, p.text]),
        [
            ["text", "Hi "],
            ["variable", "{{ user.name }}"],
            ["statement", "{% if a %}"],
            ["text", "!"],
            ["statement", "{% endif %}"],
            ["text", " {{2x}} {one} {{"],
        ],
    );
    assert.equal(
        piecesOf(text)
            .map((p) => p.text)
            .join(""),
        text,
    );
    const messages = [
        { role: "user", text: "{{a}} {{b}}" },
        { role: "user", text: "{{a}}" },
    ];
    assert.deepEqual(variablesOf({ messages, config: "", format: "" }), ["a", "b"]);
});

test("a chat has texts, parts and calls; what is no list of messages is no chat", () => {
    const said = chatOf(
        JSON.stringify([
            { role: "system", content: "be brief" },
            {
                role: "user",
                content: [
                    { type: "text", text: "see" },
                    { type: "image_url", url: "u" },
                ],
            },
            { role: "assistant", content: null, tool_calls: [1] },
        ]),
    );
    assert.deepEqual(
        said?.map((m) => m.role),
        ["system", "user", "assistant"],
    );
    assert.equal(said?.[0]?.text, "be brief");
    assert.match(said?.[1]?.text ?? "", /^see\n\{\n {2}"type": "image_url"/);
    assert.match(said?.[2]?.text ?? "", /tool_calls/);
    for (const text of ["", "[", "[]", "{}", "[1]", '[{"content": "x"}]', "null"])
        assert.equal(chatOf(text), null);
});

test("of pushed files the prompt is told by its name, or is the only one", () => {
    const top = (...paths: string[]) => paths.map((path) => ({ path, is_dir: false }));
    assert.equal(filesOf(top("README.md", "a.txt", "prompt.md")).prompt?.path, "prompt.md");
    assert.equal(filesOf(top("README.md", "a.txt", "config.json")).prompt?.path, "a.txt");
    assert.equal(filesOf(top("a.txt", "b.txt")).prompt, undefined);
});

test("messages stand beside those of their role that they replaced", () => {
    const m = (role: string, text: string) => ({ role, text });
    const pairs = pairsOf([
        { value: [m("system", "a")], added: false, removed: true },
        { value: [m("system", "b"), m("user", "c")], added: true, removed: false },
        { value: [m("user", "d")], added: false, removed: false },
        { value: [m("user", "e")], added: false, removed: true },
    ]);
    assert.deepEqual(
        pairs.map((p) => [p.from?.text, p.to?.text]),
        [
            ["a", "b"],
            [undefined, "c"],
            ["d", "d"],
            ["e", undefined],
        ],
    );
});
