// SPDX-License-Identifier: Apache-2.0
// The rows of the search that the address asks for. While another search is on its way, or when it fails, the rows of
// the one before stay; only the newest search is ever shown.
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Problem, type Run, type RunGroup } from "../../api/client";
import { groupRuns, type Which } from "../../api/fields";
import { searchRuns } from "../../api/runs";
import { searchText } from "../../base/text";
import type { Rows } from "../../table/model";
import type { Field } from "./field";
import { GroupedRows, type Row, sortGroups, whereOf } from "./group";
import { RunPages } from "./pages";
import { fieldsAsked, PAGE, partOf, whichOf } from "./search";
import { type State, searchSort } from "./state";

const GROUP_FIELDS = 32; // the server's limit

export interface Source {
    rows: Rows<Row> & {
        ready: boolean;
        problem: Problem | null;
        sees(ids: readonly string[]): boolean;
        close(): void;
    };
    grouped: GroupedRows | null;
    name: string; // of the search
    refresh: () => Promise<void>;
}

function pagesOf(which: Which, sort: readonly string[]): RunPages {
    return new RunPages((skip, limit, columns, signal) =>
        searchRuns(partOf(which, sort, skip, limit, columns), signal),
    );
}

function plainSource(which: Which, state: State, name: string): Source {
    const rows = pagesOf(which, searchSort(state.sort));
    return { rows, grouped: null, name, refresh: () => rows.refresh() };
}

function groupedSource(
    which: Which,
    state: State,
    name: string,
    of: () => readonly Field[],
    open: () => ReadonlySet<string>,
): Source {
    const by = state.group;
    const sort = searchSort(state.sort);
    const whereOfGroup = (g: RunGroup): Which => ({ ...which, where: whereOf(state.where, g, by) });
    const rows = new GroupedRows((g) => pagesOf(whereOfGroup(g), sort), by);
    const read = async (): Promise<void> => {
        try {
            const fields = of().slice(0, GROUP_FIELDS);
            const reply = await groupRuns(
                which,
                by.map((f) => f.text),
                fields.map((f) => f.text),
            );
            rows.put(sortGroups(reply.items, state.sort), open());
        } catch (e) {
            rows.fail(e instanceof Problem ? e : new Problem(0, "BUG", String(e)));
        }
    };
    void read();
    const refresh = async (): Promise<void> => {
        rows.refreshChildren();
        await read();
    };
    return { rows, grouped: rows, name, refresh };
}

export interface Shown {
    source: Source | null;
    pending: boolean;
    problem: Problem | null;
}

// `of`: fields that groups have statistics of; null: not known yet.
export function useSource(
    project: number,
    state: State,
    of: readonly Field[] | null,
    first: readonly string[],
): Shown {
    const [shown, setShown] = useState<Source | null>(null);
    const [pending, setPending] = useState(true);
    const [problem, setProblem] = useState<Problem | null>(null);
    const current = useRef<Source | null>(null);
    const now = useRef<{ of: readonly Field[]; open: ReadonlySet<string> }>({ of: [], open: state.open });
    now.current = { of: of ?? [], open: state.open };
    const by = state.group.map((f) => f.text);
    const statistics = by.length ? (of ?? []).map((f) => f.text) : [];
    const waits = by.length > 0 && of === null;
    const name = JSON.stringify([project, state.where, state.view, state.sort, by, statistics]);

    // Asked for while the screen is drawn, not behind it: the server answers meanwhile.
    const next = useMemo(() => {
        if (waits) return null;
        const which = whichOf(project, state);
        if (by.length)
            return groupedSource(
                which,
                state,
                name,
                () => now.current.of,
                () => now.current.open,
            );
        const source = plainSource(which, state, name);
        source.rows.want(0, PAGE, first);
        return source;
    }, [name, waits]);

    useLayoutEffect(() => {
        if (!next) return undefined;
        setPending(true);
        let taken = false;
        const stop = next.rows.version.subscribe(() => {
            if (next.rows.problem && !taken) {
                setProblem(next.rows.problem);
                setPending(false);
            }
            if (!next.rows.ready || taken) return;
            taken = true;
            current.current?.rows.close();
            current.current = next;
            setShown(next);
            setProblem(null);
            setPending(false);
        });
        return () => {
            stop();
            if (!taken) next.rows.close();
        };
    }, [next]);
    useEffect(() => () => current.current?.rows.close(), []);
    const open = [...state.open].join(" ");
    useEffect(() => {
        const grouped = current.current?.grouped;
        if (grouped?.ready) grouped.open(state.open);
    }, [open]);
    return { source: shown, pending, problem };
}

// A text made of rows, or "" without them: who uses it is drawn again when the text is another one, not with every page
// that arrives.
export function useDerived(rows: Source["rows"] | undefined, make: () => string): string {
    const [text, setText] = useState("");
    const latest = useRef(make);
    latest.current = make;
    useEffect(() => rows?.version.subscribe(() => setText(latest.current())), [rows]);
    return rows ? text : "";
}

// Some runs by their ids, wherever they stand in the order.
export function useRuns(ids: readonly string[], columns: readonly string[]) {
    const runs = useSignal<ReadonlyMap<string, Run>>(new Map());
    const key = ids.join(" ");
    const asked = fieldsAsked(columns).join(" ");
    async function read(signal?: AbortSignal): Promise<void> {
        if (!ids.length) return;
        const where = `id in (${ids.map(searchText).join(", ")})`;
        const reply = await searchRuns(
            { where, view: "all", limit: ids.length, columns: ["name", ...fieldsAsked(columns)] },
            signal,
        );
        const old = runs.peek();
        runs.value = new Map(
            reply.items.map((r) => {
                const before = old.get(r.id);
                return [r.id, before && JSON.stringify(before) === JSON.stringify(r) ? before : r];
            }),
        );
    }
    const latest = useRef(read);
    latest.current = read;
    useEffect(() => {
        const abort = new AbortController();
        // Told elsewhere when the server is lost; the rows that are here stay.
        read(abort.signal).catch(() => undefined);
        return () => abort.abort();
    }, [key, asked]);
    return { runs: runs.value, refresh: () => latest.current() };
}
