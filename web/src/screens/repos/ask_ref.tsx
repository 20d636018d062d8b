// SPDX-License-Identifier: Apache-2.0
// What is done with refs: set or move an alias, seal a tag, roll back, remove. Each says to the server where this page
// showed the ref, so of two people who saw the same one succeeds and the other is told who was faster.
import { useId, useState } from "preact/hooks";
import { Problem } from "../../api/client";
import {
    allRefs,
    getSuggested,
    getVersion,
    type Ref,
    type RefMove,
    removeRef,
    rollBack,
    type Suggested,
    setRef,
    type Version,
} from "../../api/repos";
import { plural } from "../../base/format";
import { plainName } from "../../base/text";
import { useLoad } from "../../ui/load";
import { Skeleton } from "../../ui/parts";
import { say } from "../../ui/toast";
import { AskAct, Choice, Field } from "./ask";
import { Reason, VersionLink, When, Who } from "./parts";

const never = new AbortController().signal;

// The refs as they were when the dialog was opened; after a conflict as they are now.
function useShown(repo: string, refs: readonly Ref[]) {
    const [shown, setShown] = useState(refs);
    async function tryIt<T>(act: () => Promise<T>): Promise<T> {
        try {
            return await act();
        } catch (e) {
            if (e instanceof Problem && e.status === 409) setShown(await allRefs(repo, never));
            throw e;
        }
    }
    return { shown, tryIt };
}

function Where({ at }: { at: Ref }) {
    return (
        <p class="ask-note">
            It is at v{at.version}, set by <Who user={at.user} proven={at.proven} /> <When us={at.moved_us} />
            : <Reason text={at.reason} />
        </p>
    );
}

// "prod of bot is at v3 now, and with it that of prompt at v2"
function told(repo: string, move: RefMove): string {
    const pins = (move.pins ?? []).map((p) => `${p.repo} v${p.to}`);
    const along = pins.length ? `, and with it ${pins.join(", ")}` : "";
    return `${move.ref} of ${repo} is at v${move.to} now${along}`;
}

// The way back of a move: there is one when only this ref moved.
async function back(repo: string, ref: string, from: number, at: number): Promise<unknown> {
    if (from) return setRef(repo, ref, { version: from, expected: at, reason: "undone" });
    return removeRef(repo, ref, { expected: at, reason: "undone" });
}

export function SetRef({
    repo,
    kind,
    name: first = "",
    version,
    refs,
    done,
    close,
}: {
    repo: string;
    kind: Ref["kind"];
    name?: string;
    version?: Version; // left out: its number is asked for
    refs: readonly Ref[];
    done: () => void;
    close: () => void;
}) {
    const id = useId();
    const [name, setName] = useState(first);
    const [number, setNumber] = useState(String(version?.number ?? ""));
    const [reason, setReason] = useState("");
    const { shown, tryIt } = useShown(repo, refs);
    const at = shown.find((r) => r.name === name.trim());
    const to = Number(number);
    const isVersion = Number.isInteger(to) && to > 0;
    const stays = at !== undefined && (at.kind === "tag" || kind === "tag" || at.version === to);
    async function run(): Promise<void> {
        const ref = name.trim();
        const from = at?.version ?? 0;
        const move = await tryIt(() => setRef(repo, ref, { version: to, kind, expected: from, reason }));
        done();
        const undo = async (): Promise<void> => {
            await back(repo, ref, from, to);
            done();
        };
        say(told(repo, move), kind === "tag" || move.pins?.length ? undefined : undo);
    }
    return (
        <AskAct
            title={`${kind === "tag" ? "Seal a tag" : "Set or move an alias"}${version ? ` to v${version.number}` : ""}`}
            act={kind === "tag" ? "Seal" : at ? "Move" : "Set"}
            ready={name.trim() !== "" && isVersion && !stays}
            run={run}
            close={close}
        >
            <Field
                label={kind === "tag" ? "Tag, such as v1.2.0" : "Alias, such as prod"}
                value={name}
                change={setName}
                list={id}
            />
            <datalist id={id}>
                {kind === "alias" &&
                    shown
                        .filter((r) => r.kind === "alias")
                        .map((r) => <option key={r.name} value={r.name} />)}
            </datalist>
            {!version && (
                <Field label="To version (its number)" value={number} change={setNumber} type="number" />
            )}
            {at && <Where at={at} />}
            {at?.kind === "tag" && <p class="ask-note">It is a tag: it never moves.</p>}
            {at?.kind === "alias" && kind === "tag" && <p class="ask-note">It is the name of an alias.</p>}
            {kind === "tag" && !at && (
                <p class="ask-note muted">
                    A tag never moves, and its version can not be deleted while it is there.
                </p>
            )}
            {kind === "tag" && isVersion && (
                <Suggestion key={to} repo={repo} number={to} name={name.trim()} take={setName} />
            )}
            {version && <Pins version={version} />}
            <Field label="Why" value={reason} change={setReason} />
        </AskAct>
    );
}

const STEPS: Record<Suggested["step"], string> = {
    same: "no new one, it is the same",
    first: "the first of this repo",
    patch: "a patch",
    minor: "a minor step",
    major: "a major step",
};
const REASONS = 5;

