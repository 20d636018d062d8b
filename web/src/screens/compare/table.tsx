// SPDX-License-Identifier: Apache-2.0
// The table of a comparison: keys stay at the left and runs on top while the rest scrolls. Long sections show their first
// rows until asked for all; long texts open into their differences.
import { useState } from "preact/hooks";
import type { Run } from "../../api/client";
import { lineVariable } from "../../base/colour";
import { shortCount, shortNumber } from "../../base/format";
import { toRun } from "../../routes";
import { Status } from "../../ui/parts";
import { type CompareRow, deltaOf, type Section, type Value } from "./rows";
import { TextDifferences } from "./text_differences";

const FIRST_ROWS = 300;

interface Shown {
    runs: readonly Run[];
    reference: number;
    colours: ReadonlyMap<string, number>;
}

export function CompareTable({
    sections,
    setReference,
    remove,
    ...shown
}: Shown & {
    sections: readonly Section[];
    setReference: (id: string) => void;
    remove: (id: string) => void;
}) {
    return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by key
        <div class="compare-table" tabIndex={0} role="region" aria-label="Comparison">
            <table>
                <thead>
                    <tr>
                        <td />
                        {shown.runs.map((r, i) => (
                            <th key={r.id} scope="col" class={i === shown.reference ? "reference" : ""}>
                                <RunHead
                                    run={r}
                                    isReference={i === shown.reference}
                                    colour={shown.colours.get(r.id) ?? 0}
                                    setReference={setReference}
                                    remove={remove}
                                />
                            </th>
                        ))}
                    </tr>
                </thead>
                {sections.map((s) => (
                    <SectionRows key={s.id} section={s} {...shown} />
                ))}
            </table>
        </div>
    );
}

function RunHead({
    run,
    isReference,
    colour,
    setReference,
    remove,
}: {
    run: Run;
    isReference: boolean;
    colour: number;
    setReference: (id: string) => void;
    remove: (id: string) => void;
}) {
    return (
        <>
            <div class="row">
                <span class="swatch" style={{ background: lineVariable(colour) }} />
                <a class="clip grow" dir="auto" href={toRun(run.project, run.id)} title={run.name}>
                    {run.name || run.id.slice(0, 8)}
                </a>
                <button
                    type="button"
                    class="button plain"
                    aria-label={`Leave ${run.name} out`}
                    onClick={() => remove(run.id)}
                >
                    ✕
                </button>
            </div>
            <div class="row">
                <Status status={run.status} reason={run.reason} brief />
                <button
                    type="button"
                    class="button plain"
                    aria-pressed={isReference}
                    onClick={() => setReference(run.id)}
                >
                    {isReference ? "Reference" : "Make reference"}
                </button>
            </div>
        </>
    );
}

function SectionRows({ section, ...shown }: Shown & { section: Section }) {
    const [all, setAll] = useState(false);
    const rows = all ? section.rows : section.rows.slice(0, FIRST_ROWS);
    const more = section.rows.length - rows.length;
    return (
        <tbody>
            <tr class="section">
                <th scope="rowgroup" colSpan={shown.runs.length + 1}>
                    <span>
                        {section.title} <span class="muted">{shortCount(section.rows.length)}</span>
                    </span>
                </th>
            </tr>
            {rows.map((r) => (
                <Row key={r.key} row={r} {...shown} />
            ))}
            {more > 0 && (
                <tr>
                    <td colSpan={shown.runs.length + 1}>
                        <button type="button" class="button" onClick={() => setAll(true)}>
                            Show {shortCount(more)} more
                        </button>
                    </td>
                </tr>
            )}
        </tbody>
    );
}

function Row({ row, ...shown }: Shown & { row: CompareRow }) {
    const [open, setOpen] = useState(false);
    return (
        <>
            <tr class={row.differs ? "differs" : ""}>
                <th scope="row" dir="auto" title={row.key}>
                    {row.key}
                    {row.isLong && row.differs && (
                        <button
                            type="button"
                            class="button plain"
                            aria-expanded={open}
                            onClick={() => setOpen(!open)}
                        >
                            differences
                        </button>
                    )}
                </th>
                {row.values.map((v, i) => (
                    <td key={i} class={i === shown.reference ? "reference" : ""}>
                        <Cell value={v} reference={row.values[shown.reference]} />
                    </td>
                ))}
            </tr>
            {open && (
                <tr>
                    <td colSpan={shown.runs.length + 1}>
                        <TextDifferences runs={shown.runs} values={row.values} reference={shown.reference} />
                    </td>
                </tr>
            )}
        </>
    );
}

const CLIPPED = 200;
const SHORT = 8;

function Cell({ value, reference }: { value: Value | undefined; reference: Value | undefined }) {
    if (!value) return <span class="muted">–</span>;
    const delta = deltaOf(value, reference);
    // What was given as "0.001" stays so; longer numbers are rounded like all others.
    const rounded = value.number !== undefined && value.text.length > SHORT;
    const text = rounded ? shortNumber(value.number ?? Number.NaN) : value.text;
    return (
        <span title={value.text.slice(0, 2000)} dir="auto">
            {text.slice(0, CLIPPED)}
            {text.length > CLIPPED && "…"}
            {delta && <span class={delta.startsWith("+") ? "delta more" : "delta less"}> {delta}</span>}
        </span>
    );
}
