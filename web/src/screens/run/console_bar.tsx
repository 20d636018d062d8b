// SPDX-License-Identifier: Apache-2.0
// Above a console: its search with jumps from match to match, what is shown of it, and the download of all of it.
import { useEffect, useRef, useState } from "preact/hooks";
import { isAbort, type Run } from "../../api/client";
import { address, setQuery } from "../../base/address";
import { saveBlob } from "../../base/save";
import { useActs } from "../../ui/acts";
import { say, sayProblem } from "../../ui/toast";
import { nextFound, wholeConsole } from "./console_lines";
import { askOf, type Search, searchOf } from "./console_search";
import { toggleWrapped, wrapped } from "./console_wrap";

// Goes to the next match from the line of the address, or from the middle of what is seen. Keys pressed quickly are done one
// behind the other.
function useJumps(run: Run, middle: { current: number }): (back: boolean) => Promise<void> {
    const abort = useRef(new AbortController());
    const chain = useRef(Promise.resolve());
    useEffect(() => () => abort.current.abort(), []);
    async function jump(back: boolean): Promise<void> {
        // The address is ahead of what is drawn while one types.
        const search = searchOf(address.peek().query);
        if (!search.q || search.only) return;
        const ask = askOf({ ...search, stream: "" });
        try {
            const start = search.line || middle.current;
            const found = await nextFound(run.id, ask, start, back, abort.current.signal);
            if (found !== null) setQuery({ line: found });
            else say(back ? "Nothing before this line matches." : "Nothing behind this line matches.");
        } catch (e) {
            if (!isAbort(e)) sayProblem(e);
        }
    }
    return (back) => {
        chain.current = chain.current.then(() => jump(back));
        return chain.current;
    };
}

export function ConsoleBar({
    run,
    search,
    middle,
}: {
    run: Run;
    search: Search;
    middle: { current: number };
}) {
    const jump = useJumps(run, middle);
    const canJump = search.q !== "" && !search.only;
    useActs([
        {
            id: "console-next",
            title: "Next match",
            group: "Console",
            keys: ["n"],
            enabled: canJump,
            run: () => jump(false),
        },
        {
            id: "console-previous",
            title: "Match before",
            group: "Console",
            keys: ["N"],
            enabled: canJump,
            run: () => jump(true),
        },
        {
            id: "console-time",
            title: "Show times",
            group: "Console",
            keys: ["s"],
            run: () => setQuery({ time: !search.time }),
        },
        { id: "console-wrap", title: "Wrap long lines", group: "Console", keys: ["w"], run: toggleWrapped },
    ]);
    return (
        <div class="console-bar">
            <input
                class="input console-find"
                type="search"
                placeholder="Search the console"
                aria-label="Search the console"
                value={search.q}
                onInput={(e) => setQuery({ q: e.currentTarget.value })}
                onKeyDown={(e) => {
                    if (e.key === "Enter") void jump(e.shiftKey);
                }}
            />
            <Toggle
                on={search.regular}
                title="The search is a regular expression"
                label=".*"
                turn={() => setQuery({ re: !search.regular })}
            />
            <Toggle
                on={search.only}
                title="Show only lines that match"
                label="Only matches"
                turn={() => setQuery({ only: !search.only })}
            />
            <Jump sign="↑" title="Match before" hint="N" enabled={canJump} run={() => void jump(true)} />
            <Jump sign="↓" title="Next match" hint="n" enabled={canJump} run={() => void jump(false)} />
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
            <Toggle
                on={search.time}
                title="When each line was printed (s)"
                label="Times"
                turn={() => setQuery({ time: !search.time })}
            />
            <Toggle on={wrapped.value} title="Wrap long lines (w)" label="Wrap" turn={toggleWrapped} />
            <span class="grow" />
            <Download run={run} />
        </div>
    );
}

function Toggle({ on, title, label, turn }: { on: boolean; title: string; label: string; turn: () => void }) {
    return (
        <button type="button" class="button" aria-pressed={on} title={title} onClick={turn}>
            {label}
        </button>
    );
}

function Jump(props: { sign: string; title: string; hint: string; enabled: boolean; run: () => void }) {
    return (
        <button
            type="button"
            class="button"
            aria-label={props.title}
            title={`${props.title} (${props.hint})`}
            disabled={!props.enabled}
            onClick={props.run}
        >
            {props.sign}
        </button>
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
