// SPDX-License-Identifier: Apache-2.0
// The metrics of a run as a table: newest, least, greatest, first value and how far each goes. Thousands of them are one
// table as well: only the rows in sight are made.
import { useMemo } from "preact/hooks";
import type { Run } from "../../api/client";
import { address, setQuery } from "../../base/address";
import { integer, numberOf, plural, shortNumber } from "../../base/format";
import { matcher, naturally } from "../../base/text";
import { Spark } from "../../chart/spark";
import { Card } from "../../ui/card";
import { Find } from "../../ui/find";
import { CellRow, type SortOf, Title } from "../../view/cells";
import { Rows } from "../../view/rows";
import { isSystem } from "./charts";
import { toTab } from "./places";

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

// `names` are in natural order, which stays among equals. NaN stands last both ways.
function sorted(names: readonly string[], run: Run): readonly string[] {
    const { by, down } = sortOf();
    const column = COLUMNS.find((c) => c.id === by);
    if (!column) return down ? names.toReversed() : names;
    const values = new Map(names.map((name) => [name, column.value(run.metrics[name] as Summary)]));
    return names.toSorted((a, b) => {
        const [x, y] = [values.get(a) as number, values.get(b) as number];
        if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
        return down ? y - x : x - y;
    });
}

// The names in natural order: sorted anew only when there are others, not with each value.
function useNames(run: Run): readonly string[] {
    const text = Object.keys(run.metrics).join("\n");
    return useMemo(() => (text ? text.split("\n").sort(naturally) : []), [text]);
}

function Line({ run, name }: { run: Run; name: string }) {
    const m = run.metrics[name];
    if (!m) return null;
    return (
        <CellRow class="metric-row">
            <span role="cell" class="metric-name clip" title={name}>
                <a class="given" href={toTab(run, isSystem(name) ? "system" : "charts", { chart: name })}>
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
                        {count ? integer(value) : shortNumber(value)}
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
    const all = useNames(run);
    const keys = useMemo(() => sorted(all.filter(matcher(find)), run), [run.metrics, find, sort]);
    const now = sortOf();
    const choose = ({ by, down }: SortOf): void => setQuery({ sort: down ? `-${by}` : by });
    const box = (
        <>
            {all.length > 8 && (
                <Find
                    class="run-find"
                    label="Find metrics"
                    placeholder="Find (regular expression)"
                    value={find}
                    change={(text) => setQuery({ metric: text })}
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
