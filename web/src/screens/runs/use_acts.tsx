// SPDX-License-Identifier: Apache-2.0
// What can be done to runs: to those that are selected, else to the one that has the focus. By key, palette, bar and
// menu: all read this one list.
import type { Signal } from "@preact/signals";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { FieldName, Project, Run } from "../../api/client";
import { readIds, type Which } from "../../api/fields";
import { go } from "../../base/address";
import { plural } from "../../base/format";
import { toCompare, toRun } from "../../routes";
import { type Act, useActs } from "../../ui/acts";
import { AskText, type MenuItem } from "../../ui/dialog";
import { copy } from "../../ui/parts";
import { say, sayProblem } from "../../ui/toast";
import { AskProject, AskTag } from "./ask";
import { bulkCurl, runsCommand, type Subject } from "./commands";
import { deleteRuns, moveRuns, renameRun, restoreRuns, tagRuns } from "./edits";
import type { Place } from "./grid";
import { isGroup, whereOf } from "./group";
import { countOf, resolve } from "./selection";
import { isSelected, noSelection, type State, searchSort, setPinned, setSelection, setShown } from "./state";

const COMPARED = 50;
const GROUP = "Runs";

export interface ActsOf {
    project: Project;
    state: State;
    total: number;
    focus: Signal<Place>;
    shown: ReadonlyMap<string, number>;
    names: readonly FieldName[];
    refresh: () => Promise<unknown>;
}

// The runs that an act is about.
interface Targets {
    n: number;
    one: Run | null;
    subject: Subject;
    ids: () => Promise<string[]>;
}

function targetsOf({ project, state, total, focus }: ActsOf): Targets {
    const { selection } = state;
    const which: Which = { projects: [project.number], where: state.where || undefined, view: state.view };
    const base = { project: project.name, where: state.where };
    const { row } = focus.value;
    const selected = countOf(selection, total);
    if (selected) {
        const one = selected === 1 && row && !isGroup(row) && isSelected(selection, row.id) ? row : null;
        const ids = (): Promise<string[]> => resolve(selection, which, searchSort(state.sort));
        return { n: selected, one, subject: { ...base, ids: [...selection.ids], all: selection.all }, ids };
    }
    if (!row) return { n: 0, one: null, subject: { ...base, ids: [], all: false }, ids: async () => [] };
    if (!isGroup(row))
        return { n: 1, one: row, subject: { ...base, ids: [row.id], all: false }, ids: async () => [row.id] };
    const where = whereOf(state.where, row.group, state.group);
    return {
        n: row.group.count,
        one: null,
        subject: { ...base, where, ids: [], all: true },
        ids: () => readIds({ ...which, where }, []),
    };
}

