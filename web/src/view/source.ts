// SPDX-License-Identifier: Apache-2.0
// A file as its viewers read it: by ranges, the last few blocks kept. Closed, it reads no more.
import type { File } from "../api/client";
import { fileRange } from "../api/files";
import type { ByteSource } from "./tensors";

export interface FileSource extends ByteSource {
    holder: string;
    file: File;
    close(): void;
}

const KEPT = 24;

export function openFile(holder: string, file: File): FileSource {
    const kept = new Map<string, Promise<Uint8Array>>();
    const abort = new AbortController();
    function read(from: number, length: number): Promise<Uint8Array> {
        const key = `${from} ${length}`;
        const old = kept.get(key);
        if (old) return old;
        const fresh = fileRange(holder, file, from, length, abort.signal);
        kept.set(key, fresh);
        fresh.catch(() => kept.delete(key));
        if (kept.size > KEPT) kept.delete(kept.keys().next().value as string);
        return fresh;
    }
    return { holder, file, size: file.size ?? 0, read, close: () => abort.abort() };
}
