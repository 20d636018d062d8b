// SPDX-License-Identifier: Apache-2.0
// Fields of runs as the search language names them ("metrics.loss.min", "config.lr", "status"): reading and writing
// them, and what a run has there. Pure.
import type { Run } from "../../api/client";
import { numberOf, type Wire } from "../../base/format";
import { searchKey } from "../../base/text";

export const DOMAINS = ["metrics", "config", "tags", "dataset"] as const;
export type Domain = (typeof DOMAINS)[number];
export const WHICH = ["last", "first", "min", "max"] as const;
export type Whichever = (typeof WHICH)[number];

// Attributes of every run, and what a reader calls them.
export const ATTRIBUTES: Readonly<Record<string, string>> = {
    name: "name",
    status: "status",
    start: "started",
    duration: "duration",
    user: "user",
    end: "ended",
    created: "created",
    reason: "reason",
    id: "id",
};
const TIMES = new Set(["start", "end", "created"]);

export interface Field {
    text: string; // as the search language takes it; its identity
    domain: Domain | "attribute";
    key: string;
    which: Whichever; // of metrics
}

export const metricField = (key: string, which: Whichever = "last"): Field => ({
    text: `metrics.${searchKey(key)}${which === "last" ? "" : `.${which}`}`,
    domain: "metrics",
    key,
    which,
});
export const keyField = (domain: Domain, key: string): Field => ({
    text: `${domain}.${searchKey(key)}`,
    domain,
    key,
    which: "last",
});
export const attributeField = (name: string): Field => ({
    text: name,
    domain: "attribute",
    key: name,
    which: "last",
});

// The key at the beginning of `text`, bare or quoted, and how long it is.
function keyAt(text: string): { key: string; length: number } | null {
    const quote = text[0];
    if (quote !== '"' && quote !== "'" && quote !== "`") {
        const bare = /^[^\s"'`(),=!<>~]+/.exec(text)?.[0];
        return bare ? { key: bare, length: bare.length } : null;
    }
    for (let i = 1; i < text.length; i++) {
        if (text[i] !== quote) continue;
        if (text[i + 1] === quote) i++;
        else return { key: text.slice(1, i).replaceAll(quote + quote, quote), length: i + 1 };
    }
    return null;
}

export function parseField(text: string): Field | null {
    if (text in ATTRIBUTES) return attributeField(text);
    const dot = text.indexOf(".");
    const domain = DOMAINS.find((d) => d === text.slice(0, dot));
    const at = domain && keyAt(text.slice(dot + 1));
    if (!domain || !at) return null;
    const rest = text.slice(dot + 1 + at.length);
    if (domain !== "metrics") return rest ? null : keyField(domain, at.key);
    const quoted = at.length !== at.key.length;
    const tail = quoted ? /^\.(\w+)$/.exec(rest)?.[1] : /\.(last|first|min|max)$/.exec(at.key)?.[1];
    const which = WHICH.find((w) => w === tail);
    if (rest && !which) return null;
    return metricField(quoted || !which ? at.key : at.key.slice(0, -which.length - 1), which ?? "last");
}

// What a heading says: the key, and what of the metric.
export const titleOf = (f: Field): string =>
    f.domain === "attribute"
        ? (ATTRIBUTES[f.key] ?? f.key)
        : f.which === "last"
          ? f.key
          : `${f.key} · ${f.which}`;

// The field that a search's `columns` take for it; nothing for attributes, which come always.
export const askedFor = (f: Field): string | null =>
    f.domain === "attribute" || f.domain === "dataset" ? null : `${f.domain}.${searchKey(f.key)}`;

export const isTime = (f: Field): boolean => f.domain === "attribute" && TIMES.has(f.key);

// Numbers are aligned right and sort high to low at the first click.
export const isNumeric = (f: Field): boolean =>
    f.domain === "metrics" || (f.domain === "attribute" && f.key === "duration");

export const isNumberText = (text: string): boolean => text.trim() !== "" && Number.isFinite(Number(text));

export type Value = number | string | undefined;

function metricValue(run: Run, f: Field): Value {
    const m = run.metrics[f.key];
    if (!m) return undefined;
    const wire: Wire = f.which === "min" || f.which === "max" ? m[f.which] : m[f.which].value;
    return numberOf(wire);
}

// Of a run that goes on: to now. One that ended and does not say when has none.
export function durationMs(run: Run, now: number): number | undefined {
    const end = run.end_ms ?? (run.status === "running" ? now : undefined);
    return run.start_ms === undefined || end === undefined ? undefined : Math.max(0, end - run.start_ms);
}

function attributeValue(run: Run, key: string): Value {
    switch (key) {
        case "start":
            return run.start_ms;
        case "end":
            return run.end_ms;
        case "created":
            return run.created_us / 1000;
        case "duration":
            return durationMs(run, Date.now());
        case "name":
        case "status":
        case "user":
        case "reason":
        case "id":
            return run[key];
        default:
            return undefined;
    }
}

export function fieldValue(run: Run, f: Field): Value {
    switch (f.domain) {
        case "metrics":
            return metricValue(run, f);
        case "config":
        case "tags":
            return run[f.domain][f.key];
        case "dataset":
            return undefined;
        case "attribute":
            return attributeValue(run, f.key);
    }
}

// Words with a space between; quotes keep spaces within.
export function words(text: string): string[] {
    const out: string[] = [];
    let word = "";
    let quote = "";
    for (const c of text) {
        if (quote) quote = c === quote ? "" : quote;
        else if (c === '"' || c === "'" || c === "`") quote = c;
        if (c === " " && !quote) {
            if (word) out.push(word);
            word = "";
        } else word += c;
    }
    return word ? [...out, word] : out;
}
