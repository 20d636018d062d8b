// SPDX-License-Identifier: Apache-2.0
// What of a console is asked for, as the address has it: the line (`line`), the search (`q`, `re`, `only`, `stream`), and
// whether times are shown (`time`). Pure.
import type { ConsoleAsk } from "../../api/console";

export interface Search {
    q: string;
    regular: boolean;
    only: boolean;
    stream: "out" | "err" | "";
    time: boolean;
    line: number;
}

export function searchOf(query: URLSearchParams): Search {
    const stream = query.get("stream");
    return {
        q: query.get("q") ?? "",
        regular: query.has("re"),
        only: query.has("only"),
        stream: stream === "out" || stream === "err" ? stream : "",
        time: query.has("time"),
        line: Math.max(0, Math.floor(Number(query.get("line") ?? 0)) || 0),
    };
}

export const askOf = (s: Search): ConsoleAsk => ({
    ...(s.q ? (s.regular ? { match: s.q } : { search: s.q }) : {}),
    ...(s.stream ? { stream: s.stream } : {}),
});

export function foundBy(s: Search): RegExp | null {
    if (!s.q) return null;
    try {
        return new RegExp(s.regular ? s.q : s.q.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "g");
    } catch {
        return null; // the server's regular expressions know more than the browser's
    }
}
