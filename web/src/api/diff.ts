// SPDX-License-Identifier: Apache-2.0
// What differs between two versions, as the server tells it: parts in pages, and tensors as they are found.
import { call, isAbort, Problem, send } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Diff = Schemas["Diff"];
export type DiffRow = Schemas["DiffRow"];
export type DiffRows = Schemas["DiffRows"];
export type DiffFile = Schemas["DiffFile"];
export type DiffText = Schemas["DiffText"];
export type DiffTexts = Schemas["DiffTexts"];
export type DiffToken = Schemas["DiffToken"];
export type DiffTokenizer = Schemas["DiffTokenizer"];
export type DiffSide = Schemas["DiffSide"];
export type DiffNote = Schemas["DiffNote"];

export const ROW_PARTS = [
    "config",
    "metrics",
    "evaluations",
    "tags",
    "parameters",
    "data",
    "code",
    "environment",
] as const;
export type RowPart = (typeof ROW_PARTS)[number];
export type Part = RowPart | "files" | "tokenizer" | "text";

export const SKIP_MAX = 20_000; // the server's

export interface Pair {
    from: string;
    to: string;
}

export const getDiff = (
    pair: Pair,
    page: { part?: Part; limit?: number; skip?: number },
    signal: AbortSignal,
): Promise<Diff> => call("diff", { query: { ...pair, ...page }, signal });

// ---- tensors: lines of JSON (docs/native-api.md) ----

type Number = number | "NaN" | "Infinity" | "-Infinity";

export interface TensorHalf {
    file: string;
    type: string;
    shape: number[];
    bytes: number;
}
export interface Odd {
    nan_was?: number; // elements that are no finite numbers; absent: none before and none now
    nan_is?: number;
    inf_was?: number;
    inf_is?: number;
}
export interface TensorDiff extends Odd {
    what: "added" | "removed" | "changed" | "reshaped" | "retyped";
    name: string;
    layer: string;
    was?: TensorHalf;
    is?: TensorHalf;
    change?: Number; // these: of those that were measured
    cosine?: Number;
    largest?: Number;
    norm_was?: Number;
    norm_is?: Number;
    elements?: number;
    equal?: number;
    bytes_differ?: number;
}
export interface LayerDiff extends Odd {
    name: string;
    tensors: number;
    differ: number;
    change: Number; // of those that changed; NaN: none of them was measured
    largest: Number;
}
export interface TensorSum extends Odd {
    differs: boolean;
    same: number;
    added: number;
    removed: number;
    changed: number;
    reshaped: number;
    retyped: number;
    bytes_read: number;
    elements: number;
    elements_equal: number;
    layers: LayerDiff[];
    metadata: DiffRows;
    notes: DiffNote[];
}
export type TensorLine =
    | { tensor: TensorDiff }
    | { progress: { bytes_read: number; bytes: number } }
    | { summary: TensorSum };

// The pieces of a reply's body until it ends or breaks.
async function* textOf(reply: Response): AsyncGenerator<string> {
    const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
    try {
        for (let got = await reader?.read(); got && !got.done; got = await reader?.read()) yield got.value;
    } catch (e) {
        if (isAbort(e)) throw e;
    }
}

// Gives each line as it comes. A reply that ends before its summary is a Problem, and none that is asked again by itself: who
// read for minutes decides whether to do so again.
export async function readTensors(
    pair: Pair,
    namesOnly: boolean,
    take: (line: TensorLine) => void,
    signal: AbortSignal,
): Promise<void> {
    const reply = await send("diff/tensors", { query: { ...pair, names_only: namesOnly }, signal });
    let rest = "";
    let whole = false;
    for await (const text of textOf(reply)) {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const one of lines) {
            const line = JSON.parse(one) as TensorLine;
            whole ||= "summary" in line;
            take(line);
        }
    }
    if (!whole)
        throw new Problem(reply.status, "CUT", "The server's answer ended before the comparison was whole.");
}
