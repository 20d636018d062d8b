// SPDX-License-Identifier: Apache-2.0
// Files that differ, in the order of their paths: what became of each, and its size before and behind.
import type { DiffFile, DiffSide } from "../../api/diff";
import { bytes } from "../../base/format";
import { plainName } from "../../base/text";
import { toVersion } from "../../routes";
import { Empty } from "../../ui/parts";
import type { CellColumn } from "../../view/cell_table";
import { List, type Source } from "./pages";

const COLUMNS: readonly CellColumn[] = [
    ["what", "What", 11],
    ["path", "File", 64],
    ["was", "Size before", 13, "number"],
    ["is", "Size now", 13, "number"],
    ["by", "By", 13, "number"],
];

export const MARKS = {
    added: ["+", "good"],
    removed: ["−", "bad"],
    changed: ["~", ""],
    renamed: ["→", ""],
    reshaped: ["~", ""],
    retyped: ["~", ""],
} as const;

export function What({ what }: { what: keyof typeof MARKS }) {
    const [mark, look] = MARKS[what];
    return (
        <span class={look}>
            <span class="diff-mark" aria-hidden="true">
                {mark}
            </span>
            {what}
        </span>
    );
}

function grown({ was_size: was, is_size: is }: DiffFile): string {
    if (was === undefined || is === undefined || was === is) return "";
    return is > was ? `+${bytes(is - was)}` : `−${bytes(was - is)}`;
}

function executable({ executable: is }: DiffFile): string {
    if (is === undefined) return "";
    return is ? "now executable" : "no longer executable";
}

function Path({ file: f, from, to }: { file: DiffFile; from: DiffSide; to: DiffSide }) {
    const side = f.what === "removed" ? from : to;
    const name = (
        <>
            {f.before && <span class="muted">{plainName(f.before)} → </span>}
            {plainName(f.path)}
        </>
    );
    if (side.repo === undefined || side.number === undefined) return name;
    return (
        <a
            href={toVersion(side.repo, side.number, { tab: "files", file: f.path })}
            title={f.before ? `${f.before} → ${f.path}` : f.path}
        >
            {name}
        </a>
    );
}

export function Files({ source, from, to }: { source: Source<DiffFile>; from: DiffSide; to: DiffSide }) {
    if (!source.total) return <Empty title="All files are the same" />;
    const cell = (f: DiffFile, column: string) => {
        if (column === "what") return <What what={f.what} />;
        if (column === "path") return <Path file={f} from={from} to={to} />;
        if (column === "by") return [grown(f), executable(f)].filter((s) => s).join(", ");
        const size = column === "was" ? f.was_size : f.is_size;
        return size === undefined ? "" : <span title={`${size} bytes`}>{bytes(size)}</span>;
    };
    return <List source={source} columns={COLUMNS} label="Files that differ" cell={cell} />;
}
