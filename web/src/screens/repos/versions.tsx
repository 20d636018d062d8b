// SPDX-License-Identifier: Apache-2.0
// The versions of a repo, the newest first, a page at a time: the address says behind which (`after`) and whether the deleted
// are shown.

import { listVersions, type Version } from "../../api/repos";
import { address, formatAddress, setQuery } from "../../base/address";
import { plainName, shellWord } from "../../base/text";
import { toRunById } from "../../routes";
import { Headings } from "../../ui/headings";
import { useLoad } from "../../ui/load";
import { Empty, Failed, Paste, Skeleton } from "../../ui/parts";
import { Pager } from "./pager";
import { Digest, firstLine, MarkChips, RefChips, serverUrl, sizeOf, VersionLink, When, Who } from "./parts";

const PAGE = 50;

export function Versions({ repo, turn }: { repo: string; turn: number }) {
    const { query } = address.value;
    const after = query.get("after") ?? "";
    const deleted = query.get("deleted") === "1";
    const load = useLoad(`${repo} ${after} ${deleted} ${turn}`, (signal) =>
        listVersions(repo, { limit: PAGE, after, deleted }, signal),
    );
    if (load.problem && !load.loading) return <Failed problem={load.problem} retry={load.reload} />;
    if (!load.data) return <Skeleton lines={8} />;
    const { items, next } = load.data;
    if (!items.length && !after && !deleted) return <None repo={repo} />;
    return (
        <div class="side">
            <label class="row">
                <input
                    type="checkbox"
                    checked={deleted}
                    onChange={() => setQuery({ deleted: !deleted, after: null })}
                />
                Deleted ones too
            </label>
            <div class="panel list">
                <table>
                    <Headings
                        of={[
                            "Version",
                            "What is new",
                            ["Content", "wide"],
                            ["Files", "wide"],
                            ["By", "narrow"],
                            ["When", "when"],
                            ["Run", "narrow"],
                        ]}
                    />
                    <tbody>
                        {items.map((v) => (
                            <Row key={v.number} version={v} />
                        ))}
                    </tbody>
                </table>
            </div>
            <Pager after={after} next={next} newest="Newest versions" older="Older versions" />
        </div>
    );
}

function Row({ version: v }: { version: Version }) {
    return (
        <tr class={v.deleted ? "is-gone" : ""}>
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