// The semantic version that the server proposes, and why; a press takes it.
function Suggestion({
    repo,
    number,
    name,
    take,
}: {
    repo: string;
    number: number;
    name: string;
    take: (name: string) => void;
}) {
    const { data: s } = useLoad(`${repo}/${number}`, (signal) => getSuggested(repo, number, signal));
    if (!s) return null; // it is a help: the dialog does without
    const { version, against, against_tag: tag, reasons } = s;
    const link = s.step === "same" ? "as" : "against";
    const before = against ? ` ${link} v${against}${tag ? ` (${plainName(tag)})` : ""}` : "";
    return (
        <section class="ask-note suggestion" aria-label="Suggested">
            <p class="row">
                {version !== undefined && (
                    <button
                        type="button"
                        class="button"
                        aria-pressed={name === version}
                        onClick={() => take(version)}
                    >
                        {plainName(version)}
                    </button>
                )}
                <span>
                    suggested: {STEPS[s.step]}
                    {before}
                </span>
            </p>
            {reasons.length > 0 && (
                <ul>
                    {reasons.slice(0, REASONS).map((r) => (
                        <li key={`${r.fact} ${r.text}`}>
                            {r.fact}: <span class="given">{plainName(r.text)}</span>
                        </li>
                    ))}
                    {reasons.length > REASONS && (
                        <li class="muted">{plural(reasons.length - REASONS, "more reason")}</li>
                    )}
                </ul>
            )}
        </section>
    );
}

// An alias of a release takes those of what it pins along.
function Pins({ version: v }: { version: Version }) {
    // In lists they are left out.
    const whole = useLoad(v.id, async (signal) =>
        v.parents ? v : getVersion(v.repo, String(v.number), signal),
    );
    const pins = whole.data?.parents?.filter((p) => p.relation === "pins") ?? [];
    if (!pins.length) return null;
    return (
        <p class="ask-note">
            The same alias moves along of: {pins.map((p) => `${p.repo} to v${p.number}`).join(", ")}.
        </p>
    );
}

export function RollBack({
    repo,
    from,
    refs,
    done,
    close,
}: {
    repo: string;
    from: readonly string[]; // the aliases that it may be
    refs: readonly Ref[];
    done: () => void;
    close: () => void;
}) {
    const [name, setName] = useState(from[0] ?? "");
    const [reason, setReason] = useState("");
    const { shown, tryIt } = useShown(repo, refs);
    const at = shown.find((r) => r.name === name);
    const expected = at?.version ?? 0;
    const tried = useLoad(
        `${name} ${expected}`,
        () => tryIt(() => rollBack(repo, name, { expected, dry_run: true })),
        { keep: false },
    );
    async function run(): Promise<void> {
        const move = await tryIt(() => rollBack(repo, name, { expected, reason }));
        done();
        say(told(repo, move));
    }
    return (
        <AskAct
            title={from.length > 1 ? "Roll back" : `Roll ${name} back`}
            act={tried.data ? `Roll back to v${tried.data.to}` : "Roll back"}
            danger
            ready={tried.data !== undefined && reason.trim() !== ""}
            run={run}
            close={close}
        >
            {from.length > 1 && <Choice label="Alias" value={name} from={from} change={setName} />}
            {at && <Where at={at} />}
            {tried.problem ? (
                <p class="bad ask-wrong" role="alert">
                    {tried.problem.message}
                </p>
            ) : tried.data ? (
                <Tried repo={repo} move={tried.data} />
            ) : (
                <Skeleton lines={2} />
            )}
            <Field label="Why (needed)" value={reason} change={setReason} />
        </AskAct>
    );
}

// What a rollback would do.
function Tried({ repo, move }: { repo: string; move: RefMove }) {
    const moves = [{ repo, from: move.from, to: move.to ?? 0 }, ...(move.pins ?? [])];
    return (
        <table class="ask-moves">
            <caption class="muted">This would move{move.pins?.length ? ", all or nothing" : ""}:</caption>
            <tbody>
                {moves.map((m) => (
                    <tr key={m.repo}>
                        <th scope="row" class="given">
                            {m.repo}@{move.ref}
                        </th>
                        <td>{m.from ? `v${m.from}` : "nowhere"}</td>
                        <td aria-label="to">→</td>
                        <td>
                            <VersionLink repo={m.repo} number={m.to} />
                        </td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

export function RemoveRef({
    repo,
    at,
    done,
    close,
}: {
    repo: string;
    at: Ref;
    done: () => void;
    close: () => void;
}) {
    const [reason, setReason] = useState("");
    const isTag = at.kind === "tag";
    async function run(): Promise<void> {
        await removeRef(repo, at.name, { expected: at.version, reason });
        done();
        const undo = async (): Promise<void> => {
            await setRef(repo, at.name, {
                version: at.version,
                kind: at.kind,
                expected: 0,
                reason: "undone",
            });
            done();
        };
        say(`Removed ${at.name} of ${repo}`, undo);
    }
    return (
        <AskAct
            title={`Remove the ${at.kind} ${at.name}`}
            act="Remove"
            danger
            ready={!isTag || reason.trim() !== ""}
            run={run}
            close={close}
        >
            <p class="ask-note">Its history stays.</p>
            <Field label={isTag ? "Why (needed)" : "Why"} value={reason} change={setReason} />
        </AskAct>
    );
}
