// SPDX-License-Identifier: Apache-2.0
// The versions of a repo, the newest first, a page at a time: the address says behind which (`after`), whether the deleted
// are shown, and which two are picked to be compared (`pick`).

import { listVersions, type Version } from "../../api/repos";
import { address, formatAddress, go, setQuery } from "../../base/address";
import { plainName, shellWord } from "../../base/text";
import { toDiff, toRunById } from "../../routes";
import { useActs } from "../../ui/acts";
import { Headings } from "../../ui/headings";
import { useLoad } from "../../ui/load";
import { Empty, Failed, Paste, Skeleton } from "../../ui/parts";
import { beforeOf } from "./before";
import { Pager } from "./pager";
import { Digest, firstLine, MarkChips, RefChips, serverUrl, sizeOf, VersionLink, When, Who } from "./parts";

const PAGE = 50;

export function Versions({ repo, turn }: { repo: string; turn: number }) {
    const { query } = address.value;
    const after = query.get("after") ?? "";
    const deleted = query.get("deleted") === "1";
    const picked = pickedOf(query);
    const load = useLoad(`${repo} ${after} ${deleted} ${turn}`, (signal) =>
        listVersions(repo, { limit: PAGE, after, deleted }, signal),
    );
    useActs([
        {
            id: "versions-diff",
            title: "Compare the two versions that are picked",
            group: "Repo",
            keys: ["d"],
            enabled: picked.length === 2,
            run: () => go(toDiff(repo, ...(picked as [number, number]))),
        },
    ]);
    if (load.problem && !load.loading) return <Failed problem={load.problem} retry={load.reload} />;
    if (!load.data) return <Skeleton lines={8} />;
    const { items, next } = load.data;
    if (!items.length && !after && !deleted) return <None repo={repo} />;
    return (
        <div class="side">
            <div class="row side-bar">
                <label class="row">
                    <input
                        type="checkbox"
                        checked={deleted}
                        onChange={() => setQuery({ deleted: !deleted, after: null })}
                    />
                    Deleted ones too
                </label>
                <span class="grow" />
                <Picked repo={repo} picked={picked} />
            </div>
            <div class="panel list">
                <table>
                    <Headings
                        of={[
                            ["Compare", "pick-cell", "hidden"],
                            "Version",
                            "What is new",
                            ["Content", "wide"],
                            ["Files", "wide"],
                            ["By", "narrow"],
                            ["When", "when"],
                            ["Run", "narrow"],
                            ["Differences", "narrow"],
                        ]}
                    />
                    <tbody>
                        {items.map((v, i) => (
                            <Row
                                key={v.number}
                                version={v}
                                before={beforeOf(items.slice(i + 1))}
                                picked={picked}
                            />
                        ))}
                    </tbody>
                </table>
            </div>
            <Pager after={after} next={next} newest="Newest versions" older="Older versions" />
        </div>
    );
}

// In the order of their numbers.
const pickedOf = (query: URLSearchParams): number[] =>
    (query.get("pick") ?? "")
        .split(",")
        .map(Number)
        .filter((n) => Number.isSafeInteger(n) && n > 0)
        .slice(0, 2)
        .sort((a, b) => a - b);

function Picked({ repo, picked }: { repo: string; picked: readonly number[] }) {
    const [a, b] = picked;
    if (a === undefined) return <span class="muted">Pick two to compare them</span>;
    return (
        <>
            {b === undefined ? (
                <span class="muted">Pick one more to compare v{a} with</span>
            ) : (
                <a class="button strong" href={toDiff(repo, a, b)} title="Compare them (d)">
                    Compare v{a} with v{b}
                </a>
            )}
            <button type="button" class="button" onClick={() => setQuery({ pick: null })}>
                Pick none
            </button>
        </>
    );
}

// A third takes the place of the one that was picked nearest to it.
function Pick({ version: v, picked }: { version: Version; picked: readonly number[] }) {
    const on = picked.includes(v.number);
    const change = (): void => {
        const rest = picked.filter((n) => n !== v.number);
        const near = (n: number): number => Math.abs(n - v.number);
        if (rest.length > 1) rest.sort((a, b) => near(b) - near(a)).pop();
        setQuery({ pick: (on ? rest : [...rest, v.number]).join(",") });
    };
    return (
        <input
            type="checkbox"
            aria-label={`Compare version ${v.number}`}
            checked={on}
            disabled={v.deleted}
            onChange={change}
        />
    );
}

interface RowProps {
    version: Version;
    before: number; // 0: none, or it is on another page
    picked: readonly number[];
}

function Row({ version: v, before, picked }: RowProps) {
    return (
        <tr class={v.deleted ? "is-gone" : ""}>
            <td class="pick-cell">
                <Pick version={v} picked={picked} />
            </td>
            <td>
                <span class="badges">
                    <VersionLink repo={v.repo} number={v.number} />
                    <RefChips version={v} />
                    {v.stage && <span class="badge badge-plain given">{plainName(v.stage)}</span>}
                    <MarkChips version={v} />
                </span>
            </td>
            <td>
                <span class="clip given list-text" title={v.description}>
                    {firstLine(v.description) || <span class="muted">–</span>}
                </span>
            </td>
            <td class="wide">
                {v.content ? (
                    <Digest digest={v.content} label={`Copy the digest of version ${v.number}`} />
                ) : (
                    <span class="muted" title={v.source}>
                        elsewhere
                    </span>
                )}
            </td>
            <td class="wide">{v.content ? sizeOf(v) : ""}</td>
            <td class="narrow">
                <Who user={v.user} />
            </td>
            <td class="when">
                <When us={v.created_us} />
            </td>
            <td class="narrow">
                {v.run && (
                    <a href={toRunById(v.run)} title={v.run}>
                        {v.run.slice(0, 8)}
                    </a>
                )}
            </td>
            <td class="narrow">
                {before > 0 && !v.deleted && (
                    <a href={toDiff(v.repo, before, v.number)} title={`What differs from version ${before}`}>
                        to v{before}
                    </a>
                )}
            </td>
        </tr>
    );
}

function None({ repo }: { repo: string }) {
    return (
        <Empty title="No versions yet">
            <p>Push a folder:</p>
            <Paste text={`stemma push ./out ${shellWord(repo)} -m "first" --url ${serverUrl()}`} />
            <p>or register a run's model in Python:</p>
            <Paste text={`mlflow.register_model(f"runs:/{run_id}/model", ${JSON.stringify(repo)})`} />
            <a href={formatAddress(address.value.path, { deleted: true })}>Show deleted ones</a>
        </Empty>
    );
}
