// SPDX-License-Identifier: Apache-2.0
// A list of a comparison however long it is: only the rows in sight are made, and what is behind them is read when it is near.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { isAbort, Problem } from "../../api/client";
import { type Diff, getDiff, type Pair, type Part, SKIP_MAX } from "../../api/diff";
import { integer } from "../../base/format";
import { Failed } from "../../ui/parts";
import { type CellColumn, CellTable } from "../../view/cell_table";

const PAGE = 1000;
const AHEAD = 100; // rows before the end that ask for more

export interface Source<T> {
    pair: Pair;
    part: Part;
    first: readonly T[]; // what is here already
    total: number; // of all
    itemsOf: (diff: Diff) => readonly T[];
    told?: (items: readonly T[]) => number; // to be skipped by the next page: all, unless it says otherwise
}

export interface Pages<T> {
    items: readonly T[];
    problem: Problem | undefined;
    more: () => void; // nothing when all is here, or on its way
}

export function usePages<T>({ pair, part, first, total, itemsOf, told }: Source<T>): Pages<T> {
    const [items, setItems] = useState<readonly T[]>(first);
    const [problem, setProblem] = useState<Problem>();
    const going = useRef<AbortController>(null);
    useEffect(() => {
        setItems(first);
        return () => {
            going.current?.abort();
            going.current = null;
        };
    }, [pair.from, pair.to, part, first]);
    const more = async (): Promise<void> => {
        const skip = told?.(items) ?? items.length;
        if (going.current || items.length >= total || skip > SKIP_MAX) return;
        const abort = new AbortController();
        going.current = abort;
        setProblem(undefined);
        try {
            const next = itemsOf(await getDiff(pair, { part, skip, limit: PAGE }, abort.signal));
            if (!abort.signal.aborted) setItems((now) => [...now, ...next]);
        } catch (e) {
            if (!isAbort(e)) setProblem(e instanceof Problem ? e : new Problem(0, "BUG", String(e)));
        }
        if (going.current === abort) going.current = null;
    };
    return { items, problem, more: () => void more() };
}

export function List<T>({
    source,
    columns,
    label,
    cell,
}: {
    source: Source<T>;
    columns: readonly CellColumn[];
    label: string;
    cell: (item: T, column: string) => ComponentChildren;
}) {
    const { items, problem, more } = usePages(source);
    return (
        <div class="viewer diff-list">
            {problem && <Failed problem={problem} retry={more} />}
            <CellTable
                items={items}
                columns={columns}
                label={label}
                cell={cell}
                onSight={(_, to) => to > items.length - AHEAD && more()}
            />
            {source.total > items.length && (
                <p class="diff-foot muted" role="status">
                    {integer(items.length)} of {integer(source.total)} are here
                    {items.length >= SKIP_MAX ? ": no more than these are listed" : ""}
                </p>
            )}
        </div>
    );
}
