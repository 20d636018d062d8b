// SPDX-License-Identifier: Apache-2.0
// The metrics of a run as a table: newest, least, greatest, first value and how far each goes. Thousands of them are one
// table as well: only the rows in sight are made.
import { useMemo } from "preact/hooks";
import type { Run } from "../../api/client";
import { address, setQuery } from "../../base/address";
import { numberOf, plural, shortNumber } from "../../base/format";
import { matcher, naturally } from "../../base/text";
import { Spark } from "../../chart";
import { CellRow, type SortOf, Title } from "../../view/cells";
import { Rows } from "../../view/rows";
import { isSystem } from "./charts";
import { Card } from "./overview";
import { toTab } from "./run";

type Summary = Run["metrics"][string];
const HEIGHT = 28;
const SHOWN = 16;

interface Column {
    id: string;
    title: string;
    value: (m: Summary) => number;
}
const COLUMNS: readonly Column[] = [
    { id: "last", title: "Last", value: (m) => numberOf(m.last.value) },
    { id: "min", title: "Min", value: (m) => numberOf(m.min) },
    { id: "max", title: "Max", value: (m) => numberOf(m.max) },
    { id: "first", title: "First", value: (m) => numberOf(m.first.value) },
    { id: "step", title: "Step", value: (m) => m.last.step },
    { id: "points", title: "Points", value: (m) => m.at_most },
];

// "loss", "-loss" ... of the address: what it is sorted by, and whether downwards.
function sortOf(): SortOf {
    const text = address.value.query.get("sort") ?? "";
    return { by: text.replace(/^-/, "") || "name", down: text.startsWith("-") };
}

function sorted(keys: string[], run: Run): string[] {
    const { by, down } = sortOf();
    const sign = down ? -1 : 1;
    const column = COLUMNS.find((c) => c.id === by);
    if (!column) return keys.sort((a, b) => sign * naturally(a, b));
    const value = (key: string): number => {
        const m = run.metrics[key];
        return m ? column.value(m) : Number.NaN;
    };
    // NaN stands last both ways.
    return keys.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
        return sign * (x - y) || naturally(a, b);
    });
}

function Line({ run, name }: { run: Run; name: string }) {
    const m = run.metrics[name];
    if (!m) return null;
    return (
        <CellRow class="metric-row">
            <span role="cell" class="metric-name clip" title={name}>
                <a class="name" href={toTab(run, isSystem(name) ? "system" : "charts", { chart: name })}>
                    {name}
                </a>
            </span>
            <span role="cell" class="metric-spark" aria-hidden="true">
                <Spark run={run.id} metric={name} live={run.status === "running"} />
            </span>
            {COLUMNS.map((c) => {
                const value = c.value(m);
                const count = c.id === "points" || c.id === "step";
                return (
                    <span key={c.id} role="cell" class="number" title={String(value)}>
                        {count ? value.toLocaleString("en") : shortNumber(value)}
                    </span>
                );
            })}
        </CellRow>
    );
}

export function Metrics({ run }: { run: Run }) {
    const query = address.value.query;
    const find = query.get("metric") ?? "";
    const sort = query.get("sort") ?? "";
    const all = Object.keys(run.metrics);
    const keys = useMemo(() => sorted(all.filter(matcher(find)), run), [run.metrics, find, sort]);
    const now = sortOf();
    const choose = ({ by, down }: SortOf): void => setQuery({ sort: down ? `-${by}` : by });
    const box = (
        <>
            {all.length > 8 && (
                <input
                    class="input find"
                    type="search"
                    placeholder="Find (regular expression)"
                    aria-label="Find metrics"
                    value={find}
                    onInput={(e) => setQuery({ metric: e.currentTarget.value })}
                />
            )}
            <span class="muted">{all.length > 0 && plural(keys.length, "series", "series")}</span>
        </>
    );
    return (
        <Card title="Metrics" extra={box} class="card-metrics">
            {all.length ? (
                <Rows
                    count={keys.length}
                    height={HEIGHT}
                    headHeight={HEIGHT}
                    role="table"
                    label="Metrics"
                    fit
                    class={keys.length > SHOWN ? "metric-rows metric-rows-many" : "metric-rows"}
                    boxHeight={(Math.min(keys.length, SHOWN) + 1) * HEIGHT}
                    head={
                        <CellRow class="metric-row metric-head">
                            <Title id="name" title="Metric" class="metric-name" sort={now} choose={choose} />
                            <Title id="course" title="Course" class="metric-spark" />
                            {COLUMNS.map((c) => (
                                <Title
                                    key={c.id}
                                    id={c.id}
                                    title={c.title}
                                    class="number"
                                    sort={now}
                                    choose={choose}
                                />
                            ))}
                        </CellRow>
                    }
                    row={(i) => <Line key={keys[i]} run={run} name={keys[i] as string} />}
                />
            ) : (
                <p class="card-body muted">Nothing was measured yet.</p>
            )}
        </Card>
    );
}
