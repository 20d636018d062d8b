// SPDX-License-Identifier: Apache-2.0
// The pure parts of the viewers: which one fits, lines, tables, JSON, headers of weights, names of images.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CsvReader } from "../src/view/csv";
import { Finder } from "../src/view/finder";
import { withoutFront } from "../src/view/front_matter";
import { readGguf } from "../src/view/gguf";
import { Heights } from "../src/view/heights";
import { isRaw, loggedTable, parseJson, rawText } from "../src/view/json";
import { viewsOf } from "../src/view/kind";
import { LineReader } from "../src/view/lines";
import { readSafetensors } from "../src/view/safetensors";
import { imageAt, imageSeries } from "../src/view/steps";
import { BadFile, type ByteSource } from "../src/view/tensors";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const source = (data: Uint8Array, size = data.length): ByteSource => ({
    size,
    read: (from, n) => Promise.resolve(data.subarray(from, from + n)),
});

test("a text is found in rows that come bit by bit", () => {
    const reader = new LineReader();
    const rows = reader.push("One (1)\nnone\nONE one\n");
    const finder = new Finder("one");
    assert.equal(finder.more(rows, 1e3), true);
    assert.deepEqual(
        finder.matches.map((m) => [m.row, m.from]),
        [
            [0, 0],
            [1, 1],
            [2, 0],
            [2, 4],
        ],
    );
    assert.deepEqual([finder.firstFrom(1), finder.firstFrom(3)], [1, 4]);
    assert.deepEqual(finder.marks(rows, 2)[1], { from: 4, to: 7, match: 3 });
    rows.push(...reader.push("tone\n"));
    finder.grown();
    finder.more(rows, 1e3);
    assert.deepEqual(finder.matches.at(-1), { row: 3, from: 1, to: 4 });
    assert.equal(finder.matches.length, 5);
    const signs = new Finder("(1)");
    signs.more(rows, 1e3);
    assert.equal(signs.matches.length, 1, "no regular expression");
    assert.equal(new Finder("").more(rows, 1e3), true);
});

test("what is found may go on in the next row of a long line", () => {
    const rows = new LineReader().push(`${"x".repeat(3998)}needle needle\n`);
    assert.equal(rows.length, 2);
    const finder = new Finder("needle");
    finder.more(rows, 1e3);
    assert.equal(finder.matches.length, 2);
    assert.deepEqual(finder.marks(rows, 1), [
        { from: 0, to: 4, match: 0 },
        { from: 5, to: 11, match: 1 },
    ]);
    const late = new Finder("needle"); // the second half was not there at first
    late.more(rows.slice(0, 1), 1e3);
    late.grown();
    late.more(rows, 1e3);
    assert.deepEqual(late.matches, finder.matches);
});

test("rows of differing height", () => {
    const heights = new Heights(10);
    assert.deepEqual([heights.top(7), heights.at(69), heights.at(70)], [70, 6, 7]);
    const model = new Array(3000).fill(10);
    let seed = 1;
    for (let i = 0; i < 2000; i++) {
        seed = (seed * 48271) % 2147483647;
        const [row, height] = [seed % model.length, 10 * (1 + (seed % 5))];
        assert.equal(heights.put(row, height), model[row] !== height);
        model[row] = height;
        if (i % 100) continue;
        let top = 0;
        for (let r = 0; r < model.length; r++) {
            if (r % 37 === 0) {
                assert.equal(heights.top(r), top);
                assert.deepEqual([heights.at(top), heights.at(top + model[r] - 1)], [r, r]);
            }
            top += model[r];
        }
        assert.equal(heights.top(model.length), top);
    }
    assert.equal(new Heights(19).at(19e7 + 1), 1e7, "ten million rows");
});

test("viewers are chosen by name and first bytes", () => {
    assert.deepEqual(viewsOf("a/b.json", bytes("{}")), ["json", "text", "hex"]);
    assert.deepEqual(viewsOf("page.html", bytes("<p>")), ["text", "page", "hex"]);
    assert.deepEqual(viewsOf("noname", bytes("hello")), ["text", "hex"]);
    assert.deepEqual(viewsOf("lies.txt", new Uint8Array([1, 0, 2])), ["hex"]);
    assert.deepEqual(viewsOf("photo", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0])), ["image", "hex"]);
    assert.deepEqual(viewsOf("w", bytes("GGUF\0\0")), ["tensors", "hex"]);
    assert.deepEqual(viewsOf("m.pkl", bytes("aaaa")), ["facts", "hex"]);
});

