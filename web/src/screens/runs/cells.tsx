// SPDX-License-Identifier: Apache-2.0
// What stands in the cells of the runs table.
import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { FieldStatistics, Run } from "../../api/client";
import { lineVariable } from "../../base/colour";
import { ago, dateTime, duration, integer, numberOf, shortNumber } from "../../base/format";
import { Spark } from "../../chart/spark";
import { toRun } from "../../routes";
import type { Cell } from "../../table/model";
import { still } from "../../table/still";
import { Status } from "../../ui/parts";
import { durationMs, type Field, fieldValue, isNumberText, isTime } from "./field";
import type { GroupRow } from "./group";

export interface Look {
    colour: number | undefined; // in the charts, in this colour
    toggle: () => void;
}

export function Eye({ name, look }: { name: string; look: Look }) {
    const shown = look.colour !== undefined;
    return (
        <button
            type="button"
            class={shown ? "eye eye-open" : "eye"}
            tabIndex={-1}
            aria-pressed={shown}
            aria-label={`Show ${name} in the charts`}
            title={shown ? "In the charts; hide (h)" : "Show in the charts (h)"}
            style={look.colour === undefined ? {} : { color: lineVariable(look.colour) }}
            onClick={look.toggle}
        >
            {shown ? "●" : "○"}
        </button>
    );
}

export const nameCell = (run: Run, pinned: boolean, look: Look): Cell => ({
    kind: "parts",
    body: (
        <>
            <Eye name={run.name} look={look} />
            {pinned && (
                <span class="pin" role="img" aria-label="pinned" title="Pinned on top (p)">
                    ⊤
                </span>
            )}
            <a class="clip name" href={toRun(run.project, run.id)} tabIndex={-1} title={run.name}>
                {run.name || run.id}
            </a>
        </>
    ),
});

const numberCell = (value: number, hint?: string): Cell => ({
    body: shortNumber(value),
    hint: hint ?? String(value),
    kind: Number.isFinite(value) ? undefined : "odd",
});

function durationCell(run: Run): Cell {
    const ms = durationMs(run, Date.now());
    return ms === undefined ? EMPTY : { body: duration(ms), hint: `${ms / 1000} s` };
}

const EMPTY: Cell = { body: null };
const LONG_NUMBER = 9;
const LONG_TEXT = 300;

// Configuration and tags are texts: as they were written, but for numbers with many digits.
function textCell(text: string): Cell {
    if (text.length > LONG_NUMBER && isNumberText(text)) return numberCell(Number(text), text);
    return {
        body: text.length > LONG_TEXT ? `${text.slice(0, LONG_TEXT)}…` : text,
        hint: text,
        kind: "text",
    };
}

const minute = signal(0);
setInterval(() => {
    minute.value++;
}, 30_000);

function Age({ ms }: { ms: number }) {
    void minute.value;
    return <>{ago(ms)}</>;
}

// What is long ago does not change by itself.
const timeCell = (ms: number): Cell => ({
    body: Date.now() - ms < 2 * 86_400_000 ? <Age ms={ms} /> : ago(ms),
    hint: dateTime(ms),
});

export function valueCell(run: Run, field: Field): Cell {
    if (field.text === "status")
        return { body: <Status status={run.status} reason={run.reason} />, shows: `✓ ${run.status}` };
    if (field.text === "duration") return durationCell(run);
    const value = fieldValue(run, field);
    if (value === undefined) return EMPTY;
    if (isTime(field)) return timeCell(Number(value));
    return typeof value === "number" ? numberCell(value) : textCell(value);
}

// Rows that scroll by draw none; one that was drawn stays.
function LaterSpark({ run, metric }: { run: Run; metric: string }) {
    const drawn = useRef("");
    if (drawn.current !== run.id && still.value) drawn.current = run.id;
    return (
        <span class="spark-place">
            {drawn.current === run.id && (
                <Spark run={run.id} metric={metric} live={run.status === "running"} />
            )}
        </span>
    );
}

export function sparkCell(run: Run, field: Field): Cell {
    const { body, ...rest } = valueCell(run, field);
    return {
        ...rest,
        kind: "parts",
        body: (
            <>
                {run.metrics[field.key] && <LaterSpark run={run} metric={field.key} />}
                <span class="grow" />
                <span class={rest.kind === "odd" ? "odd" : ""}>{body}</span>
            </>
        ),
    };
}

export const groupCell = (row: GroupRow, name: string, look: Look, toggle: () => void): Cell => ({
    kind: "parts",
    body: (
        <>
            <Eye name={name} look={look} />
            <button
                type="button"
                class="twist"
                tabIndex={-1}
                aria-label={row.open ? "Close the group" : "Open the group"}
                onClick={toggle}
            >
                {row.open ? "▾" : "▸"}
            </button>
            <span class="clip name" title={name}>
                {name}
            </span>
            <span class="muted">{integer(row.group.count)}</span>
        </>
    ),
});

const fullOf = (s: FieldStatistics): string =>
    [
        `mean ${numberOf(s.mean)}`,
        s.deviation === undefined ? "" : `deviation ${numberOf(s.deviation)}`,
        `least ${numberOf(s.min)}`,
        `greatest ${numberOf(s.max)}`,
        `of ${s.count} runs`,
    ]
        .filter(Boolean)
        .join("\n");

export function statisticsCell(s: FieldStatistics): Cell {
    if (!s.count) return EMPTY;
    const short = (n: FieldStatistics["mean"]): string => shortNumber(numberOf(n));
    return {
        hint: fullOf(s),
        body: (
            <span class="statistics">
                {short(s.mean)}
                {s.deviation !== undefined && ` ± ${short(s.deviation)}`}
                {s.count > 1 && <span class="muted">{` [${short(s.min)}, ${short(s.max)}]`}</span>}
            </span>
        ),
    };
}
