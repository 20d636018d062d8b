// SPDX-License-Identifier: Apache-2.0
// The files of a run or of a version: listings, ranges of bytes, downloads. `holder` is the path of what has them.
import { saveBlob, saveUrl } from "../base/save";
import { apiUrl, call, canLink, type File, type Page, Problem, pathOf, send } from "./client";

export const runHolder = (run: string): string => pathOf("runs", run);

export const filesPath = (holder: string, path: string): string => `${holder}/${pathOf("files", path)}`;

export const listFiles = (
    holder: string,
    path: string,
    { after, limit = 500, signal }: { after?: string; limit?: number; signal?: AbortSignal } = {},
): Promise<Page<File>> =>
    call<Page<File>>(`${holder}/files`, {
        query: { path, after, limit },
        ...(signal ? { signal } : {}),
    });

// What stands at a path: a file, or a folder with the first page of what is in it.
export type Entry = { file: File } | { folder: Page<File> };

export async function readEntry(holder: string, path: string, signal?: AbortSignal): Promise<Entry> {
    const page = await listFiles(holder, path, signal ? { signal } : {});
    const [only] = page.items;
    return only && path && only.path === path && !only.is_dir ? { file: only } : { folder: page };
}

export async function wholeFile(holder: string, path: string, signal?: AbortSignal): Promise<Uint8Array> {
    const reply = await send(filesPath(holder, path), signal ? { signal } : {});
    return new Uint8Array(await reply.arrayBuffer());
}

// `length` bytes from `from`, fewer at the end. `digest`: of the file that is shown; when another stands there now, the
// answer is a Problem instead of bytes of two files.
export async function fileRange(
    holder: string,
    file: File,
    from: number,
    length: number,
    signal?: AbortSignal,
): Promise<Uint8Array> {
    const size = file.size ?? 0;
    const end = Math.min(size, from + length);
    if (from >= end) return new Uint8Array(0);
    const reply = await send(filesPath(holder, file.path), {
        headers: { Range: `bytes=${from}-${end - 1}` },
        ...(signal ? { signal } : {}),
    });
    const tag = reply.headers.get("ETag")?.replaceAll('"', "");
    if (tag && file.digest && tag !== file.digest)
        throw new Problem(409, "CHANGED", "This file was replaced while it was read: reload it.");
    const bytes = new Uint8Array(await reply.arrayBuffer());
    return reply.status === 206 ? bytes : bytes.subarray(from, end);
}

// As a file of the reader's machine: by the browser, where that may.
export async function download(
    path: string,
    name: string,
    query: Record<string, string> = {},
): Promise<void> {
    if (canLink()) return saveUrl(name, apiUrl(path, query));
    const reply = await send(path, { query });
    saveBlob(name, await reply.blob());
}
