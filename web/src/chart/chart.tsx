// SPDX-License-Identifier: Apache-2.0
// The card of one chart: its name and acts, the plot while it is near the screen, the legend below.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Menu, type MenuItem } from "../ui/dialog";
import { Skeleton } from "../ui/parts";
import type { ChartRun } from "./model";
import type { Moves } from "./moves";
import { setting, xWord } from "./settings";
import { useNear, useWidth } from "./sight";
import { ChartTable } from "./table";
import { type ChartState, ChartView } from "./view";

const x = setting("x");

export function ChartCard({
    title,
    chartKey,
    runs,
    logY,
    wide,
    height,
    most,
    menu,
    moves,
}: {
    title: string;
    chartKey: string;
    runs: readonly ChartRun[];
    logY: boolean;
    wide: boolean;
    height: number;
    most: number; // entries of the legend
    menu: (view: ChartView | null) => MenuItem[];
    moves?: Moves; // within its section
}) {
    const [ref, near] = useNear<HTMLElement>();
    const [table, setTable] = useState(false);
    const view = useRef<ChartView | null>(null);
    return (
        <article
            ref={ref}
            class={wide ? "chart panel chart-wide" : "chart panel"}
            data-key={chartKey}
            data-drop={moves?.drop(chartKey)}
            aria-label={`Chart of ${chartKey}`}
            aria-keyshortcuts={moves && "Control+ArrowLeft Control+ArrowRight Control+Home Control+End"}
            onKeyDown={(e) => moves?.onKey(chartKey, e)}
        >
            <header class="chart-head">
                <h4
                    class={moves ? "grow clip chart-grip" : "grow clip"}
                    title={chartKey}
                    dir="auto"
                    onPointerDown={(e) => moves?.drag(chartKey, e)}
                >
                    {title}
                </h4>
                <button
                    type="button"
                    class="button plain chart-act"
                    aria-label={`${chartKey} as a table`}
                    title="As a table"
                    aria-pressed={table}
                    onClick={() => setTable(!table)}
                >
                    ▦
                </button>
                <Menu
                    label={<span aria-hidden="true">⋯</span>}
                    title={`More about ${chartKey}`}
                    class="button plain chart-act"
                    items={() => menu(view.current)}
                />
            </header>
            {near ? (
                <Body
                    {...{ chartKey, runs, logY, height, most, table }}
                    made={(v) => {
                        view.current = v;
                    }}
                />
            ) : (
                <div class="chart-away" style={{ height: `${height + legendHeight(most)}px` }} />
            )}
        </article>
    );
}

const KEYS = "Arrow keys move the cursor, plus and minus zoom.";

export const legendHeight = (most: number): number => 20 + Math.ceil(most / 2) * 18;

function Body({
    chartKey,
    runs,
    logY,
    height,
    most,
    table,
    made,
}: {
    chartKey: string;
    runs: readonly ChartRun[];
    logY: boolean;
    height: number;
    most: number;
    table: boolean;
    made: (view: ChartView | null) => void;
}) {
    const box = useRef<HTMLDivElement>(null);
    const [plot, legend, where] = [
        useRef<HTMLDivElement>(null),
        useRef<HTMLDivElement>(null),
        useRef<HTMLSpanElement>(null),
    ];
    const view = useRef<ChartView | null>(null);
    const width = useWidth(box);
    const [state, setState] = useState<ChartState | null>(null);
    const [said, setSaid] = useState("");

    // Before the browser draws: an effect that waits for that is a frame late.
    useLayoutEffect(() => {
        if (!plot.current || !legend.current || !where.current) return undefined;
        const parts = { plot: plot.current, legend: legend.current, where: where.current };
        const now = new ChartView(parts, setState);
        view.current = now;
        made(now);
        return () => {
            now.close();
            made(null);
        };
    }, []);
    useLayoutEffect(() => {
        if (width) view.current?.set({ key: chartKey, runs, logY, width, height, most });
    }, [chartKey, runs, logY, width, height, most]);

    return (
        <>
            <div
                class="chart-box"
                ref={box}
                style={{ height: `${height}px` }}
                // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the cursor
                tabIndex={0}
                role="img"
                aria-label={`${chartKey} over ${xWord[x.value]}, ${runs.length} runs. ${KEYS}`}
                onKeyDown={(e) => onKey(e, view.current, setSaid)}
            >
                <div ref={plot} hidden />
                {state?.loading && <Skeleton lines={4} />}
                {state && !state.loading && state.empty && <Nothing state={state} runs={runs} />}
            </div>
            <div class="chart-under" style={{ height: `${legendHeight(most)}px` }}>
                <div class="chart-note muted">
                    <span ref={where} />
                    {!!state?.leftOut && (
                        <span title="A logarithm has no place for them">
                            {" "}
                            values ≤ 0 are left out ({state.leftOut})
                        </span>
                    )}
                    {!!state?.problem && !state.empty && <span class="bad"> {state.problem}</span>}
                </div>
                <div class="legend" ref={legend} />
            </div>
            <div class="hidden" role="status">
                {said}
            </div>
            {table && <ChartTable view={view.current} chartKey={chartKey} mode={x.value} />}
        </>
    );
}

function Nothing({ state, runs }: { state: ChartState; runs: readonly ChartRun[] }) {
    const why =
        state.problem ??
        (runs.length
            ? "No run shown here has this metric."
            : "No run is shown. Show one with its eye in the table.");
    return <p class={state.problem ? "chart-nothing bad" : "chart-nothing muted"}>{why}</p>;
}

function onKey(e: KeyboardEvent, view: ChartView | null, say: (text: string) => void): void {
    if (!view || e.ctrlKey || e.metaKey || e.altKey) return;
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 };
    const by = steps[e.key];
    if (by !== undefined) say(view.step(e.shiftKey ? by * 10 : by));
    else if (e.key === "+" || e.key === "=") view.zoomBy(0.5);
    else if (e.key === "-") view.zoomBy(2);
    else if (e.key === "0") view.reset();
    else return;
    e.preventDefault();
    e.stopPropagation();
}
