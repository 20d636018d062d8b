// SPDX-License-Identifier: Apache-2.0
// A version's passport: what it is, what was found about it, where it is live, what it came from and how to get it.
import { useEffect, useState } from "preact/hooks";
import {
    allPickles,
    allRefs,
    getVersion,
    numberBefore,
    type Ref,
    resolve,
    type Version,
    versionPath,
} from "../../api/repos";
import { address, formatAddress, go } from "../../base/address";
import { dateTime } from "../../base/format";
import { plainName, shellWord } from "../../base/text";
import { Files } from "../../files/files";
import { toRepo, toRepos, toRunById, toVersion } from "../../routes";
import { type Act, useActs } from "../../ui/acts";
import { Crumbs } from "../../ui/crumbs";
import { Menu, type MenuItem } from "../../ui/dialog";
import { aboutRepo, useFollow } from "../../ui/follow";
import { useLoad } from "../../ui/load";
import { Copy, Empty, Failed, Skeleton } from "../../ui/parts";
import { Tabs } from "../../ui/tabs";
import { Questions } from "./ask_version";
import { Digest, MarkChips, ms, Reason, RefChips, sizeOf, When, Who } from "./parts";
import { Passport } from "./passport";
import { FileVerdict, PickleNote, type Pickles } from "./pickles";
import { type Asking, actsOf } from "./version_acts";
import "../../ui/head.css";

const isNumber = (text: string): boolean => /^\d+$/.test(text);

export function VersionScreen({ repo, version }: { repo: string; version: string }) {
    return isNumber(version) ? (
        <Numbered repo={repo} version={version} />
    ) : (
        <Named repo={repo} name={version} />
    );
}

// An alias, a tag or a digest in the address leads to the number that it means now.
function Named({ repo, name }: { repo: string; name: string }) {
    const load = useLoad(`${repo}@${name}`, (signal) => resolve(`${repo}@${name}`, signal));
    const number = load.data?.version.number;
    useEffect(() => {
        if (number) go(toVersion(repo, number, address.peek().query), { replace: true });
    }, [number]);
    if (load.problem) return <Failed whole problem={load.problem} retry={load.reload} />;
    return <Skeleton lines={6} />;
}

const crumbsOf = (repo: string, version: string) => [
    { title: "Repos", href: toRepos() },
    { title: repo, href: toRepo(repo) },
    { title: `v${version}` },
];

function Numbered({ repo, version }: { repo: string; version: string }) {
    const [turn, setTurn] = useState(0); // rises with each sign that something of it changed
    const load = useLoad(`${repo}/${version} ${turn}`, async (signal) => {
        const [shown, before] = await Promise.all([
            getVersion(repo, version, signal),
            numberBefore(repo, Number(version), signal),
        ]);
        return { shown, before };
    });
    const refs = useLoad(`${repo} ${turn}`, (signal) => allRefs(repo, signal));
    useFollow(null, aboutRepo(repo), async () => setTurn((t) => t + 1));
    const crumbs = <Crumbs list={crumbsOf(repo, version)} />;
    if (load.problem && !load.loading)
        return (
            <>
                {crumbs}
                <Failed whole problem={load.problem} retry={load.reload} />
                <p class="lost">
                    <a href={toRepo(repo)}>The versions of this repo</a>
                </p>
            </>
        );
    if (!load.data) return <Skeleton lines={6} />;
    return (
        <>
            {crumbs}
            <Shown
                version={load.data.shown}
                before={load.data.before}
                refs={refs.data ?? []}
                turn={turn}
                changed={() => setTurn((t) => t + 1)}
            />
        </>
    );
}

interface Props {
    version: Version;
    before: number; // the number of the version before it; 0: none
    refs: readonly Ref[];
    turn: number;
    changed: () => void;
}

function Shown({ version: v, before, refs, turn, changed }: Props) {
    const [asking, setAsking] = useState<Asking>(null);
    const acts = actsOf(v, before, setAsking);
    useActs(acts);
    // A version's files never change.
    const pickles = useLoad(`${v.id} ${v.deleted}`, (signal) =>
        v.content && !v.deleted ? allPickles(v.repo, v.number, signal) : Promise.resolve([]),
    );
    const side = !v.deleted && address.value.query.get("tab") === "files" ? "files" : "overview";
    const href = (tab: string): string =>
        toVersion(v.repo, v.number, { tab: tab === "overview" ? null : tab });
    return (
        <div class="page">
            <Head version={v} acts={acts} pickles={pickles} />
            <Tabs
                label="Sides of this version"
                current={side}
                tabs={[
                    { id: "overview", title: "Overview", href: href("overview") },
                    ...(v.deleted
                        ? []
                        : [{ id: "files", title: "Files", href: href("files"), count: v.files }]),
                ]}
            />
            <div class="page-body">
                {side === "overview" && (
                    <Passport
                        version={v}
                        before={before}
                        refs={refs}
                        pickles={pickles}
                        turn={turn}
                        ask={setAsking}
                    />
                )}
                {side === "files" && <VersionFiles version={v} pickles={pickles} />}
            </div>
            <Questions asking={asking} version={v} refs={refs} done={changed} close={() => setAsking(null)} />
        </div>
    );
}

