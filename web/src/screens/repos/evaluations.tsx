// SPDX-License-Identifier: Apache-2.0
// What was measured of a version since it was published: a row a score, the newest evaluation first; one that was withdrawn
// says why, and counts no more.
import { useState } from "preact/hooks";
import { type Evaluation, listEvaluations, type Version } from "../../api/repos";
import { numberOf, shortNumber } from "../../base/format";
import { plainName } from "../../base/text";
import { toRunById, toVersion } from "../../routes";
import { Card } from "../../ui/card";
import { Headings } from "../../ui/headings";
import { useLoad } from "../../ui/load";
import { When, Who } from "./parts";

const EVALUATIONS = 20; // at first
const ALL = 1000;
const SCORES = 12;

export function Evaluations({ version: v, turn }: { version: Version; turn: number }) {
    const [limit, setLimit] = useState(EVALUATIONS);
    const load = useLoad(`${v.id} ${limit} ${turn}`, (signal) =>
        listEvaluations(v.repo, v.number, { limit }, signal),
    );
    if (load.problem && !load.data)
        return (
            <Card title="Evaluations">
                <p class="card-body bad">{load.problem.message}</p>
            </Card>
        );
    if (!load.data?.items.length) return null;
    const older = load.data.next && limit < ALL && (
        <button type="button" class="button plain" onClick={() => setLimit(ALL)}>
            Older ones
        </button>
    );
    return (
        <Card title="Evaluations" extra={older}>
            <div class="list">
                <table>
                    <Headings of={["Suite", "Score", "Value", ["Measured", "narrow"]]} />
                    {load.data.items.map((x) => (
                        <Rows key={x.number} of={x} />
                    ))}
                </table>
            </div>
        </Card>
    );
}

function Rows({ of: x }: { of: Evaluation }) {
    const [whole, setWhole] = useState(false);
    const shown = whole || x.scores.length <= SCORES + 1 ? x.scores : x.scores.slice(0, SCORES);
    const left = x.scores.length - shown.length;
    const rows = shown.length + (left ? 1 : 0);
    return (
        <tbody class={x.withdrawn ? "is-gone" : undefined}>
            {shown.map((s, i) => (
                <tr key={s.name}>
                    {!i && (
                        <td rowSpan={rows}>
                            <Suite of={x} />
                        </td>
                    )}
                    <td class="given list-text">{plainName(s.name)}</td>
                    <td class="list-text" title={String(s.value)}>
                        {shortNumber(numberOf(s.value))}
                    </td>
                    {!i && (
                        <td class="narrow" rowSpan={rows}>
                            <Measured of={x} />
                        </td>
                    )}
                </tr>
            ))}
            {left > 0 && (
                <tr>
                    <td colSpan={2}>
                        <button type="button" class="button plain" onClick={() => setWhole(true)}>
                            {left} more
                        </button>
                    </td>
                </tr>
            )}
        </tbody>
    );
}

function Suite({ of: x }: { of: Evaluation }) {
    return (
        <>
            <span class="given list-name">{plainName(x.suite)}</span>
            <span class="list-more muted">evaluation {x.number}</span>
            {x.withdrawn && (
                <span class="list-more bad">
                    withdrawn by <Who user={x.withdrawn.user} proven={x.withdrawn.proven} />{" "}
                    <When us={x.withdrawn.time_us} />:{" "}
                    <span class="given">{plainName(x.withdrawn.reason)}</span>
                </span>
            )}
        </>
    );
}

function Measured({ of: x }: { of: Evaluation }) {
    return (
        <>
            <When us={x.time_us} />, by <Who user={x.user} proven={x.proven} />
            {x.run && (
                <span class="list-more">
                    <a href={toRunById(x.run)}>by run {x.run.slice(0, 10)}</a>
                </span>
            )}
            {x.data && (
                <span class="list-more">
                    on{" "}
                    <a class="given" href={toVersion(x.data.repo, x.data.number)}>
                        {plainName(x.data.repo)} v{x.data.number}
                    </a>
                </span>
            )}
            {x.note && <span class="list-more given">{plainName(x.note)}</span>}
        </>
    );
}