export function useRunActs(p: ActsOf): { acts: readonly Act[]; dialog: VNode | null } {
    const { project, state, shown, refresh } = p;
    const [dialog, setDialog] = useState<VNode | null>(null);
    const t = targetsOf(p);
    const some = t.n > 0;
    const bin = state.view === "deleted";
    const runs = t.one ? `“${t.one.name || t.one.id}”` : plural(t.n, "run");
    const close = (): void => setDialog(null);

    const on = (f: (ids: string[]) => unknown) => (): void => void t.ids().then(f).catch(sayProblem);
    const unselect = <T,>(after: Promise<T>): Promise<void> => after.then(() => setSelection(noSelection));

    const list: Act[] = [
        {
            id: "run-compare",
            title: `Compare ${runs}`,
            group: GROUP,
            keys: ["d"],
            enabled: t.n > 1,
            run: on((ids) => {
                if (ids.length > COMPARED) say(`The first ${COMPARED} are compared.`);
                go(toCompare(ids.slice(0, COMPARED)));
            }),
            command: runsCommand("compare", t.subject),
        },
        {
            id: "run-eye",
            title: `Show or hide ${runs} in the charts`,
            group: GROUP,
            keys: ["h"],
            enabled: some,
            run: on((ids) => {
                const { row } = p.focus.value;
                const keys = !t.one && row && isGroup(row) ? [row.key] : ids.slice(0, 200);
                setShown(keys, !keys.every((id) => shown.has(id)));
            }),
        },
        {
            id: "run-pin",
            title: `Pin or unpin ${runs} on top`,
            group: GROUP,
            keys: ["p"],
            enabled: some && !bin,
            run: on((ids) => {
                const all = ids.every((id) => state.pinned.includes(id));
                const rest = state.pinned.filter((id) => !ids.includes(id));
                setPinned(all ? rest : [...rest, ...ids].slice(-PINS));
            }),
        },
        {
            id: "run-tag",
            title: `Tag ${runs} …`,
            group: GROUP,
            keys: ["t"],
            enabled: some,
            run: () => setDialog(tagDialog(false)),
            command: runsCommand("tag", t.subject, "KEY=VALUE"),
            curl: bulkCurl(t.subject, { act: "tag", key: "KEY", value: "VALUE" }),
        },
        {
            id: "run-untag",
            title: `Take a tag away from ${runs} …`,
            group: GROUP,
            keys: ["Shift+T", "T"],
            enabled: some,
            run: () => setDialog(tagDialog(true)),
            command: runsCommand("tag", t.subject, "--remove KEY"),
            curl: bulkCurl(t.subject, { act: "untag", key: "KEY" }),
        },
        {
            id: "run-rename",
            title: `Rename ${runs} …`,
            group: GROUP,
            keys: ["F2"],
            enabled: t.one !== null,
            run: () => t.one && setDialog(renameDialog(t.one)),
        },
        {
            id: "run-move",
            title: `Move ${runs} to another project …`,
            group: GROUP,
            keys: ["m"],
            enabled: some && !bin,
            run: () =>
                setDialog(
                    <AskProject
                        title={`Move ${runs} to`}
                        from={project.number}
                        done={(to) => on((ids) => unselect(moveRuns(ids, project.number, to, refresh)))()}
                        close={close}
                    />,
                ),
            command: runsCommand("move", t.subject, "--to PROJECT"),
            curl: bulkCurl(t.subject, { act: "move", project: "PROJECT" }),
        },
        {
            id: "run-copy",
            title: t.n === 1 ? "Copy the id" : `Copy ${t.n} ids`,
            group: GROUP,
            keys: ["c"],
            enabled: some,
            run: on((ids) => copy(ids.join("\n"), `Copied ${plural(ids.length, "id")}`)),
        },
        {
            id: "run-open",
            title: `Open ${runs}`,
            group: GROUP,
            keys: ["o"],
            enabled: t.one !== null,
            run: () => t.one && go(toRun(t.one.project, t.one.id)),
        },
        {
            id: "run-restore",
            title: `Restore ${runs}`,
            group: GROUP,
            keys: ["r"],
            enabled: some && state.view !== "active",
            run: on((ids) => unselect(restoreRuns(ids, refresh))),
            command: runsCommand("restore", t.subject),
            curl: bulkCurl(t.subject, { act: "restore" }),
        },
        {
            id: "run-delete",
            title: `Delete ${runs}`,
            group: GROUP,
            keys: ["Delete"],
            enabled: some && !bin,
            run: on((ids) => unselect(deleteRuns(ids, refresh))),
            command: runsCommand("delete", t.subject),
            curl: bulkCurl(t.subject, { act: "delete" }),
        },
        {
            id: "run-all",
            title: "Select all runs that match",
            group: GROUP,
            keys: ["Ctrl+a"],
            run: () => setSelection({ all: true, ids: new Set() }),
        },
        {
            id: "run-none",
            title: "Select no run",
            group: GROUP,
            keys: ["Escape"],
            enabled: state.selection.all || state.selection.ids.size > 0,
            run: () => setSelection(noSelection),
        },
    ];

    const tagDialog = (remove: boolean): VNode => (
        <AskTag
            title={remove ? `Take a tag away from ${runs}` : `Tag ${runs}`}
            names={p.names}
            remove={remove}
            done={(key, value) => on((ids) => tagRuns(ids, key, value, refresh))()}
            close={close}
        />
    );
    const renameDialog = (run: Run): VNode => (
        <AskText
            title="Rename the run"
            label="Its new name"
            value={run.name}
            act="Rename"
            done={(name) => void renameRun(run, name, refresh).catch(sayProblem)}
            close={close}
        />
    );
    useActs(list);
    return { acts: list, dialog };
}

const PINS = 20;

export const asMenu = (acts: readonly Act[]): MenuItem[] =>
    acts
        .filter((a) => a.enabled !== false)
        .map((a) => ({
            label: a.title,
            run: a.run,
            danger: a.id === "run-delete",
            ...(a.keys?.[0] ? { hint: a.keys[0] } : {}),
        }));
