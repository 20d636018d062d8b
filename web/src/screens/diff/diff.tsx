// SPDX-License-Identifier: Apache-2.0
// The differences of two versions: at one glance, and each part in full. The address holds both and what is shown (`tab`).
import { useEffect, useMemo } from "preact/hooks";
import { apiUrl } from "../../api/client";
import {
    type Diff,
    type DiffFile,
    type DiffRow,
    type DiffText,
    getDiff,
    type Pair,
    ROW_PARTS,
    type RowPart,
} from "../../api/diff";
import type { LiveNews } from "../../api/live";
import { address, go } from "../../base/address";
import { plainName, shellWord } from "../../base/text";
import { toDiff, toRepo, toRepos, toRunById } from "../../routes";
import { type Act, useActs } from "../../ui/acts";
import { commandAct, curlAct, linkAct } from "../../ui/copy_acts";
import { Crumbs } from "../../ui/crumbs";
import { Menu } from "../../ui/dialog";
import { aboutRepo, aboutRun, useFollow } from "../../ui/follow";
import { useLoad } from "../../ui/load";
import { Failed, Skeleton } from "../../ui/parts";
import { useSteady } from "../../ui/steady";
import { Tabs } from "../../ui/tabs";
import { Files } from "./files";
import { Overview, PART_TITLES } from "./overview";
import type { Source } from "./pages";
import { addressOf, fixed, hrefOf, titleOf } from "./place";
import { differing, TensorSide } from "./tensor_view";
import { Texts } from "./texts";
import { countOf, Tokenizer } from "./tokenizer";
import { useTensors } from "./use_tensors";
import { ValueList } from "./value_list";
import "../../ui/head.css";
import "./diff.css";

interface Props {
    repo: string;
    from: string;
    to: string;
}

export function DiffScreen({ repo, from, to }: Props) {
    const pair = useMemo(() => ({ from: addressOf(repo, from), to: addressOf(repo, to) }), [repo, from, to]);
    const load = useLoad(`${pair.from}\0${pair.to}`, async (signal) => ({
        pair,
        diff: await getDiff(pair, {}, signal),
    }));
    const data = useSteady(load.data?.pair === pair ? load.data.diff : undefined); // not that of the address before
    useFollow(null, aboutSides(data), async () => load.reload());
    useEffect(() => {
        if (!data) return;
        const sides = [fixed(repo, from, data.from), fixed(repo, to, data.to)] as const;
        if (sides[0] !== from || sides[1] !== to)
            go(toDiff(repo, ...sides, address.peek().query), { replace: true });
    }, [data]);
    const crumbs = [
        { title: "Repos", href: toRepos() },
        { title: repo, href: toRepo(repo) },
        { title: "Differences" },
    ];
    // A server that comes back is asked again, and what is shown stays meanwhile.
    if (load.problem && !load.loading && !(data && load.problem.canRetry))
        return (
            <>
                <Crumbs list={crumbs} />
                <Failed whole problem={load.problem} retry={load.reload} />
                <p class="lost">
                    <a href={toRepo(repo)}>The versions of this repo</a>
                </p>
            </>
        );
    if (!data) return <Skeleton lines={12} />;
    return (
        <>
            <Crumbs list={crumbs} />
            <Shown key={`${pair.from}\0${pair.to}`} pair={pair} diff={data} place={{ repo, from, to }} />
        </>
    );
}

// News that say: one of the two versions, or a run that made one, may have changed.
const aboutSides =
    (diff: Diff | undefined) =>
    (news: LiveNews): boolean =>
        [diff?.from, diff?.to].some(
            (side) =>
                side !== undefined &&
                ((side.repo !== undefined && aboutRepo(side.repo)(news)) ||
                    (side.run !== undefined && aboutRun(side.run)(news))),
        );

function Shown({ pair, diff, place }: { pair: Pair; diff: Diff; place: Props }) {
    const { repo, from, to } = place;
    const tensors = useTensors(pair, diff.files !== undefined);
    const titles = [titleOf(diff.from, diff.to), titleOf(diff.to, diff.from)] as const;
    const acts = actsOf(pair, place);
    useActs(acts);
    const href = (tab: string): string => toDiff(repo, from, to, { tab: tab === "overview" ? null : tab });
    const asked = address.value.query.get("tab") ?? "overview";
    const tabs = [
        { id: "overview", title: "Overview", href: href("overview") },
        ...(diff.files
            ? [
                  {
                      id: "tensors",
                      title: "Tensors",
                      href: href("tensors"),
                      count: tensors.shown && differing(tensors.shown),
                  },
                  { id: "files", title: "Files", href: href("files"), count: diff.files.total },
                  { id: "texts", title: "Texts", href: href("texts"), count: diff.text?.total },
                  {
                      id: "tokenizer",
                      title: "Tokenizer",
                      href: href("tokenizer"),
                      count: diff.tokenizer && countOf(diff.tokenizer),
                  },
              ]
            : []),
        ...ROW_PARTS.filter((p) => diff[p]?.total).map((p) => ({
            id: p as string,
            title: PART_TITLES[p],
            href: href(p),
            count: diff[p]?.total,
        })),
    ];
    const tab = tabs.find((t) => t.id === asked)?.id ?? "overview";
    return (
        <div class="page">
            <Head diff={diff} titles={titles} acts={acts} />
            <Tabs label="Parts of the comparison" current={tab} tabs={tabs} />
            <div class="page-body">
                {tab === "overview" && <Overview diff={diff} tensors={tensors} titles={titles} href={href} />}
                {tab === "tensors" && <TensorSide load={tensors} />}
                {tab !== "overview" && tab !== "tensors" && (
                    <Side key={tab} tab={tab} diff={diff} pair={pair} titles={titles} />
                )}
            </div>
        </div>
    );
}

