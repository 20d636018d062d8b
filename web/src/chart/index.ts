// SPDX-License-Identifier: Apache-2.0
// Charts for the screens.
export type { ChartRow } from "./fields";
export { highlight } from "./highlight";
export type { ChartRun } from "./model";
export { ChartSections } from "./sections";
