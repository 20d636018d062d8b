// SPDX-License-Identifier: Apache-2.0
// The console of a run, a page of lines at a time.
import { type ConsolePage, call, pathOf } from "./client";

export interface ConsoleAsk {
    after?: number;
    before?: number;
    tail?: number;
    limit?: number;
    stream?: "out" | "err";
    search?: string; // a text
    match?: string; // a regular expression
}

export const readConsole = (run: string, ask: ConsoleAsk, signal?: AbortSignal): Promise<ConsolePage> =>
    call<ConsolePage>(pathOf("runs", run, "console"), { query: { ...ask }, ...(signal ? { signal } : {}) });
