// SPDX-License-Identifier: Apache-2.0
// What stands in the rows of a comparison: each thing that some of the runs have, a value a run, and how it differs from
// the reference. Pure.
import type { Run } from "../../api/client";
import { dateTime, duration, numberOf, shortNumber } from "../../base/format";
import { csvField, naturally } from "../../base/text";

export type Aggregate = "last" | "min" | "max" | "first";
export interface Value {
    text: string;
    number?: number; // when it is one: differences are counted
}
export interface CompareRow {
    key: string;
    values: (Value | undefined)[]; // as the runs stand
    differs: boolean;
    isLong: boolean; // a text whose differences are worth a look of their own
}
export interface Section {
    id: "about" | "metrics" | "config" | "tags" | "data";
    title: string;
    rows: CompareRow[];
}

const LONG = 60;
const NAME_TAG = "mlflow.runName"; // stands in the head of the table
const same = (a: Value | undefined, b: Value | undefined): boolean =>
    a === b || (a !== undefined && b !== undefined && a.text === b.text);

function row(key: string, values: (Value | undefined)[]): CompareRow {
    const isLong = values.some((v) => v && (v.text.length > LONG || v.text.includes("\n")));
    return { key, values, differs: values.some((v) => !same(v, values[0])), isLong };
}

function keysOf(runs: readonly Run[], of: (r: Run) => object): string[] {
    return [...new Set(runs.flatMap((r) => Object.keys(of(r))))].sort(naturally);
}

const asText = (text: string | undefined): Value | undefined => {
    if (text === undefined) return undefined;
    const number = text.trim() === "" ? Number.NaN : Number(text);
    return Number.isNaN(number) ? { text } : { text, number };
};

const textRows = (runs: readonly Run[], of: (r: Run) => Record<string, string>): CompareRow[] =>
    keysOf(runs, of).map((key) =>
        row(
            key,
            runs.map((r) => asText(of(r)[key])),
        ),
    );

function metricValue(run: Run, key: string, how: Aggregate): Value | undefined {
    const summary = run.metrics[key];
    if (!summary) return undefined;
    const number = numberOf(how === "last" || how === "first" ? summary[how].value : summary[how]);
    return { text: String(number), number };
}

function aboutRows(runs: readonly Run[]): CompareRow[] {
    const of: [string, (r: Run) => Value | undefined][] = [
        ["status", (r) => ({ text: r.status })],
        ["reason", (r) => asText(r.reason)],
        ["started", (r) => (r.start_ms === undefined ? undefined : { text: dateTime(r.start_ms) })],
        ["duration", (r) => durationOf(r)],
        ["user", (r) => ({ text: r.user })],
        ["project", (r) => ({ text: String(r.project) })],
    ];
    return of.map(([key, value]) => row(key, runs.map(value))).filter((r) => r.values.some(Boolean));
}

function durationOf(r: Run): Value | undefined {
    if (r.start_ms === undefined || r.end_ms === undefined) return undefined;
    return { text: duration(r.end_ms - r.start_ms) };
}

function dataRows(runs: readonly Run[]): CompareRow[] {
    const names = [...new Set(runs.flatMap((r) => (r.datasets ?? []).map((d) => d.name)))].sort(naturally);
    return names.map((name) =>
        row(
            name,
            runs.map((r) => {
                const used = r.datasets?.find((d) => d.name === name);
                return used && { text: used.digest };
            }),
        ),
    );
}

export function sectionsOf(runs: readonly Run[], how: Aggregate): Section[] {
    const metrics = keysOf(runs, (r) => r.metrics).map((key) =>
        row(
            key,
            runs.map((r) => metricValue(r, key, how)),
        ),
    );
    const all: Section[] = [
        { id: "about", title: "About", rows: aboutRows(runs) },
        { id: "metrics", title: "Metrics", rows: metrics },
        { id: "config", title: "Configuration", rows: textRows(runs, (r) => r.config) },
        { id: "tags", title: "Tags", rows: textRows(runs, (r) => r.tags).filter((t) => t.key !== NAME_TAG) },
        { id: "data", title: "Data sets", rows: dataRows(runs) },
    ];
    return all.filter((s) => s.rows.length > 0);
}

// "+0.012 (+3.4 %)" against the reference; nothing when it is the same, or no number.
export function deltaOf(value: Value | undefined, reference: Value | undefined): string {
    const a = value?.number;
    const b = reference?.number;
    if (a === undefined || b === undefined || a === b || Number.isNaN(a) || Number.isNaN(b)) return "";
    const d = a - b;
    const sign = d > 0 ? "+" : "";
    const percent =
        b === 0 || !Number.isFinite(d / b)
            ? ""
            : ` (${sign}${shortNumber(Number(((d / Math.abs(b)) * 100).toPrecision(3)))} %)`;
    return `${sign}${shortNumber(d)}${percent}`;
}

export function csvOf(runs: readonly Run[], sections: readonly Section[]): string {
    // Numbers stand as they are: a minus is no formula.
    const field = (v: Value | undefined): string =>
        v?.number === undefined ? csvField(v?.text ?? "") : v.text;
    const lines = [
        ["section", "key", ...runs.map((r) => r.id)],
        ["", "name", ...runs.map((r) => csvField(r.name))],
    ];
    for (const s of sections)
        for (const r of s.rows) lines.push([s.id, csvField(r.key), ...r.values.map(field)]);
    return `${lines.map((l) => l.join(",")).join("\r\n")}\r\n`;
}
