// SPDX-License-Identifier: Apache-2.0
// The family tree of a version, a run, a logged model, a data set or an address elsewhere.
import { call } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Lineage = Schemas["Lineage"];
export type LineageNode = Schemas["LineageNode"];
export type LineageEdge = Schemas["LineageEdge"];

export interface LineageQuery {
    of: string;
    up: boolean;
    down: boolean;
    depth: number;
    nodes: number;
}

export const getLineage = (query: LineageQuery, signal: AbortSignal): Promise<Lineage> =>
    call("lineage", { query: { ...query, refs: true }, signal });