interface SideProps {
    tab: string;
    diff: Diff;
    pair: Pair;
    titles: readonly [string, string];
}

function Side({ tab, diff, pair, titles }: SideProps) {
    const files = useMemo(
        (): Source<DiffFile> => ({
            pair,
            part: "files",
            first: diff.files?.items ?? [],
            total: diff.files?.total ?? 0,
            itemsOf: (d) => d.files?.items ?? [],
        }),
        [diff.files, pair],
    );
    const texts = useMemo(
        (): Source<DiffText> => ({
            pair,
            part: "text",
            first: diff.text?.items ?? [],
            total: diff.text?.total ?? 0,
            itemsOf: (d) => d.text?.items ?? [],
        }),
        [diff.text, pair],
    );
    if (tab === "files") return <Files source={files} from={diff.from} to={diff.to} />;
    if (tab === "texts") return <Texts source={texts} none="No text files differ" />;
    if (tab === "tokenizer")
        return diff.tokenizer ? <Tokenizer tokenizer={diff.tokenizer} pair={pair} titles={titles} /> : null;
    return <AllValues part={tab as RowPart} diff={diff} pair={pair} titles={titles} />;
}

function AllValues({ part, diff, pair, titles }: Omit<SideProps, "tab"> & { part: RowPart }) {
    const source = useMemo(
        (): Source<DiffRow> => ({
            pair,
            part,
            first: diff[part]?.items ?? [],
            total: diff[part]?.total ?? 0,
            itemsOf: (d) => d[part]?.items ?? [],
        }),
        [diff[part], pair, part],
    );
    return <ValueList source={source} titles={titles} label={PART_TITLES[part]} />;
}

function actsOf(pair: Pair, { repo, from, to }: Props): Act[] {
    const command = `stemma diff ${shellWord(pair.from)} ${shellWord(pair.to)}`;
    const curl = `curl ${shellWord(apiUrl("diff", { ...pair }))}`;
    const group = "Differences";
    return [
        {
            id: "diff-swap",
            title: "Swap the sides",
            group,
            keys: ["x"],
            run: () => go(toDiff(repo, to, from, address.peek().query)),
            command: `stemma diff ${shellWord(pair.to)} ${shellWord(pair.from)}`,
        },
        linkAct(group),
        { ...commandAct(group, command), keys: ["c"] },
        curlAct(group, curl),
    ];
}

function Head({
    diff,
    titles,
    acts,
}: {
    diff: Diff;
    titles: readonly [string, string];
    acts: readonly Act[];
}) {
    const { from, to } = diff;
    const isOne = from.repo === to.repo;
    const item = (a: Act) => ({ label: a.title, run: a.run, ...(a.keys?.[0] ? { hint: a.keys[0] } : {}) });
    const swap = acts.find((a) => a.id === "diff-swap");
    return (
        <header class="head">
            <div class="head-title">
                <h1 class={isOne && from.repo ? "diff-sides h1-parts" : "diff-sides"}>
                    {isOne && from.repo && <span class="given">{plainName(from.repo)} </span>}
                    <a class="given" href={hrefOf(from)}>
                        {plainName(titles[0])}
                    </a>
                    {" → "}
                    <a class="given" href={hrefOf(to)}>
                        {plainName(titles[1])}
                    </a>
                </h1>
                <span class="grow" />
                <button
                    type="button"
                    class="button"
                    title="Swap the sides (x)"
                    onClick={() => void swap?.run()}
                >
                    ⇄ Swap
                </button>
                <Menu label="Copy ▾" items={acts.filter((a) => a !== swap).map(item)} />
            </div>
            <dl class="facts">
                <RunOf title="Run before" run={from.run} />
                <RunOf title="Run now" run={to.run} />
            </dl>
        </header>
    );
}

function RunOf({ title, run }: { title: string; run: string | undefined }) {
    return (
        <div>
            <dt>{title}</dt>
            <dd>
                {run ? (
                    <a href={toRunById(run)} title={run}>
                        {run.slice(0, 13)}…
                    </a>
                ) : (
                    <span class="muted">none</span>
                )}
            </dd>
        </div>
    );
}
