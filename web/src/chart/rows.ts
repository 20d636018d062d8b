// SPDX-License-Identifier: Apache-2.0
// Charts over the columns of runs, seldom needed: for import("../../chart/rows").
export type { ChartRow } from "./fields";
export { Parallel } from "./parallel-view";
export { Scatter } from "./scatter";
