// SPDX-License-Identifier: Apache-2.0
// All of a version on one page: what is new, its evaluations, card, configuration and the metrics of its run; beside them where it is
// live, whether it may be promoted, what it came from, and the lines that get it.
import { type File, isAbort, type Run } from "../../api/client";
import { listFiles, wholeFile } from "../../api/files";
import { getProject } from "../../api/projects";
import { getRepo, type Ref, type Version, versionPath } from "../../api/repos";
import { getRun } from "../../api/runs";
import { plainName } from "../../base/text";
import { toDiff, toLineage, toRunById, toVersion } from "../../routes";
import { Card } from "../../ui/card";
import { useLoad } from "../../ui/load";
import { Copy } from "../../ui/parts";
import { configOf } from "../../view/config_of";
import { ConfigTree, SMALL } from "../../view/config_tree";
import { useProse } from "../../view/use_prose";
import { Metrics } from "../run/metrics";
import { Evaluations } from "./evaluations";
import { GetIt } from "./get";
import { Digest, Reason, RefChip, VersionLink, When, Who } from "./parts";
import { PickleCard, type Pickles } from "./pickles";
import { Promotion } from "./promotion";
import type { Asking } from "./version_acts";

const TEXT_MAX = 1 << 18;
const CARDS = ["README.md", "MODEL_CARD.md"];
const CONFIGS = ["config.json", "adapter_config.json", "params.json", "model_index.json", "release.json"];

interface Maker {
    run: Run;
    project: string; // its name
}

// The run that made it, unless it is not there any more.
async function readMaker(id: string, signal: AbortSignal): Promise<Maker | null> {
    try {
        const run = await getRun(id, signal);
        return { run, project: (await getProject(run.project, signal)).name };
    } catch (e) {
        if (isAbort(e)) throw e;
        return null;
    }
}

interface Shown {
    version: Version;
    refs: readonly Ref[];
    turn: number;
    ask: (what: Asking) => void;
}

interface Known extends Shown {
    before: number; // the version before it; 0: none
    pickles: Pickles;
}

export function Passport({ version: v, before, refs, pickles, turn, ask }: Known) {
    // A version's files never change: one listing of its top. Of a tombstone nothing is told of them.
    const top = useLoad(`${v.id} ${v.deleted}`, (signal) =>
        v.content && !v.deleted
            ? listFiles(versionPath(v.repo, v.number), "", { signal }).then((p) => p.items)
            : Promise.resolve<File[]>([]),
    );
    const repo = useLoad(v.repo, (signal) => getRepo(v.repo, signal));
    const isKnown = (repo.data || repo.problem) && (top.data || top.problem); // else lines would change at once
    const made = useLoad(`${v.run}`, (signal) => (v.run ? readMaker(v.run, signal) : Promise.resolve(null)));
    const find = (names: readonly string[]): File | undefined =>
        v.deleted ? undefined : top.data?.find((f) => !f.is_dir && names.includes(f.path));
    const isBare = top.data && !v.deleted && !v.description && !find(CARDS) && !find(CONFIGS);
    return (
        <div class="overview">
            <div class="overview-main">
                <News version={v} ask={ask} />
                {isBare && <p class="muted">Nothing was said of it: no message, card or configuration.</p>}
                <Pins version={v} />
                <PickleCard version={v} pickles={pickles} />
                {!v.deleted && <Evaluations version={v} turn={turn} />}
                <CardOf version={v} file={find(CARDS)} />
                <ConfigOf version={v} file={find(CONFIGS)} />
                {made.data && <RunMetrics run={made.data.run} />}
            </div>
            <div class="overview-side">
                <Live version={v} refs={refs} ask={ask} />
                {!v.deleted && <Promotion version={v} refs={refs} turn={turn} ask={ask} />}
                {isKnown && <GetIt version={v} kind={repo.data?.kind} top={top.data} />}
                <Origin version={v} before={before} made={made.data ?? null} />
                <Tags version={v} />
            </div>
        </div>
    );
}

function News({ version: v, ask }: { version: Version; ask: (what: Asking) => void }) {
    const Prose = useProse(v.description !== "");
    const edit = !v.deleted && (
        <button type="button" class="button plain" onClick={() => ask({ what: "describe" })}>
            Edit
        </button>
    );
    if (!v.description) return null;
    return (
        <Card title="What is new" extra={edit} class="card-notes">
            {Prose ? <Prose text={v.description} /> : <pre class="prose">{v.description}</pre>}
        </Card>
    );
}

// The text of a file of the version, when it is small enough to be shown here.
const useText = (v: Version, file: File | undefined) =>
    useLoad(`${v.id} ${file?.path}`, async (signal) =>
        file && (file.size ?? 0) <= TEXT_MAX
            ? new TextDecoder().decode(await wholeFile(versionPath(v.repo, v.number), file.path, signal))
            : "",
    );

const AsFile = ({ version: v, file }: { version: Version; file: File }) => (
    <a href={toVersion(v.repo, v.number, { tab: "files", file: file.path })}>{file.path}</a>
);

