// SPDX-License-Identifier: Apache-2.0
// Files as a tree beside what is shown of them. Arrows move in it.
import { useEffect, useState } from "preact/hooks";
import type { File } from "../api/client";
import { bytes } from "../base/format";
import { plainName } from "../base/text";
import { nameOf, useFolder } from "./folder";
import type { FilePlace } from "./place";

interface Shared {
    place: FilePlace;
    turn: number;
    chosen: string;
    open: ReadonlySet<string>;
    toggle: (path: string) => void;
}

const parentsOf = (path: string): string[] =>
    path.split("/").flatMap((_, i, all) => (i ? [all.slice(0, i).join("/")] : []));

export function FileTree({ place, turn, chosen }: { place: FilePlace; turn: number; chosen: string }) {
    const [open, setOpen] = useState<ReadonlySet<string>>(new Set(parentsOf(chosen)));
    // What is shown is seen in the tree.
    useEffect(() => setOpen((old) => new Set([...old, ...parentsOf(chosen)])), [chosen]);
    const toggle = (path: string): void => {
        const next = new Set(open);
        if (!next.delete(path)) next.add(path);
        setOpen(next);
    };
    return (
        <div
            class="file-tree"
            role="tree"
            aria-label="Files"
            tabIndex={-1}
            onKeyDown={(e) => moveIn(e, open, toggle)}
        >
            <Branches
                place={place}
                turn={turn}
                chosen={chosen}
                open={open}
                toggle={toggle}
                path=""
                depth={0}
            />
        </div>
    );
}

function Branches({ path, depth, ...shared }: Shared & { path: string; depth: number }) {
    const folder = useFolder(shared.place.holder, path, shared.turn);
    const gap = { paddingLeft: `${8 + depth * 14}px` };
    if (folder.problem)
        return (
            <p class="bad" style={gap}>
                {folder.problem.message}
            </p>
        );
    return (
        <>
            {folder.items.map((file) => (
                <Leaf key={file.path} file={file} depth={depth} {...shared} />
            ))}
            {folder.hasMore && (
                <button type="button" class="button plain" style={gap} onClick={folder.more}>
                    More …
                </button>
            )}
        </>
    );
}

function Leaf({ file, depth, ...shared }: Shared & { file: File; depth: number }) {
    const isOpen = file.is_dir && shared.open.has(file.path);
    const name = nameOf(file.path);
    return (
        <>
            <a
                class="file-leaf"
                role="treeitem"
                href={shared.place.href(file.path)}
                style={{ paddingLeft: `${8 + depth * 14}px` }}
                aria-selected={file.path === shared.chosen}
                aria-expanded={file.is_dir ? isOpen : undefined}
                aria-level={depth + 1}
                data-path={file.path}
                title={name}
                onClick={() => {
                    if (file.is_dir) shared.toggle(file.path);
                }}
            >
                <span aria-hidden="true" class="file-mark">
                    {file.is_dir ? (isOpen ? "▾" : "▸") : ""}
                </span>
                <span class="grow clip given">
                    {plainName(name)}
                    {file.is_dir ? "/" : ""}
                </span>
                {!file.is_dir && <span class="muted">{bytes(file.size ?? 0)}</span>}
            </a>
            {isOpen && <Branches path={file.path} depth={depth + 1} {...shared} />}
        </>
    );
}

function moveIn(e: KeyboardEvent, open: ReadonlySet<string>, toggle: (path: string) => void): void {
    const items = [...(e.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[role=treeitem]")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const item = items[at];
    if (!item) return;
    const path = item.dataset["path"] ?? "";
    const isFolder = item.hasAttribute("aria-expanded");
    if (e.key === "ArrowDown") items[at + 1]?.focus();
    else if (e.key === "ArrowUp") items[at - 1]?.focus();
    else if (e.key === "ArrowRight" && isFolder && !open.has(path)) toggle(path);
    else if (e.key === "ArrowLeft" && isFolder && open.has(path)) toggle(path);
    else return;
    e.preventDefault();
}
