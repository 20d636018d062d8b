// SPDX-License-Identifier: Apache-2.0
// The workspaces that the reader may see. The question itself is of the default one: who stands in a workspace that is not
// there must find out of it.
import { all } from "./all";
import type { components } from "./schema";

export type Workspace = components["schemas"]["Workspace"];

export const listWorkspaces = (signal: AbortSignal): Promise<Workspace[]> =>
    all("workspaces", {}, signal, { "X-MLflow-Workspace": "default" });