interface HeadProps {
    version: Version;
    acts: readonly Act[];
    pickles: Pickles;
}

function Head({ version: v, acts, pickles }: HeadProps) {
    return (
        <header class="head">
            {v.marks.map((m) => (
                <p key={m.mark} class="head-note" role="status">
                    <b>
                        {m.mark === "deleted"
                            ? "Deleted"
                            : m.mark === "bad"
                              ? "Bad: no rollback goes to it"
                              : "Yanked: not to be used any more"}
                    </b>
                    <Reason text={m.reason} />
                    <span class="muted">
                        <Who user={m.user} proven={m.proven} /> <When us={m.time_us} />
                    </span>
                </p>
            ))}
            <PickleNote version={v} pickles={pickles} />
            <div class="head-title">
                <h1 class="h1-parts">
                    <a class="given" href={toRepo(v.repo)} title={v.repo}>
                        {plainName(v.repo)}
                    </a>{" "}
                    <span>v{v.number}</span>
                </h1>
                <span class="badges">
                    <RefChips version={v} />
                    {v.stage && <span class="badge badge-plain given">{plainName(v.stage)}</span>}
                    <MarkChips version={v} />
                </span>
                <span class="grow" />
                <HeadActs version={v} acts={acts} />
            </div>
            <Facts version={v} />
        </header>
    );
}

function HeadActs({ version: v, acts }: { version: Version; acts: readonly Act[] }) {
    const item = (act: Act): MenuItem => ({
        label: act.title,
        run: act.run,
        danger: act.id === "version-delete",
        disabled: act.enabled === false,
        ...(act.keys?.[0] ? { hint: act.keys[0] } : {}),
    });
    const of = (start: string): Act[] => acts.filter((a) => a.id.startsWith(start));
    const alias = acts.find((a) => a.id === "version-alias");
    const more = of("version-").filter((a) => a !== alias);
    return (
        <>
            {!v.deleted && (
                <button
                    type="button"
                    class="button strong"
                    title="Set or move an alias (a)"
                    onClick={() => void alias?.run()}
                >
                    Set alias …
                </button>
            )}
            <Menu label="Copy ▾" items={of("copy-").map(item)} />
            {more.length > 0 && <Menu label="More ▾" items={more.map(item)} />}
        </>
    );
}

function Facts({ version: v }: { version: Version }) {
    return (
        <dl class="facts">
            <div>
                <dt>Published</dt>
                <dd title={dateTime(ms(v.created_us))}>
                    <When us={v.created_us} /> by <Who user={v.user} />
                </dd>
            </div>
            {v.content ? (
                <>
                    <div>
                        <dt>Content</dt>
                        <dd>
                            <Digest digest={v.content} label="Copy the digest of the content" />
                        </dd>
                    </div>
                    <div>
                        <dt>Files</dt>
                        <dd>
                            {v.deleted ? (
                                sizeOf(v)
                            ) : (
                                <a href={toVersion(v.repo, v.number, { tab: "files" })}>{sizeOf(v)}</a>
                            )}
                        </dd>
                    </div>
                </>
            ) : (
                <div>
                    <dt>Files</dt>
                    <dd>elsewhere</dd>
                </div>
            )}
            {v.run && (
                <div>
                    <dt>Run</dt>
                    <dd>
                        <a href={toRunById(v.run)} title={v.run}>
                            {v.run.slice(0, 13)}…
                        </a>
                    </dd>
                </div>
            )}
        </dl>
    );
}

function VersionFiles({ version: v, pickles }: { version: Version; pickles: Pickles }) {
    const name = `${v.repo}@${v.number}`;
    const none = (
        <Empty title={v.content ? "No files" : "Its files are elsewhere"}>
            {!v.content && v.source && (
                <p>
                    <code class="given">{plainName(v.source)}</code>{" "}
                    <Copy text={v.source} label="Copy where" />
                </p>
            )}
        </Empty>
    );
    if (!v.content) return none;
    const place = {
        holder: versionPath(v.repo, v.number),
        name,
        href: (path: string) =>
            formatAddress(["repos", v.repo, "versions", v.number], { tab: "files", file: path }),
        command: () => `stemma pull ${shellWord(name)}`,
        note: (path: string) => <FileVerdict pickles={pickles} path={path} />,
    };
    return <Files place={place} turn={0} none={none} />;
}