function CardOf({ version: v, file }: { version: Version; file: File | undefined }) {
    const text = useText(v, file).data ?? "";
    const Prose = useProse(text !== "");
    if (!file) return null;
    return (
        <Card title="Card" extra={<AsFile version={v} file={file} />} class="card-notes">
            {text && (Prose ? <Prose text={text} /> : <pre class="prose">{text}</pre>)}
        </Card>
    );
}

function ConfigOf({ version: v, file }: { version: Version; file: File | undefined }) {
    const text = useText(v, file).data ?? "";
    const config = text ? configOf(text) : null;
    if (!file || !config || !Object.keys(config).length) return null;
    return (
        <Card title="Configuration" extra={<AsFile version={v} file={file} />} class="card-config">
            <ConfigTree config={config} max={SMALL} />
        </Card>
    );
}

function RunMetrics({ run }: { run: Run }) {
    return Object.keys(run.metrics).length ? <Metrics run={run} /> : null;
}

// What a release is made of.
function Pins({ version: v }: { version: Version }) {
    const pins = v.parents?.filter((p) => p.relation === "pins") ?? [];
    if (!pins.length) return null;
    return (
        <Card title="Released together">
            <dl class="pairs">
                {pins.map((p) => (
                    <div class="pair" key={p.repo}>
                        <dt class="given">{plainName(p.repo ?? "")}</dt>
                        <dd>{p.repo && p.number && <VersionLink repo={p.repo} number={p.number} />}</dd>
                    </div>
                ))}
            </dl>
        </Card>
    );
}

function Live({ version: v, refs, ask }: Omit<Shown, "turn">) {
    const here = refs.filter((r) => r.version === v.number);
    const back = v.aliases.length > 0 && (
        <button
            type="button"
            class="button"
            title="Roll back (r)"
            onClick={() => ask({ what: "back", from: v.aliases })}
        >
            Roll back …
        </button>
    );
    return (
        <Card title="Where it is" extra={back}>
            {here.length ? (
                <ul class="lines">
                    {here.map((r) => (
                        <li key={r.name}>
                            <RefChip repo={v.repo} name={r.name} kind={r.kind} /> since{" "}
                            <When us={r.moved_us} />, by <Who user={r.user} proven={r.proven} />:{" "}
                            <Reason text={r.reason} />
                        </li>
                    ))}
                </ul>
            ) : (
                <p class="card-body muted">No alias or tag points at it.</p>
            )}
        </Card>
    );
}

function Origin({ version: v, before, made }: { version: Version; before: number; made: Maker | null }) {
    const parents = v.parents?.filter((p) => p.relation !== "pins") ?? [];
    return (
        <Card
            title="Where it is from"
            extra={
                <a href={toLineage(`${v.repo}@${v.number}`)} title="What it is made of, and what of it (l)">
                    Lineage
                </a>
            }
        >
            <dl class="pairs">
                {before > 0 && !v.deleted && (
                    <Pair name="Before it">
                        <VersionLink repo={v.repo} number={before} />{" "}
                        <a href={toDiff(v.repo, before, v.number)} title="What differs (d)">
                            differences
                        </a>
                    </Pair>
                )}
                {v.run && (
                    <Pair name="Run">
                        <a class="given" href={toRunById(v.run)}>
                            {plainName(made?.run.name ?? "") || v.run}
                        </a>
                        {made && <span class="muted given"> of {plainName(made.project)}</span>}
                    </Pair>
                )}
                {parents.map((p) => (
                    <Pair key={`${p.relation} ${p.repo} ${p.number} ${p.address}`} name={p.relation}>
                        {p.repo && p.number ? (
                            <>
                                <a class="given" href={toVersion(p.repo, p.number)}>
                                    {plainName(p.repo)} v{p.number}
                                </a>{" "}
                                <a href={toDiff(v.repo, `${p.repo}@${p.number}`, v.number)}>differences</a>
                            </>
                        ) : (
                            <span class="given">{plainName(p.address ?? "")}</span>
                        )}
                    </Pair>
                ))}
                {v.source && (
                    <Pair name="Source" text={v.source}>
                        <span class="given">{plainName(v.source)}</span>
                    </Pair>
                )}
                {v.content && (
                    <Pair name="Content">
                        <Digest digest={v.content} label="Copy the digest" />
                    </Pair>
                )}
                {v.tree && (
                    <Pair name="Tree">
                        <Digest digest={v.tree} label="Copy the digest of the tree" />
                    </Pair>
                )}
            </dl>
        </Card>
    );
}

function Pair({
    name,
    text,
    children,
}: {
    name: string;
    text?: string; // what a button copies
    children: preact.ComponentChildren;
}) {
    return (
        <div class="pair">
            <dt>{name}</dt>
            <dd>
                <span class="grow">{children}</span>
                {text && (
                    <span class="pair-acts">
                        <Copy text={text} label={`Copy: ${name}`} />
                    </span>
                )}
            </dd>
        </div>
    );
}

function Tags({ version: v }: { version: Version }) {
    const keys = Object.keys(v.tags);
    if (!keys.length) return null;
    return (
        <Card title="Tags">
            <dl class="pairs">
                {keys.map((key) => (
                    <div class="pair" key={key}>
                        <dt class="given">{plainName(key)}</dt>
                        <dd class="given">{plainName((v.tags[key] ?? "").slice(0, 300))}</dd>
                    </div>
                ))}
            </dl>
        </Card>
    );
}
