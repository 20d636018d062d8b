// SPDX-License-Identifier: Apache-2.0
// A prompt: what a version of it says, beside its versions. The address holds which version (`version`: a number or a ref; the
// newest without), the one whose text it is held against (`from`), and behind which the list of versions begins (`after`).
import { useEffect, useState } from "preact/hooks";
import {
    allRefs,
    getRepo,
    getVersion,
    listVersions,
    type Ref,
    type Repo,
    type Version,
    type VersionPage,
} from "../../api/repos";
import { address, go, setQuery } from "../../base/address";
import { plainName } from "../../base/text";
import { toPrompts, toRepo, toVersion } from "../../routes";
import { useActs } from "../../ui/acts";
import { linkAct } from "../../ui/copy_acts";
import { Crumbs } from "../../ui/crumbs";
import { aboutRepo, useFollow } from "../../ui/follow";
import { type Load, useLoad } from "../../ui/load";
import { Copy, copyLine, Empty, Failed, Skeleton } from "../../ui/parts";
import { SetRef } from "../repos/ask_ref";
import { useBefore } from "../repos/before";
import { GetIt, loadLine } from "../repos/get";
import { Times } from "../repos/parts";
import { usePrompt } from "./read";
import { RefsAt } from "./refs_at";
import { Says } from "./says";
import { Config, Tags, Variables } from "./side";
import { PAGE, Versions } from "./versions";
import "../../ui/head.css";
import "./prompts.css";

export function PromptScreen({ prompt: name }: { prompt: string }) {
    const [turn, setTurn] = useState(0); // rises with each sign that something of it changed
    const after = address.value.query.get("after") ?? "";
    const repo = useLoad(`${name} ${turn}`, (signal) => getRepo(name, signal));
    const refs = useLoad(`${name} ${turn}`, (signal) => allRefs(name, signal));
    const page = useLoad(`${name} ${after} ${turn}`, (signal) =>
        listVersions(name, { limit: PAGE, after }, signal),
    );
    const changed = (): void => setTurn((t) => t + 1);
    useFollow(null, aboutRepo(name), async () => changed());
    const isOther = repo.data !== undefined && repo.data.kind !== "prompt";
    useEffect(() => {
        if (isOther) go(toRepo(name), { replace: true });
    }, [isOther, name]);
    const crumbs = <Crumbs list={[{ title: "Prompts", href: toPrompts() }, { title: name }]} />;
    const problem = [repo, refs, page].find((l) => l.problem && !l.loading)?.problem;
    if (problem)
        return (
            <>
                {crumbs}
                <Failed whole problem={problem} retry={changed} />
            </>
        );
    if (!repo.data || !refs.data || !page.data) return <Skeleton lines={6} />;
    return (
        <div class="page">
            {crumbs}
            <Head prompt={repo.data} refs={refs.data} />
            <div class="page-body">
                <Shown repo={name} refs={refs.data} page={page.data} turn={turn} changed={changed} />
            </div>
        </div>
    );
}

function Head({ prompt: r, refs }: { prompt: Repo; refs: readonly Ref[] }) {
    return (
        <header class="head">
            <div class="head-title">
                <h1 title={r.name}>{plainName(r.name)}</h1>
                <Copy text={r.name} label="Copy the name" />
                <RefsAt repo={r.name} refs={refs} />
                <span class="grow" />
                <a class="button plain" href={toRepo(r.name, { tab: "refs" })}>
                    Refs and history
                </a>
            </div>
            {r.description && <p class="given repo-about">{plainName(r.description)}</p>}
            <dl class="facts">
                <Times repo={r} />
            </dl>
        </header>
    );
}

interface Props {
    repo: string;
    refs: readonly Ref[];
    page: VersionPage;
    turn: number;
    changed: () => void;
}

