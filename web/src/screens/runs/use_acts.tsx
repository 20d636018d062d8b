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
import { later } from "../../ui/later";
import { copy } from "../../ui/parts";
import { say, sayProblem } from "../../ui/toast";
import { AskTag } from "./ask";
import { bulkCurl, runsCommand, type Subject } from "./commands";
import { deleteRuns, moveRuns, renameRun, restoreRuns, tagRuns } from "./edits";
import type { Place } from "./grid";
import { isGroup, whereOf } from "./group";
import { countOf, resolve } from "./selection";
import { isSelected, noSelection, type State, searchSort, setPinned, setSelection, setShown } from "./state";

const AskProject = later(async () => (await import("../others")).AskProject);

const COMPARED = 50;
const PINS = 20;
const EYES = 200;
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

const wordsOf = (t: Targets): string => (t.one ? `“${t.one.name || t.one.id}”` : plural(t.n, "run"));

// Does it to the ids of the targets, which may have to be asked for.
const on = (t: Targets, f: (ids: string[]) => unknown) => (): void => void t.ids().then(f).catch(sayProblem);

function compare(ids: readonly string[]): void {
    if (ids.length > COMPARED) say(`The first ${COMPARED} are compared.`);
    go(toCompare(ids.slice(0, COMPARED)));
}

function eye({ shown, focus }: ActsOf, t: Targets, ids: readonly string[]): void {
    const { row } = focus.value;
    const keys = !t.one && row && isGroup(row) ? [row.key] : ids.slice(0, EYES);
    setShown(keys, !keys.every((id) => shown.has(id)));
}

function pin({ state }: ActsOf, ids: readonly string[]): void {
    const all = ids.every((id) => state.pinned.includes(id));
    const rest = state.pinned.filter((id) => !ids.includes(id));
    setPinned(all ? rest : [...rest, ...ids].slice(-PINS));
}

const act = (id: string, title: string, key: string, enabled: boolean, run: () => unknown): Act => ({
    id,
    title,
    group: GROUP,
    keys: [key],
    enabled,
    run,
});

// What is shown of runs, and where.
function lookActs(p: ActsOf, t: Targets): Act[] {
    const runs = wordsOf(t);
    const some = t.n > 0;
    const open = (): void => {
        if (t.one) go(toRun(t.one.project, t.one.id));
    };
    const copyIds = (ids: readonly string[]): Promise<void> =>
        copy(ids.join("\n"), `Copied ${plural(ids.length, "id")}`);
    return [
        {
            ...act("run-compare", `Compare ${runs}`, "d", t.n > 1, on(t, compare)),
            command: runsCommand("compare", t.subject),
        },
        act(
            "run-eye",
            `Show or hide ${runs} in the charts`,
            "h",
            some,
            on(t, (ids) => eye(p, t, ids)),
        ),
        act(
            "run-pin",
            `Pin or unpin ${runs} on top`,
            "p",
            some && p.state.view !== "deleted",
            on(t, (ids) => pin(p, ids)),
        ),
        act("run-copy", t.n === 1 ? "Copy the id" : `Copy ${t.n} ids`, "c", some, on(t, copyIds)),
        act("run-open", `Open ${runs}`, "o", t.one !== null, open),
        act("run-all", "Select all runs that match", "Ctrl+a", true, () =>
            setSelection({ all: true, ids: new Set() }),
        ),
        act(
            "run-none",
            "Select no run",
            "Escape",
            p.state.selection.all || p.state.selection.ids.size > 0,
            () => setSelection(noSelection),
        ),
    ];
}

// What is changed about runs. Those that ask for something first open a dialog.
function editActs({ state, refresh }: ActsOf, t: Targets, ask: (what: Asked) => void): Act[] {
    const runs = wordsOf(t);
    const some = t.n > 0;
    // The same on the command line, and for scripts.
    const bulk = (words: string, json: Record<string, unknown>, tail?: string) => ({
        command: runsCommand(words, t.subject, tail),
        curl: bulkCurl(t.subject, json),
    });
    const gone = (change: typeof deleteRuns) =>
        on(t, async (ids) => {
            await change(ids, refresh);
            setSelection(noSelection);
        });
    const kept = some && state.view !== "deleted";
    return [
        {
            ...act("run-tag", `Tag ${runs} …`, "t", some, () => ask("tag")),
            ...bulk("tag", { act: "tag", key: "KEY", value: "VALUE" }, "KEY=VALUE"),
        },
        {
            ...act("run-untag", `Take a tag away from ${runs} …`, "T", some, () => ask("untag")),
            ...bulk("tag", { act: "untag", key: "KEY" }, "--remove KEY"),
        },
        act("run-rename", `Rename ${runs} …`, "F2", t.one !== null, () => ask("rename")),
        {
            ...act("run-move", `Move ${runs} to another project …`, "m", kept, () => ask("move")),
            ...bulk("move", { act: "move", project: "PROJECT" }, "--to PROJECT"),
        },
        {
            ...act("run-restore", `Restore ${runs}`, "r", some && state.view !== "active", gone(restoreRuns)),
            ...bulk("restore", { act: "restore" }),
        },
        {
            ...act("run-delete", `Delete ${runs}`, "Delete", kept, gone(deleteRuns)),
            ...bulk("delete", { act: "delete" }),
        },
    ];
}

type Asked = "tag" | "untag" | "rename" | "move";

function Ask({ what, p, t, close }: { what: Asked; p: ActsOf; t: Targets; close: () => void }) {
    const { project, refresh, names } = p;
    const runs = wordsOf(t);
    const { one } = t;
    if (what === "rename")
        return one ? (
            <AskText
                title="Rename the run"
                label="Its new name"
                value={one.name}
                act="Rename"
                done={(name) => void renameRun(one, name, refresh).catch(sayProblem)}
                close={close}
            />
        ) : null;
    if (what === "move")
        return (
            <AskProject
                title={`Move ${runs} to`}
                from={project.number}
                done={(to) =>
                    on(t, async (ids) => {
                        await moveRuns(ids, project.number, to.number, refresh);
                        setSelection(noSelection);
                    })()
                }
                close={close}
            />
        );
    return (
        <AskTag
            title={what === "untag" ? `Take a tag away from ${runs}` : `Tag ${runs}`}
            names={names}
            remove={what === "untag"}
            done={(key, value) => on(t, (ids) => tagRuns(ids, key, value, refresh))()}
            close={close}
        />
    );
}

export function useRunActs(p: ActsOf): { acts: readonly Act[]; dialog: VNode | null } {
    const [asked, setAsked] = useState<{ what: Asked; t: Targets } | null>(null);
    const t = targetsOf(p);
    const list = [...lookActs(p, t), ...editActs(p, t, (what) => setAsked({ what, t }))];
    useActs(list);
    const dialog = asked && <Ask {...asked} p={p} close={() => setAsked(null)} />;
    return { acts: list, dialog };
}

export const asMenu = (acts: readonly Act[]): MenuItem[] =>
    acts
        .filter((a) => a.enabled !== false)
        .map((a) => ({
            label: a.title,
            run: a.run,
            danger: a.id === "run-delete",
            ...(a.keys?.[0] ? { hint: a.keys[0] } : {}),
        }));
