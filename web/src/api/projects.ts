// SPDX-License-Identifier: Apache-2.0
// Projects, as the server has them.
import { projectAsk } from "./asks";
import { call, type Page, type Project, pathOf } from "./client";
import type { components } from "./schema";

// With how much is in it and when it moved last.
export type ProjectNow = Project & { activity?: components["schemas"]["Activity"] };

export const listProjects = (
    signal: AbortSignal,
    after?: string,
    view = "active",
): Promise<Page<ProjectNow>> =>
    call("projects", { query: { view, after, limit: 1000, with: "activity", sort: "changed" }, signal });

export const getProject = (project: string | number, signal?: AbortSignal): Promise<Project> =>
    call(projectAsk(project)[0], signal ? { signal } : {});

export const createProject = (name: string): Promise<Project> => call("projects", { json: { name } });
export const renameProject = (project: number, name: string): Promise<Project> =>
    call(pathOf("projects", project), { method: "PATCH", json: { name } });
export const deleteProject = (project: number): Promise<unknown> =>
    call(pathOf("projects", project), { method: "DELETE" });
export const restoreProject = (project: number): Promise<unknown> =>
    call(pathOf("projects", project, "restore"), { method: "POST" });
