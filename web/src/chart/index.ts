// SPDX-License-Identifier: Apache-2.0
// Charts for the screens. Scatter and Parallel are seldom needed: a screen loads them with import().
export type { ChartRow } from "./fields";
export { highlight } from "./highlight";
export type { ChartRun } from "./model";
export { Parallel } from "./parallel-view";
export { Scatter } from "./scatter";
export { ChartSections } from "./sections";
export { Spark } from "./spark";