// By its number or a ref; it need not be on the page of the list that is shown.
function useVersion({ repo, refs, page, turn }: Props, asked: string): Load<Version | undefined> {
    const number = refs.find((r) => r.name === asked)?.version ?? asked;
    const known = page.items.find((v) => String(v.number) === String(number));
    return useLoad(`${repo} ${asked} ${known?.id} ${turn}`, async (signal) =>
        asked === "" ? undefined : (known ?? (await getVersion(repo, String(number), signal))),
    );
}

function Shown(props: Props) {
    const { repo, refs, page, turn, changed } = props;
    const { query } = address.value;
    const newest = page.items[0];
    const load = useVersion(props, query.get("version") ?? String(newest?.number ?? ""));
    const against = useVersion(props, query.get("from") ?? "");
    const v = load.data;
    const from = against.data && against.data.id !== v?.id ? against.data : undefined;
    const says = usePrompt(v);
    const said = usePrompt(from);
    const [asking, setAsking] = useState(false);
    const show = (number: number): void => setQuery({ version: number }, { replace: false });
    const before = useBefore(repo, v?.number ?? 0, page.items, turn);
    usePromptActs(v, from, before, { show, alias: () => setAsking(true) });
    if (!newest && !v && !load.loading && !load.problem)
        return (
            <Empty title="No versions yet">
                <a href={toRepo(repo)}>The repo of this prompt</a>
            </Empty>
        );
    return (
        <div class="overview">
            <div class="overview-main">
                {load.problem && <Failed problem={load.problem} retry={load.reload} />}
                {against.problem && <Failed problem={against.problem} retry={against.reload} />}
                {v && (
                    <Says
                        version={v}
                        from={from}
                        versions={page.items}
                        says={says}
                        said={said}
                        alias={() => setAsking(true)}
                    />
                )}
            </div>
            <div class="overview-side">
                <Versions page={page} shown={v?.number} from={from?.number} />
                {says.data && <Variables prompt={says.data} />}
                {says.data && <Config prompt={says.data} />}
                {v && <GetIt version={v} kind="prompt" />}
                {v && <Tags version={v} />}
            </div>
            {asking && v && (
                <SetRef
                    repo={repo}
                    kind="alias"
                    version={v}
                    name={v.aliases[0] ?? ""}
                    refs={refs}
                    done={changed}
                    close={() => setAsking(false)}
                />
            )}
        </div>
    );
}

interface Does {
    show: (number: number) => void;
    alias: () => void;
}

// `before`: the number of the version before it; 0: none.
function usePromptActs(
    v: Version | undefined,
    from: Version | undefined,
    before: number,
    { show, alias }: Does,
): void {
    const number = v?.number ?? 0;
    const GROUP = "Prompt";
    useActs([
        {
            id: "prompt-differences",
            title: from
                ? "Show the text without differences"
                : "Show the differences from the version before",
            group: GROUP,
            keys: ["d"],
            enabled: from !== undefined || before > 0,
            run: () => setQuery({ from: from ? null : before }, { replace: false }),
            ...(v && before > 0 ? { command: `stemma diff ${v.repo}@${before} ${v.repo}@${number}` } : {}),
        },
        {
            id: "prompt-older",
            title: "Version before",
            group: GROUP,
            keys: ["j"],
            enabled: number > 1,
            run: () => show(number - 1),
        },
        {
            id: "prompt-newer",
            title: "Version behind",
            group: GROUP,
            keys: ["k"],
            run: () => show(number + 1),
        },
        {
            id: "prompt-alias",
            title: "Set or move an alias …",
            group: GROUP,
            keys: ["a"],
            enabled: v !== undefined && !v.deleted,
            run: alias,
        },
        {
            id: "prompt-code",
            title: "Copy the line that loads it",
            group: GROUP,
            keys: ["c"],
            enabled: v !== undefined,
            run: () => v && copyLine(loadLine(v)),
        },
        {
            id: "prompt-passport",
            title: "Everything about this version",
            group: GROUP,
            keys: ["p"],
            enabled: v !== undefined,
            run: () => v && go(toVersion(v.repo, v.number)),
        },
        linkAct(GROUP),
    ]);
}
