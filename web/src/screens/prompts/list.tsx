// SPDX-License-Identifier: Apache-2.0
// The prompts: what each says now, where its aliases point, what changed last first. The address holds the filter (`q`) and
// how many are shown (`n`).
import { apiUrl } from "../../api/client";
import { allRefs, allRepos, listVersions, type Repo } from "../../api/repos";
import { address, setQuery } from "../../base/address";
import { plural } from "../../base/format";
import { matcher, plainName } from "../../base/text";
import { toPrompt } from "../../routes";
import { useActs } from "../../ui/acts";
import { Crumbs } from "../../ui/crumbs";
import { Find, PatternNote } from "../../ui/find";
import { aboutRepos, useFollow } from "../../ui/follow";
import { Headings } from "../../ui/headings";
import { useLoad } from "../../ui/load";
import { copyLine, Empty, Failed, Paste, Skeleton } from "../../ui/parts";
import { More, serverUrl, shownOf, TagBadges, When } from "../repos/parts";
import { tagsOf } from "./prompt";
import { usePrompt } from "./read";
import { RefsAt } from "./refs_at";
import "./prompts.css";

const REST = { least: 1000, most: 1000 };
const LINE = 160;

export function Prompts() {
    const { query } = address.value;
    const find = query.get("q") ?? "";
    const list = useLoad("prompts", (signal) => allRepos("prompt", signal));
    useFollow(null, aboutRepos, async () => list.reload(), REST);
    useActs([
        {
            id: "find-prompt",
            title: "Filter the prompts",
            group: "Prompts",
            keys: ["f"],
            run: () => document.getElementById("find-prompt")?.focus(),
        },
        {
            id: "curl-prompts",
            title: "Copy this list as curl",
            group: "Prompts",
            run: () => copyLine(`curl ${apiUrl("repos", { kind: "prompt" })}`),
            command: "stemma repos list --kind prompt",
        },
    ]);
    if (list.problem && !list.data) return <Failed whole problem={list.problem} retry={list.reload} />;
    if (!list.data) return <Skeleton lines={8} />;
    const fits = matcher(find);
    const found = list.data
        .filter((r) => fits(r.name) || tagsOf(r.tags).some(([k, v]) => fits(`${k}=${v}`)))
        .sort((a, b) => b.updated_us - a.updated_us);
    const shown = shownOf(found);
    return (
        <div class="repos">
            <Crumbs list={[{ title: "Prompts" }]} />
            <div class="row">
                <h1 class="grow">Prompts</h1>
                <Find
                    id="find-prompt"
                    label="Filter the prompts"
                    placeholder="Name or tag (regular expression)"
                    value={find}
                    change={(text) => setQuery({ q: text, n: null })}
                />
            </div>
            <PatternNote pattern={find} />
            {found.length ? <Table prompts={shown} all={found.length} /> : <Nothing filtered={find !== ""} />}
        </div>
    );
}

function Nothing({ filtered }: { filtered: boolean }) {
    if (filtered)
        return (
            <Empty title="No prompt is like that">
                <button type="button" class="button" onClick={() => setQuery({ q: null })}>
                    Show all
                </button>
            </Empty>
        );
    return (
        <Empty title="No prompts yet">
            <p>Register one in Python:</p>
            <Paste text={'mlflow.genai.register_prompt(name="greet", template="Hello {{name}}!")'} />
            <p>or push a folder with a text in it:</p>
            <Paste text={`stemma push ./prompt greet --kind prompt -m "first" --url ${serverUrl()}`} />
        </Empty>
    );
}

function Table({ prompts, all }: { prompts: readonly Repo[]; all: number }) {
    return (
        <>
            <p class="muted">{plural(all, "prompt")}</p>
            <div class="panel list">
                <table>
                    <Headings
                        of={[
                            "Prompt",
                            "Newest version",
                            ["Aliases", "narrow"],
                            ["Tags", "wide"],
                            ["Changed", "when"],
                        ]}
                    />
                    <tbody>
                        {prompts.map((r) => (
                            <Row key={r.id} prompt={r} />
                        ))}
                    </tbody>
                </table>
            </div>
            <More all={all} shown={prompts.length} of="prompt" />
        </>
    );
}

// Read a row at a time, and again only when the prompt has changed.
function useNow(r: Repo) {
    return useLoad(`${r.name} ${r.updated_us}`, async (signal) => {
        const [page, refs] = await Promise.all([
            listVersions(r.name, { limit: 1 }, signal),
            allRefs(r.name, signal),
        ]);
        return { newest: page.items[0], refs };
    });
}

function Row({ prompt: r }: { prompt: Repo }) {
    const now = useNow(r);
    const newest = now.data?.newest;
    const says = usePrompt(newest).data;
    const line = says?.messages.map((m) => m.text.trim()).join(" ") ?? "";
    return (
        <tr>
            <td>
                <a class="list-name clip given" href={toPrompt(r.name)} title={r.name}>
                    {plainName(r.name)}
                </a>
            </td>
            <td>
                {newest ? (
                    <>
                        <a href={toPrompt(r.name, { version: newest.number })}>v{newest.number}</a>
                        <span class="clip muted given prompt-line" title={line.slice(0, 1000)}>
                            {plainName(line.slice(0, LINE))}
                        </span>
                    </>
                ) : (
                    <span class="muted">{now.data ? "none yet" : (now.problem?.message ?? "")}</span>
                )}
            </td>
            <td class="narrow">
                <RefsAt repo={r.name} refs={now.data?.refs ?? []} />
            </td>
            <td class="wide">
                <TagBadges tags={tagsOf(r.tags)} />
            </td>
            <td class="when">
                <When us={r.updated_us} />
            </td>
        </tr>
    );
}
