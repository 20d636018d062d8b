// SPDX-License-Identifier: Apache-2.0
// The screens of what has versions, and of what they take: one script, read when one of them is first shown.
export { ActivityScreen } from "./activity/activity";
export { DiffScreen } from "./diff/diff";
export { LineageScreen } from "./lineage/lineage";
export { Prompts } from "./prompts/list";
export { PromptScreen } from "./prompts/screen";
export { Repos } from "./repos/list";
export { RepoScreen } from "./repos/repo";
export { VersionScreen } from "./repos/version";
export { Storage } from "./storage/storage";
