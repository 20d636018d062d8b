// SPDX-License-Identifier: Apache-2.0
// What the palette finds: acts of the screen, projects, repos, versions by their address, and runs. Acts are told by the
// letters of their words in order; runs by their id, or by a name that holds the text.
import { call, type Page, type Project, type Run } from "../api/client";
import { allRefs, listVersions, type Repo } from "../api/repos";
import { searchRuns } from "../api/runs";
import { formatAddress } from "../base/address";
import { searchText } from "../base/text";
import { toProject, toPrompt, toRepo, toRun, toVersion } from "../routes";
import type { Act } from "../ui/acts";

export interface Found {
    id: string;
    group: "Do" | "Projects" | "Repos" | "Runs";
    title: string;
    hint?: string | undefined;
    href?: string;
    act?: Act;
}

// How well `text` answers to what was typed: 0 not at all, more is better.
export function fit(typed: string, text: string): number {
    const want = typed.toLowerCase();
    const have = text.toLowerCase();
    if (!want) return 1;
    const at = have.indexOf(want);
    if (at >= 0) return at === 0 ? 4 : have[at - 1] === " " ? 3 : 2;
    let from = 0;
    for (const c of want.replaceAll(" ", "")) {
        from = have.indexOf(c, from) + 1;
        if (!from) return 0;
    }
    return 1;
}

export function findActs(typed: string, acts: readonly Act[]): Found[] {
    return acts
        .filter((a) => a.palette !== false && a.enabled !== false)
        .map((act) => ({ act, fit: fit(typed, act.title) }))
        .filter((f) => f.fit > 0)
        .sort((a, b) => b.fit - a.fit)
        .slice(0, 12)
        .map(({ act }) => ({ id: `act ${act.id}`, group: "Do", title: act.title, hint: act.keys?.[0], act }));
}

const MOST = 8;

export async function findThings(typed: string, signal: AbortSignal): Promise<Found[]> {
    const found = await Promise.all([
        findProjects(typed, signal),
        findRepos(typed, signal),
        findRuns(typed, signal),
    ]);
    return found.flat();
}

async function findProjects(typed: string, signal: AbortSignal): Promise<Found[]> {
    const page = await call<Page<Project>>("projects", { query: { limit: 1000 }, signal });
    return page.items
        .map((p) => ({ p, fit: fit(typed, p.name) + (String(p.number) === typed ? 5 : 0) }))
        .filter((f) => f.fit > 0)
        .sort((a, b) => b.fit - a.fit)
        .slice(0, MOST)
        .map(({ p }) => ({
            id: `project ${p.number}`,
            group: "Projects",
            title: p.name,
            hint: String(p.number),
            href: toProject(p.number),
        }));
}

async function findRepos(typed: string, signal: AbortSignal): Promise<Found[]> {
    const page = await call<Page<Repo>>("repos", { query: { limit: 1000 }, signal });
    const at = typed.lastIndexOf("@");
    const named = at > 0 && page.items.find((r) => r.name === typed.slice(0, at));
    if (named) return findVersions(named.name, typed.slice(at + 1), signal);
    return page.items
        .map((r) => ({ r, fit: fit(typed, r.name) }))
        .filter((f) => f.fit > 0)
        .sort((a, b) => b.fit - a.fit)
        .slice(0, MOST)
        .map(({ r }) => ({
            id: `repo ${r.id}`,
            group: "Repos",
            title: r.name,
            hint: r.kind,
            href: r.kind === "prompt" ? toPrompt(r.name) : toRepo(r.name),
        }));
}

// "bot@3", "bot@v3", or a ref that begins as it was typed. Asked of lists, which answer for what is not there too.
async function findVersions(repo: string, typed: string, signal: AbortSignal): Promise<Found[]> {
    const number = Number(/^v?(\d{1,9})$/.exec(typed)?.[1] ?? 0);
    const [refs, page] = await Promise.all([
        allRefs(repo, signal),
        listVersions(repo, { limit: 1, ...(number ? { after: String(number + 1) } : {}) }, signal),
    ]);
    const asVersion = (name: string, version: number): Found => ({
        id: `version ${repo}@${name}`,
        group: "Repos",
        title: `${repo}@${name}`,
        hint: `v${version}`,
        href: toVersion(repo, version),
    });
    const numbered = page.items.filter((v) => v.number === number);
    return [
        ...numbered.map((v) => asVersion(typed, v.number)),
        ...refs
            .filter((r) => r.name.toLowerCase().startsWith(typed.toLowerCase()))
            .slice(0, MOST)
            .map((r) => asVersion(r.name, r.version)),
    ];
}

const asRun = (r: Run): Found => ({
    id: `run ${r.id}`,
    group: "Runs",
    title: r.name || r.id,
    hint: r.id.slice(0, 8),
    href: toRun(r.project, r.id),
});

async function findRuns(typed: string, signal: AbortSignal): Promise<Found[]> {
    if (typed.length < 2) return [];
    const like = `%${typed.replace(/[\\%_]/g, "\\$&")}%`;
    const byId = /^[0-9a-f]{32}$/i.test(typed) ? `id = ${searchText(typed.toLowerCase())}` : "";
    const where = byId || `name ilike ${searchText(like)}`;
    const { items } = await searchRuns({ where, limit: MOST, columns: ["name"], view: "all" }, signal);
    return items.map(asRun);
}

export const hrefOf = (f: Found): string => f.href ?? formatAddress([]);
