// SPDX-License-Identifier: Apache-2.0
// The acts that take along what is shown: its link, and the lines that ask for the same in a terminal or a script.
import type { Act } from "./acts";
import { copy, copyLine } from "./parts";

export const linkAct = (group: string): Act => ({
    id: "copy-link",
    title: "Copy the link",
    group,
    keys: ["y"],
    run: () => copy(location.href, "Copied the link"),
});

export const commandAct = (group: string, command: string): Act => ({
    id: "copy-command",
    title: "Copy as command line",
    group,
    run: () => copyLine(command, "Copied the command line"),
    command,
});

export const curlAct = (group: string, curl: string): Act => ({
    id: "copy-curl",
    title: "Copy as curl",
    group,
    run: () => copyLine(curl, "Copied the curl command"),
    curl,
});
