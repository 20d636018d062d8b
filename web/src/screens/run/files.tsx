// SPDX-License-Identifier: Apache-2.0
// The files of a run: a tree, and beside it the file or folder that the address names (`file`).
import type { File, Run } from "../../api/client";
import { pathOf } from "../../api/client";
import { download, filesPath, readEntry } from "../../api/files";
import { address } from "../../base/address";
import { bytes, dateTime, integer, plural } from "../../base/format";
import { plainName, shellWord } from "../../base/text";
import { useActs } from "../../ui/acts";
import { useLoad } from "../../ui/load";
import { Ago, Copy, copy, Empty, Failed, Paste, Skeleton } from "../../ui/parts";
import { sayProblem } from "../../ui/toast";
import { FileView } from "../../view/view";
import { FileTree } from "./file_tree";
import { nameOf, useFolder } from "./folder";
import { toTab } from "./places";
import { useSlow } from "./tick";
import "./files.css";

const LOOK_MS = 3000; // a folder is read again that often at most

export function Files({ run, moved }: { run: Run; moved: number }) {
    const path = (address.value.query.get("file") ?? "").replace(/^\/+|\/+$/g, "");
    const turn = useSlow(moved, LOOK_MS);
    const entry = useLoad(`${run.id} ${path} ${turn}`, (signal) => readEntry(run.id, path, signal));
    const root = useLoad(`${run.id} root ${turn}`, (signal) => readEntry(run.id, "", signal));
    if (root.data && "folder" in root.data && !root.data.folder.items.length && !path)
        return <NoFiles run={run} />;
    return (
        <div class={path ? "files files-chosen" : "files"}>
            <FileTree run={run} turn={turn} chosen={path} />
            <div class="file-pane">
                <Trail run={run} path={path} />
                {entry.problem && !entry.loading ? (
                    <Failed problem={entry.problem} retry={entry.reload} />
                ) : entry.data ? (
                    "file" in entry.data ? (
                        <Shown key={entry.data.file.path} run={run} file={entry.data.file} />
                    ) : (
                        <FolderPane key={path} run={run} path={path} turn={turn} />
                    )
                ) : (
                    <Skeleton lines={8} />
                )}
            </div>
        </div>
    );
}

function Trail({ run, path }: { run: Run; path: string }) {
    const parts = path ? path.split("/") : [];
    return (
        <nav class="file-trail" aria-label="Path of the file">
            <a href={toTab(run, "files")}>files</a>
            {parts.map((part, i) => (
                <span key={i}>
                    <span class="muted"> / </span>
                    <a
                        class="given"
                        href={toTab(run, "files", { file: parts.slice(0, i + 1).join("/") })}
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

function Shown({ run, file }: { run: Run; file: File }) {
    const command = `stemma artifacts cat ${run.id} ${shellWord(file.path)}`;
    const save = (): void => void download(filesPath(run.id, file.path), nameOf(file.path)).catch(sayProblem);
    useActs([
        { id: "file-download", title: "Download this file", group: "Files", keys: ["d"], run: save, command },
        {
            id: "file-command",
            title: "Copy the command that reads this file",
            group: "Files",
            run: () => copy(command, "Copied the command line"),
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
                <button type="button" class="button" title={command} onClick={() => void copy(command)}>
                    Copy command
                </button>
                <button type="button" class="button" title="Download (d)" onClick={save}>
                    Download
                </button>
            </div>
            <FileView run={run.id} file={file} />
        </>
    );
}

function FolderPane({ run, path, turn }: { run: Run; path: string; turn: number }) {
    const folder = useFolder(run.id, path, turn);
    if (folder.problem) return <Failed problem={folder.problem} />;
    if (folder.loading) return <Skeleton lines={8} />;
    const save = (): void =>
        void download(pathOf("runs", run.id, "tar"), `${nameOf(path) || run.name || run.id}.tar`, {
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
                            <FileRow key={file.path} run={run} file={file} />
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

function FileRow({ run, file }: { run: Run; file: File }) {
    return (
        <tr>
            <td>
                <a class="given" href={toTab(run, "files", { file: file.path })}>
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

function NoFiles({ run }: { run: Run }) {
    return (
        <Empty title="No files yet">
            <p>Put some here:</p>
            <Paste text={`stemma artifacts put ${run.id} model/`} />
            <p>or in Python:</p>
            <Paste text={'mlflow.log_artifact("model/config.json")'} />
        </Empty>
    );
}
