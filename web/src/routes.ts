// SPDX-License-Identifier: Apache-2.0
// The addresses of the page, and those that MLflow's client prints, which lead to the same screens. A row is a pattern
// and what it shows; versions, lineage and promotion get rows of their own here.
import { type Address, formatAddress } from "./base/parse_address";

export type Place =
    | { screen: "home" }
    | { screen: "runs"; project: string }
    | { screen: "run"; project: string; run: string }
    | { screen: "compare" }
    | { screen: "nowhere" };

export const toHome = (): string => formatAddress([]);
export const toProject = (project: number | string, query = {}): string =>
    formatAddress(["projects", project], query);
export const toRun = (project: number | string, run: string, query = {}): string =>
    formatAddress(["projects", project, "runs", run], query);
export const toCompare = (runs: readonly string[], query = {}): string =>
    formatAddress(["compare"], { runs: runs.join(","), ...query });
export const comparedRuns = (query: URLSearchParams): string[] =>
    (query.get("runs") ?? "").split(",").filter(Boolean);

// MLflow's: /experiments/1, /experiments/1/runs/ID/artifacts/a/b, /compare-runs?runs=["a","b"]. The address they stand for
// here, or null.
export function translated(a: Address): string | null {
    const [first, project, second, run, tab, ...rest] = a.path;
    if (first === "compare-runs") return toCompare(idsOf(a.query.get("runs")));
    if (first !== "experiments" || !project) return first === "experiments" ? toHome() : null;
    if (second !== "runs" || !run) return toProject(project);
    if (tab === "artifacts") return toRun(project, run, { tab: "files", file: rest.join("/") });
    const tabs: Record<string, string> = {
        "model-metrics": "charts",
        "system-metrics": "system",
        traces: "overview",
    };
    return toRun(project, run, { tab: tabs[tab ?? ""] });
}

function idsOf(text: string | null): string[] {
    try {
        const list: unknown = JSON.parse(text ?? "[]");
        return Array.isArray(list) ? list.map(String) : [];
    } catch {
        return [];
    }
}

export function placeOf(a: Address): Place {
    const [first, project, second, run, ...more] = a.path;
    if (more.length) return { screen: "nowhere" };
    if (!first) return { screen: "home" };
    if (first === "compare" && !project) return { screen: "compare" };
    // As `stemma run` prints it: the screen finds the project.
    if (first === "runs" && project && !second) return { screen: "run", project: "", run: project };
    if (first !== "projects" || !project) return { screen: "nowhere" };
    if (second === "runs" && run) return { screen: "run", project, run };
    return second ? { screen: "nowhere" } : { screen: "runs", project };
}
