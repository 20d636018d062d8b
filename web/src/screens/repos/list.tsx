// SPDX-License-Identifier: Apache-2.0
// The repos: models, data sets, prompts and releases, what changed last first. The address holds the filter (`q`), the kind
// (`kind`) and how many are shown (`n`).

import { apiUrl } from "../../api/client";
import { allRepos, listVersions, type Repo } from "../../api/repos";
import { address, setQuery } from "../../base/address";
import { plural } from "../../base/format";
import { matcher, plainName } from "../../base/text";
import { toRepo, toStorage } from "../../routes";
import { useActs } from "../../ui/acts";
import { Crumbs } from "../../ui/crumbs";
import { Find, PatternNote } from "../../ui/find";
import { aboutRepos, useFollow } from "../../ui/follow";
import { Headings } from "../../ui/headings";
import { useLoad } from "../../ui/load";
import { copyLine, Empty, Failed, Paste, Skeleton } from "../../ui/parts";
import {
    firstLine,
    kindName,
    MarkChips,
    More,
    RefChips,
    serverUrl,
    shownOf,
    TagBadges,
    VersionLink,
    When,
} from "./parts";

const REST = { least: 1000, most: 1000 };
const KINDS: readonly Repo["kind"][] = ["model", "data", "prompt", "release", "run"];

const asKind = (text: string | null): Repo["kind"] | "" => KINDS.find((k) => k === text) ?? "";

export function Repos() {
    const { query } = address.value;
    const kind = asKind(query.get("kind"));
    const find = query.get("q") ?? "";
    const list = useLoad(`repos ${kind}`, (signal) => allRepos(kind, signal));
    useFollow(null, aboutRepos, async () => list.reload(), REST);
    useActs([
        {
            id: "find-repo",
            title: "Filter the repos",
            group: "Repos",
            keys: ["f"],
            run: () => document.getElementById("find-repo")?.focus(),
        },
        {
            id: "curl-repos",
            title: "Copy this list as curl",
            group: "Repos",
            run: () => copyLine(`curl ${apiUrl("repos", { kind })}`),
            command: "stemma repos list",
        },
    ]);
    if (list.problem && !list.data) return <Failed whole problem={list.problem} retry={list.reload} />;
    if (!list.data) return <Skeleton lines={8} />;
    const fits = matcher(find);
    const found = list.data
        .filter((r) => fits(r.name) || Object.entries(r.tags).some(([k, v]) => fits(`${k}=${v}`)))
        .sort((a, b) => b.updated_us - a.updated_us);
    const shown = shownOf(found);
    return (
        <div class="repos">
            <Crumbs list={[{ title: "Repos" }]} />
            <div class="row">
                <h1 class="grow">Repos</h1>
                <a class="button plain" href={toStorage()} title="What they take (g s)">
                    Storage
                </a>
                <Find
                    id="find-repo"
                    label="Filter the repos"
                    placeholder="Name or tag (regular expression)"
                    value={find}
                    change={(text) => setQuery({ q: text, n: null })}
                />
                <select
                    class="input"
                    aria-label="Kind"
                    value={kind}
                    onChange={(e) => setQuery({ kind: e.currentTarget.value, n: null })}
                >
                    <option value="">All kinds</option>
                    {KINDS.map((k) => (
                        <option key={k} value={k}>
                            {kindName(k)}
                        </option>
                    ))}
                </select>
            </div>
            <PatternNote pattern={find} />
            {found.length ? (
                <>
                    <p class="muted">{plural(found.length, "repo")}</p>
                    <RepoTable repos={shown} />
                    <More all={found.length} shown={shown.length} of="repo" />
                </>
            ) : (
                <Nothing filtered={find !== "" || kind !== ""} />
            )}
        </div>
    );
}

function Nothing({ filtered }: { filtered: boolean }) {
    if (filtered)
        return (
            <Empty title="No repo is like that">
                <button type="button" class="button" onClick={() => setQuery({ q: null, kind: null })}>
                    Show all
                </button>
            </Empty>
        );
    return (
        <Empty title="No repos yet">
            <p>A repo is a model, a data set or a prompt with its versions. Push a folder to make one:</p>
            <Paste text={`stemma push ./out bot -m "first" --url ${serverUrl()}`} />
            <p>or register a model in Python:</p>
            <Paste text={'mlflow.register_model(f"runs:/{run_id}/model", "bot")'} />
        </Empty>
    );
}

function RepoTable({ repos }: { repos: readonly Repo[] }) {
    return (
        <div class="panel list">
            <table>
                <Headings
                    of={["Repo", ["Kind", "narrow"], "Newest version", ["Tags", "wide"], ["Changed", "when"]]}
                />
                <tbody>
                    {repos.map((r) => (
                        <RepoRow key={r.id} repo={r} />
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function RepoRow({ repo: r }: { repo: Repo }) {
    return (
        <tr>
            <td>
                <a class="list-name clip given" href={toRepo(r.name)} title={r.name}>
                    {plainName(r.name)}
                </a>
                {r.description && (
                    <span class="clip muted list-more given" title={r.description}>
                        {firstLine(r.description)}
                    </span>
                )}
            </td>
            <td class="narrow">{kindName(r.kind)}</td>
            <td>
                <Newest repo={r} />
            </td>
            <td class="wide">
                <TagBadges tags={Object.entries(r.tags)} />
            </td>
            <td class="when">
                <When us={r.updated_us} />
            </td>
        </tr>
    );
}

// Read a row at a time, and again only when the repo has changed.
function Newest({ repo: r }: { repo: Repo }) {
    const load = useLoad(`${r.name} ${r.updated_us}`, (signal) => listVersions(r.name, { limit: 1 }, signal));
    const [newest] = load.data?.items ?? [];
    if (newest)
        return (
            <span class="badges">
                <VersionLink repo={r.name} number={newest.number} />
                <RefChips version={newest} />
                <MarkChips version={newest} />
            </span>
        );
    return <span class="muted">{load.data ? "none yet" : load.problem ? load.problem.message : ""}</span>;
}
