// SPDX-License-Identifier: Apache-2.0
// JSON as programs of this field write it: NaN and infinities stand bare in it, and integers have more digits than a
// double holds. Both are kept as RAW texts, so that what is shown is what is in the file. Pure.

const RAW = "\ue000"; // before a text that stood without quotes

export function parseJson(text: string): unknown {
    const exact = /\d{16}/.test(text) || /NaN|Infinity/.test(text);
    return JSON.parse(exact ? text.replace(TOKEN, kept) : text);
}

// All numbers as they are written: "1e-06" stays that.
export const parseExactly = (text: string): unknown => JSON.parse(text.replace(NUMBER, kept));
export const exactText = (value: unknown, indent = 0): string =>
    JSON.stringify(value, null, indent).replace(/"\ue000([^"]*)"/g, "$1");

const NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|-?Infinity|NaN/g;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])|-?Infinity|NaN/g;
const kept = (token: string): string => (token.startsWith('"') ? token : `"${RAW}${token}"`);

export const isRaw = (value: unknown): value is string => typeof value === "string" && value.startsWith(RAW);
export const rawText = (value: string): string => value.slice(RAW.length);

// A table as MLflow's clients log it: {"columns": [...], "data": [[...], ...]}.
export interface LoggedTable {
    columns: string[];
    data: unknown[][];
}

export function loggedTable(value: unknown): LoggedTable | null {
    if (!value || typeof value !== "object") return null;
    const { columns, data } = value as { columns?: unknown; data?: unknown };
    if (!Array.isArray(columns) || !Array.isArray(data)) return null;
    if (!columns.length || columns.length > 500 || !data.every(Array.isArray)) return null;
    return { columns: columns.map(String), data: data as unknown[][] };
}
