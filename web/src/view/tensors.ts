// SPDX-License-Identifier: Apache-2.0
// The tensors that a file of weights says it holds. Nothing in such a header is believed: sizes are checked against the
// file before anything is read or made, and what does not fit is a BadFile.

export interface Tensor {
    name: string;
    dtype: string;
    shape: number[];
    bytes: number;
    offset: number; // from the start of the file
}

export interface TensorFile {
    format: string;
    metadata: [string, string][];
    tensors: Tensor[];
    headerBytes: number;
}

export class BadFile extends Error {}

// Reads bytes of the file, fewer at its end.
export interface ByteSource {
    size: number;
    read(from: number, length: number): Promise<Uint8Array>;
}

export const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export function viewOf(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
