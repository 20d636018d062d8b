// SPDX-License-Identifier: Apache-2.0
// The runs of a project: a table with charts beside it. Everything that is shown is in the address (state.ts).
import { useSignal } from "@preact/signals";
import { useMemo, useRef, useState } from "preact/hooks";
import type { Project } from "../../api/client";
import type { LiveNews } from "../../api/live";
import { getProject } from "../../api/projects";
import { toHome } from "../../routes";
import { type Act, useActs } from "../../ui/acts";
import { Crumbs } from "../../ui/crumbs";
import { useFollow } from "../../ui/follow";
import { useLoad } from "../../ui/load";
import { copyLine, Failed, Skeleton } from "../../ui/parts";
import { Bar, SelectionBar } from "./bar";
import { ColumnChooser, GroupChooser } from "./chooser";
import { columnsOf, type RunColumn } from "./columns";
import { searchCommand, searchCurl } from "./commands";
import { NoRuns, NoTable } from "./empty";
import { Grid, type MenuPlace, type Place, wishesOf } from "./grid";
import { isGroup } from "./group";
import { Panes } from "./layout";
import { TableMenu } from "./menu";
import { countOf } from "./selection";
import { useSame, useShown } from "./shown";
import { Side } from "./side";
import { readState, type State, setColumns, setGroup, setView } from "./state";
import { asMenu, useRunActs } from "./use_acts";
import { useColumns } from "./use_columns";
import { type Source, useDerived, useRuns, useSource } from "./use_rows";
import "./runs.css";

export function Runs({ project }: { project: string }) {
    const load = useLoad(`project ${project}`, (signal) => getProject(project, signal));
    if (load.data) return <RunsOf project={load.data} />;
    return load.problem ? (
        <Failed whole problem={load.problem} retry={load.reload} />
    ) : (
        <Skeleton lines={12} />
    );
}

const REST = { least: 500, most: Number.POSITIVE_INFINITY };

// `concerns` says whether points or tags of these runs change what is shown.
function isAboutRuns(news: LiveNews, concerns: (runs: readonly string[]) => boolean): boolean {
    if (news.kind === "event") return /^(run_|imported|gc_|project_)/.test(news.event.kind);
    return news.kind === "again" || news.all || concerns(news.runs);
}

// Does a change of points or tags move rows, or change which there are?
const dependsOnValues = (s: State): boolean =>
    /metrics|config|tags|status|duration|end|reason|dataset/.test(
        `${s.where} ${s.sort.map((k) => k.field).join(" ")}`,
    );

// What the screen around the table depends on: how many there are, and the first of them.
function headOf({ rows, grouped }: Source, n: number): string {
    const first = Array.from({ length: Math.min(n, rows.count) }, (_, i) => rows.row(i));
    const runs = first.map((r) => (r && !isGroup(r) ? [r.id, r.name, r.status, r.start_ms] : r));
    return JSON.stringify([rows.ready, rows.count, grouped?.groups().length, runs]);
}

const TURN_MS = 10_000;

// Names of what runs have change seldom and cost the server more than rows: they are read again now and then, and at
// once while there are none.
function useTurn(): { turn: number; again: (known: boolean) => void } {
    const [turn, setTurn] = useState(0);
    const last = useRef(0);
    const again = (known: boolean): void => {
        if (known && performance.now() - last.current < TURN_MS) return;
        last.current = performance.now();
        setTurn((t) => t + 1);
    };
    return { turn, again };
}

function useTable(project: Project, state: State) {
    const number = project.number;
    const { turn, again } = useTurn();
    const { wishes, names, settled } = useColumns(number, state, turn);
    const known = names.data?.some((n) => n.kind === "metric") === true;
    const columns = useSame(columnsOf(wishes, state));
    const ids = columns.map((c) => c.id);
    const statistics = wishes.map((w) => w.field).filter((f) => f.domain === "metrics");
    const search = useSource(number, state, settled ? statistics : null, ids);
    const { source } = search;
    useDerived(source?.rows, () => (source ? headOf(source, state.show) : ""));
    const single = [...new Set([...state.pinned, ...state.eye])].filter((key) => key.length === 32);
    const extras = useRuns(single, ids);
    const shown = useShown(number, source, state, extras.runs);
    const refresh = async (): Promise<void> => {
        again(known);
        await Promise.all([source?.refresh(), extras.refresh()]);
    };
    const concerns = (runs: readonly string[]): boolean =>
        dependsOnValues(state) || source?.rows.sees(runs) === true;
    useFollow(number, (news) => isAboutRuns(news, concerns), refresh, REST);
    const pinned = useMemo(
        () => state.pinned.flatMap((id) => extras.runs.get(id) ?? []),
        [state.pinned.join(" "), extras.runs],
    );
    const total = source?.rows.count ?? 0;
    return { columns, turn, names: names.data ?? [], search, source, shown, pinned, refresh, total };
}

