// SPDX-License-Identifier: Apache-2.0
// Repos, their versions and refs, as the server has them.
import { all } from "./all";
import { call, type Page, Problem, pathOf } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Repo = Schemas["Repo"];
export type Version = Schemas["Version"];
export type VersionMark = Schemas["VersionMark"];
export type Ref = Schemas["Ref"];
export type RefMove = Schemas["RefMove"];
export type Resolved = Schemas["Resolved"];
export type Readiness = Schemas["Readiness"];
export type Protection = Schemas["Protection"];
export type Suggested = Schemas["Suggested"];
export type Candidate = Schemas["Candidate"];
export type Evaluation = Schemas["Evaluation"];
export type Pickle = Schemas["Pickle"];

export const repoPath = (repo: string): string => pathOf("repos", repo);
// Also what has the version's files (api/files.ts).
export const versionPath = (repo: string, version: number | string): string =>
    pathOf("repos", repo, "versions", version);
export const refPath = (repo: string, ref: string): string => pathOf("repos", repo, "refs", ref);

// ---- reading ----

// All of them: a workspace has tens or hundreds.
export const allRepos = (kind: string, signal: AbortSignal): Promise<Repo[]> =>
    all("repos", kind ? { kind } : {}, signal);

export const getRepo = (repo: string, signal: AbortSignal): Promise<Repo> => call(repoPath(repo), { signal });

export const allRefs = (repo: string, signal: AbortSignal): Promise<Ref[]> =>
    all(`${repoPath(repo)}/refs`, {}, signal);

export interface VersionPage extends Page<Version> {}
export const listVersions = (
    repo: string,
    query: { after?: string; limit: number; deleted?: boolean },
    signal: AbortSignal,
): Promise<VersionPage> => call(`${repoPath(repo)}/versions`, { query, signal });

// Of one that was deleted its tombstone, which only the list has.
export async function getVersion(repo: string, version: string, signal: AbortSignal): Promise<Version> {
    try {
        return await call<Version>(versionPath(repo, version), { signal });
    } catch (e) {
        if (!(e instanceof Problem) || e.status !== 404) throw e;
        const after = String(Number(version) + 1);
        const page = await listVersions(repo, { after, limit: 1, deleted: true }, signal);
        const [stone] = page.items;
        if (stone?.number !== Number(version)) throw e;
        return stone;
    }
}

// The highest number below one, of the versions that are still there; 0: there is none.
export async function numberBefore(repo: string, number: number, signal: AbortSignal): Promise<number> {
    if (number < 2 || !Number.isSafeInteger(number)) return 0;
    const page = await listVersions(repo, { after: String(number), limit: 1 }, signal);
    return page.items[0]?.number ?? 0;
}

// Is it the newest there is? A deleted one counts, it has its tombstone.
export async function isNewest(v: Version): Promise<boolean> {
    const query = { after: String(v.number + 2), limit: 1, deleted: true };
    const page = await listVersions(v.repo, query, AbortSignal.timeout(10_000));
    return (page.items[0]?.number ?? 0) <= v.number;
}

// Of one ref, or of all of the repo.
export const listMoves = (
    repo: string,
    ref: string,
    query: { after?: string; limit: number },
    signal: AbortSignal,
): Promise<Page<RefMove>> =>
    call(ref ? `${refPath(repo, ref)}/history` : `${repoPath(repo)}/moves`, { query, signal });

export const listEvaluations = (
    repo: string,
    version: number,
    query: { after?: string; limit: number },
    signal: AbortSignal,
): Promise<Page<Evaluation>> => call(`${versionPath(repo, version)}/evaluations`, { query, signal });

// Of all files of a version that are pickles, by path.
export const allPickles = (repo: string, version: number, signal: AbortSignal): Promise<Pickle[]> =>
    all(`${versionPath(repo, version)}/pickles`, {}, signal);

export const resolve = (address: string, signal: AbortSignal): Promise<Resolved> =>
    call("resolve", { query: { address }, signal });

export const listProtections = (repo: string, signal: AbortSignal): Promise<Page<Protection>> =>
    call(`${repoPath(repo)}/protections`, { signal });

export const getReadiness = (
    repo: string,
    version: number,
    ref: string,
    signal: AbortSignal,
): Promise<Readiness> => call(`${versionPath(repo, version)}/readiness`, { query: { ref }, signal });

// The semantic version that it could be sealed under.
export const getSuggested = (repo: string, version: number, signal: AbortSignal): Promise<Suggested> =>
    call(`${versionPath(repo, version)}/suggested`, { signal });

// Versions that a ref may be moved to next, and what each lacks.
export const listCandidates = (
    repo: string,
    query: { ref: string; after?: string; limit: number },
    signal: AbortSignal,
): Promise<Page<Candidate>> => call(`${repoPath(repo)}/candidates`, { query, signal });

// ---- acts ----

export interface RefSet {
    version: number;
    kind?: Ref["kind"];
    expected?: number; // where the page shows it; 0: nowhere
    reason?: string;
}
export const setRef = (repo: string, ref: string, set: RefSet): Promise<RefMove> =>
    call(refPath(repo, ref), { method: "PUT", json: set });
export const removeRef = (
    repo: string,
    ref: string,
    why: { expected: number; reason?: string },
): Promise<unknown> => call(refPath(repo, ref), { method: "DELETE", json: why });
export const rollBack = (
    repo: string,
    ref: string,
    how: { expected: number; reason?: string; dry_run?: boolean },
): Promise<RefMove> => call(`${refPath(repo, ref)}/rollback`, { json: how });

export const setMark = (
    repo: string,
    version: number,
    mark: { mark: "yanked" | "bad"; set?: boolean; reason?: string },
): Promise<Version> => call(`${versionPath(repo, version)}/mark`, { json: mark });
export const approve = (
    repo: string,
    version: number,
    approval: { ref: string; reason?: string; withdraw?: boolean },
): Promise<Readiness> => call(`${versionPath(repo, version)}/approve`, { json: approval });
export const deleteVersion = (repo: string, version: number, reason: string): Promise<unknown> =>
    call(versionPath(repo, version), { method: "DELETE", json: { reason } });
export const describeVersion = (repo: string, version: number, description: string): Promise<Version> =>
    call(versionPath(repo, version), { method: "PATCH", json: { description } });
