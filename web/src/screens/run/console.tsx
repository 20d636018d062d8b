// SPDX-License-Identifier: Apache-2.0
// The console of a run: all of its lines, or those that match. It stays at the end while lines come, until one scrolls up.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type ConsoleLine, isAbort, type Run } from "../../api/client";
import { address, setQuery } from "../../base/address";
import { integer, plural } from "../../base/format";
import { Copy, Empty, Paste, Skeleton } from "../../ui/parts";
import { sayProblem } from "../../ui/toast";
import { Rows, type RowsHandle } from "../../view/rows";
import { piecesOf, plainText } from "./ansi";
import { ConsoleBar } from "./console_bar";
import { ConsoleLines, FoundLines } from "./console_lines";
import { ConsoleRow, Pieces, ROW_HEIGHT } from "./console_row";
import { askOf, foundBy, type Search, searchOf } from "./console_search";
import { wrapped } from "./console_wrap";
import { toTab } from "./places";
import "./console.css";

export function Console({ run, moved }: { run: Run; moved: number }) {
    const search = searchOf(address.value.query);
    const [whole, setWhole] = useState<ConsoleLine | null>(null);
    const middle = useRef(0);
    const filtered = search.stream !== "" || (search.only && search.q !== "");
    const shared = { run, moved, search, whole: setWhole };
    return (
        <div class="console">
            <ConsoleBar run={run} search={search} middle={middle} />
            {filtered ? (
                <Found key={JSON.stringify(askOf(search))} {...shared} />
            ) : (
                <All {...shared} middle={middle} />
            )}
            {whole && <Whole line={whole} close={() => setWhole(null)} />}
        </div>
    );
}

interface Shared {
    run: Run;
    moved: number;
    search: Search;
    whole: (line: ConsoleLine) => void;
}

// An object that lives as long as its place, and draws it when it says so.
function useLines<T>(make: (changed: () => void, signal: AbortSignal) => T, key: string): T | null {
    const [, draw] = useState(0);
    const [lines, setLines] = useState<T | null>(null);
    useEffect(() => {
        const abort = new AbortController();
        setLines(make(() => !abort.signal.aborted && draw((n) => n + 1), abort.signal) as T);
        return () => abort.abort();
    }, [key]);
    return lines;
}

const quiet = (work: Promise<void> | undefined): void =>
    void work?.catch((e: unknown) => {
        if (!isAbort(e)) sayProblem(e);
    });

function All({ run, moved, search, whole, middle }: Shared & { middle: { current: number } }) {
    const lines = useLines((changed, signal) => new ConsoleLines(run.id, changed, signal), run.id);
    const list = useRef<RowsHandle>(null);
    const [follow, setFollow] = useState(search.line === 0);
    const find = useMemo(() => foundBy(search), [search.q, search.regular]);
    useEffect(() => quiet(lines?.begin()), [lines]);
    useEffect(() => {
        if (lines?.ready) quiet(lines.refresh());
    }, [moved]);
    useEffect(() => {
        if (!lines?.ready || !search.line) return;
        setFollow(false);
        list.current?.show(search.line - 1);
    }, [search.line, lines?.ready]);
    if (!lines?.ready) return <Skeleton lines={10} />;
    if (!lines.total) return <Nothing run={run} />;
    const digits = Math.max(4, String(lines.total).length);
    return (
        <>
            <Rows
                handle={list}
                count={lines.total}
                {...layout()}
                label="Console"
                follow={follow}
                onScrolled={setFollow}
                onSight={(from, to) => {
                    middle.current = Math.floor((from + to) / 2);
                    quiet(lines.need(from + 1, to + 1));
                }}
                row={(i) => (
                    <ConsoleRow
                        key={i}
                        number={i + 1}
                        line={lines.line(i + 1)}
                        href={hrefOf(run, i + 1)}
                        chosen={search.line === i + 1}
                        time={search.time}
                        digits={digits}
                        find={find}
                        whole={whole}
                    />
                )}
            />
            <footer class="console-foot">
                <span class="grow">
                    {integer(lines.total)} {lines.total === 1 ? "line" : "lines"}
                    {lines.ended ? "" : follow ? ", following" : ""}
                </span>
                <button type="button" class="button plain" onClick={() => list.current?.show(0, "top")}>
                    Beginning
                </button>
                <button
                    type="button"
                    class={follow ? "button plain" : "button strong"}
                    disabled={follow}
                    onClick={() => {
                        setQuery({ line: null });
                        setFollow(true);
                    }}
                >
                    {lines.ended ? "To the end" : "Follow the end"}
                </button>
            </footer>
        </>
    );
}

// How rows are laid out: one below the other, or as high as their lines come to.
const layout = () => ({
    height: ROW_HEIGHT,
    measured: wrapped.value,
    fit: wrapped.value,
    class: wrapped.value ? "console-rows console-wrap" : "console-rows",
});

// The address of a line: the search goes, so that it is seen among its neighbours.
const hrefOf = (run: Run, line: number): string =>
    toTab(run, "console", { line, time: address.peek().query.has("time") });

function Found({ run, moved, search, whole }: Shared) {
    const ask = askOf(search);
    const lines = useLines((changed, signal) => new FoundLines(run.id, ask, changed, signal), run.id);
    const find = useMemo(() => foundBy(search), [search.q, search.regular]);
    useEffect(() => quiet(lines?.more()), [lines]);
    useEffect(() => {
        if (lines?.done) quiet(lines.more());
    }, [moved]);
    if (!lines) return <Skeleton lines={10} />;
    const digits = Math.max(4, String(lines.items.at(-1)?.number ?? 0).length);
    return (
        <>
            <Rows
                count={lines.items.length}
                {...layout()}
                label="Lines that match"
                onSight={(_, to) => {
                    if (!lines.done && to > lines.items.length - 100) quiet(lines.more());
                }}
                row={(i) => {
                    const line = lines.items[i] as ConsoleLine;
                    return (
                        <ConsoleRow
                            key={line.number}
                            number={line.number}
                            line={line}
                            href={hrefOf(run, line.number)}
                            chosen={search.line === line.number}
                            time={search.time}
                            digits={digits}
                            find={find}
                            whole={whole}
                        />
                    );
                }}
            />
            <footer class="console-foot">
                <span role="status">
                    {plural(lines.items.length, "line")}{" "}
                    {lines.done ? "in all" : `of the first ${lines.looked}`}
                </span>
            </footer>
        </>
    );
}

function Whole({ line, close }: { line: ConsoleLine; close: () => void }) {
    return (
        <section class="console-whole" aria-label={`Line ${line.number}`}>
            <div class="row">
                <strong class="grow">Line {line.number}</strong>
                <Copy text={plainText(line.text)} label="Copy this line" />
                <button type="button" class="button plain" aria-label="Close" onClick={close}>
                    ✕
                </button>
            </div>
            <pre class="console-wrapped">
                <Pieces list={piecesOf(line.text)} />
            </pre>
        </section>
    );
}

function Nothing({ run }: { run: Run }) {
    return (
        <Empty title="Nothing was printed">
            <p>What a program prints comes here when it runs with Stemma:</p>
            <Paste text={"stemma run -- ./train.sh"} />
            <p>or is sent to this run:</p>
            <Paste
                text={`./train.sh | curl -T - -X POST -H 'Content-Type: text/plain' ${location.origin}${location.pathname}api/v1/runs/${run.id}/console/stream`}
            />
        </Empty>
    );
}
