// SPDX-License-Identifier: Apache-2.0
// Compare: N runs, a column each, one of them the reference. The address holds the runs (`runs`), the reference (`ref`),
// whether all rows are shown (`all`), which value of a metric counts (`of`), the filter (`q`) and what is shown (`tab`).
import { useMemo } from "preact/hooks";
import type { Run } from "../../api/client";
import { getRuns } from "../../api/runs";
import { address, formatAddress, setQuery } from "../../base/address";
import { lineColours } from "../../base/colour";
import { saveText } from "../../base/save";
import { matcher } from "../../base/text";
import { ChartSections } from "../../chart";
import { comparedRuns, toHome } from "../../routes";
import { useActs } from "../../ui/acts";
import { Crumbs } from "../../ui/crumbs";
import { Find } from "../../ui/find";
import { useLoad } from "../../ui/load";
import { copyLine, Empty, Failed, Skeleton } from "../../ui/parts";
import { Tabs } from "../../ui/tabs";
import { type Aggregate, csvOf, sectionsOf } from "./rows";
import { CompareTable } from "./table";
import "./compare.css";

export function Compare() {
    const ids = comparedRuns(address.value.query);
    const load = useLoad(ids.join(","), (signal) => getRuns(ids, signal));
    if (!ids.length)
        return (
            <Empty whole title="Nothing to compare yet">
                <p>
                    Choose runs in the table of a project and press <kbd>d</kbd>.{" "}
                    <a href={toHome()}>All projects</a>
                </p>
            </Empty>
        );
    if (load.problem) return <Failed whole problem={load.problem} retry={load.reload} />;
    if (!load.data) return <Skeleton lines={12} />;
    return <Compared runs={load.data} />;
}

const AGGREGATES: readonly Aggregate[] = ["last", "min", "max", "first"];

function Compared({ runs }: { runs: readonly Run[] }) {
    const { query } = address.value;
    const how = AGGREGATES.find((a) => a === query.get("of")) ?? "last";
    const tab = query.get("tab") === "charts" ? "charts" : "table";
    const reference = Math.max(
        0,
        runs.findIndex((r) => r.id === query.get("ref")),
    );
    const all = query.get("all") === "1";
    const find = query.get("q") ?? "";
    const sections = useMemo(() => sectionsOf(runs, how), [runs, how]);
    const shown = useMemo(() => {
        const wanted = matcher(find);
        return sections
            .map((s) => ({ ...s, rows: s.rows.filter((r) => (all || r.differs) && wanted(r.key)) }))
            .filter((s) => s.rows.length);
    }, [sections, all, find]);
    const colours = useMemo(() => lineColours(runs.map((r) => r.id)), [runs]);
    const command = `stemma runs compare ${runs.map((r) => r.id).join(" ")}`;
    const download = (): void => saveText("compare.csv", "text/csv", csvOf(runs, shown));
    useActs([
        {
            id: "all-rows",
            title: all ? "Show only differences" : "Show all rows",
            group: "Compare",
            keys: ["a"],
            run: () => setQuery({ all: !all }),
            command,
        },
        {
            id: "next-ref",
            title: "Next run as the reference",
            group: "Compare",
            keys: ["r"],
            run: () => setQuery({ ref: runs[(reference + 1) % runs.length]?.id }),
        },
        { id: "csv", title: "Download the comparison as CSV", group: "Compare", run: download },
        {
            id: "copy-command",
            title: "Copy as command line",
            group: "Compare",
            run: () => copyLine(command),
            command,
        },
    ]);
    const at = (change: Record<string, string | null>): string => {
        const next = new URLSearchParams(query);
        for (const [k, v] of Object.entries(change)) v === null ? next.delete(k) : next.set(k, v);
        return formatAddress(["compare"], next);
    };

    return (
        <div class="compare">
            <Crumbs list={[{ title: `Compare ${runs.length} runs` }]} />
            <h1 class="hidden">Compare {runs.length} runs</h1>
            <Tabs
                label="Ways to compare"
                current={tab}
                tabs={[
                    { id: "table", title: "Table", href: at({ tab: null }) },
                    { id: "charts", title: "Charts", href: at({ tab: "charts" }) },
                ]}
            />
            {tab === "charts" ? (
                <Charts runs={runs} colours={colours} />
            ) : (
                <>
                    <div class="row compare-bar">
                        <button
                            type="button"
                            class="button"
                            aria-pressed={!all}
                            onClick={() => setQuery({ all: !all })}
                        >
                            Only differences
                        </button>
                        <label class="row">
                            Metrics by
                            <select
                                class="input"
                                value={how}
                                onChange={(e) => setQuery({ of: e.currentTarget.value })}
                            >
                                {AGGREGATES.map((a) => (
                                    <option key={a}>{a}</option>
                                ))}
                            </select>
                        </label>
                        <Find
                            class="grow"
                            label="Filter the rows"
                            placeholder="Filter the rows (regular expression)"
                            value={find}
                            change={(text) => setQuery({ q: text })}
                        />
                        <button type="button" class="button" onClick={download}>
                            CSV
                        </button>
                    </div>
                    {shown.length ? (
                        <CompareTable
                            runs={runs}
                            sections={shown}
                            reference={reference}
                            colours={colours}
                            setReference={(id) => setQuery({ ref: id })}
                            remove={(id) =>
                                setQuery(
                                    {
                                        runs: runs
                                            .map((r) => r.id)
                                            .filter((r) => r !== id)
                                            .join(","),
                                    },
                                    { replace: false },
                                )
                            }
                        />
                    ) : (
                        <Empty
                            title={
                                runs.length < 2 ? "One run alone has no differences" : "No differences here"
                            }
                        >
                            <a href={at({ all: "1", q: null })}>Show all rows</a>
                        </Empty>
                    )}
                </>
            )}
        </div>
    );
}

function Charts({ runs, colours }: { runs: readonly Run[]; colours: ReadonlyMap<string, number> }) {
    const keys = useMemo(() => [...new Set(runs.flatMap((r) => Object.keys(r.metrics)))], [runs]);
    const lines = useMemo(
        () =>
            runs.map((r) => ({
                id: r.id,
                name: r.name,
                colour: colours.get(r.id) ?? 0,
                live: r.status === "running",
                ...(r.start_ms === undefined ? {} : { startMs: r.start_ms }),
            })),
        [runs, colours],
    );
    const project = runs[0]?.project ?? 0;
    // Kept: charts follow what else is in the address themselves.
    return useMemo(
        () => <ChartSections {...{ project, keys }} runs={lines} storeKey="compare" />,
        [project, lines, keys],
    );
}
