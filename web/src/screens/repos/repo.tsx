// SPDX-License-Identifier: Apache-2.0
// A repo: its versions, where its refs point and pointed, what may be promoted, what it asks for, and what happened to it. A
// side is chosen by the address (`tab`).
import { useState } from "preact/hooks";
import { apiUrl } from "../../api/client";
import { allRefs, getRepo, listProtections, type Ref, type Repo, repoPath } from "../../api/repos";
import { address } from "../../base/address";
import { plainName, shellWord } from "../../base/text";
import { toActivity, toPrompt, toRepo, toRepos } from "../../routes";
import { useActs } from "../../ui/acts";
import { curlAct, linkAct } from "../../ui/copy_acts";
import { Crumbs } from "../../ui/crumbs";
import { aboutRepo, useFollow } from "../../ui/follow";
import { type Load, useLoad } from "../../ui/load";
import { Copy, copyLine, Failed, Skeleton } from "../../ui/parts";
import { Tabs } from "../../ui/tabs";
import { Activity } from "../activity/of_repo";
import { Board } from "./board";
import { kindName, Times } from "./parts";
import { Protections } from "./protections";
import { Refs } from "./refs";
import { Versions } from "./versions";
import "../../ui/head.css";

const SIDES = ["versions", "refs", "promotion", "protection", "activity"] as const;

export function RepoScreen({ repo: name }: { repo: string }) {
    const [turn, setTurn] = useState(0); // rises with each sign that something of it changed
    const repo = useLoad(`${name} ${turn}`, (signal) => getRepo(name, signal));
    const refs = useLoad(`${name} ${turn}`, (signal) => allRefs(name, signal));
    useFollow(null, aboutRepo(name), async () => setTurn((t) => t + 1));
    if (repo.problem && !repo.loading)
        return (
            <>
                <Crumbs list={[{ title: "Repos", href: toRepos() }, { title: name }]} />
                <Failed whole problem={repo.problem} retry={repo.reload} />
                <p class="lost">
                    <a href={toActivity({ subject: name })}>What happened to what was called so</a>
                </p>
            </>
        );
    if (!repo.data) return <Skeleton lines={6} />;
    return <Shown repo={repo.data} refs={refs} turn={turn} changed={() => setTurn((t) => t + 1)} />;
}

interface Sides {
    repo: Repo;
    refs: Load<Ref[]>;
    turn: number;
    changed: () => void;
}

function Shown({ repo, refs, turn, changed }: Sides) {
    const asked = address.value.query.get("tab");
    const side = SIDES.find((s) => s === asked) ?? "versions";
    const href = (tab: string): string => toRepo(repo.name, { tab: tab === "versions" ? null : tab });
    useActs(actsOf(repo));
    return (
        <div class="page">
            <Crumbs list={[{ title: "Repos", href: toRepos() }, { title: repo.name }]} />
            <Head repo={repo} />
            <Tabs
                label="Sides of this repo"
                current={side}
                tabs={[
                    { id: "versions", title: "Versions", href: href("versions") },
                    { id: "refs", title: "Refs", href: href("refs"), count: refs.data?.length },
                    { id: "promotion", title: "Promotion", href: href("promotion") },
                    { id: "protection", title: "Protection", href: href("protection") },
                    { id: "activity", title: "Activity", href: href("activity") },
                ]}
            />
            <div class="page-body">
                {side === "versions" && <Versions repo={repo.name} turn={turn} />}
                {side === "refs" && <RefSide repo={repo} refs={refs} turn={turn} changed={changed} />}
                {side === "promotion" && <BoardSide repo={repo} refs={refs} turn={turn} changed={changed} />}
                {side === "protection" && <Protections repo={repo.name} turn={turn} />}
                {side === "activity" && <Activity repo={repo.name} turn={turn} />}
            </div>
        </div>
    );
}

function BoardSide({ repo, refs, turn, changed }: Sides) {
    if (refs.problem && !refs.data) return <Failed problem={refs.problem} retry={refs.reload} />;
    if (!refs.data) return <Skeleton lines={8} />;
    return <Board repo={repo.name} refs={refs.data} turn={turn} changed={changed} />;
}

function RefSide({ repo, refs, turn, changed }: Sides) {
    const rules = useLoad(`${repo.name} ${turn}`, (signal) => listProtections(repo.name, signal));
    if (refs.problem && !refs.data) return <Failed problem={refs.problem} retry={refs.reload} />;
    if (!refs.data) return <Skeleton lines={4} />;
    return (
        <Refs
            repo={repo.name}
            refs={refs.data}
            rules={rules.data?.items ?? []}
            turn={turn}
            changed={changed}
        />
    );
}

function actsOf(repo: Repo) {
    const word = shellWord(repo.name);
    const curl = `curl ${shellWord(apiUrl(repoPath(repo.name)))}`;
    return [
        linkAct("Repo"),
        {
            id: "repo-copy-push",
            title: "Copy the line that pushes a version",
            group: "Repo",
            run: () => copyLine(`stemma push ./out ${word} -m "what is new"`, "Copied the command line"),
            command: `stemma push ./out ${word}`,
        },
        { ...curlAct("Repo", curl), command: `stemma log ${word}` },
    ];
}

function Head({ repo: r }: { repo: Repo }) {
    return (
        <header class="head">
            <div class="head-title">
                <h1 title={r.name}>{plainName(r.name)}</h1>
                <Copy text={r.name} label="Copy the name" />
                <span class="badge badge-plain">{kindName(r.kind)}</span>
                {r.kind === "prompt" && <a href={toPrompt(r.name)}>What it says</a>}
            </div>
            {r.description && <p class="given repo-about">{plainName(r.description)}</p>}
            <dl class="facts">
                <Times repo={r} />
                {Object.entries(r.tags).map(([key, value]) => (
                    <div key={key}>
                        <dt class="given">{plainName(key)}</dt>
                        <dd class="given clip" title={value}>
                            {plainName(value)}
                        </dd>
                    </div>
                ))}
            </dl>
        </header>
    );
}