type Over = "columns" | "group" | null;

// Acts about the table itself.
function useTableActs(
    project: Project,
    state: State,
    columns: readonly RunColumn[],
    open: (o: Over) => void,
): void {
    const fields = columns.map((c) => c.field);
    const act = (
        id: string,
        title: string,
        run: () => unknown,
        keys?: string[],
        more?: Partial<Act>,
    ): Act => ({
        id,
        title,
        group: "Table",
        run,
        ...(keys ? { keys } : {}),
        ...more,
    });
    useActs([
        act("filter", "Filter the runs", () => document.getElementById("runs-filter")?.focus(), ["f"], {
            command: searchCommand(project.name, state, fields),
            curl: searchCurl(project.number, state, fields),
        }),
        act("columns", "Choose the columns", () => open("columns"), ["l"]),
        act("group", "Group the runs", () => open("group"), ["b"]),
        act("table", "To the table", () => document.querySelector<HTMLElement>(".table")?.focus(), ["g t"]),
        act("bin", state.view === "deleted" ? "Leave the bin" : "Runs in the bin", () =>
            setView(state.view === "deleted" ? "active" : "deleted"),
        ),
        act("copy-command", "Copy this table as a command line", () =>
            copyLine(searchCommand(project.name, state, fields), "Copied the command"),
        ),
        act("copy-curl", "Copy this table as curl", () =>
            copyLine(searchCurl(project.number, state, fields), "Copied the curl command"),
        ),
    ]);
}

function RunsOf({ project }: { project: Project }) {
    const state = readState();
    const focus = useSignal<Place>({ row: null, column: null });
    const [menu, setMenu] = useState<MenuPlace | null>(null);
    const [over, setOver] = useState<Over>(null);
    const t = useTable(project, state);
    const { source, columns, shown, names, search } = t;
    useTableActs(project, state, columns, setOver);
    const { acts, dialog } = useRunActs({
        project,
        state,
        total: t.total,
        focus,
        shown: shown.colours,
        names,
        refresh: t.refresh,
    });
    const selected = countOf(state.selection, t.total);
    const empty = source?.rows.ready === true && t.total === 0 && !search.pending;
    const table = (
        <>
            {source ? (
                <Grid
                    project={project.number}
                    state={state}
                    source={source}
                    columns={columns}
                    pinned={t.pinned}
                    colours={shown.colours}
                    focus={focus}
                    menu={setMenu}
                />
            ) : (
                <NoTable problem={search.problem} retry={t.refresh} />
            )}
            {empty && <NoRuns project={project} state={state} />}
            <SelectionBar selection={state.selection} n={selected} acts={acts} more={asMenu(acts)} />
        </>
    );
    return (
        <div class="runs">
            <Crumbs list={[{ title: "Projects", href: toHome() }, { title: project.name }]} />
            <Bar
                project={project}
                state={state}
                names={names}
                fields={columns.map((c) => c.field)}
                total={t.total}
                groups={source?.grouped?.groups().length ?? null}
                problem={search.problem}
                pending={search.pending}
                chooseColumns={() => setOver("columns")}
                chooseGroup={() => setOver("group")}
            />
            <Panes
                state={state}
                table={table}
                side={<Side project={project} state={state} shown={shown} columns={columns} turn={t.turn} />}
            />
            {menu && (
                <TableMenu
                    at={menu}
                    columns={columns}
                    state={state}
                    acts={acts}
                    close={() => setMenu(null)}
                />
            )}
            {over === "columns" && (
                <ColumnChooser
                    names={names}
                    columns={wishesOf(columns)}
                    custom={state.columns !== null}
                    set={(c) => setColumns(c)}
                    close={() => setOver(null)}
                />
            )}
            {over === "group" && (
                <GroupChooser names={names} by={state.group} set={setGroup} close={() => setOver(null)} />
            )}
            {dialog}
        </div>
    );
}
