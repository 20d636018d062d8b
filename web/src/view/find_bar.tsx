// SPDX-License-Identifier: Apache-2.0
// Looks for a text in a viewer: a box with how many were found, to the next and to the one before; and how what was found is
// marked.
import { setQuery } from "../base/address";
import { Find } from "../ui/find";
import { useLate } from "../ui/late";
import type { Mark } from "./finder";
import type { TextFind } from "./use_find";

// `part`: only a part of the file is loaded.
export function FindBar({ find, part, leave }: { find: TextFind; part: boolean; leave: () => void }) {
    const [text, setText] = useLate(find.needle, (t) => setQuery({ find: t }));
    const none = !find.finder.matches.length;
    function onKey(e: KeyboardEvent): void {
        if (e.key === "Enter") find.step(e.shiftKey);
        else if (e.key === "Escape") {
            setText("");
            leave();
        } else return;
        e.preventDefault();
        e.stopPropagation();
    }
    return (
        <search class="find-bar" onKeyDown={onKey}>
            <Find label="Find in this text" value={text} change={setText} class="find-box" />
            <Step sign="↑" title="Match before (Shift+Enter)" disabled={none} step={() => find.step(true)} />
            <Step
                sign="↓"
                title="Next match (Enter)"
                disabled={none && !part}
                step={() => find.step(false)}
            />
            <span class={none && !find.searching ? "find-count bad" : "find-count"} role="status">
                {find.needle && countText(find, part)}
            </span>
        </search>
    );
}

function Step(props: { sign: string; title: string; disabled: boolean; step: () => void }) {
    return (
        <button
            type="button"
            class="button"
            aria-label={props.title}
            title={props.title}
            disabled={props.disabled}
            onClick={props.step}
        >
            {props.sign}
        </button>
    );
}

function countText({ finder, now, searching }: TextFind, part: boolean): string {
    const n = finder.matches.length;
    const all = `${n.toLocaleString("en")}${finder.full ? "+" : ""}`;
    const count = n ? `${(now + 1).toLocaleString("en")} of ${all}` : searching ? "" : "not found";
    if (searching) return `${count} …`;
    return part ? `${count} in this part` : count;
}

// A row's text with what was found in it.
export function Marked({ text, marks, now }: { text: string; marks: readonly Mark[]; now: number }) {
    if (!marks.length) return <>{text}</>;
    let at = 0;
    return (
        <>
            {marks.map(({ from, to, match }) => {
                const before = text.slice(at, from);
                at = to;
                return (
                    <>
                        {before}
                        <mark aria-current={match === now ? "true" : undefined}>{text.slice(from, to)}</mark>
                    </>
                );
            })}
            {text.slice(at)}
        </>
    );
}
