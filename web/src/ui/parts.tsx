// SPDX-License-Identifier: Apache-2.0
// Small shapes that every screen uses: states, times, copying, empty and failed places.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem, Run } from "../api/client";
import { inWorkspace } from "../base/command";
import { ago, dateTime } from "../base/format";
import { say } from "./toast";
import "./parts.css";

const STATES: Record<Run["status"], { mark: string; word: string }> = {
    running: { mark: "●", word: "running" },
    scheduled: { mark: "○", word: "scheduled" },
    finished: { mark: "✓", word: "finished" },
    failed: { mark: "✕", word: "failed" },
    killed: { mark: "■", word: "killed" },
    crashed: { mark: "✕", word: "crashed" },
};

// Colour is never the only sign: each state has its mark and its word (in a table the word is its title).
export function Status({
    status,
    reason,
    brief,
}: {
    status: Run["status"];
    reason?: string | undefined;
    brief?: boolean;
}) {
    const { mark, word } = STATES[status];
    return (
        <span class={`status status-${status}`} title={reason ? `${word}: ${reason}` : word}>
            <span aria-hidden="true">{mark}</span>
            <span class={brief ? "hidden" : ""}> {word}</span>
        </span>
    );
}

// Moves on by itself.
export function Ago({ ms }: { ms: number }) {
    const [, tick] = useState(0);
    useEffect(() => {
        const timer = setInterval(() => tick((t) => t + 1), Date.now() - ms < 120_000 ? 5_000 : 60_000);
        return () => clearInterval(timer);
    }, [ms]);
    return (
        <time dateTime={new Date(ms).toISOString()} title={dateTime(ms)}>
            {ago(ms)}
        </time>
    );
}

export async function copy(text: string, what = "Copied"): Promise<void> {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        // Not a secure place (plain http from another machine): the old way.
        const area = document.createElement("textarea");
        area.value = text;
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
    }
    say(what);
}

// A line for a terminal or a script, which names the workspace of the page.
export const copyLine = (line: string, what?: string): Promise<void> => copy(inWorkspace(line), what);

// Drawn, because not every font has a sign for it.
const CopyMark = () => (
    <svg class="copy-mark" viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
        <path d="M5.5 5.5h8v8h-8z M10.5 5.5v-3h-8v8h3" fill="none" stroke="currentColor" stroke-width="1.3" />
    </svg>
);

export function Copy({
    text,
    children,
    label,
}: {
    text: string;
    children?: ComponentChildren;
    label?: string;
}) {
    return (
        <button
            type="button"
            class="copy"
            title="Copy"
            aria-label={label ?? `Copy ${text}`}
            onClick={() => void copy(text)}
        >
            {children ?? <CopyMark />}
        </button>
    );
}

// Lines to paste, with a button that copies them.
export function Paste({ text: lines }: { text: string }) {
    const text = inWorkspace(lines);
    return (
        <div class="paste">
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by key */}
            <pre tabIndex={0}>{text}</pre>
            <Copy text={text} label="Copy these lines">
                Copy
            </Copy>
        </div>
    );
}

// `whole`: there is nothing else on the screen, so its title is that of the screen.
export function Empty({
    title,
    whole,
    children,
}: {
    title: string;
    whole?: boolean;
    children?: ComponentChildren;
}) {
    const Title = whole ? "h1" : "h2";
    return (
        <div class="empty">
            <Title>{title}</Title>
            {children}
        </div>
    );
}

export function Failed({ problem, whole, retry }: { problem: Problem; whole?: boolean; retry?: () => void }) {
    const Title = whole ? "h1" : "h2";
    return (
        <div class="empty" role="alert">
            <Title class="bad">
                {problem.status === 404 ? "There is no such thing here" : "That did not work"}
            </Title>
            <p>{problem.message}</p>
            {retry && (
                <button type="button" class="button" onClick={retry}>
                    Try again
                </button>
            )}
        </div>
    );
}

// Keeps a place's size while it is read; nothing is seen of it for the first 200 ms.
export function Skeleton({ lines = 3 }: { lines?: number }) {
    return (
        <div class="skeleton" aria-hidden="true">
            {Array.from({ length: lines }, (_, i) => (
                <div key={i} />
            ))}
        </div>
    );
}
