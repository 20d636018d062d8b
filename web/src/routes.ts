// SPDX-License-Identifier: Apache-2.0
// The addresses of the page, and those that MLflow's client prints, which lead to the same screens. A row is a pattern
// and what it shows.
import { type Address, formatAddress, type Query } from "./base/parse_address";

export type Place =
    | { screen: "home" }
    | { screen: "runs"; project: string }
    | { screen: "run"; project: string; run: string }
    | { screen: "compare" }
    | { screen: "repos" }
    | { screen: "repo"; repo: string }
    | { screen: "version"; repo: string; version: string }
    | { screen: "diff"; repo: string; from: string; to: string }
    | { screen: "lineage"; of: string }
    | { screen: "prompts" }
    | { screen: "prompt"; prompt: string }
    | { screen: "storage" }
    | { screen: "activity" }
    | { screen: "nowhere" };

export const toHome = (): string => formatAddress([]);
export const toProject = (project: number | string, query = {}): string =>
    formatAddress(["projects", project], query);
export const toRun = (project: number | string, run: string, query = {}): string =>
    formatAddress(["projects", project, "runs", run], query);
// The screen finds the project.
export const toRunById = (run: string): string => formatAddress(["runs", run]);
export const toRepos = (query = {}): string => formatAddress(["repos"], query);
export const toRepo = (repo: string, query = {}): string => formatAddress(["repos", repo], query);
export const toVersion = (repo: string, version: number | string, query = {}): string =>
    formatAddress(["repos", repo, "versions", version], query);
export const toDiff = (
    repo: string,
    from: number | string,
    to: number | string,
    query: Query | URLSearchParams = {},
): string => formatAddress(["repos", repo, "diff", from, to], query);
// Of whatever `stemma lineage` takes.
export const toLineage = (of: string, query: Query = {}): string => formatAddress(["lineage", of], query);
// MLflow's own page of prompts has the same addresses.
export const toPrompts = (query = {}): string => formatAddress(["prompts"], query);
export const toPrompt = (prompt: string, query = {}): string => formatAddress(["prompts", prompt], query);
export const toStorage = (query = {}): string => formatAddress(["storage"], query);
export const toActivity = (query = {}): string => formatAddress(["activity"], query);
export const toCompare = (runs: readonly string[], query = {}): string =>
    formatAddress(["compare"], { runs: runs.join(","), ...query });
export const comparedRuns = (query: URLSearchParams): string[] =>
    (query.get("runs") ?? "").split(",").filter(Boolean);

// MLflow's: /experiments/1, /experiments/1/runs/ID/artifacts/a/b, /compare-runs?runs=["a","b"], /models/NAME/versions/3. The
// address they stand for here, or null.
export function translated(a: Address): string | null {
    const [first, project, second, run, tab, ...rest] = a.path;
    if (first === "compare-runs") return toCompare(idsOf(a.query.get("runs")));
    if (first === "models") return ofRegistry(project, second, run);
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

function ofRegistry(name?: string, versions?: string, version?: string): string {
    if (!name) return toRepos();
    return versions === "versions" && version ? toVersion(name, version) : toRepo(name);
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
    if (first === "repos" && second === "diff") return placeOfDiff(project, run, more);
    if (more.length) return { screen: "nowhere" };
    if (!first) return { screen: "home" };
    if (first === "compare" && !project) return { screen: "compare" };
    if (first === "repos") return placeOfRepo(project, second, run);
    if (first === "lineage" && project && !second) return { screen: "lineage", of: project };
    if (first === "storage" && !project) return { screen: "storage" };
    if (first === "activity" && !project) return { screen: "activity" };
    if (first === "prompts" && !second)
        return project ? { screen: "prompt", prompt: project } : { screen: "prompts" };
    // As `stemma run` prints it.
    if (first === "runs" && project && !second) return { screen: "run", project: "", run: project };
    if (first !== "projects" || !project) return { screen: "nowhere" };
    if (second === "runs" && run) return { screen: "run", project, run };
    return second ? { screen: "nowhere" } : { screen: "runs", project };
}

function placeOfDiff(repo = "", from = "", [to, ...more]: readonly string[]): Place {
    return to && !more.length ? { screen: "diff", repo, from, to } : { screen: "nowhere" };
}

function placeOfRepo(repo?: string, versions?: string, version?: string): Place {
    if (!repo) return { screen: "repos" };
    if (!versions) return { screen: "repo", repo };
    return versions === "versions" && version ? { screen: "version", repo, version } : { screen: "nowhere" };
}
