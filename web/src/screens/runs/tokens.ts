// SPDX-License-Identifier: Apache-2.0
// The text of a filter in pieces, and what is expected at the cursor: a field, an operator, a value or a word that
// joins. It follows the server's grammar (docs/search.md) as far as completion needs it; what is wrong is the server's
// to tell. Pure.

export type TokenKind = "word" | "text" | "operator" | "open" | "close" | "comma";
export interface Token {
    kind: TokenKind;
    text: string;
    from: number;
    to: number;
}

const QUOTES = "\"'`";
const BARE = /[^\s"'`(),=!<>~]/;
const SINGLE: Readonly<Record<string, TokenKind>> = { "(": "open", ")": "close", ",": "comma" };

function quotedEnd(text: string, from: number): number {
    const quote = text[from] ?? "";
    for (let i = from + 1; i < text.length; i++) {
        if (text[i] !== quote) continue;
        if (text[i + 1] === quote) i++;
        else return i + 1;
    }
    return text.length;
}

// A word with its quoted parts: metrics."my loss".min is one.
function wordEnd(text: string, from: number): number {
    let at = from;
    while (at < text.length) {
        if (BARE.test(text[at] ?? "")) at++;
        else if (QUOTES.includes(text[at] ?? " ") && text[at - 1] === ".") at = quotedEnd(text, at);
        else break;
    }
    return at;
}

export function tokens(text: string): Token[] {
    const out: Token[] = [];
    let at = 0;
    while (at < text.length) {
        const c = text[at] ?? "";
        let to = at + 1;
        let kind: TokenKind | undefined = SINGLE[c];
        if (/\s/.test(c)) {
            at++;
            continue;
        }
        if (kind === undefined && QUOTES.includes(c)) {
            kind = "text";
            to = quotedEnd(text, at);
        } else if (kind === undefined && BARE.test(c)) {
            kind = "word";
            to = wordEnd(text, at);
        } else if (kind === undefined) {
            kind = "operator";
            if (/^(!=|<=|>=|!~)/.test(text.slice(at, at + 2))) to = at + 2;
        }
        out.push({ kind, text: text.slice(at, to), from: at, to });
        at = to;
    }
    return out;
}

export type Expected = "field" | "operator" | "value" | "join" | "list" | "null";

export interface Context {
    expected: Expected;
    field: string; // that the operator or value is of
    from: number; // the piece that the cursor is in or behind
    to: number;
    typed: string; // of it, before the cursor
    depth: number; // open parentheses
}

interface Reading {
    expected: Expected;
    field: string;
    list: boolean;
    depth: number;
}

function afterWord(s: Reading, word: string): Reading {
    const lower = word.toLowerCase();
    switch (s.expected) {
        case "field":
            return lower === "not" ? s : { ...s, expected: "operator", field: word };
        case "operator":
            if (lower === "not") return s;
            if (lower === "in") return { ...s, expected: "list" };
            if (lower === "is") return { ...s, expected: "null" };
            return { ...s, expected: "value" };
        case "null":
            return lower === "not" ? s : { ...s, expected: "join" };
        case "join":
            return lower === "and" || lower === "or" ? { ...s, expected: "field" } : s;
        default:
            return s.list ? s : { ...s, expected: "join" };
    }
}

function after(s: Reading, t: Token): Reading {
    switch (t.kind) {
        case "word":
            return afterWord(s, t.text);
        case "text":
            return s.list ? s : { ...s, expected: "join" };
        case "operator":
            return { ...s, expected: "value" };
        case "open":
            return s.expected === "list"
                ? { ...s, expected: "value", list: true }
                : { ...s, depth: s.depth + 1 };
        case "close":
            return s.list
                ? { ...s, expected: "join", list: false }
                : { ...s, expected: "join", depth: Math.max(0, s.depth - 1) };
        case "comma":
            return s;
    }
}

export function contextAt(text: string, cursor: number): Context {
    let s: Reading = { expected: "field", field: "", list: false, depth: 0 };
    for (const t of tokens(text)) {
        const touched = t.to >= cursor && t.from < cursor;
        const replaced = t.kind === "word" || t.kind === "text" || (t.kind === "operator" && t.to > cursor);
        if (touched && replaced) return { ...s, from: t.from, to: t.to, typed: text.slice(t.from, cursor) };
        if (t.from >= cursor) break;
        s = after(s, t);
    }
    return { ...s, from: cursor, to: cursor, typed: "" };
}

// The statuses that a filter begins with ("status in (failed, crashed) and ..."), and what else it says.
export function splitStatus(where: string): { statuses: string[]; rest: string } {
    const m = /^\s*status\s*(?:=\s*(\w+)|in\s*\(([\w,\s]*)\))\s*(?:and\s+(.*))?$/is.exec(where);
    // Behind an "or" the status would not hold for all of it.
    if (!m || /\bor\b/i.test((m[3] ?? "").replace(/\(.*\)|"[^"]*"/gs, "")))
        return { statuses: [], rest: where };
    const statuses = (m[1] ?? m[2] ?? "").split(",").map((s) => s.trim());
    return { statuses: statuses.filter(Boolean), rest: (m[3] ?? "").trim() };
}

export function withStatus(statuses: readonly string[], rest: string): string {
    if (!statuses.length) return rest;
    const first = statuses.length === 1 ? `status = ${statuses[0]}` : `status in (${statuses.join(", ")})`;
    if (!rest) return first;
    const grouped = /\bor\b/i.test(rest) && !/^\(.*\)$/s.test(rest) ? `(${rest})` : rest;
    return `${first} and ${grouped}`;
}
