// SPDX-License-Identifier: Apache-2.0
// Numbers, times and sizes as people read them: everywhere alike. Pure.

// What the API sends for a value: NaN and the infinities are texts in JSON.
export type Wire = number | "NaN" | "Infinity" | "-Infinity";

export const numberOf = (value: Wire | string | null | undefined): number =>
    value === null || value === undefined ? Number.NaN : Number(value);

const NAMES = new Map([
    [Number.POSITIVE_INFINITY, "∞"],
    [Number.NEGATIVE_INFINITY, "−∞"],
]);

// Four significant digits; whole numbers whole up to a million. The full value belongs in a title.
export function shortNumber(value: number): string {
    if (Number.isNaN(value)) return "NaN";
    const name = NAMES.get(value);
    if (name) return name;
    const size = Math.abs(value);
    if (Number.isInteger(value) && size < 1e6) return String(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6))
        return value
            .toExponential(3)
            .replace(/\.?0+e/, "e")
            .replace("e+", "e");
    return String(Number(value.toPrecision(4)));
}

// As above, but whole where another number would look the same.
export const toldApart = (value: number, other: unknown): string =>
    typeof other === "number" && other !== value && shortNumber(other) === shortNumber(value)
        ? String(value)
        : shortNumber(value);

// 12,345. The browser's own way is slow to begin, and this stands in what is drawn first.
export const integer = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

export function shortCount(n: number): string {
    if (n < 10_000) return integer(n);
    const units = ["k", "M", "G", "T"];
    let value = n;
    let unit = "";
    for (let i = 0; value >= 1000 && i < units.length; i++) {
        value /= 1000;
        unit = units[i] ?? "";
    }
    return `${value < 10 ? value.toFixed(1) : Math.round(value)}${unit}`;
}

export function bytes(n: number): string {
    const units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let at = 0;
    let value = n;
    while (value >= 1000 && at < units.length - 1) {
        value /= 1000;
        at++;
    }
    return `${at && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}

// "4 s", "3 min 20 s", "2 h 5 min", "3 d 4 h": two units at most.
export function duration(ms: number): string {
    if (!Number.isFinite(ms) || ms < 0) return "";
    if (ms < 1000) return `${Math.round(ms)} ms`;
    const s = Math.floor(ms / 1000);
    if (s < 60) return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${s} s`;
    const parts: [number, string][] = [
        [Math.floor(s / 86_400), "d"],
        [Math.floor(s / 3600) % 24, "h"],
        [Math.floor(s / 60) % 60, "min"],
        [s % 60, "s"],
    ];
    const first = parts.findIndex(([n]) => n > 0);
    return parts
        .slice(first, first + 2)
        .filter(([n]) => n > 0)
        .map(([n, unit]) => `${n} ${unit}`)
        .join(" ");
}

export function ago(ms: number, now = Date.now()): string {
    const past = now - ms;
    if (past < 5000) return "now";
    if (past < 60_000) return `${Math.floor(past / 1000)} s ago`;
    if (past < 3_600_000) return `${Math.floor(past / 60_000)} min ago`;
    if (past < 86_400_000) return `${Math.floor(past / 3_600_000)} h ago`;
    if (past < 30 * 86_400_000) return `${Math.floor(past / 86_400_000)} d ago`;
    return date(ms);
}

const two = (n: number): string => String(n).padStart(2, "0");

export function date(ms: number): string {
    const d = new Date(ms);
    return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

export function dateTime(ms: number): string {
    const d = new Date(ms);
    if (Number.isNaN(d.getTime())) return "";
    return `${date(ms)} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

// "runs" of 1 are "run"; a word that does not end so gives its own plural.
export const plural = (n: number, word: string, many = `${word}s`): string =>
    `${shortCount(n)} ${n === 1 ? word : many}`;
