// SPDX-License-Identifier: Apache-2.0
// The promotion board: where each ref is that is protected or set, and for the one that is chosen (`ref` in the address) which
// versions may be next and what each of them lacks. A page of candidates is one request (`after`).
import { useState } from "preact/hooks";
import { type Caller, getCaller } from "../../api/caller";
import {
    type Candidate,
    getVersion,
    listCandidates,
    listProtections,
    type Protection,
    type Ref,
    type Version,
} from "../../api/repos";
import { address } from "../../base/address";
import { plainName, shellWord } from "../../base/text";
import { toDiff, toRepo } from "../../routes";
import { useActs } from "../../ui/acts";
import { Headings } from "../../ui/headings";
import { useLoad } from "../../ui/load";
import { Empty, Failed, Paste, Skeleton } from "../../ui/parts";
import { askedOf } from "../activity/words";
import { RollBack } from "./ask_ref";
import { Questions } from "./ask_version";
import { Pager } from "./pager";
import { firstLine, MarkChips, Reason, RefChips, VersionLink, When, Who } from "./parts";
import { Approvals, Asked } from "./promotion";
import { commandOf } from "./protections";
import "./board.css";

const PAGE = 20;

interface Goal {
    name: string;
    at: Ref | undefined; // it is nowhere yet
    rule: Protection | undefined; // it is not protected
}

type Asking = { what: "approve" | "withdraw" | "move"; version: Version } | { what: "back" } | null;

interface Shared {
    repo: string;
    refs: readonly Ref[];
    turn: number;
    changed: () => void;
}

// Protected ones first; tags never move.
function goalsOf(refs: readonly Ref[], rules: readonly Protection[]): Goal[] {
    const goal = (name: string): Goal => ({
        name,
        at: refs.find((r) => r.name === name),
        rule: rules.find((p) => p.ref === name),
    });
    const names = [...rules.map((p) => p.ref ?? ""), ...refs.map((r) => r.name)];
    return [...new Set(names)].map(goal).filter((g) => g.name && g.at?.kind !== "tag");
}

export function Board(props: Shared) {
    const { repo, refs, turn } = props;
    const rules = useLoad(`${repo} ${turn}`, (signal) => listProtections(repo, signal));
    const caller = useLoad("", getCaller).data;
    const [asking, setAsking] = useState<Asking>(null);
    const goals = goalsOf(refs, rules.data?.items ?? []);
    const wanted = address.value.query.get("ref");
    const goal = goals.find((g) => g.name === wanted) ?? goals[0];
    useActs([
        {
            id: "board-back",
            title: "Roll back …",
            group: "Promotion",
            keys: ["r"],
            enabled: goal?.at !== undefined,
            run: () => setAsking({ what: "back" }),
            command: `stemma rollback ${shellWord(`${repo}@${goal?.name ?? "prod"}`)} -m WHY`,
        },
    ]);
    if (rules.problem && !rules.loading) return <Failed problem={rules.problem} retry={rules.reload} />;
    if (!rules.data) return <Skeleton lines={8} />;
    if (!goal) return <None repo={repo} />;
    return (
        <div class="side">
            <ul class="board-goals" aria-label="Refs">
                {goals.map((g) => (
                    <Place key={g.name} repo={repo} goal={g} isChosen={g === goal} />
                ))}
            </ul>
            <Candidates
                key={goal.name}
                {...props}
                goal={goal}
                caller={caller}
                ask={setAsking}
                back={() => setAsking({ what: "back" })}
            />
            <Ask asking={asking} goal={goal} close={() => setAsking(null)} {...props} />
        </div>
    );
}

function Ask({ asking, goal, close, ...of }: Shared & { asking: Asking; goal: Goal; close: () => void }) {
    if (!asking) return null;
    const shared = { refs: of.refs, done: of.changed, close };
    if (asking.what === "back") return <RollBack repo={of.repo} {...shared} from={[goal.name]} />;
    const { version, what } = asking;
    if (what === "move")
        return <Questions {...shared} version={version} asking={{ what: "alias", name: goal.name }} />;
    const approval = { what: "approve", ref: goal.name, withdraw: what === "withdraw" } as const;
    return <Questions {...shared} version={version} asking={approval} />;
}

