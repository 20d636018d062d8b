// SPDX-License-Identifier: Apache-2.0
// What stands in the rows of the storage page, out of what `stemma du` says. Pure.
import type { Usage, UsageBy } from "../../api/storage";
import { formatAddress } from "../../base/parse_address";
import { toProject, toPrompt, toRepo } from "../../routes";

export interface Row {
    name: string; // "": of nothing that is there
    href: string; // "": nowhere
    count: number; // versions, or runs
    points: number; // bytes of them in the database
    files: number;
    named: number; // bytes of the files, by their names
    stored: number; // of them, each once
}

const hrefOf = (u: Usage, by: UsageBy): string => {
    if (by === "repo" && u.name) return u.kind === "prompt" ? toPrompt(u.name) : toRepo(u.name);
    return by === "project" && u.project !== undefined ? toProject(u.project) : "";
};

export const rowOf = (u: Usage, by: UsageBy): Row => ({
    name: u.name,
    href: hrefOf(u, by),
    count: u.versions ?? u.runs + u.deleted_runs,
    points: u.point_bytes,
    files: u.files,
    named: u.file_bytes,
    stored: u.stored_bytes,
});

export const sumOf = (rows: readonly Row[]): Row => {
    const sum = (of: (r: Row) => number): number => rows.reduce((all, r) => all + of(r), 0);
    return {
        name: "All",
        href: "",
        count: sum((r) => r.count),
        points: sum((r) => r.points),
        files: sum((r) => r.files),
        named: sum((r) => r.named),
        stored: sum((r) => r.stored),
    };
};

// Versions and the files of runs together: what both have is stored once, with each counted as its own.
export function rowOfWorkspace(name: string, repos: readonly Usage[], projects: readonly Usage[]): Row {
    const versions = sumOf(repos.map((u) => rowOf(u, "repo")));
    const runs = sumOf(projects.map((u) => rowOf(u, "project")));
    const href = formatAddress(["storage"], {}, name === "default" ? "" : name);
    return { ...sumOf([versions, runs]), name, href, count: versions.count };
}

// How much less is stored than the names add up to: "48 %"; nothing where nothing is.
export function sharedOf({ named, stored }: Row): string {
    const shared = named > stored ? Math.round((1 - stored / named) * 100) : 0;
    return shared ? `${shared} %` : "";
}
