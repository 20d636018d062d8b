// SPDX-License-Identifier: Apache-2.0
// What happened in the workspace, newest first: also to what is not there any more. The address says to what (`subject`), by
// whom (`user`), of which kinds (`kind`), since and until when, and behind which event (`after`).
import { useMemo, useState } from "preact/hooks";
import { apiUrl } from "../../api/client";
import { type EventQuery, listEvents } from "../../api/events";
import { allRepos } from "../../api/repos";
import { address, formatAddress, setQuery } from "../../base/address";
import { shellWord } from "../../base/text";
import { useActs } from "../../ui/acts";
import { commandAct, curlAct, linkAct } from "../../ui/copy_acts";
import { Crumbs } from "../../ui/crumbs";
import { aboutRepos, useFollow } from "../../ui/follow";
import { useLoad } from "../../ui/load";
import { Empty, Failed, Skeleton } from "../../ui/parts";
import { Pager } from "../repos/pager";
import { EventTable } from "./table";
import { KINDS, kindWords } from "./words";

const PAGE = 100;

// Kinds that are looked for together.
const GROUPS: readonly (readonly [title: string, kinds: RegExp])[] = [
    ["projects", /^project_/],
    ["runs and logged models", /^(run|model|artifact)_/],
    ["repos and versions", /^(repo|version|evaluation)_/],
    ["refs and promotion", /^(ref|protection|rule|approval)_|version_approved/],
    ["people and workspaces", /^(user|role|token|workspace)_/],
    ["jobs, imports and gc", /^(job|gc)_|imported/],
];
const groupOf = (kinds: RegExp): string => KINDS.filter((k) => kinds.test(k)).join(",");

const NARROWING = ["subject", "user", "kind", "since", "until"] as const;

function queryOf(query: URLSearchParams): EventQuery {
    const text = (key: string): string => query.get(key) ?? "";
    return {
        subject: text("subject"),
        user: text("user"),
        kind: text("kind").split(",").filter(Boolean),
        since: text("since"),
        until: text("until"),
        after: text("after"),
        limit: PAGE,
    };
}

export function ActivityScreen() {
    const [turn, setTurn] = useState(0); // rises with each event
    const query = queryOf(address.value.query);
    const load = useLoad(`${JSON.stringify(query)} ${turn}`, (signal) => listEvents(query, signal));
    const there = useLoad("repos", (signal) => allRepos("", signal));
    const repos = useMemo(() => new Set(there.data?.map((r) => r.name)), [there.data]);
    useFollow(
        null,
        (news) => news.kind !== "moved" && !query.after,
        async () => setTurn((t) => t + 1),
    );
    useFollow(null, aboutRepos, async () => there.reload());
    useActs(actsOf(query));
    return (
        <div class="repos">
            <Crumbs list={[{ title: "Activity" }]} />
            <h1>Activity</h1>
            <Filters names={[...repos]} />
            {load.problem && !load.loading ? (
                <Failed problem={load.problem} retry={load.reload} />
            ) : !load.data ? (
                <Skeleton lines={12} />
            ) : (
                <>
                    {load.data.items.length ? (
                        <EventTable events={load.data.items} repos={repos} />
                    ) : (
                        <None more={load.data.next !== undefined} />
                    )}
                    <Pager after={query.after ?? ""} next={load.data.next} newest="Newest" older="Older" />
                </>
            )}
        </div>
    );
}

function None({ more }: { more: boolean }) {
    const { path, query } = address.value;
    const isNarrow = NARROWING.some((key) => query.has(key));
    return (
        <Empty title={more ? "Nothing like that so far back" : "Nothing like that is in the log"}>
            {more && <p>Older events may be: go on to those.</p>}
            {isNarrow && <a href={formatAddress(path)}>Show everything</a>}
        </Empty>
    );
}

function Filters({ names }: { names: readonly string[] }) {
    return (
        <div class="row activity-filters" role="search" aria-label="Events">
            <Field of="subject" label="Of" hint="a repo, or a run's id" list="activity-repos" />
            <datalist id="activity-repos">
                {names.map((name) => (
                    <option key={name} value={name} />
                ))}
            </datalist>
            <Field of="user" label="By" hint="a user" />
            <KindChoice value={address.value.query.get("kind") ?? ""} />
            <Field of="since" label="Since" hint="2026-11-01, yesterday" />
            <Field of="until" label="Until" hint="3 days ago" />
        </div>
    );
}

interface FieldProps {
    of: (typeof NARROWING)[number];
    label: string;
    hint: string;
    list?: string; // the id of its proposals
}

// What is typed is taken at Enter, or when the field is left.
function Field({ of, label, hint, list }: FieldProps) {
    const [typed, setTyped] = useState<string | null>(null); // else news that come meanwhile would take it away
    return (
        <label>
            {label}
            <input
                class="input"
                type="text"
                autocomplete="off"
                list={list}
                placeholder={hint}
                value={typed ?? address.value.query.get(of) ?? ""}
                onInput={(e) => setTyped(e.currentTarget.value)}
                onChange={(e) => {
                    setTyped(null);
                    setQuery({ [of]: e.currentTarget.value.trim(), after: null }, { replace: false });
                }}
            />
        </label>
    );
}

function KindChoice({ value }: { value: string }) {
    const known =
        value === "" || KINDS.some((k) => k === value) || GROUPS.some(([, k]) => groupOf(k) === value);
    return (
        <label>
            What
            <select
                class="input"
                value={value}
                onChange={(e) => setQuery({ kind: e.currentTarget.value, after: null }, { replace: false })}
            >
                <option value="">everything</option>
                {!known && <option value={value}>{value.split(",").map(kindWords).join(", ")}</option>}
                <optgroup label="All about">
                    {GROUPS.map(([title, kinds]) => (
                        <option key={title} value={groupOf(kinds)}>
                            {title}
                        </option>
                    ))}
                </optgroup>
                <optgroup label="Only">
                    {KINDS.map((kind) => (
                        <option key={kind} value={kind}>
                            {kindWords(kind)}
                        </option>
                    ))}
                </optgroup>
            </select>
        </label>
    );
}

function actsOf(q: EventQuery) {
    const words = [
        "stemma audit",
        ...(q.subject ? [shellWord(q.subject)] : []),
        ...(["user", "since", "until"] as const).flatMap((key) =>
            q[key] ? [`--${key} ${shellWord(q[key])}`] : [],
        ),
        ...(q.kind?.length ? [`--kind ${shellWord(q.kind.join(","))}`] : []),
    ];
    const command = words.join(" ");
    const curl = `curl ${shellWord(apiUrl("events", { ...q, order: "newest" }))}`;
    const group = "Activity";
    return [
        linkAct(group),
        { ...commandAct(group, command), keys: ["c"] },
        curlAct(group, curl),
        {
            id: "activity-all",
            title: "Show everything",
            group,
            enabled: NARROWING.some((key) => q[key]?.length),
            run: () =>
                setQuery(Object.fromEntries([...NARROWING, "after"].map((key) => [key, null])), {
                    replace: false,
                }),
        },
    ];
}