function None({ repo }: { repo: string }) {
    return (
        <Empty title="No ref is protected or set">
            <p>
                The board shows which versions may be promoted to a ref such as prod, and what each of them
                lacks. A maintainer says what prod asks for:
            </p>
            <Paste
                text={commandOf(repo, {
                    ref: "prod",
                    require: ["card", "evaluations"],
                    approvals: 1,
                })}
            />
            <p>or set an alias, which anybody who writes may move:</p>
            <Paste text={`stemma alias ${shellWord(`${repo}@latest`)} prod -m "the first"`} />
        </Empty>
    );
}

// Where a ref is, since when and by whom; the choice of it is a link.
function Place({
    repo,
    goal: { name, at, rule },
    isChosen,
}: {
    repo: string;
    goal: Goal;
    isChosen: boolean;
}) {
    return (
        <li class={isChosen ? "panel board-goal is-chosen" : "panel board-goal"}>
            <div class="row">
                <h2 class="grow">
                    <a
                        class="given"
                        href={toRepo(repo, { tab: "promotion", ref: name })}
                        aria-current={isChosen ? "true" : undefined}
                    >
                        {plainName(name)}
                    </a>
                </h2>
                {at ? (
                    <VersionLink repo={repo} number={at.version} />
                ) : (
                    <span class="muted">nowhere yet</span>
                )}
            </div>
            {at && (
                <p>
                    <When us={at.moved_us} /> by <Who user={at.user} proven={at.proven} />:{" "}
                    <Reason text={at.reason} />
                </p>
            )}
            <p class="muted">{rule ? `asks for: ${askedOf(rule)}` : "not protected"}</p>
        </li>
    );
}

interface ListProps extends Shared {
    goal: Goal;
    caller: Caller | undefined;
    ask: (asking: Asking) => void;
    back: () => void;
}

function Candidates({ repo, goal, turn, caller, ask, back }: ListProps) {
    const after = address.value.query.get("after") ?? "";
    const load = useLoad(`${repo} ${goal.name} ${after} ${turn}`, (signal) =>
        listCandidates(repo, { ref: goal.name, limit: PAGE, after }, signal),
    );
    if (load.problem && !load.loading) return <Failed problem={load.problem} retry={load.reload} />;
    if (!load.data) return <Skeleton lines={8} />;
    const { items, next } = load.data;
    return (
        <>
            <div class="row side-bar">
                <span class="grow">
                    {goal.at && <Now repo={repo} number={goal.at.version} turn={turn} />}
                </span>
                {goal.at && (
                    <button
                        type="button"
                        class="button"
                        title="Shows first what it would do (r)"
                        onClick={back}
                    >
                        Roll {plainName(goal.name)} back …
                    </button>
                )}
            </div>
            {items.length ? (
                <div class="panel list">
                    <table class="board">
                        <caption>
                            What may be at <b class="given">{plainName(goal.name)}</b> next
                        </caption>
                        <Headings
                            of={[
                                "Version",
                                "What is new",
                                "What is asked for",
                                "Approved by",
                                ["Published", "when"],
                                ["Acts", "acts", "hidden"],
                            ]}
                        />
                        <tbody>
                            {items.map((c) => (
                                <Row
                                    key={c.version.number}
                                    candidate={c}
                                    goal={goal}
                                    caller={caller}
                                    ask={ask}
                                />
                            ))}
                        </tbody>
                    </table>
                </div>
            ) : (
                <p class="muted">
                    {next
                        ? "Of these versions none may be there: all are yanked or bad."
                        : "No version may be there."}
                </p>
            )}
            <Pager after={after} next={next} newest="Newest versions" older="Older versions" />
        </>
    );
}

