// SPDX-License-Identifier: Apache-2.0
// Charts of many series in one request, in their compact form (docs/formats-native.md, section 2): typed
// arrays are laid over the reply, nothing is copied.
import { call, pathOf, type Series, send } from "./client";

export type Places = Uint32Array | BigInt64Array; // to be added to their base; BigInt64Array: as they are
export type Values = Float32Array | Float64Array;

export type By = "step" | "time";

// What each part of the range holds that has a point, in the order of steps (of times).
export interface ChartLine {
    run: string;
    key: string;
    n: number; // parts
    stepBase: bigint;
    timeBase: bigint;
    firstStep: Places;
    lastStep: Places;
    firstTime: Places;
    lastTime: Places;
    first: Values;
    last: Values;
    min: Values;
    max: Values;
    count: Uint32Array;
    nan: Uint32Array | null; // null: none is NaN
}
export interface ChartReply {
    start: number; // of all lines; beyond what a number holds exactly: each line has its own
    end: number;
    buckets: number;
    lines: ChartLine[];
}
export interface ChartQuery {
    runs: readonly string[];
    keys: readonly string[];
    by: By;
    start?: number | undefined; // by time in ms
    end?: number | undefined;
    buckets: number;
}

const TYPE = "application/vnd.stemma.chart";
const MAGIC = "STMCHT1\n";
const WIDE_PLACES = 1;
const WIDE_VALUES = 2;
const HAS_NAN = 4;
const HEAD = 32; // of the reply
const LINE_HEAD = 48;
export const PAIRS_MAX = 10_000; // runs x keys in one request
const KEYS_MAX = 1000;

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;
const text = new TextDecoder();

export function decodeChart(reply: ArrayBuffer): ChartReply {
    const view = new DataView(reply);
    if (reply.byteLength < HEAD + 8 || text.decode(new Uint8Array(reply, 0, 8)) !== MAGIC)
        throw new Error("this is no chart");
    const lines: ChartLine[] = [];
    let at = HEAD;
    for (;;) {
        if (at + 8 > reply.byteLength) throw new Error("the chart broke off");
        const size = view.getUint32(at, true);
        if (size === 0) break;
        if (size % 8 || size < LINE_HEAD || at + size + 8 > reply.byteLength)
            throw new Error("the chart broke off");
        lines.push(decodeLine(view, at, size));
        at += size;
    }
    return {
        start: Number(view.getBigInt64(8, true)),
        end: Number(view.getBigInt64(16, true)),
        buckets: view.getUint32(24, true),
        lines,
    };
}

function decodeLine(view: DataView, from: number, size: number): ChartLine {
    const bytes = view.buffer as ArrayBuffer;
    const flags = view.getUint32(from + 4, true);
    const keyBytes = view.getUint32(from + 24, true);
    const n = view.getUint32(from + 28, true);
    let at = from + LINE_HEAD + padded(keyBytes);
    const column = <T>(make: {
        new (b: ArrayBuffer, at: number, n: number): T;
        BYTES_PER_ELEMENT: number;
    }): T => {
        const bytesHere = padded(n * make.BYTES_PER_ELEMENT);
        if (at + bytesHere > from + size) throw new Error("a line of the chart is too short");
        const made = new make(bytes, at, n);
        at += bytesHere;
        return made;
    };
    const places = (): Places => (flags & WIDE_PLACES ? column(BigInt64Array) : column(Uint32Array));
    const values = (): Values => (flags & WIDE_VALUES ? column(Float64Array) : column(Float32Array));
    return {
        run: hex(new Uint8Array(bytes, from + 8, 16)),
        key: text.decode(new Uint8Array(bytes, from + LINE_HEAD, keyBytes)),
        n,
        stepBase: view.getBigInt64(from + 32, true),
        timeBase: view.getBigInt64(from + 40, true),
        firstStep: places(),
        lastStep: places(),
        firstTime: places(),
        lastTime: places(),
        first: values(),
        last: values(),
        min: values(),
        max: values(),
        count: column(Uint32Array),
        nan: flags & HAS_NAN ? column(Uint32Array) : null,
    };
}

function hex(bytes: Uint8Array): string {
    let out = "";
    for (const b of bytes) out += b.toString(16).padStart(2, "0");
    return out;
}

// As many requests as the server's limits ask for: nearly always one.
export async function readCharts(query: ChartQuery, signal?: AbortSignal): Promise<ChartReply> {
    const atOnce = Math.max(1, Math.min(KEYS_MAX, Math.floor(PAIRS_MAX / Math.max(1, query.runs.length))));
    const pieces: Promise<ChartReply>[] = [];
    for (let i = 0; i < query.keys.length; i += atOnce)
        pieces.push(readChart({ ...query, keys: query.keys.slice(i, i + atOnce) }, signal));
    const [head, ...rest] = await Promise.all(pieces);
    if (!head) return { start: 0, end: 0, buckets: query.buckets, lines: [] };
    for (const piece of rest) {
        head.start = Math.min(head.start, piece.start);
        head.end = Math.max(head.end, piece.end);
        head.lines.push(...piece.lines);
    }
    return head;
}

async function readChart(query: ChartQuery, signal: AbortSignal | undefined): Promise<ChartReply> {
    const reply = await send("series/chart", { json: query, accept: TYPE, ...(signal ? { signal } : {}) });
    return decodeChart(await reply.arrayBuffer());
}

export const readSeries = (run: string, signal?: AbortSignal): Promise<{ items: Series[] }> =>
    call(pathOf("runs", run, "series"), signal ? { signal } : {});

// Every point of a series as a table, however many.
export async function readPointsCsv(run: string, key: string): Promise<Blob> {
    const reply = await send(pathOf("runs", run, "points"), { query: { key }, accept: "text/csv" });
    return reply.blob();
}
