// SPDX-License-Identifier: Apache-2.0
// In which workspace one is, and the way to another: in the bar on top and in the palette, where there is more than one.
import { listWorkspaces } from "../api/workspaces";
import { address, formatAddress, go, workspace } from "../base/address";
import { useActs } from "./acts";
import { useLoad } from "./load";

const DEFAULT = "default";
const here = workspace || DEFAULT;
// Lists that every workspace has; of anything else another one has nothing of that number or name, or something else.
const LISTS = ["repos", "prompts", "storage", "activity"];

const enter = (name: string): void => {
    const [list = ""] = address.peek().path;
    go(formatAddress(LISTS.includes(list) ? [list] : [], {}, name === DEFAULT ? "" : name));
};

export function Workspaces() {
    const known = useLoad("workspaces", listWorkspaces).data?.map((w) => w.name) ?? [];
    const names = [...new Set([...known, here])];
    useActs(
        names
            .filter((name) => name !== here)
            .map((name) => ({
                id: `workspace-${name}`,
                title: `Go to the workspace ${name}`,
                group: "Everywhere",
                run: () => enter(name),
            })),
        { isFrame: true },
    );
    if (names.length < 2) return null;
    return (
        <select
            class="input workspaces"
            aria-label="Workspace"
            title="Workspace: projects, repos and people of their own"
            value={here}
            onChange={(e) => enter(e.currentTarget.value)}
        >
            {names.map((name) => (
                <option key={name}>{name}</option>
            ))}
        </select>
    );
}
