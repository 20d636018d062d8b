// SPDX-License-Identifier: Apache-2.0
// Columns of many runs as axes and colours: numbers as they are, texts as categories in natural order. Pure
// but for colours.
import { numberOf, shortNumber } from "../base/format";
import { naturally } from "../base/text";
import { colours, lineColour, scaleColour } from "./palette";
import type { Range } from "./trace";

export interface ChartRow {
    id: string;
    name: string;
    colour: number;
    values: Readonly<Record<string, number | string>>;
}
export interface Field {
    readonly column: string;
    readonly names: readonly string[] | null; // null: numbers
    readonly values: Float64Array; // a row each; NaN: it has none
    readonly extent: Range; // of what is finite
}

const isNumber = (v: number | string): boolean =>
    typeof v === "number" || (v.trim() !== "" && (!Number.isNaN(Number(v)) || v === "NaN"));

export function fieldOf(rows: readonly ChartRow[], column: string): Field {
    const all = rows.map((r) => r.values[column]);
    const known = all.filter((v) => v !== undefined);
    if (known.every(isNumber))
        return field(
            column,
            null,
            Float64Array.from(all, (v) => numberOf(v)),
        );
    const names = [...new Set(known.map(String))].sort(naturally);
    const place = new Map(names.map((n, i) => [n, i]));
    const values = Float64Array.from(all, (v) =>
        v === undefined ? Number.NaN : (place.get(String(v)) ?? Number.NaN),
    );
    return field(column, names, values);
}

function field(column: string, names: Field["names"], values: Float64Array): Field {
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const v of values) {
        if (!Number.isFinite(v)) continue;
        min = Math.min(min, v);
        max = Math.max(max, v);
    }
    return { column, names, values, extent: min <= max ? [min, max] : [0, 1] };
}

// The range of an axis: some room at both ends; a logarithm has its own and none below 0.
export function axisRange(f: Field, log: boolean): Range {
    const [low, high] = f.extent;
    if (f.names) return [-0.5, f.names.length - 0.5];
    if (log) {
        const least = f.values.reduce((m, v) => (v > 0 && v < m ? v : m), Number.POSITIVE_INFINITY);
        const most = high > 0 && Number.isFinite(least) ? high : 10;
        const from = Number.isFinite(least) ? least : 1;
        const pad = most > from ? (most / from) ** 0.04 : 2;
        return [from / pad, most * pad];
    }
    const pad = high > low ? (high - low) * 0.04 : Math.abs(high) * 0.1 || 0.5;
    return [low - pad, high + pad];
}

export const fieldText = (f: Field, v: number): string =>
    f.names ? (f.names[Math.round(v)] ?? "") : shortNumber(v);

// A row's colour: by a field, else the run's own.
export function colourOf(f: Field | null, rows: readonly ChartRow[], i: number): string {
    const c = colours.value;
    if (!f) return lineColour(rows[i]?.colour ?? 0);
    const v = f.values[i] as number;
    if (Number.isNaN(v)) return c.ink3;
    if (f.names) return lineColour(v);
    const [low, high] = f.extent;
    return scaleColour(c.scale, high > low ? (v - low) / (high - low) : 0.5);
}

// Columns that have at least one value, numbers that differ first offered.
export const usableColumns = (rows: readonly ChartRow[], columns: readonly string[]): string[] =>
    columns.filter((c) => rows.some((r) => r.values[c] !== undefined));
