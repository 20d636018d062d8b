// SPDX-License-Identifier: Apache-2.0
// All charts of some runs: a toolbar, and sections by prefix that open and close, a page of charts at a time.
import { computed } from "@preact/signals";
import { useMemo, useRef, useState } from "preact/hooks";
import { plural } from "../base/format";
import { Empty } from "../ui/parts";
import { chartMenu } from "./acts";
import { Alone } from "./alone";
import { openAtFirst, type Section, sectionsOf } from "./arrange";
import { ChartCard } from "./chart";
import { useFollow } from "./follow";
import type { ChartRun } from "./model";
import { type Moves, useMoves } from "./moves";
import { type Remembered, useRemembered } from "./remember";
import { setting, settings } from "./settings";
import { Toolbar } from "./toolbar";
import "./chart.css";

const [find, alone, logOfAll] = [setting("find"), setting("alone"), setting("logY")];
const order = computed(() => settings.value.order.join("\n"));

const AT_FIRST = 60; // charts of open sections
const PAGE = 36;
const HEIGHT = 190;

export function ChartSections({
    project,
    runs,
    keys,
    storeKey,
}: {
    project: number;
    runs: readonly ChartRun[];
    keys: readonly string[];
    storeKey: string;
}) {
    const [remembered, remember] = useRemembered(storeKey);
    useFollow(project, true);
    const sections = useMemo(
        () => sectionsOf(keys, find.value, settings.peek().order),
        [keys, find.value, order.value],
    );
    const atFirst = useMemo(() => openAtFirst(sections, AT_FIRST), [sections]);
    const shown = useStable(runs);
    const grouped = runs.some((r) => r.group !== undefined);
    return (
        <div class="charts">
            <Toolbar grouped={grouped} keys={keys.length} hidden={remembered.hidden} remember={remember} />
            {!sections.length && <NoCharts find={find.value} />}
            {sections.map((s) => (
                <SectionOf
                    key={s.name}
                    section={s}
                    open={remembered.open[s.name] ?? (find.value !== "" || atFirst.has(s.name))}
                    {...{ runs: shown, remembered, remember }}
                />
            ))}
            {alone.value !== null && (
                <Alone
                    chartKey={alone.value}
                    logY={logOfAll.value !== remembered.log.includes(alone.value)}
                    menu={(logY, view) => chartMenu(alone.value ?? "", remembered, remember, logY, view)}
                    runs={shown}
                />
            )}
        </div>
    );
}

// The same list while nothing in it changed: parents make a new one with every draw.
function useStable(runs: readonly ChartRun[]): readonly ChartRun[] {
    const text = JSON.stringify(runs);
    return useMemo(() => runs, [text]);
}

function NoCharts({ find }: { find: string }) {
    return find ? (
        <Empty title="No metric has such a name">
            <p class="muted">Nothing matches “{find}”.</p>
        </Empty>
    ) : (
        <Empty title="No metrics yet">
            <p class="muted">Charts appear by themselves for every metric that a run logs.</p>
        </Empty>
    );
}

interface InSection {
    runs: readonly ChartRun[];
    remembered: Remembered;
    remember: (change: Partial<Remembered>) => void;
}

function SectionOf({ section, open, ...rest }: InSection & { section: Section; open: boolean }) {
    const [pages, setPages] = useState(1);
    const grid = useRef<HTMLDivElement>(null);
    const { remembered, remember } = rest;
    const keys = section.keys.filter((k) => !remembered.hidden.includes(k));
    const shown = keys.slice(0, pages * PAGE);
    const moves = useMoves(section, shown, grid);
    if (!keys.length) return null;
    const name = section.name || "Metrics";
    return (
        <section class="chart-section" aria-label={name}>
            <h3>
                <button
                    type="button"
                    class="chart-fold"
                    aria-expanded={open}
                    onClick={() => remember({ open: { ...remembered.open, [section.name]: !open } })}
                >
                    <span aria-hidden="true">{open ? "▾" : "▸"}</span> <bdi>{name}</bdi>{" "}
                    <span class="muted">{keys.length}</span>
                </button>
            </h3>
            {open && (
                <div class="chart-grid" ref={grid}>
                    {shown.map((key) => (
                        <Card key={key} chartKey={key} prefix={section.name} moves={moves} {...rest} />
                    ))}
                </div>
            )}
            <div class="hidden" role="status">
                {moves.said}
            </div>
            {open && shown.length < keys.length && (
                <div class="row chart-more">
                    <button type="button" class="button" onClick={() => setPages(pages + 1)}>
                        {plural(Math.min(PAGE, keys.length - shown.length), "more chart")}
                    </button>
                    <span class="muted">
                        {shown.length} of {keys.length}
                    </span>
                </div>
            )}
        </section>
    );
}

function Card({
    chartKey: key,
    prefix,
    runs,
    remembered,
    remember,
    moves,
}: InSection & { chartKey: string; prefix: string; moves: Moves }) {
    const wide = remembered.wide.includes(key);
    const lines = Math.max(1, new Set(runs.map((r) => r.group ?? r.id)).size);
    const logY = logOfAll.value !== remembered.log.includes(key); // the chart's own is the other of all
    return (
        <ChartCard
            title={prefix ? key.slice(prefix.length + 1) : key}
            chartKey={key}
            height={wide ? 280 : HEIGHT}
            most={Math.min(wide ? 12 : 6, lines)}
            menu={(view) => chartMenu(key, remembered, remember, logY, view, moves.items(key))}
            {...{ runs, logY, wide, moves }}
        />
    );
}
