// SPDX-License-Identifier: Apache-2.0
// May the version be promoted? For each protected ref what it has and lacks, who approved it, and what to do next.
import { getCaller } from "../../api/caller";
import { getReadiness, listProtections, type Readiness, type Ref, type Version } from "../../api/repos";
import { plainName } from "../../base/text";
import { toDiff, toRepo } from "../../routes";
import { Card } from "../../ui/card";
import { useLoad } from "../../ui/load";
import { Reason, When, Who } from "./parts";
import type { Asking } from "./version_acts";

interface Board {
    caller: string;
    rows: { ref: string; ready: Readiness; asks: readonly string[] }[];
}

async function readBoard(v: Version, signal: AbortSignal): Promise<Board> {
    const [rules, caller] = await Promise.all([listProtections(v.repo, signal), getCaller(signal)]);
    const rows = rules.items.map(async ({ ref = "", require }) => ({
        ref,
        asks: require,
        ready: await getReadiness(v.repo, v.number, ref, signal),
    }));
    const all = await Promise.all(rows);
    return { caller: caller.proven ? caller.user : "", rows: all.filter((r) => r.ref) };
}

export function Promotion({
    version: v,
    refs,
    turn,
    ask,
}: {
    version: Version;
    refs: readonly Ref[];
    turn: number;
    ask: (what: Asking) => void;
}) {
    const load = useLoad(`${v.id} ${turn}`, (signal) => readBoard(v, signal));
    if (!load.data)
        return load.problem ? (
            <Card title="Promotion">
                <p class="card-body bad">{load.problem.message}</p>
            </Card>
        ) : null;
    const { rows, caller } = load.data;
    const all = <a href={toRepo(v.repo, { tab: "protection" })}>What is asked for</a>;
    return (
        <Card title="Promotion" extra={all}>
            {rows.length ? (
                rows.map((r) => (
                    <Row
                        key={r.ref}
                        version={v}
                        row={r}
                        now={refs.find((ref) => ref.name === r.ref)?.version ?? 0}
                        caller={caller}
                        ask={ask}
                    />
                ))
            ) : (
                <p class="card-body muted">No ref of this repo is protected: any alias may be moved here.</p>
            )}
        </Card>
    );
}

function Row({
    version: v,
    row: { ref, ready, asks },
    now,
    caller,
    ask,
}: {
    version: Version;
    row: Board["rows"][number];
    now: number; // where the ref is; 0: nowhere
    caller: string;
    ask: (what: Asking) => void;
}) {
    const isHere = v.aliases.includes(ref);
    const mine = ready.approvals.some((a) => a.user === caller);
    return (
        <section class="card-body promotion" aria-label={`Promotion to ${ref}`}>
            <div class="row">
                <h3 class="grow given">{plainName(ref)}</h3>
                <span class={ready.ready ? "good" : "bad"}>
                    {isHere ? "✓ here" : ready.ready ? "✓ ready" : "✕ not ready"}
                </span>
            </div>
            <Asked asks={asks} ready={ready} />
            <Approvals ready={ready} />
            <div class="row">
                {mine ? (
                    <button
                        type="button"
                        class="button"
                        onClick={() => ask({ what: "approve", ref, withdraw: true })}
                    >
                        Take approval back …
                    </button>
                ) : (
                    <button type="button" class="button" onClick={() => ask({ what: "approve", ref })}>
                        Approve …
                    </button>
                )}
                {now > 0 && now !== v.number && (
                    <a class="button" href={toDiff(v.repo, now, v.number)}>
                        What differs from v{now}
                    </a>
                )}
                {!isHere && (
                    <button
                        type="button"
                        class="button"
                        disabled={!ready.ready}
                        title={ready.ready ? "" : "It lacks what is asked for"}
                        onClick={() => ask({ what: "alias", name: ref })}
                    >
                        Move {plainName(ref)} here …
                    </button>
                )}
            </div>
        </section>
    );
}

// What is asked for, and whether the version has it.
export function Asked({ asks, ready }: { asks: readonly string[]; ready: Readiness }) {
    const counting = ready.approvals.filter((a) => a.counts).length;
    return (
        <ul class="parts">
            {asks.map((part) => {
                const lacks = ready.lacks.some((l) => l === part);
                return (
                    <li key={part} class={lacks ? "bad" : "good"}>
                        {lacks ? "✕" : "✓"} {part}
                    </li>
                );
            })}
            {ready.rule && (
                <li class={ready.rule_holds ? "good given" : "bad given"}>
                    {ready.rule_holds ? "✓" : "✕"} rule {plainName(ready.rule)}
                    {ready.rule_fails && `: ${plainName(ready.rule_fails)}`}
                </li>
            )}
            {ready.approvals_needed > 0 && (
                <li class={counting < ready.approvals_needed ? "bad" : "good"}>
                    {counting} of {ready.approvals_needed} approvals
                </li>
            )}
        </ul>
    );
}

export function Approvals({ ready }: { ready: Readiness }) {
    if (!ready.approvals.length) return null;
    return (
        <ul class="lines">
            {ready.approvals.map((a) => (
                <li key={a.user}>
                    <Who user={a.user} /> <When us={a.time_us} />: <Reason text={a.reason} />
                    {!a.counts && <span class="muted"> (counts no more: disabled, or no writer now)</span>}
                </li>
            ))}
        </ul>
    );
}
