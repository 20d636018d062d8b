// SPDX-License-Identifier: Apache-2.0
// The compact form of charts: the golden bytes of tests/unit/t_api_native_formats.c.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeChart } from "../src/api/series";
import { columnsOf } from "../src/chart/columns";

const GOLDEN = `
53544d434854310a ffffffffffffffff 6300000000000000 e8030000 00000000
80000000 00000000 000102030405060708090a0b0c0d0e0f 04000000 02000000
0a00000000000000 e803000000000000 6c6f737300000000
00000000 0a000000 02000000 0a000000 00000000 00000000 02000000 00000000
0000003f 00000040 0000803e 00000040 0000803e 00000040 0000003f 00000040 03000000 01000000
d0000000 07000000 000102030405060708090a0b0c0d0e0f 0a000000 02000000
0a00000000000000 e803000000000000 61206c6f6e676572206b000000000000
0a00000000000000 1400000000000000 0c00000000000000 ffffffffffffff7f
e803000000000000 e803000000000000 ea03000000000000 e803000000000000
000000000000e03f 9a9999999999b93f 000000000000d03f 0000000000000040
000000000000d03f 0000000000000040 000000000000e03f 0000000000000040
03000000 01000000 00000000 01000000 00000000 00000000`;

function golden(): ArrayBuffer {
    const hex = GOLDEN.replace(/\s/g, "");
    return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
        Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
    ).buffer;
}

test("both forms of a line", () => {
    const reply = golden();
    const chart = decodeChart(reply);
    assert.deepEqual([chart.start, chart.end, chart.buckets, chart.lines.length], [-1, 99, 1000, 2]);
    const [narrow, wide] = chart.lines;
    assert.ok(narrow && wide);
    assert.equal(narrow.run, "000102030405060708090a0b0c0d0e0f");
    assert.equal(narrow.key, "loss");
    assert.ok(narrow.first instanceof Float32Array && narrow.first.buffer === reply, "laid over the reply");
    assert.deepEqual([...narrow.first], [0.5, 2]);
    assert.deepEqual([...narrow.min], [0.25, 2]);
    assert.deepEqual([...narrow.count], [3, 1]);
    assert.equal(narrow.nan, null);
    assert.equal(wide.key, "a longer k");
    assert.ok(wide.first instanceof Float64Array && wide.firstStep instanceof BigInt64Array);
    assert.deepEqual([...wide.first], [0.5, 0.1]);
    assert.deepEqual([...(wide.nan ?? [])], [0, 1]);
});

test("steps and times as numbers", () => {
    const [narrow, wide] = decodeChart(golden()).lines.map((l) => columnsOf(l, "step"));
    assert.ok(narrow && wide);
    assert.deepEqual([...narrow.step0], [10, 20]);
    assert.deepEqual([...narrow.step1], [12, 20]);
    assert.deepEqual([...narrow.time1], [1002, 1000]);
    assert.deepEqual([...wide.step0], [10, 20]);
    assert.equal(wide.step1[1], 2 ** 63);
});

test("what broke off is no chart", () => {
    const whole = golden();
    for (const length of [0, 8, 39, 100, whole.byteLength - 8, whole.byteLength - 1])
        assert.throws(() => decodeChart(whole.slice(0, length)), Error, `${length} bytes`);
    const other = new Uint8Array(golden());
    other[6] = 0x32;
    assert.throws(() => decodeChart(other.buffer), /no chart/);
    const short = new Uint8Array(golden());
    short[32 + 28] = 200; // says that it has more parts than bytes
    assert.throws(() => decodeChart(short.buffer), /too short/);
});
