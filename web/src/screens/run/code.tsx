// SPDX-License-Identifier: Apache-2.0
// The code that a run ran (commit, branch, changes that were not committed) and where: command, machine, packages. From the
// tags and files that `stemma run` and MLflow's clients leave.
import { useState } from "preact/hooks";
import type { File, Run } from "../../api/client";
import { listFiles, runHolder } from "../../api/files";
import { bytes } from "../../base/format";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { useLoad } from "../../ui/load";
import { Copy } from "../../ui/parts";
import { FileView } from "../../view/view";
import { toTab } from "./places";

function Pair({ name, value, copied }: { name: string; value: string; copied?: boolean }) {
    return (
        <div class="pair">
            <dt>{name}</dt>
            <dd>
                <span class="grow given">{value}</span>
                {copied && <Copy text={value} label={`Copy: ${name}`} />}
            </dd>
        </div>
    );
}

// The page of a commit, where the host has one.
function commitPage(repository: string, commit: string): string | null {
    const m = /^(?:https?:\/\/|ssh:\/\/)?(?:git@)?([\w.-]+\.[a-z]{2,})[:/]([\w.~/-]+?)(?:\.git)?\/?$/i.exec(
        repository,
    );
    return m ? `https://${m[1]}/${m[2]}/commit/${commit}` : null;
}

function Commit({ run, commit }: { run: Run; commit: string }) {
    const page = commitPage(run.tags["mlflow.source.git.repoURL"] ?? "", commit);
    return (
        <div class="pair">
            <dt>Commit</dt>
            <dd>
                <span class="grow">
                    <code title={commit}>{commit.slice(0, 12)}</code>{" "}
                    {page && (
                        <a href={page} target="_blank" rel="noopener noreferrer">
                            its page ↗
                        </a>
                    )}
                </span>
                <Copy text={commit} label="Copy the commit" />
            </dd>
        </div>
    );
}

// Files that `stemma run` leaves beside the run.
const FILES: readonly [string, string][] = [
    ["source/patch.diff", "Changes that were not committed"],
    ["source/untracked.txt", "Files that git does not know"],
];

// What is in the run's folder source/, by path. The run's top is read first: asking for a folder that is not there is an error.
async function listSource(run: string, signal: AbortSignal): Promise<Map<string, File>> {
    const top = await listFiles(runHolder(run), "", { signal });
    if (!top.items.some((f) => f.is_dir && f.path === "source")) return new Map();
    const page = await listFiles(runHolder(run), "source", { signal });
    return new Map(page.items.map((f) => [f.path, f]));
}

// Read again when the run ends: they are sent while it begins.
const useSource = (run: Run, wanted: boolean): ReadonlyMap<string, File> | undefined =>
    useLoad(`${wanted} ${run.id} ${run.status}`, (signal) =>
        wanted ? listSource(run.id, signal) : Promise.resolve(new Map<string, File>()),
    ).data;

function SourceFile({ run, file, title }: { run: Run; file: File | undefined; title: string }) {
    const [open, setOpen] = useState(false);
    if (!file) return null;
    return (
        <div class="pair">
            <dt>{title}</dt>
            <dd>
                <button type="button" class="button" onClick={() => setOpen(true)}>
                    Show <span class="muted">{bytes(file.size ?? 0)}</span>
                </button>
                <a href={toTab(run, "files", { file: file.path })}>as a file</a>
            </dd>
            {open && (
                <Dialog title={title} close={() => setOpen(false)} wide>
                    <div class="dialog-file">
                        <FileView holder={runHolder(run.id)} file={file} />
                    </div>
                </Dialog>
            )}
        </div>
    );
}

export function Source({ run }: { run: Run }) {
    const { tags } = run;
    const commit = tags["mlflow.source.git.commit"];
    const branch = tags["mlflow.source.git.branch"];
    const repository = tags["mlflow.source.git.repoURL"];
    const dirty = tags["stemma.git.uncommitted"] === "true";
    const name = tags["mlflow.source.name"];
    const entry = tags["mlflow.project.entryPoint"];
    const files = useSource(run, dirty);
    if (!commit && !branch && !repository && !name) return null;
    return (
        <Card title="Code">
            <dl class="pairs">
                {name && <Pair name="Source" value={name} copied />}
                {entry && <Pair name="Entry point" value={entry} />}
                {repository && <Pair name="Repository" value={repository} copied />}
                {branch && <Pair name="Branch" value={branch} />}
                {commit && <Commit run={run} commit={commit} />}
                {FILES.map(([path, title]) => (
                    <SourceFile key={path} run={run} file={files?.get(path)} title={title} />
                ))}
            </dl>
        </Card>
    );
}

const MACHINE: readonly [string, string][] = [
    ["stemma.command", "Command"],
    ["stemma.folder", "Folder"],
    ["stemma.program", "Program"],
    ["stemma.python", "Python"],
    ["stemma.host", "Host"],
    ["stemma.cpu", "Processor"],
    ["stemma.cores", "Cores"],
    ["stemma.gpu", "GPU"],
    ["stemma.kernel", "System"],
];

export function Environment({ run }: { run: Run }) {
    const list = MACHINE.filter(([tag]) => run.tags[tag]);
    const memory = Number(run.tags["stemma.memory_mb"]);
    const python = Boolean(run.tags["stemma.python"]);
    const files = useSource(run, python);
    if (!list.length) return null;
    return (
        <Card title="Environment">
            <dl class="pairs">
                {list.map(([tag, name]) => (
                    <Pair key={tag} name={name} value={run.tags[tag] ?? ""} copied={name === "Command"} />
                ))}
                {memory > 0 && <Pair name="Memory" value={bytes(memory * 1_048_576)} />}
                <SourceFile run={run} file={files?.get("source/requirements.txt")} title="Packages" />
            </dl>
        </Card>
    );
}
