// SPDX-License-Identifier: Apache-2.0
// What stands in the cells of the runs table.
import { useEffect, useState } from "preact/hooks";
import type { FieldStatistics, Run } from "../../api/client";
import { lineVariable } from "../../base/colour";
import { duration, numberOf, shortNumber } from "../../base/format";
import { Spark } from "../../chart";
import { toRun } from "../../routes";
import { Ago, Status } from "../../ui/parts";
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

export function NameCell({ run, pinned, look }: { run: Run; pinned: boolean; look: Look }) {
    return (
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
    );
}

export const NumberCell = ({ value, title }: { value: number; title?: string }) => (
    <span class={Number.isFinite(value) ? "clip" : "clip odd"} title={title ?? String(value)}>
        {shortNumber(value)}
    </span>
);

function Duration({ run }: { run: Run }) {
    const ms = durationMs(run, Date.now());
    if (ms === undefined) return null;
    return (
        <span class="clip" title={`${ms / 1000} s`}>
            {duration(ms)}
        </span>
    );
}

const LONG_NUMBER = 9;
const LONG_TEXT = 300;

// Configuration and tags are texts: as they were written, but for numbers with many digits.
function TextCell({ text }: { text: string }) {
    if (text.length > LONG_NUMBER && isNumberText(text))
        return <NumberCell value={Number(text)} title={text} />;
    return (
        <span class="clip text" title={text}>
            {text.length > LONG_TEXT ? `${text.slice(0, LONG_TEXT)}…` : text}
        </span>
    );
}

export function ValueCell({ run, field }: { run: Run; field: Field }) {
    if (field.domain === "attribute" && field.key === "status")
        return <Status status={run.status} reason={run.reason} />;
    if (field.domain === "attribute" && field.key === "duration") return <Duration run={run} />;
    const value = fieldValue(run, field);
    if (value === undefined) return null;
    if (isTime(field)) return <Ago ms={Number(value)} />;
    return typeof value === "number" ? <NumberCell value={value} /> : <TextCell text={value} />;
}

const SPARK_WAIT_MS = 120;

// Comes when the row stays: what scrolls by draws none.
function LaterSpark({ run, metric }: { run: Run; metric: string }) {
    const [ready, setReady] = useState<string | null>(null);
    useEffect(() => {
        const timer = setTimeout(() => setReady(run.id), SPARK_WAIT_MS);
        return () => clearTimeout(timer);
    }, [run.id]);
    return (
        <span class="spark-place">
            {ready === run.id && <Spark run={run.id} metric={metric} live={run.status === "running"} />}
        </span>
    );
}

export function SparkCell({ run, field }: { run: Run; field: Field }) {
    return (
        <>
            {run.metrics[field.key] && <LaterSpark run={run} metric={field.key} />}
            <span class="grow" />
            <ValueCell run={run} field={field} />
        </>
    );
}

export function GroupName({
    row,
    name,
    look,
    toggle,
}: {
    row: GroupRow;
    name: string;
    look: Look;
    toggle: () => void;
}) {
    return (
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
            <span class="muted">{row.group.count.toLocaleString("en")}</span>
        </>
    );
}

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

export function StatisticsCell({ of: s }: { of: FieldStatistics }) {
    if (!s.count) return null;
    return (
        <span class="clip statistics" title={fullOf(s)}>
            {shortNumber(numberOf(s.mean))}
            {s.deviation !== undefined && <span> ± {shortNumber(numberOf(s.deviation))}</span>}
            {s.count > 1 && (
                <span class="muted">
                    {" "}
                    [{shortNumber(numberOf(s.min))}, {shortNumber(numberOf(s.max))}]
                </span>
            )}
        </span>
    );
}
