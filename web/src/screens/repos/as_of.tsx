// SPDX-License-Identifier: Apache-2.0
// Where the refs of a repo pointed at a time: each that is there, or was moved since, is resolved as of then.

import { Problem } from "../../api/client";
import { listMoves, type Ref, type Resolved, resolve } from "../../api/repos";
import { plainName, shellWord } from "../../base/text";
import { Headings } from "../../ui/headings";
import { useLoad } from "../../ui/load";
import { Failed, Skeleton } from "../../ui/parts";
import { MarkChips, Reason, VersionLink, When, Who } from "./parts";

const REFS_MAX = 200;
const MOVES_MAX = 1000;

interface Then {
    name: string; // "": the newest version
    was: Resolved | null; // null: it was nowhere
}

async function resolved(address: string, signal: AbortSignal): Promise<Resolved | null> {
    try {
        return await resolve(address, signal);
    } catch (e) {
        if (e instanceof Problem && e.status === 404) return null;
        throw e;
    }
}

// Which refs were somewhere then, by the history: what was removed since is only there. A ref whose moves are older than what
// is read of it is asked for as well.
async function namesThen(
    repo: string,
    refs: readonly Ref[],
    us: number,
    signal: AbortSignal,
): Promise<Map<string, boolean>> {
    const { items, next } = await listMoves(repo, "", { limit: MOVES_MAX }, signal);
    const there = new Map(refs.map((r) => [r.name, r.moved_us <= us || next !== undefined]));
    for (const m of items.toReversed())
        if ((m.time_us ?? 0) <= us) there.set(m.ref, m.to !== undefined);
        else if (!there.has(m.ref)) there.set(m.ref, false);
    return new Map([...there].slice(0, REFS_MAX));
}

async function allThen(repo: string, refs: readonly Ref[], at: string, signal: AbortSignal): Promise<Then[]> {
    // Alone first: a time that can not be read is told once, and a repo that was empty had no refs.
    const newest = { name: "", was: await resolved(`${repo}@{${at}}`, signal) };
    const names = await namesThen(repo, refs, newest.was?.at_us ?? 0, signal);
    const rest = [...names].map(async ([name, there]) => ({
        name,
        was: there && newest.was ? await resolved(`${repo}@${name}@{${at}}`, signal) : null,
    }));
    return [...(await Promise.all(rest)), newest];
}

export function AsOf({ repo, refs, at }: { repo: string; refs: readonly Ref[]; at: string }) {
    const load = useLoad(
        `${repo} ${at} ${refs.map((r) => r.name).join(" ")}`,
        (signal) => allThen(repo, refs, at, signal),
        { keep: false },
    );
    if (load.problem) return <Failed problem={load.problem} />;
    if (!load.data) return <Skeleton lines={4} />;
    return (
        <div class="panel list">
            <table>
                <caption>
                    As it was {at.length > 10 ? "at" : "at the end of"} <b class="given">{plainName(at)}</b>
                    {/^\d{4}-\d\d-\d\d$/.test(at) && " (UTC)"}
                </caption>
                <Headings of={["Ref", "Version", ["Since", "when"], ["By", "narrow"], ["Why", "narrow"]]} />
                <tbody>
                    {load.data.map((t) => (
                        <Row key={t.name} repo={repo} at={at} then={t} />
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function Row({ repo, at, then: { name, was } }: { repo: string; at: string; then: Then }) {
    const address = `${repo}${name && `@${name}`}@{${at}}`;
    return (
        <tr>
            <td title={`stemma show ${shellWord(address)}`}>
                {name ? <span class="given list-name">{plainName(name)}</span> : <i>newest version</i>}
            </td>
            <td>
                {was ? (
                    <span class="badges">
                        <VersionLink repo={repo} number={was.version.number} />
                        <MarkChips version={was.version} />
                    </span>
                ) : (
                    <span class="muted">nowhere</span>
                )}
            </td>
            <td class="when">{was && <When us={was.move?.time_us ?? was.version.created_us} />}</td>
            <td class="narrow">
                {was && <Who user={was.move?.user ?? was.version.user} {...provenOf(was)} />}
            </td>
            <td class="narrow">{was?.move && <Reason text={was.move.reason} />}</td>
        </tr>
    );
}

const provenOf = (was: Resolved): { proven?: boolean } => (was.move ? { proven: was.move.proven } : {});
