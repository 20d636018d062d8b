// SPDX-License-Identifier: Apache-2.0
// What may stand at the cursor of the filter: names of fields, operators, values and words that join, best first. Pure
// but for values, which the server knows.
import type { FieldName } from "../../api/client";
import { shortCount } from "../../base/format";
import { naturally, searchText } from "../../base/text";
import {
    ATTRIBUTES,
    type Field,
    isNumberText,
    isNumeric,
    isTime,
    keyField,
    metricField,
    parseField,
    WHICH,
} from "./field";
import { type Context, contextAt } from "./tokens";

export interface Suggestion {
    label: string;
    hint: string;
    text: string; // what the whole field holds then
    cursor: number;
}

interface Piece {
    text: string;
    hint: string;
    open?: boolean; // one goes on within it
}

const MOST = 60;
const STATUSES = ["running", "finished", "failed", "crashed", "killed", "scheduled"];
const TIMES = ["today", "yesterday", "1h ago", '"1 week ago"', '"1 month ago"'];
const DURATIONS = ["1m", "10m", "1h", "1d"];

const countHint = (n: number | undefined): string => (n === undefined ? "" : shortCount(n));

const plain = (text: string): string => text.replace(/["'`]/g, "").toLowerCase();

// 0: not at all; greater: better. Quotes do not matter.
function fit(typed: string, text: string): number {
    const a = plain(typed);
    const b = plain(text);
    if (!a || b.startsWith(a)) return 4;
    const key = b.slice(b.indexOf(".") + 1);
    if (key.startsWith(a)) return 3;
    if (/[/_.-]/.test(b) && b.split(/[/_.-]/).some((part) => part.startsWith(a))) return 2;
    return b.includes(a) ? 1 : 0;
}

function fieldPieces(names: readonly FieldName[], typed: string): Piece[] {
    const whole = parseField(typed.replace(/\.$/, ""));
    const forms: Piece[] = [];
    if (whole?.domain === "metrics" && names.some((n) => n.kind === "metric" && n.name === whole.key))
        for (const w of WHICH) forms.push({ text: metricField(whole.key, w).text, hint: `the ${WORDS[w]}` });
    const attributes = Object.entries(ATTRIBUTES).map(([text, title]) => ({
        text,
        hint: title === text ? "" : title,
        fit: fit(typed, text),
        runs: Number.POSITIVE_INFINITY,
    }));
    const keys = names.map((n) => {
        const text = fieldOfName(n).text;
        return { text, hint: countHint(n.runs), fit: fit(typed, text), runs: n.runs ?? 0 };
    });
    const found = [...attributes, ...keys]
        .filter((p) => p.fit > 0)
        .sort((a, b) => b.fit - a.fit || (b.runs === a.runs ? naturally(a.text, b.text) : b.runs - a.runs));
    const rest: Piece[] = typed && "not".startsWith(typed.toLowerCase()) ? [{ text: "not", hint: "" }] : [];
    return [...forms, ...found.filter((p) => !forms.some((f) => f.text === p.text)), ...rest];
}

const WORDS = { last: "last value", first: "first value", min: "least", max: "greatest" } as const;

export const fieldOfName = (n: FieldName): Field =>
    n.kind === "metric" ? metricField(n.name) : keyField(n.kind === "config" ? "config" : "tags", n.name);

function operatorPieces(field: Field | null): Piece[] {
    const p = (text: string, hint: string): Piece => ({ text, hint });
    const missing = [p("is not null", "has one"), p("is null", "has none")];
    const order = [p("<", "less"), p("<=", ""), p(">", "greater"), p(">=", "")];
    if (field?.text === "status")
        return [p("=", "is"), p("!=", "is not"), { ...p("in (", "one of"), open: true }];
    if (field && isTime(field)) return [p(">", "after"), p("<", "before"), p("=", "within"), ...missing];
    if (field && isNumeric(field)) return [...order, p("=", ""), p("!=", ""), ...missing];
    const texts = [
        p("=", "is"),
        p("!=", "is not"),
        p("~", "matches an expression"),
        p("!~", "does not match"),
        { ...p("in (", "one of"), open: true },
        p("like", "% is any text"),
        p("ilike", "case does not matter"),
    ];
    return [...texts, ...order, ...missing];
}

export interface KnownValue {
    value: string;
    runs: number;
}

function valuePieces(field: Field | null, values: readonly KnownValue[]): Piece[] {
    const simple = (list: readonly string[]): Piece[] => list.map((text) => ({ text, hint: "" }));
    if (field?.text === "status") {
        const runs = new Map(values.map((v) => [v.value, v.runs]));
        return STATUSES.map((text) => ({ text, hint: countHint(runs.get(text)) }));
    }
    if (field && isTime(field)) return simple(TIMES);
    if (field?.text === "duration") return simple(DURATIONS);
    return values.map((v) => ({
        text: isNumberText(v.value) ? v.value : searchText(v.value),
        hint: countHint(v.runs),
    }));
}

// The field whose values are to be asked for, and what they begin with.
export function valuesWanted(text: string, cursor: number): { field: string; prefix: string } | null {
    const c = contextAt(text, cursor);
    const field = c.expected === "value" ? parseField(c.field) : null;
    if (!field || isTime(field) || isNumeric(field)) return null;
    return { field: field.text, prefix: c.typed.replace(/^["'`]/, "").replace(/["'`]$/, "") };
}

function piecesFor(c: Context, names: readonly FieldName[], values: readonly KnownValue[]): Piece[] {
    const field = parseField(c.field);
    switch (c.expected) {
        case "field":
            return fieldPieces(names, c.typed);
        case "operator":
            return operatorPieces(field);
        case "value":
            return valuePieces(field, values);
        case "list":
            return [{ text: "(", hint: "one of", open: true }];
        case "null":
            return [
                { text: "null", hint: "has none" },
                { text: "not null", hint: "has one" },
            ];
        case "join": {
            const close: Piece[] = c.depth ? [{ text: ")", hint: "" }] : [];
            return [{ text: "and", hint: "both hold" }, { text: "or", hint: "one holds" }, ...close];
        }
    }
}

export function suggestions(
    text: string,
    cursor: number,
    names: readonly FieldName[],
    values: readonly KnownValue[],
): Suggestion[] {
    const c = contextAt(text, cursor);
    const typed = c.typed.replace(/^["'`]/, "").toLowerCase();
    const pieces = piecesFor(c, names, values).filter(
        (p) => c.expected === "field" || p.text.toLowerCase().replace(/^"/, "").startsWith(typed),
    );
    return pieces
        .filter((p) => p.text !== c.typed || c.expected === "field")
        .slice(0, MOST)
        .map((p) => {
            const before = text.slice(0, c.from);
            const glue = /[^\s(]$/.test(before) ? " " : "";
            const head = `${before}${glue}${p.text}${p.open ? "" : " "}`;
            return {
                label: p.text,
                hint: p.hint,
                text: head + text.slice(c.to).replace(/^ /, ""),
                cursor: head.length,
            };
        });
}
