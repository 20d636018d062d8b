// SPDX-License-Identifier: Apache-2.0
// The files of a run or of a version: a tree, and beside it the file or folder that the address names (`file`).
import type { ComponentChildren } from "preact";
import type { File } from "../api/client";
import { download, filesPath, readEntry } from "../api/files";
import { address } from "../base/address";
import { bytes, dateTime, integer, plural } from "../base/format";
import { plainName } from "../base/text";
import { useActs } from "../ui/acts";
import { useLoad } from "../ui/load";
import { Ago, Copy, copyLine, Failed, Skeleton } from "../ui/parts";
import { sayProblem } from "../ui/toast";
import { FileView } from "../view/view";
import { FileTree } from "./file_tree";
import { nameOf, useFolder } from "./folder";
import type { FilePlace } from "./place";
import "./files.css";

export function Files({
    place,
    turn,
    none,
}: {
    place: FilePlace;
    turn: number; // read again when it is another
    none: ComponentChildren; // shown when there are no files
}) {
    const path = (address.value.query.get("file") ?? "").replace(/^\/+|\/+$/g, "");
    const entry = useLoad(`${place.holder} ${path} ${turn}`, (signal) =>
        readEntry(place.holder, path, signal),
    );
    const root = useLoad(`${place.holder} root ${turn}`, (signal) => readEntry(place.holder, "", signal));
    if (root.data && "folder" in root.data && !root.data.folder.items.length && !path) return <>{none}</>;
    return (
        <div class={path ? "files files-chosen" : "files"}>
            <FileTree place={place} turn={turn} chosen={path} />
            <div class="file-pane">
                <Trail place={place} path={path} />
                {entry.problem && !entry.loading ? (
                    <Failed problem={entry.problem} retry={entry.reload} />
                ) : entry.data ? (
                    "file" in entry.data ? (
                        <Shown key={entry.data.file.path} place={place} file={entry.data.file} />
                    ) : (
                        <FolderPane key={path} place={place} path={path} turn={turn} />
                    )
                ) : (
                    <Skeleton lines={8} />
                )}
            </div>
        </div>
    );
}

function Trail({ place, path }: { place: FilePlace; path: string }) {
    const parts = path ? path.split("/") : [];
    return (
        <nav class="file-trail" aria-label="Path of the file">
            <a href={place.href("")}>files</a>
            {parts.map((part, i) => (
                <span key={i}>
                    <span class="muted"> / </span>
                    <a
                        class="given"
                        href={place.href(parts.slice(0, i + 1).join("/"))}
                        aria-current={i === parts.length - 1 ? "page" : undefined}
                    >
                        {plainName(part)}
                    </a>
                </span>
            ))}
            {path && <Copy text={path} label="Copy the path" />}
        </nav>
    );
}

function Shown({ place, file }: { place: FilePlace; file: File }) {
    const command = place.command(file.path);
    const save = (): void =>
        void download(filesPath(place.holder, file.path), nameOf(file.path)).catch(sayProblem);
    useActs([
        { id: "file-download", title: "Download this file", group: "Files", keys: ["d"], run: save, command },
        {
            id: "file-command",
            title: "Copy the command that reads this file",
            group: "Files",
            run: () => copyLine(command, "Copied the command line"),
        },
    ]);
    return (
        <>
            <div class="file-facts">
                <span title={`${integer(file.size ?? 0)} bytes`}>{bytes(file.size ?? 0)}</span>
                {file.modified_us !== undefined && (
                    <span class="muted" title={dateTime(file.modified_us / 1000)}>
                        <Ago ms={file.modified_us / 1000} />
                    </span>
                )}
                {file.digest && (
                    <span class="muted" title={`SHA-256 ${file.digest}`}>
                        sha256 <code>{file.digest.slice(0, 12)}…</code>
                        <Copy text={file.digest} label="Copy the digest" />
                    </span>
                )}
                <span class="grow" />
                <button type="button" class="button" title={command} onClick={() => void copyLine(command)}>
                    Copy command
                </button>
                <button type="button" class="button" title="Download (d)" onClick={save}>
                    Download
                </button>
            </div>
            {place.note?.(file.path)}
            <FileView holder={place.holder} file={file} />
        </>
    );
}

function FolderPane({ place, path, turn }: { place: FilePlace; path: string; turn: number }) {
    const folder = useFolder(place.holder, path, turn);
    if (folder.problem) return <Failed problem={folder.problem} />;
    if (folder.loading) return <Skeleton lines={8} />;
    const save = (): void =>
        void download(`${place.holder}/tar`, `${nameOf(path) || place.name}.tar`, {
            path,
        }).catch(sayProblem);
    return (
        <>
            <div class="file-facts">
                <span class="grow">
                    {plural(folder.items.length, "entry", "entries")}
                    {folder.hasMore && " so far"}
                </span>
                <button type="button" class="button" onClick={save}>
                    Download as tar
                </button>
            </div>
            <div class="file-list">
                <table>
                    <thead>
                        <tr>
                            <th>Name</th>
                            <th class="number">Size</th>
                            <th>Changed</th>
                            <th>SHA-256</th>
                        </tr>
                    </thead>
                    <tbody>
                        {folder.items.map((file) => (
                            <FileRow key={file.path} place={place} file={file} />
                        ))}
                    </tbody>
                </table>
                {folder.hasMore && (
                    <button type="button" class="button" onClick={folder.more}>
                        More …
                    </button>
                )}
            </div>
        </>
    );
}

function FileRow({ place, file }: { place: FilePlace; file: File }) {
    return (
        <tr>
            <td>
                <a class="given" href={place.href(file.path)}>
                    {plainName(nameOf(file.path))}
                    {file.is_dir ? "/" : ""}
                </a>
            </td>
            <td class="number">{file.is_dir ? "" : bytes(file.size ?? 0)}</td>
            <td class="muted">{file.modified_us !== undefined && <Ago ms={file.modified_us / 1000} />}</td>
            <td class="muted">
                {file.digest && <code title={file.digest}>{file.digest.slice(0, 12)}</code>}
            </td>
        </tr>
    );
}
