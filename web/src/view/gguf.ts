// SPDX-License-Identifier: Apache-2.0
// The header of a GGUF file: counts, keys with typed values, and the tensors. Its length is known only by walking it, so it
// is read in blocks; long arrays are walked but only their beginning is kept.
import { BadFile, type ByteSource, elements, type Tensor, type TensorFile, viewOf } from "./tensors";

const BLOCK = 1 << 20;
const HEADER_MAX = 256 << 20;
const KEPT = 16; // items of an array
const TEXT_MAX = 1 << 20;
const COUNT_MAX = 1_000_000;

// Name, elements a block, bytes a block: ggml's types by number.
const TYPES: Readonly<Record<number, [string, number, number]>> = {
    0: ["F32", 1, 4],
    1: ["F16", 1, 2],
    2: ["Q4_0", 32, 18],
    3: ["Q4_1", 32, 20],
    6: ["Q5_0", 32, 22],
    7: ["Q5_1", 32, 24],
    8: ["Q8_0", 32, 34],
    9: ["Q8_1", 32, 40],
    10: ["Q2_K", 256, 84],
    11: ["Q3_K", 256, 110],
    12: ["Q4_K", 256, 144],
    13: ["Q5_K", 256, 176],
    14: ["Q6_K", 256, 210],
    15: ["Q8_K", 256, 292],
    16: ["IQ2_XXS", 256, 66],
    17: ["IQ2_XS", 256, 74],
    18: ["IQ3_XXS", 256, 98],
    19: ["IQ1_S", 256, 50],
    20: ["IQ4_NL", 32, 18],
    21: ["IQ3_S", 256, 110],
    22: ["IQ2_S", 256, 82],
    23: ["IQ4_XS", 256, 136],
    24: ["I8", 1, 1],
    25: ["I16", 1, 2],
    26: ["I32", 1, 4],
    27: ["I64", 1, 8],
    28: ["F64", 1, 8],
    29: ["IQ1_M", 256, 56],
    30: ["BF16", 1, 2],
    34: ["TQ1_0", 256, 54],
    35: ["TQ2_0", 256, 66],
    39: ["MXFP4", 32, 17],
};

// Bytes of a value, by the number of its kind; 8 is a text, 9 an array.
const WIDTHS: readonly number[] = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

class Walker {
    at = 0;
    private block: Uint8Array = new Uint8Array(0);
    private start = 0;

    constructor(private readonly source: ByteSource) {}

    async bytes(n: number): Promise<DataView> {
        if (this.at + n > Math.min(this.source.size, HEADER_MAX))
            throw new BadFile("it ends within its header, or the header is too long");
        if (this.at < this.start || this.at + n > this.start + this.block.length) {
            this.block = await this.source.read(this.at, Math.max(BLOCK, n));
            this.start = this.at;
            if (this.block.length < n) throw new BadFile("it ends within its header");
        }
        const view = viewOf(this.block.subarray(this.at - this.start, this.at - this.start + n));
        this.at += n;
        return view;
    }

    skip(n: number): void {
        if (this.at + n > this.source.size) throw new BadFile("it ends within its header");
        this.at += n;
    }

    // A text's bytes are walked over when nobody wants them.
    async text(keep: boolean, max: number): Promise<string> {
        const n = await this.count64("a text");
        if (n > max) throw new BadFile("a text in its header is too long");
        const view = await this.bytes(n);
        return keep ? new TextDecoder().decode(view) : "";
    }

    async u32(): Promise<number> {
        return (await this.bytes(4)).getUint32(0, true);
    }

    // A number of things of a byte at least: never more than the file has bytes.
    async count64(what: string): Promise<number> {
        const n = await this.u64();
        if (n > this.source.size) throw new BadFile(`the size of ${what} in its header is impossible`);
        return n;
    }

    async u64(): Promise<number> {
        return Number((await this.bytes(8)).getBigUint64(0, true));
    }
}

function scalarOf(kind: number, v: DataView): string {
    switch (kind) {
        case 0:
            return String(v.getUint8(0));
        case 1:
            return String(v.getInt8(0));
        case 2:
            return String(v.getUint16(0, true));
        case 3:
            return String(v.getInt16(0, true));
        case 4:
            return String(v.getUint32(0, true));
        case 5:
            return String(v.getInt32(0, true));
        case 6:
            return String(Number(v.getFloat32(0, true).toPrecision(7)));
        case 7:
            return v.getUint8(0) ? "true" : "false";
        case 10:
            return String(v.getBigUint64(0, true));
        case 11:
            return String(v.getBigInt64(0, true));
        default:
            return String(v.getFloat64(0, true));
    }
}

async function readValue(w: Walker, kind: number, keep: boolean, depth = 0): Promise<string> {
    if (kind === 8) return w.text(keep, TEXT_MAX);
    if (kind === 9) return readArray(w, keep, depth);
    const width = WIDTHS[kind];
    if (!width) throw new BadFile("a value in its header is of no known kind");
    return scalarOf(kind, await w.bytes(width));
}

async function readArray(w: Walker, keep: boolean, depth: number): Promise<string> {
    if (depth > 3) throw new BadFile("arrays in its header are nested too deep");
    const kind = await w.u32();
    const n = await w.count64("an array");
    const kept: string[] = [];
    for (let i = 0; i < n && (kind === 8 || kind === 9 || i < KEPT); i++) {
        const value = await readValue(w, kind, keep && i < KEPT, depth + 1);
        if (i < KEPT) kept.push(value);
    }
    const width = WIDTHS[kind] ?? 0;
    if (width && n > KEPT) w.skip((n - KEPT) * width);
    return `[${kept.join(", ")}${n > KEPT ? `, … ${n} in all` : ""}]`;
}

async function readTensor(w: Walker): Promise<Tensor> {
    const name = await w.text(true, 65_536);
    const dimensions = await w.u32();
    if (dimensions > 16) throw new BadFile(`tensor "${name.slice(0, 100)}" has ${dimensions} dimensions`);
    const shape: number[] = [];
    for (let i = 0; i < dimensions; i++) shape.push(await w.u64());
    const kind = await w.u32();
    const offset = await w.u64();
    const [dtype, group, size] = TYPES[kind] ?? [`type ${kind}`, 1, 0];
    return { name, dtype, shape, bytes: (elements(shape) / group) * size, offset };
}

export async function readGguf(source: ByteSource): Promise<TensorFile> {
    const w = new Walker(source);
    if ((await w.u32()) !== 0x46554747) throw new BadFile("it does not begin as a GGUF file does");
    const version = await w.u32();
    if (version < 2 || version > 3) throw new BadFile(`its version is ${version}`);
    const tensors = await w.count64("the list of tensors");
    const keys = await w.count64("the list of keys");
    if (tensors > COUNT_MAX || keys > COUNT_MAX) throw new BadFile("its header lists too much");
    const out: TensorFile = { format: `GGUF ${version}`, metadata: [], tensors: [], headerBytes: 0 };
    let alignment = 32;
    for (let i = 0; i < keys; i++) {
        const key = await w.text(true, 65_536);
        const value = await readValue(w, await w.u32(), true);
        out.metadata.push([key, value]);
        if (key === "general.alignment") alignment = Number(value) || 32;
    }
    for (let i = 0; i < tensors; i++) out.tensors.push(await readTensor(w));
    out.headerBytes = w.at;
    const base = Math.ceil(w.at / alignment) * alignment;
    for (const t of out.tensors) t.offset += base;
    return out;
}