test("lines come whole from pieces, long ones in parts", () => {
    const reader = new LineReader();
    const got = [...reader.push("a\r\nb"), ...reader.push("c\n\nlast"), ...reader.end()];
    assert.deepEqual(
        got.map((l) => `${l.line} ${l.text}`),
        ["1 a", "2 bc", "3 ", "4 last"],
    );
    const long = new LineReader();
    const parts = [...long.push("x".repeat(20_000)), ...long.push("\ny\n"), ...long.end()];
    assert.equal(parts.map((l) => l.text).join(""), `${"x".repeat(20_000)}y`);
    assert.ok(parts.every((l) => l.text.length <= 4000));
    assert.deepEqual([parts[0]?.goesOn, parts[1]?.goesOn, parts.at(-1)?.line], [false, true, 2]);
});

test("CSV has quotes, doubled quotes, and line ends within them, wherever it is cut", () => {
    const text = 'a,b\r\n1,"x, ""y""\nz"\n\n"",3\nlast,"open';
    const wanted = [
        ["a", "b"],
        ["1", 'x, "y"\nz'],
        ["", "3"],
        ["last", "open"],
    ];
    for (let cut = 0; cut <= text.length; cut++) {
        const reader = new CsvReader(",");
        const rows = [...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut)), ...reader.end()];
        assert.deepEqual(rows, wanted, `cut at ${cut}`);
    }
});

test("JSON keeps what doubles can not hold", () => {
    const value = parseJson(
        '{"id": 1152921504606846977, "loss": NaN, "t": "NaN 1234567890123456", "n": 1.5}',
    ) as Record<string, unknown>;
    assert.ok(isRaw(value["id"]) && rawText(value["id"]) === "1152921504606846977");
    assert.ok(isRaw(value["loss"]) && rawText(value["loss"]) === "NaN");
    assert.equal(value["t"], "NaN 1234567890123456");
    assert.equal(value["n"], 1.5);
    assert.throws(() => parseJson("[NaN"));
});

test("a table that a client logged is known by its shape", () => {
    assert.deepEqual(loggedTable({ columns: ["a"], data: [[1]] }), { columns: ["a"], data: [[1]] });
    for (const no of [null, [], { columns: ["a"] }, { columns: [], data: [] }, { columns: ["a"], data: [1] }])
        assert.equal(loggedTable(no), null);
});

function safetensors(header: string): Uint8Array {
    const text = bytes(header);
    const out = new Uint8Array(8 + text.length);
    new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
    out.set(text, 8);
    return out;
}

test("safetensors: tensors and metadata", async () => {
    const data = safetensors(
        '{"__metadata__":{"format":"pt"},"w":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}',
    );
    const file = await readSafetensors(source(data, data.length + 12));
    assert.deepEqual(file.metadata, [["format", "pt"]]);
    assert.deepEqual(file.tensors, [
        { name: "w", dtype: "F16", shape: [2, 3], bytes: 12, offset: data.length },
    ]);
});

test("safetensors: what does not fit is refused", async () => {
    const tensor = (more: string): string => `{"w":{"dtype":"F16",${more}}}`;
    const bad = [
        "[]",
        "{",
        "[".repeat(5000),
        '{"w": 1}',
        '{"__metadata__": 3}',
        tensor('"shape":[-1],"data_offsets":[0,2]'),
        tensor('"shape":[1.5],"data_offsets":[0,2]'),
        tensor('"shape":[1],"data_offsets":[4,2]'),
        tensor('"shape":1,"data_offsets":[0,2]'),
    ];
    for (const header of bad)
        await assert.rejects(readSafetensors(source(safetensors(header))), BadFile, header);
    await assert.rejects(readSafetensors(source(new Uint8Array(3))), BadFile);
    const huge = new Uint8Array(16).fill(255);
    await assert.rejects(readSafetensors(source(huge)), BadFile);
});

// Texts with their lengths, and numbers of so many bytes.
type Part = string | readonly [number, bigint | number];

function gguf(...parts: Part[]): Uint8Array {
    const out: number[] = [...bytes("GGUF")];
    const put = (width: number, n: bigint): void => {
        for (let i = 0; i < width; i++) out.push(Number((n >> BigInt(8 * i)) & 255n));
    };
    for (const part of parts) {
        if (typeof part === "string") {
            put(8, BigInt(part.length));
            out.push(...bytes(part));
        } else put(part[0], BigInt(part[1]));
    }
    return new Uint8Array(out);
}
const head = (tensors: bigint | number, keys: bigint | number): Part[] => [
    [4, 3],
    [8, tensors],
    [8, keys],
];

