// SPDX-License-Identifier: Apache-2.0
<<<<<<< HEAD
// Charts for the screens.
export { highlight } from "./highlight";
export type { ChartRun } from "./model";
export { ChartSections } from "./sections";
export { Spark } from "./spark";
=======
// The charts, as other screens use them.
import { h, type VNode } from "preact";

export interface ChartRun {
    id: string;
    name: string;
    colour: number; // a place in the palette
    group?: string; // runs of a group are one line with a band
    startMs?: number;
    live?: boolean;
}
export interface ChartRow {
    id: string;
    name: string;
    colour: number;
    values: Record<string, number | string>;
}

export function ChartSections(p: {
    project: number;
    runs: readonly ChartRun[];
    keys: readonly string[];
    storeKey: string;
}): VNode {
    return h(
        "ul",
        null,
        p.runs.map((r) => h("li", { key: r.id }, r.group ?? r.name)),
    );
}
export const Spark = (_: { run: string; metric: string; live: boolean }): VNode => h("span", null);
export const Scatter = (_: { rows: readonly ChartRow[] }): VNode => h("p", null);
export const Parallel = (_: { rows: readonly ChartRow[] }): VNode => h("p", null);
>>>>>>> baee2cc (web: the runs of a project in a virtual table)
