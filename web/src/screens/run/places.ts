// SPDX-License-Identifier: Apache-2.0
// Where the sides of a run are.
import type { Run } from "../../api/client";
import { toRun } from "../../routes";

// Another side of the run; what belongs to the old one goes.
export const toTab = (run: Run, tab: string, query = {}): string =>
    toRun(run.project, run.id, { tab: tab === "overview" ? null : tab, ...query });