test("GGUF: keys of all kinds, and tensors behind them", async () => {
    const keys: Part[] = ["name", [4, 8], "llama", "n", [4, 4], [4, 7], "list", [4, 9], [4, 0], [8, 20]];
    const list = Array.from({ length: 20 }, (_, i): [number, number] => [1, i]);
    const tensor: Part[] = ["w", [4, 2], [8, 256], [8, 2], [4, 12], [8, 0]];
    const data = gguf(...head(1, 3), ...keys, ...list, ...tensor);
    const file = await readGguf(source(data, data.length + 1000));
    assert.deepEqual(file.metadata.slice(0, 2), [
        ["name", "llama"],
        ["n", "7"],
    ]);
    assert.match(file.metadata[2]?.[1] ?? "", /^\[0, 1, 2, .*… 20 in all\]$/);
    const [w] = file.tensors;
    assert.deepEqual([w?.name, w?.dtype, w?.shape, w?.bytes], ["w", "Q4_K", [256, 2], 288]);
    assert.equal((w?.offset ?? 1) % 32, 0);
});

test("GGUF: impossible counts, sizes and depths are refused at once", async () => {
    const nested = Array.from({ length: 6 }, (): [number, number][] => [
        [4, 9],
        [8, 1],
    ]).flat();
    const bad = [
        gguf(...head(2n ** 60n, 0)),
        gguf(...head(0, 2n ** 60n)),
        gguf(...head(0, 1), [8, 2n ** 62n]),
        gguf(...head(0, 1), "k", [4, 9], [4, 10], [8, 2n ** 50n]),
        gguf(...head(0, 1), "k", [4, 99]),
        gguf(...head(0, 1), "k", [4, 9], ...nested),
        gguf(...head(1, 0), "w", [4, 4_000_000]),
        gguf([4, 99], [8, 0], [8, 0]),
        gguf(),
    ];
    for (const data of bad) await assert.rejects(readGguf(source(data)), BadFile);
});

test("what stands before the text of a card is keys and values", () => {
    const card = [
        "---",
        "license: 'apache-2.0'",
        "# a comment",
        "tags:",
        "- one",
        '  - "two"',
        "base_model: [a/b, c]",
        "model-index:",
        "- name: bot",
        "  results:",
        "  - task: chat",
        "x-onerror: <img src=x onerror=alert(1)>",
        "---",
        "",
        "# The bot",
    ];
    for (const end of ["\n", "\r\n"])
        assert.deepEqual(withoutFront(card.join(end)), {
            entries: [
                { key: "license", value: "apache-2.0" },
                { key: "tags", value: "one, two" },
                { key: "base_model", value: "[a/b, c]" },
                { key: "model-index", value: "- name: bot\n  results:\n  - task: chat" },
                { key: "x-onerror", value: "<img src=x onerror=alert(1)>" },
            ],
            body: `${end}# The bot`,
        });
});

test("a rule, a heading and a fence without an end stay Markdown", () => {
    for (const text of [
        "---\n\nA heading\n---\n\ntext",
        "---\nlicense: mit\n\ntext",
        "text\n---\na: b\n---\n",
        "---\n---\n",
        "",
    ])
        assert.deepEqual(withoutFront(text), { entries: [], body: text });
});

test("names of images tell key and step", () => {
    const name = (key: string, step: number, tail = ".png"): string =>
        `images/${key}+step+${step}+timestamp+1795862400369+020dd551-4e28-486a-841f-a4180d566d1a${tail}`;
    const paths = [
        name("a~b", 10),
        name("a~b", 2),
        name("a~b", 2, "+compressed.webp"),
        "images/old#key%step%3%timestamp%17%aa-bb.png",
        "images/other.png",
    ];
    const series = imageSeries(paths);
    assert.deepEqual(
        series.map((s) => [s.key, s.images.map((i) => i.step)]),
        [
            ["a/b", [2, 10]],
            ["old/key", [3]],
        ],
    );
    const [ab] = series;
    assert.ok(ab);
    assert.equal(imageAt(ab, 5)?.step, 2);
    assert.equal(imageAt(ab, 0)?.step, 2);
    assert.match(imageAt(ab, 2)?.small ?? "", /webp$/);
});
