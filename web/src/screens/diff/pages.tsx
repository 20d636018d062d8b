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
    inSight: (to: number) => void; // rows up to this one: reads on when the end of what is here is near
    more: () => void; // nothing when all is here, or on its way
}

export function usePages<T>({ pair, part, first, total, itemsOf, told }: Source<T>): Pages<T> {
    const [items, setItems] = useState<readonly T[]>(first);
    const [problem, setProblem] = useState<Problem>();
    const going = useRef<AbortController>(null);
    // A row can tell that it is in sight on behalf of a drawing that a page has come after: what decides is what is here now.
    const here = useRef(items);
    const put = (now: readonly T[]): void => {
        here.current = now;
        setItems(now);
    };
    useEffect(() => {
        put(first);
        return () => {
            going.current?.abort();
            going.current = null;
        };
    }, [pair.from, pair.to, part, first]);
    const read = async (): Promise<void> => {
        const skip = told?.(here.current) ?? here.current.length;
        if (going.current || here.current.length >= total || skip > SKIP_MAX) return;
        const abort = new AbortController();
        going.current = abort;
        setProblem(undefined);
        try {
            const next = itemsOf(await getDiff(pair, { part, skip, limit: PAGE }, abort.signal));
            if (!abort.signal.aborted) put([...here.current, ...next]);
        } catch (e) {
            if (!isAbort(e)) setProblem(e instanceof Problem ? e : new Problem(0, "BUG", String(e)));
        }
        if (going.current === abort) going.current = null;
    };
    const more = (): void => void read();
    const inSight = (to: number): void => {
        if (to > here.current.length - AHEAD) more();
    };
    return { items, problem, more, inSight };
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
    const { items, problem, inSight, more } = usePages(source);
    const sight = useRef(0);
    useEffect(() => inSight(sight.current), [items]); // another list of the same length may begin anew
    return (
        <div class="viewer diff-list">
            {problem && <Failed problem={problem} retry={more} />}
            <CellTable
                items={items}
                columns={columns}
                label={label}
                cell={cell}
                onSight={(_, to) => {
                    sight.current = to;
                    inSight(to);
                }}
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
