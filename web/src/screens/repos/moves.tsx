// SPDX-License-Identifier: Apache-2.0
// The history of moves, of a repo or of one of its refs (`ref` in the address). The time of a move leads to where all refs
// pointed then.

import { listMoves, type RefMove } from "../../api/repos";
import { address } from "../../base/address";
import { dateTime } from "../../base/format";
import { plainName } from "../../base/text";
import { toRepo } from "../../routes";
import { Card } from "../../ui/card";
import { Headings } from "../../ui/headings";
import { useLoad } from "../../ui/load";
import { Failed, Skeleton } from "../../ui/parts";
import { Pager } from "./pager";
import { ms, Reason, VersionLink, When, Who } from "./parts";

const PAGE = 50;

// A time as addresses take it: a second, which means its end.
const secondOf = (us: number): string => `${new Date(ms(us)).toISOString().slice(0, 19)}Z`;

export function Moves({ repo, turn }: { repo: string; turn: number }) {
    const { query } = address.value;
    const ref = query.get("ref") ?? "";
    const after = query.get("after") ?? "";
    const load = useLoad(`${repo} ${ref} ${after} ${turn}`, (signal) =>
        listMoves(repo, ref, { limit: PAGE, after }, signal),
    );
    const all = ref && (
        <a class="button" href={toRepo(repo, { tab: "refs", at: query.get("at") })}>
            History of all
        </a>
    );
    return (
        <Card title={ref ? `History of ${plainName(ref)}` : "History"} extra={all}>
            {load.problem && !load.loading ? (
                <Failed problem={load.problem} retry={load.reload} />
            ) : load.data ? (
                <Table repo={repo} moves={load.data.items} />
            ) : (
                <Skeleton lines={4} />
            )}
            <div class="card-foot">
                <Pager after={after} next={load.data?.next} newest="Newest moves" older="Older moves" />
            </div>
        </Card>
    );
}

function Table({ repo, moves }: { repo: string; moves: readonly RefMove[] }) {
    if (!moves.length) return <p class="card-body muted">Nothing was moved yet.</p>;
    return (
        <div class="list">
            <table>
                <Headings of={[["When", "when"], "Ref", "Move", ["By", "narrow"], "Why"]} />
                <tbody>
                    {moves.map((m, i) => (
                        <Row key={`${m.time_us} ${m.ref} ${i}`} repo={repo} move={m} />
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function Row({ repo, move: m }: { repo: string; move: RefMove }) {
    const us = m.time_us ?? 0;
    return (
        <tr>
            <td class="when">
                <a
                    href={toRepo(repo, { tab: "refs", at: secondOf(us) })}
                    title={`${dateTime(ms(us))}: where all refs pointed then`}
                >
                    <When us={us} />
                </a>
            </td>
            <td>
                <a class="given" href={toRepo(repo, { tab: "refs", ref: m.ref })}>
                    {plainName(m.ref)}
                </a>
            </td>
            <td class="move">
                {m.from ? <VersionLink repo={repo} number={m.from} /> : <span class="muted">new</span>} →{" "}
                {m.to ? <VersionLink repo={repo} number={m.to} /> : <span class="muted">removed</span>}
            </td>
            <td class="narrow">
                <Who user={m.user} proven={m.proven} />
            </td>
            <td>
                <Reason text={m.reason} />
            </td>
        </tr>
    );
}
