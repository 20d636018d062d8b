// SPDX-License-Identifier: Apache-2.0
// What happens on the server, as it happens: one stream of server-sent events for the whole page, of the project that is
// shown (or of all). It is read by fetch, so that it carries the token. It begins with what happened since the screen asked
// for what it shows. Cut, it goes on behind the last number it had, and tells `again` so that screens look once more at what
// has no number (points, tags and files of running runs).
//
// Who listens: onLive(project, listener) in an effect; the stream is open while somebody does.
import { apiUrl, connection, type Event, Problem, send } from "./client";

export type LiveNews =
    | { kind: "event"; event: Event }
    | { kind: "moved"; project: number; runs: readonly string[]; all: boolean }
    | { kind: "again" };
type Listener = (news: LiveNews) => void;

const QUIET_MS = 40_000; // the server says something every 15 s
const RECENT_MAX_MS = 60_000; // the server's limit
const BEFORE_MS = 2_000; // a screen may have read something before it listens
const listeners = new Set<{ project: number | null; tell: Listener }>();
let stream: { project: number | null; abort: AbortController } | null = null;
let opened = false; // a stream, ever: the first one tells what happened since the page began to load

export function onLive(project: number | null, tell: Listener): () => void {
    const entry = { project, tell };
    listeners.add(entry);
    follow();
    return () => {
        listeners.delete(entry);
        // A screen that replaces another listens at once: do not reconnect in between.
        setTimeout(follow, 0);
    };
}

// One project when all who listen ask for the same, else everything.
function wanted(): number | null | undefined {
    const projects = new Set([...listeners].map((l) => l.project));
    if (!projects.size) return undefined;
    return projects.size === 1 ? ([...projects][0] ?? null) : null;
}

function follow(): void {
    const project = wanted();
    if (stream && stream.project === project) return;
    stream?.abort.abort();
    stream = null;
    if (project === undefined) return;
    stream = { project, abort: new AbortController() };
    void readForEver(project, opened ? performance.now() - BEFORE_MS : 0, stream.abort.signal);
    opened = true;
}

function tellAll(news: LiveNews): void {
    const project =
        news.kind === "moved" ? news.project : news.kind === "event" ? news.event.project : undefined;
    for (const l of [...listeners]) {
        if (l.project === null || project === undefined || project === l.project) l.tell(news);
    }
}

// Where a stream begins: behind a number, or at a time of the page's own clock.
function start(after: string, since: number): Record<string, string | number> {
    return after ? { after } : { recent: Math.min(Math.ceil(performance.now() - since), RECENT_MAX_MS) };
}

async function readForEver(project: number | null, since: number, abort: AbortSignal): Promise<void> {
    let after = "";
    for (let tries = 0; !abort.aborted; tries++) {
        const began = Date.now();
        try {
            if (tries > 0) await pause(Math.min(250 * 2 ** Math.min(tries, 5), 4000), abort);
            const reply = await send("events/stream", {
                // Hints are of one project.
                query: { ...start(after, since), ...(project === null ? {} : { project, moved: true }) },
                accept: "text/event-stream",
                signal: abort,
            });
            if (after) tellAll({ kind: "again" });
            await readBlocks(reply, (block) => {
                if (block.id) after = block.id;
                take(block);
            });
        } catch (e) {
            if (abort.aborted) return;
            // A number of another server's log (its data were replaced): begin at its end.
            if (e instanceof Problem && e.status === 400) after = "";
            else if (!(e instanceof Problem)) connection.value = "lost";
        }
        if (Date.now() - began > 10_000) tries = 0;
    }
}

interface Block {
    id: string;
    event: string;
    data: string;
}

function take(block: Block): void {
    if (!block.data) return;
    if (block.event === "moved") {
        const m = JSON.parse(block.data) as { project: number; runs?: string[]; all?: boolean };
        tellAll({ kind: "moved", project: m.project, runs: m.runs ?? [], all: m.all === true });
    } else {
        tellAll({ kind: "event", event: JSON.parse(block.data) as Event });
    }
}

// Ends with the stream, or when the server has been silent for too long.
async function readBlocks(reply: Response, tell: (b: Block) => void): Promise<void> {
    const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (!reader) return;
    let text = "";
    for (;;) {
        const silence = setTimeout(() => void reader.cancel().catch(() => undefined), QUIET_MS);
        const piece = await reader.read().finally(() => clearTimeout(silence));
        if (piece.done) return;
        text += piece.value;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
            tell(blockOf(text.slice(0, end)));
            text = text.slice(end + 2);
        }
    }
}

function blockOf(text: string): Block {
    const block: Block = { id: "", event: "", data: "" };
    for (const line of text.split("\n")) {
        const colon = line.indexOf(":");
        const value = line.slice(colon + 1).replace(/^ /, "");
        const name = line.slice(0, colon);
        if (name === "id" || name === "event") block[name] = value;
        if (name === "data") block.data += block.data ? `\n${value}` : value;
    }
    return block;
}

function pause(ms: number, abort: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
        const timer = setTimeout(end, ms);
        function end(): void {
            clearTimeout(timer);
            abort.removeEventListener("abort", end);
            resolve();
        }
        abort.addEventListener("abort", end);
    });
}

// Lost for other reasons than a stream: ask until somebody answers.
let asking = false;
connection.subscribe((now) => {
    if (now !== "lost" || asking) return;
    asking = true;
    void (async () => {
        while (connection.peek() === "lost") {
            await new Promise((r) => setTimeout(r, 1000));
            try {
                const reply = await fetch(apiUrl("../../health"));
                if (reply.ok) connection.value = "good";
            } catch {
                // not yet
            }
        }
        asking = false;
        tellAll({ kind: "again" });
    })();
});
