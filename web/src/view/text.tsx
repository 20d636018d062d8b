// SPDX-License-Identifier: Apache-2.0
// Text with line numbers, and patches with their colours. The address says where in a long file one reads (`at`).
import { useRef } from "preact/hooks";
import { address, setQuery } from "../base/address";
import { bytes } from "../base/format";
import { Failed, Skeleton } from "../ui/parts";
import { type Growing, useGrowing } from "./growing";
import { type Line, LineReader } from "./lines";
import { Rows, type RowsHandle } from "./rows";
import type { FileSource } from "./source";

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
    const { rows } = grown;
    if (!rows.length && grown.problem) return <Failed problem={grown.problem} retry={grown.more} />;
    if (!rows.length && !grown.done) return <Skeleton lines={8} />;
    if (!rows.length) return <p class="viewer-note muted">This file is empty.</p>;
    const digits = String(rows.at(-1)?.line ?? 0).length;
    return (
        <div class="viewer">
            {(start > 0 || !grown.done || grown.problem) && (
                <Place source={source} start={start} grown={grown} list={list.current} />
            )}
            <Rows
                handle={list}
                count={rows.length}
                height={HEIGHT}
                label="Lines of the file"
                onSight={(_, to) => {
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
                            <span class="line-text">{r.text}</span>
                        </div>
                    );
                }}
            />
        </div>
    );
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
        <div class="viewer-bar">
            <span class="grow">
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
        </div>
    );
}
