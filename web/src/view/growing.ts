// SPDX-License-Identifier: Apache-2.0
// Rows of a long file that are read as far as one looks: block by block from a place in it, through a reader that makes rows
// of text. Memory is bounded: after KEPT bytes it is full, and one goes on from there.
import { useEffect, useRef, useState } from "preact/hooks";
import { isAbort, Problem } from "../api/client";
import type { FileSource } from "./source";

const BLOCK = 512 << 10;
const KEPT = 48 << 20;

export interface RowReader<T> {
    push(text: string): T[];
    end(): T[];
}

export interface Growing<T> {
    rows: T[];
    next: number; // the first byte that was not read
    done: boolean; // the end of the file was reached
    full: boolean;
    busy: boolean;
    problem: Problem | undefined;
    more: () => void;
}

interface Work<T> {
    abort: AbortController;
    reader: RowReader<T>;
    decoder?: TextDecoder;
    busy: boolean;
}

interface State<T> {
    rows: T[];
    next: number;
    done: boolean;
    problem?: Problem;
}

function decoderFor(head: Uint8Array): TextDecoder {
    if (head[0] === 0xff && head[1] === 0xfe) return new TextDecoder("utf-16le");
    if (head[0] === 0xfe && head[1] === 0xff) return new TextDecoder("utf-16be");
    return new TextDecoder("utf-8");
}

export function useGrowing<T>(source: FileSource, start: number, make: () => RowReader<T>): Growing<T> {
    const [, draw] = useState(0);
    const state = useRef<State<T>>({ rows: [], next: start, done: false });
    const work = useRef<Work<T> | null>(null);
    const makeNow = useRef(make);
    makeNow.current = make;

    async function more(): Promise<void> {
        const w = work.current;
        const s = state.current;
        if (!w || w.busy || s.done || s.next - start >= KEPT) return;
        w.busy = true;
        try {
            const bytes = await source.read(s.next, BLOCK);
            if (w.abort.signal.aborted) return;
            w.decoder ??= decoderFor(bytes);
            s.next += bytes.length;
            s.done = s.next >= source.size || !bytes.length;
            for (const row of w.reader.push(w.decoder.decode(bytes, { stream: !s.done }))) s.rows.push(row);
            if (s.done) for (const row of w.reader.end()) s.rows.push(row);
            delete s.problem;
        } catch (e) {
            if (isAbort(e)) return;
            s.problem = e instanceof Problem ? e : new Problem(0, "BUG", String(e));
        } finally {
            w.busy = false;
            if (!w.abort.signal.aborted) draw((n) => n + 1);
        }
    }
    useEffect(() => {
        const abort = new AbortController();
        work.current = { abort, reader: makeNow.current(), busy: false };
        state.current = { rows: [], next: start, done: false };
        void more();
        return () => abort.abort();
    }, [source, start]);
    const s = state.current;
    return {
        rows: s.rows,
        next: s.next,
        done: s.done,
        full: s.next - start >= KEPT,
        busy: work.current?.busy ?? true,
        problem: s.problem,
        more: () => void more(),
    };
}
