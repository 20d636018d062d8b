// SPDX-License-Identifier: Apache-2.0
// How charts are shown: read from the address, so that a copied link shows the same. `x`: step (the default),
// rel, wall; `smooth`: 0 to 0.999; `log`: x, y, xy; `band`: deviation; `charts`: what keys are searched for;
// `order`: charts that stand before the others of their section; `z`: the range of x; `zy`: ranges of y, a
// chart each; `chart`: the one that is open alone.
import { computed, type ReadonlySignal } from "@preact/signals";
import { address, setQuery } from "../base/address";
import type { Range, XMode } from "./trace";

export interface Settings {
    readonly x: XMode;
    readonly smooth: number;
    readonly logX: boolean;
    readonly logY: boolean;
    readonly band: "range" | "deviation";
    readonly find: string;
    readonly order: readonly string[];
    readonly zoom: Range | null;
    readonly zoomY: ReadonlyMap<string, Range>;
    readonly alone: string | null;
}

// One of them, for who is drawn again only when that one changes.
export const setting = <K extends "x" | "logY" | "find" | "alone">(name: K): ReadonlySignal<Settings[K]> =>
    computed(() => settings.value[name]);

function rangeOf(low: string | undefined, high: string | undefined): Range | null {
    const [a, b] = [Number(low), Number(high)];
    return low && high && Number.isFinite(a) && Number.isFinite(b) && a < b ? [a, b] : null;
}

export function readSettings(q: URLSearchParams): Settings {
    const x = q.get("x");
    const smooth = Number(q.get("smooth") ?? 0);
    const log = q.get("log") ?? "";
    const zoomY = new Map<string, Range>();
    for (const text of q.getAll("zy")) {
        const [low, high, ...key] = text.split("_");
        const range = rangeOf(low, high);
        if (range) zoomY.set(key.join("_"), range);
    }
    return {
        x: x === "rel" || x === "wall" ? x : "step",
        smooth: smooth > 0 && smooth < 1 ? smooth : 0,
        logX: log.includes("x"),
        logY: log.includes("y"),
        band: q.get("band") === "deviation" ? "deviation" : "range",
        find: q.get("charts") ?? "",
        order: q.getAll("order"),
        zoom: rangeOf(...((q.get("z") ?? "").split("_") as [string, string])),
        zoomY,
        alone: q.get("chart"),
    };
}

const KEYS = ["x", "smooth", "log", "band", "charts", "order", "z", "zy", "chart"];

// What else the address holds is no reason to draw a chart again.
const query = computed(() => {
    const own = new URLSearchParams();
    for (const key of KEYS) for (const value of address.value.query.getAll(key)) own.append(key, value);
    return own.toString();
});
export const settings = computed(() => readSettings(new URLSearchParams(query.value)));

// Nine digits: wall time in milliseconds keeps its seconds at every zoom by being rounded to whole ones
// instead.
const brief = (v: number): string => String(Math.abs(v) >= 1e9 ? Math.round(v) : Number(v.toPrecision(9)));

export const setX = (x: XMode): void => setQuery({ x: x === "step" ? null : x, z: null });
export const setSmooth = (w: number): void => setQuery({ smooth: w || null });
export function setLog(logX: boolean, logY: boolean): void {
    setQuery({ log: `${logX ? "x" : ""}${logY ? "y" : ""}` });
}
export const setBand = (band: Settings["band"]): void => setQuery({ band: band === "range" ? null : band });
export const setFind = (find: string): void => setQuery({ charts: find });
export const setOrder = (order: readonly string[]): void => setQuery({ order });
// Steps that the back button undoes.
export const setZoom = (r: Range | null): void =>
    setQuery({ z: r ? `${brief(r[0])}_${brief(r[1])}` : null }, { replace: false });
export const setAlone = (key: string | null): void => setQuery({ chart: key }, { replace: key === null });

export function setZoomY(key: string, r: Range | null): void {
    const all = new Map(settings.peek().zoomY);
    if (r) all.set(key, r);
    else all.delete(key);
    setQuery({ zy: [...all].map(([k, [a, b]]) => `${brief(a)}_${brief(b)}_${k}`) });
}

export const xWord: Record<XMode, string> = { step: "step", rel: "time since the start", wall: "time" };
