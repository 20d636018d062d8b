// SPDX-License-Identifier: Apache-2.0
// What is asked for early (early.ts), as those ask who show it. Pure.
import { type Ask, pathOf } from "./ask";

export interface RunSearch {
    projects?: readonly (string | number)[];
    where?: string | undefined;
    view?: "active" | "deleted" | "all";
    sort?: readonly string[];
    columns?: readonly string[];
    limit?: number;
    after?: string;
    skip?: number;
    count?: boolean;
}
export const searchAsk = (search: RunSearch): [string, Ask] => ["runs/search", { json: search }];
export const runAsk = (run: string): [string, Ask] => [pathOf("runs", run), {}];
export const projectAsk = (project: string | number): [string, Ask] => [pathOf("projects", project), {}];
