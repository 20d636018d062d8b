// SPDX-License-Identifier: Apache-2.0
// Dialogs that choose fields: the columns of the table, and what runs are grouped by. Each name with the number of runs
// that have it, found by a regular expression.
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { FieldName } from "../../api/client";
import { integer, shortCount } from "../../base/format";
import { matcher } from "../../base/text";
import { Dialog } from "../../ui/dialog";
import { Find } from "../../ui/find";
import { fieldOfName } from "./complete";
import { ATTRIBUTES, attributeField, type Field, metricField, WHICH } from "./field";
import type { ColumnWish } from "./state";
import "./chooser.css";

const DRAWN = 400; // rows of a list; the search finds the rest
const KINDS = [
    ["attribute", "Attributes"],
    ["metrics", "Metrics"],
    ["config", "Configuration"],
    ["tags", "Tags"],
    ["dataset", "Data sets"],
] as const;

interface Known {
    field: Field;
    runs: number | undefined;
}

const attributes = (): Known[] =>
    Object.keys(ATTRIBUTES).map((a) => ({ field: attributeField(a), runs: undefined }));

const known = (names: readonly FieldName[]): Known[] => [
    ...attributes(),
    ...names.map((n) => ({ field: fieldOfName(n), runs: n.runs })),
];

// Names under the headings of their kinds, with what `mark` puts at each.
function FieldList({ list, row }: { list: readonly Known[]; row: (k: Known) => ComponentChildren }) {
    let left = DRAWN;
    return (
        <div class="choices">
            {KINDS.map(([domain, title]) => {
                const of = list.filter((k) => k.field.domain === domain);
                const drawn = of.slice(0, left);
                left -= drawn.length;
                if (!of.length) return null;
                return (
                    <section key={domain} aria-label={title}>
                        <h3>
                            {title} <span class="muted">{integer(of.length)}</span>
                        </h3>
                        {drawn.map(row)}
                        {drawn.length < of.length && (
                            <p class="muted">{of.length - drawn.length} more: search for them</p>
                        )}
                    </section>
                );
            })}
            {!list.length && <p class="muted">No name matches.</p>}
        </div>
    );
}

function FindName({ value, set }: { value: string; set: (v: string) => void }) {
    return (
        <Find
            label="Find names by a regular expression"
            placeholder="Find: loss$ or ^optim"
            value={value}
            change={set}
        />
    );
}

const Runs = ({ n }: { n: number | undefined }) =>
    n === undefined ? null : (
        <span class="muted" title={`${n} runs have it`}>
            {shortCount(n)}
        </span>
    );

export function ColumnChooser({
    names,
    columns,
    custom,
    set,
    close,
}: {
    names: readonly FieldName[];
    columns: readonly ColumnWish[];
    custom: boolean;
    set: (columns: readonly ColumnWish[] | null) => void;
    close: () => void;
}) {
    const [find, setFind] = useState("");
    const all = useMemo(() => known(names), [names]);
    const fits = matcher(find);
    const list = all.filter((k) => fits(k.field.text));
    const has = new Set(columns.map((c) => c.field.text));
    const toggle = (fields: readonly Field[], on: boolean): void => {
        const texts = new Set(fields.map((f) => f.text));
        const rest = columns.filter((c) => !texts.has(c.field.text));
        set(on ? [...columns, ...fields.filter((f) => !has.has(f.text)).map((field) => ({ field }))] : rest);
    };
    return (
        <Dialog title="Columns" close={close} wide>
            <div class="row">
                <div class="grow find">
                    <FindName value={find} set={setFind} />
                </div>
                <button
                    type="button"
                    class="button"
                    disabled={!find || !list.length}
                    onClick={() =>
                        toggle(
                            list.map((k) => k.field),
                            true,
                        )
                    }
                >
                    Add all found
                </button>
                <button
                    type="button"
                    class="button"
                    disabled={!find || !list.some((k) => has.has(k.field.text))}
                    onClick={() =>
                        toggle(
                            list.map((k) => k.field),
                            false,
                        )
                    }
                >
                    Take all found away
                </button>
                <button type="button" class="button" disabled={!custom} onClick={() => set(null)}>
                    As at first
                </button>
            </div>
            <FieldList
                list={list}
                row={(k) => (
                    <div key={k.field.text} class="choice">
                        <label class="row grow">
                            <input
                                type="checkbox"
                                checked={has.has(k.field.text)}
                                onChange={(e) => toggle([k.field], e.currentTarget.checked)}
                            />
                            <span class="clip grow name" title={k.field.key}>
                                {k.field.domain === "attribute" ? ATTRIBUTES[k.field.key] : k.field.key}
                            </span>
                        </label>
                        {k.field.domain === "metrics" && <Forms field={k.field} has={has} toggle={toggle} />}
                        <Runs n={k.runs} />
                    </div>
                )}
            />
        </Dialog>
    );
}

// A metric's first, least and greatest beside its last.
function Forms({
    field,
    has,
    toggle,
}: {
    field: Field;
    has: ReadonlySet<string>;
    toggle: (fields: readonly Field[], on: boolean) => void;
}) {
    return (
        <span class="row forms">
            {WHICH.slice(1).map((w) => {
                const form = metricField(field.key, w);
                const on = has.has(form.text);
                return (
                    <button
                        key={w}
                        type="button"
                        class="form"
                        aria-pressed={on}
                        aria-label={`${w} of ${field.key}`}
                        onClick={() => toggle([form], !on)}
                    >
                        {w}
                    </button>
                );
            })}
        </span>
    );
}

const GROUPED_MOST = 8;

export function GroupChooser({
    names,
    by,
    set,
    close,
}: {
    names: readonly FieldName[];
    by: readonly Field[];
    set: (by: readonly Field[]) => void;
    close: () => void;
}) {
    const [find, setFind] = useState("");
    const fits = matcher(find);
    const all = useMemo(() => {
        const useful = ["status", "user", "name"];
        return known(names).filter(
            (k) =>
                k.field.domain !== "metrics" &&
                (k.field.domain !== "attribute" || useful.includes(k.field.key)),
        );
    }, [names]);
    const chosen = new Map(by.map((f, i) => [f.text, i + 1]));
    return (
        <Dialog title="Group by" close={close}>
            <div class="row">
                <div class="grow find">
                    <FindName value={find} set={setFind} />
                </div>
                <button type="button" class="button" disabled={!by.length} onClick={() => set([])}>
                    Not at all
                </button>
            </div>
            <FieldList
                list={all.filter((k) => fits(k.field.text))}
                row={(k) => (
                    <label key={k.field.text} class="choice">
                        <input
                            type="checkbox"
                            checked={chosen.has(k.field.text)}
                            disabled={!chosen.has(k.field.text) && by.length >= GROUPED_MOST}
                            onChange={(e) =>
                                set(
                                    e.currentTarget.checked
                                        ? [...by, k.field]
                                        : by.filter((f) => f.text !== k.field.text),
                                )
                            }
                        />
                        <span class="clip grow name" title={k.field.key}>
                            {k.field.key}
                        </span>
                        {chosen.has(k.field.text) && by.length > 1 && <b>{chosen.get(k.field.text)}</b>}
                        <Runs n={k.runs} />
                    </label>
                )}
            />
        </Dialog>
    );
}
