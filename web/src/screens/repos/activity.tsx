// SPDX-License-Identifier: Apache-2.0
// What happened to a repo, its versions and refs, newest first.

import type { Event } from "../../api/client";
import { listEvents } from "../../api/repos";
import { address } from "../../base/address";
import { plainName } from "../../base/text";
import { toVersion } from "../../routes";
import { Headings } from "../../ui/headings";
import { useLoad } from "../../ui/load";
import { Empty, Failed, Skeleton } from "../../ui/parts";
import { Pager } from "./pager";
import { When, Who } from "./parts";

const PAGE = 50;

const textOf = (e: Event, key: string): string => {
    const all = e.payload && typeof e.payload === "object" ? (e.payload as Record<string, unknown>) : {};
    const value = all[key];
    return typeof value === "string" ? plainName(value) : "";
};

const place = (number: string): string => (number && number !== "0" ? `v${number}` : "nowhere");

// What is told of an event besides who, when and why.
const WORDS: Partial<Record<Event["kind"], (e: Event) => string>> = {
    repo_created: () => "made the repo",
    repo_renamed: (e) => `renamed it from ${textOf(e, "from")}`,
    repo_deleted: () => "deleted the repo",
    version_created: () => "published it",
    version_staged: (e) => `put it in stage ${textOf(e, "to") || "none"}`,
    version_deleted: () => "deleted it",
    version_marked: (e) => `marked it ${textOf(e, "mark")}`,
    version_unmarked: (e) => `took the mark ${textOf(e, "mark")} away`,
    ref_moved: (e) => `moved it from ${place(textOf(e, "from"))} to ${place(textOf(e, "to"))}`,
    version_approved: (e) => `approved it for ${textOf(e, "ref")}`,
    approval_withdrawn: (e) => `took the approval for ${textOf(e, "ref")} back`,
    protection_set: (e) =>
        `protected it: ${textOf(e, "require") || "no parts"}, ${textOf(e, "approvals")} approvals`,
    protection_removed: () => "protects it no more",
    version_evaluated: (e) => `evaluated it: ${textOf(e, "suite")}`,
    evaluation_withdrawn: (e) => `withdrew its evaluation ${textOf(e, "evaluation")}: ${textOf(e, "suite")}`,
};

export function Activity({ repo, turn }: { repo: string; turn: number }) {
    const after = address.value.query.get("after") ?? "";
    const load = useLoad(`${repo} ${after} ${turn}`, (signal) =>
        listEvents(repo, { limit: PAGE, after }, signal),
    );
    if (load.problem && !load.loading) return <Failed problem={load.problem} retry={load.reload} />;
    if (!load.data) return <Skeleton lines={8} />;
    if (!load.data.items.length) return <Empty title="Nothing is in the log of this name" />;
    return (
        <div class="side">
            <div class="panel list">
                <table>
                    <Headings of={[["When", "when"], "What", "Done", ["By", "narrow"], ["Why", "narrow"]]} />
                    <tbody>
                        {load.data.items.map((e) => (
                            <Row key={e.number} repo={repo} event={e} />
                        ))}
                    </tbody>
                </table>
            </div>
            <Pager after={after} next={load.data.next} newest="Newest" older="Older" />
        </div>
    );
}

function Row({ repo, event: e }: { repo: string; event: Event }) {
    // "bot/7", and of an evaluation of it "bot/7/2".
    const version = e.object.startsWith(`${repo}/`)
        ? e.object.slice(repo.length + 1).replace(/\/\d+$/, "")
        : "";
    return (
        <tr>
            <td class="when" title={`event ${e.number}`}>
                <When us={e.time_us} />
            </td>
            <td>
                {/^\d+$/.test(version) ? (
                    <a href={toVersion(repo, version)}>v{version}</a>
                ) : (
                    <span class="given">{plainName(e.object)}</span>
                )}
            </td>
            <td class="given">{WORDS[e.kind]?.(e) ?? e.kind.replaceAll("_", " ")}</td>
            <td class="narrow">
                <Who user={e.user} proven={e.proven} />
            </td>
            <td class="narrow given">{textOf(e, "reason")}</td>
        </tr>
    );
}
