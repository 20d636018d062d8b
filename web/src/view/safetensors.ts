// SPDX-License-Identifier: Apache-2.0
// The header of a safetensors file: eight bytes with its length, then JSON.
import { BadFile, type ByteSource, type Tensor, type TensorFile, viewOf } from "./tensors";

const HEADER_MAX = 64 << 20;

export async function readSafetensors(source: ByteSource): Promise<TensorFile> {
    const length = Number(viewOf(await exactly(source, 0, 8)).getBigUint64(0, true));
    if (length > HEADER_MAX || length > source.size - 8)
        throw new BadFile(`its header says it is ${length} bytes long`);
    const text = new TextDecoder("utf-8").decode(await exactly(source, 8, length));
    const header = objectOf(parsed(text), "the header");
    const out: TensorFile = { format: "safetensors", metadata: [], tensors: [], headerBytes: 8 + length };
    for (const [name, value] of Object.entries(header)) {
        if (name === "__metadata__") out.metadata = metadataOf(value);
        else out.tensors.push(tensorOf(name, value, 8 + length, source.size));
    }
    out.tensors.sort((a, b) => a.offset - b.offset);
    return out;
}

async function exactly(source: ByteSource, from: number, length: number): Promise<Uint8Array> {
    const bytes = await source.read(from, length);
    if (bytes.length < length) throw new BadFile("it ends within its header");
    return bytes;
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        throw new BadFile("its header is no JSON");
    }
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
    if (!value || typeof value !== "object" || Array.isArray(value))
        throw new BadFile(`${what} is no object`);
    return value as Record<string, unknown>;
}

const metadataOf = (value: unknown): [string, string][] =>
    Object.entries(objectOf(value, "__metadata__")).map(([k, v]) => [k, String(v)]);

const isCount = (n: unknown): n is number => typeof n === "number" && Number.isSafeInteger(n) && n >= 0;

function tensorOf(name: string, value: unknown, base: number, size: number): Tensor {
    const t = objectOf(value, `tensor "${name.slice(0, 100)}"`);
    const shape = t["shape"];
    const range = t["data_offsets"];
    const good =
        typeof t["dtype"] === "string" &&
        Array.isArray(shape) &&
        shape.length <= 64 &&
        shape.every(isCount) &&
        Array.isArray(range) &&
        range.length === 2 &&
        range.every(isCount);
    if (!good) throw new BadFile(`tensor "${name.slice(0, 100)}" is not described as it should be`);
    const [from, to] = range as [number, number];
    if (from > to || to > Number.MAX_SAFE_INTEGER - base || base > size)
        throw new BadFile(`tensor "${name.slice(0, 100)}" lies outside of the file`);
    return {
        name,
        dtype: String(t["dtype"]).slice(0, 40),
        shape: shape as number[],
        bytes: to - from,
        offset: base + from,
    };
}
