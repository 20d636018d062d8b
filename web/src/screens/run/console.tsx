// SPDX-License-Identifier: Apache-2.0
// The console of a run: all of its lines, or those that match. It stays at the end while lines come, until one scrolls up.
// The address has the line (`line`), the search (`q`, `re`, `only`, `stream`) and whether times are shown (`time`).
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type ConsoleLine, isAbort, type Run } from "../../api/client";
import type { ConsoleAsk } from "../../api/console";
import { address, setQuery } from "../../base/address";
import { plural } from "../../base/format";
import { saveBlob } from "../../base/save";
import { useActs } from "../../ui/acts";
import { Copy, Empty, Paste, Skeleton } from "../../ui/parts";
import { say, sayProblem } from "../../ui/toast";
import { Rows, type RowsHandle } from "../../view/rows";
import { piecesOf, plainText } from "./ansi";
import { ConsoleLines, FoundLines, nextFound, wholeConsole } from "./console_lines";
import { ConsoleRow, Pieces, ROW_HEIGHT } from "./console_row";
import { toTab } from "./run";
import "./console.css";

interface Search {
    q: string;
    regular: boolean;
    only: boolean;
    stream: "out" | "err" | "";
    time: boolean;
    line: number;
}

function searchOf(query: URLSearchParams): Search {
    const stream = query.get("stream");
    return {
        q: query.get("q") ?? "",
        regular: query.has("re"),
        only: query.has("only"),
        stream: stream === "out" || stream === "err" ? stream : "",
        time: query.has("time"),
        line: Math.max(0, Math.floor(Number(query.get("line") ?? 0)) || 0),
    };
}

const askOf = (s: Search): ConsoleAsk => ({
    ...(s.q ? (s.regular ? { match: s.q } : { search: s.q }) : {}),
    ...(s.stream ? { stream: s.stream } : {}),
});

function foundBy(s: Search): RegExp | null {
    if (!s.q) return null;
    try {
        return new RegExp(s.regular ? s.q : s.q.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "g");
    } catch {
        return null; // the server's regular expressions know more than the browser's
    }
}

export function Console({ run, moved }: { run: Run; moved: number }) {
    const search = searchOf(address.value.query);
    const [whole, setWhole] = useState<ConsoleLine | null>(null);
    const [middle, setMiddle] = useState(0);
    const filtered = search.stream !== "" || (search.only && search.q !== "");
    const shared = { run, moved, search, whole: setWhole };
    return (
        <div class="console">
            <Bar run={run} search={search} from={search.line || middle} />
            {filtered ? (
                <Found key={JSON.stringify(askOf(search))} {...shared} />
            ) : (
                <All {...shared} sight={setMiddle} />
            )}
            {whole && <Whole line={whole} close={() => setWhole(null)} />}
        </div>
    );
}

function Bar({ run, search, from }: { run: Run; search: Search; from: number }) {
    const [text, setText] = useState(search.q);
    const busy = useRef<AbortController>(undefined);
    useEffect(() => setText(search.q), [search.q]);
    useEffect(() => () => busy.current?.abort(), []);
    async function jump(back: boolean): Promise<void> {
        const s = { ...search, q: text };
        if (text !== search.q) setQuery({ q: text });
        if (!text || search.only) return;
        busy.current?.abort();
        const abort = new AbortController();
        busy.current = abort;
        try {
            const found = await nextFound(run.id, askOf({ ...s, stream: "" }), from, back, abort.signal);
            if (found !== null) setQuery({ line: found });
            else say(back ? "Nothing before this line matches." : "Nothing behind this line matches.");
        } catch (e) {
            if (!isAbort(e)) sayProblem(e);
        }
    }
    const toggle = (key: string, on: boolean, title: string, label: string) => (
        <button
            type="button"
            class="button"
            aria-pressed={on}
            title={title}
            onClick={() => setQuery({ [key]: !on })}
        >
            {label}
        </button>
    );
    useActs([
        {
            id: "console-next",
            title: "Next match",
            group: "Console",
            keys: ["n"],
            enabled: text !== "",
            run: () => jump(false),
        },
        {
            id: "console-previous",
            title: "Match before",
            group: "Console",
            keys: ["N"],
            enabled: text !== "",
            run: () => jump(true),
        },
        {
            id: "console-time",
            title: "Show times",
            group: "Console",
            keys: ["s"],
            run: () => setQuery({ time: !search.time }),
        },
    ]);
    return (
        <div class="console-bar">
            <input
                class="input console-find"
                type="search"
                placeholder="Search the console"
                aria-label="Search the console"
                value={text}
                onInput={(e) => setText(e.currentTarget.value)}
                onKeyDown={(e) => {
                    if (e.key === "Enter") void jump(e.shiftKey);
                }}
                onChange={(e) => setQuery({ q: e.currentTarget.value })}
            />
            {toggle("re", search.regular, "The search is a regular expression", ".*")}
            {toggle("only", search.only, "Show only lines that match", "Only matches")}
            <button
                type="button"
                class="button"
                aria-label="Match before"
                title="Match before (N)"
                disabled={!text || search.only}
                onClick={() => void jump(true)}
            >
                ↑
            </button>
            <button
                type="button"
                class="button"
                aria-label="Next match"
                title="Next match (n)"
                disabled={!text || search.only}
                onClick={() => void jump(false)}
            >
                ↓
            </button>
            <select
                class="input"
                aria-label="Which lines"
                value={search.stream}
                onChange={(e) => setQuery({ stream: e.currentTarget.value })}
            >
                <option value="">all lines</option>
                <option value="out">standard output</option>
                <option value="err">standard error</option>
            </select>
            {toggle("time", search.time, "When each line was printed (s)", "Times")}
            <span class="grow" />
            <Download run={run} />
        </div>
    );
}

function Download({ run }: { run: Run }) {
    const [far, setFar] = useState<string | null>(null);
    const abort = useRef<AbortController>(undefined);
    useEffect(() => () => abort.current?.abort(), []);
    async function save(): Promise<void> {
        abort.current = new AbortController();
        setFar("0 %");
        try {
            const tell = (n: number, of: number): void =>
                setFar(`${Math.floor((100 * n) / Math.max(1, of))} %`);
            const parts = await wholeConsole(run.id, tell, abort.current.signal);
            saveBlob(`${run.name || run.id}.log`, new Blob(parts, { type: "text/plain" }));
        } catch (e) {
            if (!isAbort(e)) sayProblem(e);
        }
        setFar(null);
    }
    useActs([
        {
            id: "console-download",
            title: "Download the console",
            group: "Console",
            run: save,
            command: `stemma console ${run.id}`,
        },
    ]);
    return (
        <button
            type="button"
            class="button"
            title={`On the command line: stemma console ${run.id}`}
            onClick={() => (far === null ? void save() : abort.current?.abort())}
        >
            {far === null ? "Download" : `Stop (${far})`}
        </button>
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

function All({ run, moved, search, whole, sight }: Shared & { sight: (line: number) => void }) {
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
                height={ROW_HEIGHT}
                label="Console"
                class="console-rows"
                follow={follow}
                onScrolled={setFollow}
                onSight={(from, to) => {
                    sight(Math.floor((from + to) / 2));
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
                    {lines.total.toLocaleString("en")} {lines.total === 1 ? "line" : "lines"}
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
                height={ROW_HEIGHT}
                label="Lines that match"
                class="console-rows"
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
