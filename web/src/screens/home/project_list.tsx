// SPDX-License-Identifier: Apache-2.0
// The table of projects and what is done to one: rename, delete and bring back, each with its undo.

import { useState } from "preact/hooks";
import { deleteProject, type ProjectNow, renameProject, restoreProject } from "../../api/projects";
import { shortCount } from "../../base/format";
import { shellWord } from "../../base/text";
import { toProject } from "../../routes";
import { AskText, Menu, type MenuItem } from "../../ui/dialog";
import { Headings } from "../../ui/headings";
import { Ago, copyLine } from "../../ui/parts";
import { change } from "../../ui/toast";

interface Asked {
    projects: readonly ProjectNow[];
    reload: () => void;
    deleted: boolean;
}

export function ProjectList({ projects, reload, deleted }: Asked) {
    const [renaming, setRenaming] = useState<ProjectNow | null>(null);
    function remove(p: ProjectNow): void {
        void change(
            `Moved ${p.name} to the bin`,
            () => deleteProject(p.number),
            () => restoreProject(p.number),
            reload,
        );
    }
    function restore(p: ProjectNow): void {
        void change(
            `Brought ${p.name} back`,
            () => restoreProject(p.number),
            () => deleteProject(p.number),
            reload,
        );
    }
    function rename(p: ProjectNow, name: string): void {
        void change(
            `Renamed to ${name}`,
            () => renameProject(p.number, name),
            () => renameProject(p.number, p.name),
            reload,
        );
    }
    const menuOf = (p: ProjectNow): MenuItem[] => [
        {
            label: "Copy as command line",
            run: () => copyLine(`stemma runs list --project ${shellWord(p.name)}`),
        },
        ...(deleted
            ? [{ label: "Bring back", run: () => restore(p) }]
            : [
                  { label: "Rename …", run: () => setRenaming(p) },
                  { label: "Move to the bin", danger: true, disabled: p.number === 0, run: () => remove(p) },
              ]),
    ];
    return (
        <div class="projects">
            <table>
                <Headings
                    of={[
                        "Project",
                        ["Runs", "number"],
                        ["Running", "number"],
                        "Changed",
                        ["Acts", "", "hidden"],
                    ]}
                />
                <tbody>
                    {projects.map((p) => (
                        <tr key={p.number}>
                            <td>
                                <a href={toProject(p.number)} class="project-name" dir="auto" title={p.name}>
                                    {p.name}
                                </a>
                            </td>
                            <td class="number">{p.activity && shortCount(p.activity.runs)}</td>
                            <td class="number">
                                {!!p.activity?.running && (
                                    <span class="status status-running">
                                        ● {shortCount(p.activity.running)}
                                    </span>
                                )}
                            </td>
                            <td>
                                <Ago ms={p.activity ? p.activity.changed_us / 1000 : p.updated_ms} />
                            </td>
                            <td class="number">
                                <Menu
                                    class="button plain"
                                    label="⋯"
                                    title={`Acts on ${p.name}`}
                                    items={menuOf(p)}
                                />
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
            {renaming && (
                <AskText
                    title="Rename the project"
                    label="Name"
                    value={renaming.name}
                    act="Rename"
                    close={() => setRenaming(null)}
                    done={(name) => rename(renaming, name)}
                />
            )}
        </div>
    );
}
