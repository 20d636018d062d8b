// SPDX-License-Identifier: Apache-2.0
// The screens of versions: one script, read when one of them is first shown.
export { DiffScreen } from "./diff/diff";
export { LineageScreen } from "./lineage/lineage";
export { Repos } from "./repos/list";
export { RepoScreen } from "./repos/repo";
export { VersionScreen } from "./repos/version";
