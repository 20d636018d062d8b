// SPDX-License-Identifier: Apache-2.0
// The command palette: go to any project, repo or run, do any act of the screen, and see (and copy) what the same is on the
// command line. Arrows choose, Enter does, Shift+Enter copies the command.
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { isAbort } from "../api/client";
import { go } from "../base/address";
import { inWorkspace } from "../base/command";
import { acts } from "../ui/acts";
import { Dialog } from "../ui/dialog";
import { copyLine } from "../ui/parts";
import { sayProblem } from "../ui/toast";
import { type Found, findActs, findThings, fit } from "./find";
import "./palette.css";

const TYPING_MS = 80;

// Until those of a new text are there, of the last ones those that fit it: Enter opens nothing that was not asked for.
function useThings(typed: string): readonly Found[] {
    const [things, setThings] = useState<{ typed: string; found: readonly Found[] }>({
        typed: "",
        found: [],
    });
    useEffect(() => {
        const abort = new AbortController();
        const timer = setTimeout(() => {
            findThings(typed, abort.signal).then(
                (found) => setThings({ typed, found }),
                (e: unknown) => {
                    if (!isAbort(e) && !abort.signal.aborted) sayProblem(e);
                },
            );
        }, TYPING_MS);
        return () => {
            clearTimeout(timer);
            abort.abort();
        };
    }, [typed]);
    return useMemo(
        () => (things.typed === typed ? things.found : things.found.filter((f) => fit(typed, f.title) > 0)),
        [things, typed],
    );
}

export function Palette({ close }: { close: () => void }) {
    const id = useId();
    const [typed, setTyped] = useState("");
    const [at, setAt] = useState(0);
    const list = useRef<HTMLDivElement>(null);
    // The acts as they were when it was opened: its own dialog has none.
    const screen = useMemo(() => acts.peek(), []);
    const things = useThings(typed.trim());
    const found = useMemo(() => [...findActs(typed.trim(), screen), ...things], [typed, things, screen]);
    const chosen = Math.min(at, found.length - 1);
    useEffect(() => {
        list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
    }, [chosen]);

    function open(f: Found | undefined): void {
        if (!f) return;
        close();
        if (f.href) go(f.href);
        // When the dialog is gone, so that the act can open one of its own and find the focus where it was.
        else setTimeout(() => void f.act?.run(), 0);
    }
    function onKey(e: KeyboardEvent): void {
        const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
        const command = found[chosen]?.act?.command ?? found[chosen]?.act?.curl;
        if (step && found.length) setAt((chosen + step + found.length) % found.length);
        else if (e.key === "Enter" && e.shiftKey && command) void copyLine(command);
        else if (e.key === "Enter") open(found[chosen]);
        else return;
        e.preventDefault();
    }

    return (
        <Dialog title="Search and commands" close={close} wide>
            <input
                class="input"
                type="text"
                role="combobox"
                aria-label="A project, a repo, a run, or what to do"
                aria-expanded="true"
                aria-controls={`${id}-list`}
                aria-activedescendant={found.length ? `${id}-${chosen}` : undefined}
                placeholder="A project, a repo, a run's name or id, or what to do"
                value={typed}
                onInput={(e) => {
                    setTyped(e.currentTarget.value);
                    setAt(0);
                }}
                onKeyDown={onKey}
            />
            <div id={`${id}-list`} ref={list} class="palette" role="listbox" aria-label="Found">
                {found.map((f, i) => (
                    <Row
                        key={f.id}
                        id={`${id}-${i}`}
                        found={f}
                        heading={f.group === found[i - 1]?.group ? null : f.group}
                        selected={i === chosen}
                        open={() => open(f)}
                    />
                ))}
                {!found.length && <p class="muted">Nothing is called that.</p>}
            </div>
            <p class="muted">
                <kbd>↑</kbd> <kbd>↓</kbd> choose · <kbd>Enter</kbd> do · <kbd>Shift+Enter</kbd> copy as a
                command line
            </p>
        </Dialog>
    );
}

function Row({
    id,
    found,
    heading,
    selected,
    open,
}: {
    id: string;
    found: Found;
    heading: string | null;
    selected: boolean;
    open: () => void;
}) {
    return (
        <>
            {heading && (
                <div class="palette-heading" role="presentation">
                    {heading}
                </div>
            )}
            <div
                id={id}
                class="palette-row"
                role="option"
                aria-selected={selected}
                tabIndex={-1}
                onClick={open}
            >
                <span class="clip grow" dir="auto">
                    {found.title}
                </span>
                {found.act?.command && <code class="clip muted">{inWorkspace(found.act.command)}</code>}
                {found.hint && <kbd>{found.hint}</kbd>}
            </div>
        </>
    );
}
