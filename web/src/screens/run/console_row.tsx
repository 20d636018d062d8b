// SPDX-License-Identifier: Apache-2.0
// A line of a console: its number (a link to it), its time on demand, its stream in words, its text with its colours.
import type { ConsoleLine } from "../../api/client";
import { dateTime, integer } from "../../base/format";
import { markFound, type Piece, piecesOf } from "./ansi";

export const ROW_HEIGHT = 19;
const SHOWN = 2000; // characters of a line

const STREAMS: Record<ConsoleLine["stream"], { word: string; title: string }> = {
    out: { word: "", title: "Standard output" },
    err: { word: "err", title: "Standard error" },
    note: { word: "note", title: "A note of the server" },
};

export function Pieces({ list }: { list: readonly Piece[] }) {
    return (
        <>
            {list.map((p, i) => {
                const shared = {
                    class: p.look || undefined,
                    style: p.colour ? { color: p.colour } : undefined,
                };
                if (p.found)
                    return (
                        <mark key={i} {...shared}>
                            {p.text}
                        </mark>
                    );
                return p.look || p.colour ? (
                    <span key={i} {...shared}>
                        {p.text}
                    </span>
                ) : (
                    p.text
                );
            })}
        </>
    );
}

const clock = (us: number): string => {
    const ms = Math.floor(us / 1000);
    return `${dateTime(ms).slice(11)}.${String(((ms % 1000) + 1000) % 1000).padStart(3, "0")}`;
};

export function ConsoleRow({
    number,
    line,
    href,
    chosen,
    time,
    digits,
    find,
    whole,
}: {
    number: number;
    line: ConsoleLine | undefined;
    href: string;
    chosen: boolean;
    time: boolean;
    digits: number;
    find: RegExp | null;
    whole: (line: ConsoleLine) => void;
}) {
    const stream = STREAMS[line?.stream ?? "out"];
    const long = line !== undefined && line.text.length > SHOWN;
    const text = long ? line.text.slice(0, SHOWN) : (line?.text ?? "");
    return (
        <div
            class={`console-line console-${line?.stream ?? "out"} ${chosen ? "console-chosen" : ""}`}
            role="listitem"
            aria-current={chosen ? "true" : undefined}
        >
            <a class="console-number" style={{ minWidth: `${digits + 1}ch` }} href={href}>
                {number}
            </a>
            {time && (
                <span class="console-time" title={line && dateTime(line.time_us / 1000)}>
                    {line ? clock(line.time_us) : ""}
                </span>
            )}
            <span class="console-stream" title={stream.title}>
                {stream.word}
            </span>
            <span class="console-text">
                {line ? <Pieces list={markFound(piecesOf(text), find)} /> : <span class="muted">…</span>}
                {long && (
                    <button type="button" class="copy" onClick={() => whole(line)}>
                        … {integer(line.text.length - SHOWN)} characters more
                    </button>
                )}
            </span>
        </div>
    );
}
