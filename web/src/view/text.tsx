// SPDX-License-Identifier: Apache-2.0
// Text with line numbers, and patches with their colours. The address says where in a long file one reads (`at`), and what one
// looks for in it (use_find.ts).
import { useEffect, useRef } from "preact/hooks";
import { address, setQuery } from "../base/address";
import { bytes } from "../base/format";
import { keyName, useActs } from "../ui/acts";
import { Failed, Skeleton } from "../ui/parts";
import { FindBar, Marked } from "./find_bar";
import { type Growing, useGrowing } from "./growing";
import { type Line, LineReader } from "./lines";
import { Rows, type RowsHandle } from "./rows";
import type { FileSource } from "./source";
import { type TextFind, useFind } from "./use_find";

const HEIGHT = 18;
const TAIL = 256 << 10;

function patchClass(text: string): string {
    if (/^(diff |index |--- |\+\+\+ |new file|deleted file|similarity|rename )/.test(text))
        return "line-file";
    if (text.startsWith("@@")) return "line-place";
    if (text.startsWith("+")) return "line-added";
    return text.startsWith("-") ? "line-removed" : "";
}

export default function TextView({ source, patch }: { source: FileSource; patch?: boolean }) {
    const wanted = Number(address.value.query.get("at") ?? 0);
    const start = Number.isSafeInteger(wanted) && wanted > 0 && wanted < source.size ? wanted : 0;
    const grown = useGrowing<Line>(source, start, () => new LineReader());
    const list = useRef<RowsHandle>(null);
    const box = useRef<HTMLDivElement>(null);
    const top = useRef(0);
    const find = useFind(grown, top, (row) => list.current?.show(row));
    useCurrentMark(box, find);
    const focus = (what: string) => box.current?.querySelector<HTMLInputElement>(what)?.focus();
    useActs([{ id: "file-find", title: "Find in this file", group: "Files", run: () => focus("input") }]);
    const { rows } = grown;
    if (!rows.length && grown.problem) return <Failed problem={grown.problem} retry={grown.more} />;
    if (!rows.length && !grown.done) return <Skeleton lines={8} />;
    if (!rows.length) return <p class="viewer-note muted">This file is empty.</p>;
    const digits = String(rows.at(-1)?.line ?? 0).length;
    const part = start > 0 || !grown.done;
    return (
        <div
            ref={box}
            class="viewer"
            onKeyDown={(e) => {
                if (keyName(e) !== "Ctrl+f") return;
                e.preventDefault();
                focus("input");
            }}
        >
            <div class="viewer-bar">
                <FindBar find={find} part={part} leave={() => focus(".rows")} />
                {(part || grown.problem) && (
                    <Place source={source} start={start} grown={grown} list={list.current} />
                )}
            </div>
            <Rows
                handle={list}
                count={rows.length}
                height={HEIGHT}
                label="Lines of the file"
                onSight={(from, to) => {
                    top.current = from;
                    if (to > rows.length - 200) grown.more();
                }}
                row={(i) => {
                    const r = rows[i] as Line;
                    return (
                        <div key={i} class={`line ${patch ? patchClass(r.text) : ""}`} role="listitem">
                            <span
                                class="line-number"
                                style={{ minWidth: `${digits + 2}ch` }}
                                aria-hidden="true"
                            >
                                {r.goesOn || start > 0 ? "" : r.line}
                            </span>
                            <span class="line-text">
                                <Marked text={r.text} marks={find.finder.marks(rows, i)} now={find.now} />
                            </span>
                        </div>
                    );
                }}
            />
        </div>
    );
}

// A match may stand far to the right.
function useCurrentMark(box: { current: HTMLElement | null }, { finder, now }: TextFind): void {
    useEffect(() => {
        const frame = requestAnimationFrame(() =>
            box.current
                ?.querySelector("mark[aria-current]")
                ?.scrollIntoView({ block: "nearest", inline: "nearest" }),
        );
        return () => cancelAnimationFrame(frame);
    }, [finder, now]);
}

function Place({
    source,
    start,
    grown,
    list,
}: {
    source: FileSource;
    start: number;
    grown: Growing<Line>;
    list: RowsHandle | null;
}) {
    const jump = (at: number): void => {
        setQuery({ at: at || null });
        list?.show(0, "top");
    };
    return (
        <>
            <span class="grow viewer-place">
                {bytes(start)} to {bytes(grown.next)} of {bytes(source.size)}
                {start > 0 && ", so lines have no numbers"}
            </span>
            {grown.problem && <span class="bad">{grown.problem.message}</span>}
            {start > 0 && (
                <button type="button" class="button" onClick={() => jump(0)}>
                    From the start
                </button>
            )}
            {grown.full && !grown.done && (
                <button type="button" class="button" onClick={() => jump(grown.next)}>
                    Go on from here
                </button>
            )}
            {!grown.done && (
                <button type="button" class="button" onClick={() => jump(Math.max(0, source.size - TAIL))}>
                    The end
                </button>
            )}
        </>
    );
}
