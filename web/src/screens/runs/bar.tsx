// SPDX-License-Identifier: Apache-2.0
// What stands above the table: the filter and its chips, how many runs there are, what is shown and how; and, when runs
// are selected, what can be done to them.
import { useState } from "preact/hooks";
import type { FieldName, Problem, Project } from "../../api/client";
import type { View } from "../../api/fields";
import { integer, plural } from "../../base/format";
import type { Act } from "../../ui/acts";
import { Menu, type MenuItem } from "../../ui/dialog";
import { copy, copyLine } from "../../ui/parts";
import { searchCommand, searchCurl } from "./commands";
import type { Field } from "./field";
import { Filter } from "./filter";
import {
    noSelection,
    type Selection,
    type State,
    setGroup,
    setPane,
    setSelection,
    setShow,
    setView,
    setWhere,
} from "./state";
import { splitStatus, withStatus } from "./tokens";

const CHIPS = ["running", "finished", "failed", "crashed", "killed"];

function StatusChips({ where }: { where: string }) {
    const { statuses, rest } = splitStatus(where);
    const toggle = (s: string): void => {
        const next = statuses.includes(s) ? statuses.filter((t) => t !== s) : [...statuses, s];
        setWhere(withStatus(next, rest));
    };
    return (
        <div class="chips" role="group" aria-label="Status">
            {CHIPS.map((s) => (
                <button
                    key={s}
                    type="button"
                    class={`chip status-${s}`}
                    aria-pressed={statuses.includes(s)}
                    onClick={() => toggle(s)}
                >
                    {s}
                </button>
            ))}
        </div>
    );
}

const VIEWS: readonly (readonly [View, string])[] = [
    ["active", "Runs"],
    ["deleted", "Bin"],
    ["all", "Runs and bin"],
];

function ShowFirst({ state, total }: { state: State; total: number }) {
    const [typed, setTyped] = useState<string | null>(null); // else news that come meanwhile would take it away
    return (
        <label class="row show-first" title="In the charts, of the table's order">
            show first
            <input
                class="input"
                type="number"
                min={0}
                max={200}
                value={typed ?? state.show}
                onInput={(e) => setTyped(e.currentTarget.value)}
                onChange={(e) => {
                    setTyped(null);
                    setShow(Math.max(0, Math.min(200, e.currentTarget.valueAsNumber || 0)));
                }}
            />
            <span class="hidden">of {total}</span>
        </label>
    );
}

export interface BarProps {
    project: Project;
    state: State;
    names: readonly FieldName[];
    fields: readonly Field[];
    total: number;
    groups: number | null;
    problem: Problem | null;
    pending: boolean;
    chooseColumns: () => void;
    chooseGroup: () => void;
}

function copies({ project, state, fields }: BarProps): MenuItem[] {
    return [
        {
            label: "This table as a command line",
            run: () => copyLine(searchCommand(project.name, state, fields), "Copied the command"),
        },
        {
            label: "This table as curl",
            run: () => copyLine(searchCurl(project.number, state, fields), "Copied the curl command"),
        },
        { label: "The address of this view", run: () => copy(location.href, "Copied the address") },
    ];
}

export function Bar(p: BarProps) {
    const { state, total, groups } = p;
    const what = groups === null ? plural(total, "run") : plural(groups, "group");
    return (
        <div class="runs-bar">
            <Filter
                project={p.project.number}
                where={state.where}
                names={p.names}
                problem={p.problem}
                pending={p.pending}
                apply={setWhere}
            />
            <StatusChips where={state.where} />
            <div class="runs-tools">
                <span class="runs-count" role="status" title={integer(total)}>
                    {p.pending ? <span class="muted">{what} …</span> : what}
                </span>
                <Menu
                    label={`${VIEWS.find(([v]) => v === state.view)?.[1]} ▾`}
                    title="Runs, or those in the bin"
                    items={VIEWS.map(([view, label]) => ({ label, run: () => setView(view) }))}
                />
                <button
                    type="button"
                    class="button"
                    aria-pressed={state.group.length > 0}
                    onClick={p.chooseGroup}
                >
                    {state.group.length ? `By ${state.group.map((f) => f.key).join(", ")}` : "Group"}
                </button>
                {state.group.length > 0 && (
                    <button type="button" class="button plain" onClick={() => setGroup([])}>
                        Ungroup
                    </button>
                )}
                <button type="button" class="button" onClick={p.chooseColumns}>
                    Columns
                </button>
                <ShowFirst state={state} total={total} />
                <Menu label="Copy ▾" title="Copy this view" items={copies(p)} />
                <Panes state={state} />
            </div>
        </div>
    );
}

const PANES = [
    ["table", "▤", "Table only"],
    ["both", "◫", "Table and charts"],
    ["charts", "∿", "Charts only"],
] as const;

function Panes({ state }: { state: State }) {
    return (
        <div class="panes" role="group" aria-label="What is shown">
            {PANES.map(([pane, mark, title]) => (
                <button
                    key={pane}
                    type="button"
                    class="button"
                    aria-pressed={state.pane === pane}
                    aria-label={title}
                    title={title}
                    onClick={() => setPane(pane)}
                >
                    <span aria-hidden="true">{mark}</span>
                </button>
            ))}
        </div>
    );
}

// The acts that the bar shows; the menu has all.
const IN_BAR = ["run-compare", "run-eye", "run-pin", "run-tag", "run-move", "run-restore", "run-delete"];
const SHORT: Readonly<Record<string, string>> = {
    "run-compare": "Compare",
    "run-eye": "Show or hide",
    "run-pin": "Pin",
    "run-tag": "Tag …",
    "run-move": "Move …",
    "run-restore": "Restore",
    "run-delete": "Delete",
};

export function SelectionBar({
    selection,
    n,
    acts,
    more,
}: {
    selection: Selection;
    n: number;
    acts: readonly Act[];
    more: readonly MenuItem[];
}) {
    if (!n) return null;
    return (
        <div class="selection-bar" role="toolbar" aria-label="What to do with the selected runs">
            <b>
                {integer(n)} selected{selection.all && !selection.ids.size ? " (all)" : ""}
            </b>
            {IN_BAR.map((id) => acts.find((a) => a.id === id)).map(
                (a) =>
                    a &&
                    a.enabled !== false && (
                        <button
                            key={a.id}
                            type="button"
                            class={a.id === "run-delete" ? "button danger" : "button"}
                            title={a.title}
                            onClick={() => void a.run()}
                        >
                            {SHORT[a.id]} {a.keys?.[0] && <kbd>{a.keys[0]}</kbd>}
                        </button>
                    ),
            )}
            <Menu label="More ▾" items={more} />
            <span class="grow" />
            <button
                type="button"
                class="button plain"
                aria-label="Select no run"
                title="Select no run (Escape)"
                onClick={() => setSelection(noSelection)}
            >
                ✕
            </button>
        </div>
    );
}