// What is there now, also when that was found to be bad since.
function Now({ repo, number, turn }: { repo: string; number: number; turn: number }) {
    const load = useLoad(`${repo}/${number} ${turn}`, (signal) => getVersion(repo, String(number), signal));
    const v = load.data;
    if (!v) return null;
    return (
        <span class="badges">
            Now <VersionLink repo={repo} number={v.number} />
            <MarkChips version={v} />
            <span class="given">{firstLine(v.description)}</span>
        </span>
    );
}

function Row({
    candidate: { version: v, readiness },
    goal,
    caller,
    ask,
}: {
    candidate: Candidate;
    goal: Goal;
    caller: Caller | undefined;
    ask: (asking: Asking) => void;
}) {
    const isHere = goal.at?.version === v.number;
    return (
        <tr class={isHere ? "is-here" : ""}>
            <td>
                <span class="badges">
                    <VersionLink repo={v.repo} number={v.number} />
                    <span class={readiness.ready || isHere ? "good" : "bad"}>
                        {isHere ? "✓ here" : readiness.ready ? "✓ ready" : "✕ not ready"}
                    </span>
                    <RefChips version={v} />
                </span>
            </td>
            <td class={v.description ? "" : "narrow"}>
                <span class="given">{firstLine(v.description) || <span class="muted">–</span>}</span>
            </td>
            <td>
                {readiness.protected ? (
                    <Asked asks={goal.rule?.require ?? []} ready={readiness} />
                ) : (
                    <span class="muted">nothing</span>
                )}
            </td>
            <td class={readiness.approvals.length ? "" : "narrow"}>
                {readiness.approvals.length ? (
                    <Approvals ready={readiness} />
                ) : (
                    <span class="muted">nobody</span>
                )}
            </td>
            <td class="when">
                <When us={v.created_us} /> by <Who user={v.user} />
            </td>
            <td class="acts">
                <Acts version={v} readiness={readiness} goal={goal} caller={caller} ask={ask} />
            </td>
        </tr>
    );
}

const MOVERS: readonly Caller["role"][] = ["maintainer", "admin"];

// Why who asks can not do it; empty: nothing is known that speaks against it.
function whyNotApprove(v: Version, caller: Caller | undefined): string {
    if (!caller) return "";
    if (!caller.proven) return "It takes a token of your own";
    return caller.user === v.user ? "You published it" : "";
}

function whyNotMove(ready: boolean, goal: Goal, caller: Caller | undefined): string {
    if (!ready) return "It lacks what is asked for";
    return goal.rule && caller && !MOVERS.includes(caller.role) ? "Only maintainers move it" : "";
}

function Acts({
    version: v,
    readiness,
    goal,
    caller,
    ask,
}: {
    version: Version;
    readiness: Candidate["readiness"];
    goal: Goal;
    caller: Caller | undefined;
    ask: (asking: Asking) => void;
}) {
    const now = goal.at?.version ?? 0;
    const mine = caller?.proven === true && readiness.approvals.some((a) => a.user === caller.user);
    const [noApproval, noMove] = [whyNotApprove(v, caller), whyNotMove(readiness.ready, goal, caller)];
    return (
        <div class="row board-acts">
            {mine ? (
                <button type="button" class="button" onClick={() => ask({ what: "withdraw", version: v })}>
                    Take approval back …
                </button>
            ) : (
                readiness.protected && (
                    <button
                        type="button"
                        class="button"
                        disabled={noApproval !== ""}
                        title={noApproval}
                        onClick={() => ask({ what: "approve", version: v })}
                    >
                        Approve …
                    </button>
                )
            )}
            {now !== v.number && (
                <button
                    type="button"
                    class="button"
                    disabled={noMove !== ""}
                    title={noMove}
                    onClick={() => ask({ what: "move", version: v })}
                >
                    Move here …
                </button>
            )}
            {now > 0 && now !== v.number && (
                <a class="board-diff" href={toDiff(v.repo, now, v.number)}>
                    to v{now}
                </a>
            )}
        </div>
    );
}
