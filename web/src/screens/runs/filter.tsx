// SPDX-License-Identifier: Apache-2.0
// The filter: one text in the search language, completed while it is typed, with what is wrong under its place. Enter
// searches; the address has the text.
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { FieldName, Problem } from "../../api/client";
import { readValues } from "../../api/fields";
import { placeOfByte, searchText } from "../../base/text";
import { useLoad } from "../../ui/load";
import { type KnownValue, type Suggestion, suggestions, valuesWanted } from "./complete";
import { recentFilters, rememberFilter } from "./recent";
import "./filter.css";

export interface FilterProps {
    project: number;
    where: string;
    names: readonly FieldName[];
    problem: Problem | null;
    pending: boolean;
    apply: (where: string) => void;
}

function useValues(project: number, text: string, cursor: number, open: boolean): readonly KnownValue[] {
    const wanted = open ? valuesWanted(text, cursor) : null;
    const key = wanted ? `${wanted.field} ${wanted.prefix}` : "";
    const load = useLoad(key, (signal) =>
        wanted
            ? readValues(project, wanted.field, wanted.prefix, signal).then((v) => v.items)
            : Promise.resolve([]),
    );
    return wanted ? (load.data ?? []) : [];
}

const recent = (project: number): Suggestion[] =>
    recentFilters(project).map((text) => ({ label: text, hint: "used before", text, cursor: text.length }));

// What is suggested now, and which of it is chosen by the arrows (-1: none).
function useSuggestions(p: FilterProps, text: string, cursor: number, open: boolean) {
    const values = useValues(p.project, text, cursor, open);
    const [at, setAt] = useState(-1);
    const list = !open
        ? []
        : [...(text.trim() ? [] : recent(p.project)), ...suggestions(text, cursor, p.names, values)];
    const shape = list.map((s) => s.label).join("\n");
    useEffect(() => setAt(-1), [shape]);
    return { list, at: Math.min(at, list.length - 1), setAt };
}

export function Filter(p: FilterProps) {
    const [text, setText] = useState(p.where);
    const [cursor, setCursor] = useState(p.where.length);
    const [open, setOpen] = useState(false);
    const input = useRef<HTMLInputElement>(null);
    const goal = useRef<number | null>(null);
    const id = useId();
    const { list, at, setAt } = useSuggestions(p, text, cursor, open);
    useEffect(() => setText(p.where), [p.where]);
    useLayoutEffect(() => {
        if (goal.current === null) return;
        input.current?.setSelectionRange(goal.current, goal.current);
        goal.current = null;
    });

    function take(s: Suggestion): void {
        setText(s.text);
        setCursor(s.cursor);
        goal.current = s.cursor;
        setOpen(true);
        input.current?.focus();
    }

    function search(): void {
        setOpen(false);
        const where = text.trim();
        p.apply(where);
        if (where) setTimeout(() => rememberFilter(p.project, where)); // it touches the disk: behind the search
    }

    function onKey(e: KeyboardEvent): void {
        const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
        const chosen = list[at];
        if (step && open && list.length) setAt(at + step < -1 ? list.length - 1 : (at + step) % list.length);
        else if (step) setOpen(true);
        else if (e.key === "Tab" && !e.shiftKey && open && list.length)
            take(chosen ?? (list[0] as Suggestion));
        else if (e.key === "Enter" && chosen) take(chosen);
        else if (e.key === "Enter") search();
        else if (e.key === "Escape" && open) setOpen(false);
        else if (e.key === "Escape") {
            setText(p.where);
            input.current?.blur();
        } else return;
        e.preventDefault();
        e.stopPropagation();
    }

    const look = (): void => setCursor(input.current?.selectionStart ?? 0);
    const wrong = p.problem && text.trim() === p.where;
    return (
        <div class="filter">
            <div class={wrong ? "filter-box filter-wrong" : "filter-box"}>
                <input
                    ref={input}
                    id="runs-filter"
                    class="filter-input mono"
                    role="combobox"
                    aria-label="Filter the runs"
                    aria-autocomplete="list"
                    aria-expanded={open && list.length > 0}
                    aria-controls={`${id}-list`}
                    aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
                    aria-invalid={wrong ? true : undefined}
                    aria-errormessage={wrong ? `${id}-fault` : undefined}
                    placeholder="Filter:  metrics.loss < 0.1 and config.lr >= 1e-4"
                    spellcheck={false}
                    autocomplete="off"
                    autocapitalize="off"
                    value={text}
                    onInput={(e) => {
                        setText(e.currentTarget.value);
                        look();
                        setOpen(true);
                    }}
                    onKeyDown={onKey}
                    onKeyUp={look}
                    onClick={() => {
                        look();
                        setOpen(true);
                    }}
                    onBlur={() => setOpen(false)}
                />
                {text && (
                    <button
                        type="button"
                        class="button plain filter-clear"
                        aria-label="Remove the filter"
                        title="Remove the filter"
                        onClick={() => {
                            setText("");
                            p.apply("");
                        }}
                    >
                        ✕
                    </button>
                )}
            </div>
            <List id={id} list={list} at={at} take={take} />
            {wrong && p.problem && !(open && list.length) && (
                <Fault
                    id={`${id}-fault`}
                    problem={p.problem}
                    text={text}
                    input={input.current}
                    apply={p.apply}
                />
            )}
        </div>
    );
}

function List({
    id,
    list,
    at,
    take,
}: {
    id: string;
    list: readonly Suggestion[];
    at: number;
    take: (s: Suggestion) => void;
}) {
    const box = useRef<HTMLDivElement>(null);
    useEffect(() => {
        box.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
    }, [at]);
    if (!list.length) return null;
    return (
        <div ref={box} id={`${id}-list`} class="filter-list" role="listbox" aria-label="Suggestions">
            {list.map((s, i) => (
                // biome-ignore lint/a11y/useFocusableInteractive: the text field keeps the focus and says which is meant
                <div
                    key={`${i} ${s.label}`}
                    id={`${id}-${i}`}
                    role="option"
                    aria-selected={i === at}
                    class="filter-option"
                    onPointerDown={(e) => {
                        e.preventDefault();
                        take(s);
                    }}
                >
                    <span class="mono clip grow">{s.label}</span>
                    <span class="muted">{s.hint}</span>
                </div>
            ))}
            <div class="filter-keys muted" aria-hidden="true">
                <kbd>Tab</kbd> takes the first or the chosen, <kbd>Enter</kbd> searches
            </div>
        </div>
    );
}

const looksLikeWords = (text: string): boolean =>
    /^[\w\s./-]+$/.test(text) && !/\b(and|or|not|in|is)\b/.test(text);

function Fault({
    id,
    problem,
    text,
    input,
    apply,
}: {
    id: string;
    problem: Problem;
    text: string;
    input: HTMLInputElement | null;
    apply: (where: string) => void;
}) {
    const place = problem.at === undefined ? null : placeOfByte(text, problem.at);
    const byName = `name ~ ${searchText(text)}`;
    return (
        <div class="filter-fault" id={id} role="alert">
            {place !== null && (
                <div class="filter-pointer mono" aria-hidden="true">
                    <span style={{ marginLeft: -(input?.scrollLeft ?? 0) }}>{text.slice(0, place)}</span>
                    <b>▲</b>
                </div>
            )}
            <p>
                {problem.message.replace(/^'where', byte \d+: /, "")}{" "}
                {looksLikeWords(text) && (
                    <button type="button" class="button" onClick={() => apply(byName)}>
                        Search the names: <code>{byName}</code>
                    </button>
                )}
            </p>
        </div>
    );
}
