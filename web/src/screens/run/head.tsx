// SPDX-License-Identifier: Apache-2.0
// The head of a run: its name, state and times, whose it is, and what can be done with it.
import { useState } from "preact/hooks";
import type { Run } from "../../api/client";
import { dateTime, duration } from "../../base/format";
import { plainName } from "../../base/text";
import { toProject } from "../../routes";
import { type Act, useActs } from "../../ui/acts";
import { AskProject } from "../../ui/ask_project";
import { AskText, Menu, type MenuItem } from "../../ui/dialog";
import { Ago, Copy, Status } from "../../ui/parts";
import { useTick } from "../../ui/tick";
import { type Asking, actsOf } from "./acts";
import { bringBack, move, rename, setTags } from "./changes";
import { CompareWith } from "./choose";
import type { ShownRun } from "./use_run";
import "../../ui/head.css";

export function Head({ shown, run, projectName }: { shown: ShownRun; run: Run; projectName: string }) {
    const [asking, setAsking] = useState<Asking>(null);
    const acts = actsOf(run, shown.set, setAsking);
    useActs(acts);
    return (
        <header class="head">
            {run.deleted && (
                <div class="head-note" role="status">
                    This run is in the bin. It goes for good when the bin is emptied.
                    <button type="button" class="button" onClick={() => void bringBack(run, shown.set)}>
                        Bring it back
                    </button>
                </div>
            )}
            <div class="head-title">
                <h1 title={run.name}>{plainName(run.name) || run.id}</h1>
                <button
                    type="button"
                    class="copy"
                    title="Rename (e)"
                    aria-label="Rename this run"
                    onClick={() => setAsking("rename")}
                >
                    ✎
                </button>
                <span class="grow" />
                <HeadActs acts={acts} />
            </div>
            <Facts run={run} projectName={projectName} />
            <Questions asking={asking} close={() => setAsking(null)} run={run} shown={shown} />
        </header>
    );
}

function HeadActs({ acts }: { acts: readonly Act[] }) {
    const item = (id: string): MenuItem | null => {
        const act = acts.find((a) => a.id === id);
        if (!act) return null;
        const hint = act.keys?.[0];
        return { label: act.title, run: act.run, danger: id === "run-delete", ...(hint ? { hint } : {}) };
    };
    const more = ["run-lineage", "run-tag", "run-move", "run-tar", "run-delete", "run-restore"];
    const copies = ["copy-link", "run-copy-id", "copy-command", "copy-curl"];
    const of = (ids: string[]): MenuItem[] => ids.map(item).filter((i): i is MenuItem => i !== null);
    return (
        <>
            <button
                type="button"
                class="button"
                onClick={() => void acts.find((a) => a.id === "run-compare")?.run()}
            >
                Compare with …
            </button>
            <Menu label="Copy ▾" items={of(copies)} />
            <Menu label="More ▾" items={of(more)} />
        </>
    );
}

function Facts({ run, projectName }: { run: Run; projectName: string }) {
    return (
        <dl class="facts">
            <div>
                <dt>State</dt>
                <dd>
                    <Status status={run.status} reason={run.reason} />
                    {run.reason && <span class="muted"> {run.reason}</span>}
                </dd>
            </div>
            {run.start_ms !== undefined && (
                <div>
                    <dt>Started</dt>
                    <dd title={dateTime(run.start_ms)}>
                        <Ago ms={run.start_ms} />
                    </dd>
                </div>
            )}
            {run.start_ms !== undefined && (
                <div>
                    <dt>Duration</dt>
                    <dd>
                        <Lasted start={run.start_ms} end={run.end_ms} going={run.status === "running"} />
                    </dd>
                </div>
            )}
            {run.user && (
                <div>
                    <dt>User</dt>
                    <dd class="given">{run.user}</dd>
                </div>
            )}
            <div>
                <dt>Project</dt>
                <dd>
                    <a class="given" href={toProject(run.project)}>
                        {projectName}
                    </a>
                </dd>
            </div>
            <div>
                <dt>Id</dt>
                <dd>
                    <code title={run.id}>{run.id.slice(0, 13)}…</code>
                    <Copy text={run.id} label="Copy the id" />
                </dd>
            </div>
        </dl>
    );
}

function Lasted({ start, end, going }: { start: number; end: number | undefined; going: boolean }) {
    useTick(going && end === undefined);
    if (end === undefined && !going) return <span class="muted">unknown</span>;
    return <>{duration((end ?? Date.now()) - start)}</>;
}

function Questions({
    asking,
    close,
    run,
    shown,
}: {
    asking: Asking;
    close: () => void;
    run: Run;
    shown: ShownRun;
}) {
    switch (asking) {
        case "rename":
            return (
                <AskText
                    title="Rename this run"
                    label="Name"
                    value={run.name}
                    act="Rename"
                    done={(name) => name !== run.name && void rename(run, name, shown.set)}
                    close={close}
                />
            );
        case "tag":
            return (
                <AskText
                    title="Tag this run"
                    label="key=value"
                    act="Tag"
                    done={(text) => tag(run, text, shown)}
                    close={close}
                />
            );
        case "move":
            return (
                <AskProject
                    title="Move to another project"
                    from={run.project}
                    done={(p) => void move(run, p.number, p.name, shown.set)}
                    close={close}
                />
            );
        case "compare":
            return <CompareWith run={run} close={close} />;
        case null:
            return null;
    }
}

function tag(run: Run, text: string, shown: ShownRun): void {
    const [key = "", ...rest] = text.split("=");
    if (key.trim()) void setTags(run, { [key.trim()]: rest.join("=") }, `Tagged ${key.trim()}`, shown.set);
}
