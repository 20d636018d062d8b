// SPDX-License-Identifier: Apache-2.0
// Small shapes of the screens of versions: names of refs and marks, digests, who did something when.
import { apiUrl } from "../../api/client";
import type { Ref, Repo, Version } from "../../api/repos";
import { address, setQuery } from "../../base/address";
import { bytes, plural } from "../../base/format";
import { plainName } from "../../base/text";
import { toRepo, toVersion } from "../../routes";
import { Ago, Copy } from "../../ui/parts";
import "./repos.css";

export const serverUrl = (): string => apiUrl("../..").replace(/\/$/, "");

export const ms = (us: number): number => us / 1000;

const KINDS: Record<Repo["kind"], string> = {
    model: "model",
    data: "data set",
    prompt: "prompt",
    run: "run",
    release: "release",
};
export const kindName = (kind: Repo["kind"]): string => KINDS[kind];

// A tag has a mark of its own: colour is never the only sign.
export function RefChip({ repo, name, kind }: { repo: string; name: string; kind: Ref["kind"] }) {
    const sealed = kind === "tag";
    return (
        <a
            class={sealed ? "badge badge-tag" : "badge"}
            href={toRepo(repo, { tab: "refs", ref: name })}
            title={sealed ? "A tag: it never moves" : "An alias: its history"}
        >
            {sealed && <span aria-hidden="true">⚑ </span>}
            <span class="given">{plainName(name)}</span>
        </a>
    );
}

export function RefChips({ version: v }: { version: Version }) {
    return (
        <>
            {v.aliases.map((name) => (
                <RefChip key={name} repo={v.repo} name={name} kind="alias" />
            ))}
            {v.sealed.map((name) => (
                <RefChip key={name} repo={v.repo} name={name} kind="tag" />
            ))}
        </>
    );
}

export function MarkChips({ version }: { version: Version }) {
    return (
        <>
            {version.marks.map((m) => (
                <span key={m.mark} class="badge badge-bad" title={m.reason}>
                    {m.mark}
                </span>
            ))}
        </>
    );
}

export function VersionLink({ repo, number }: { repo: string; number: number }) {
    return <a href={toVersion(repo, number)}>v{number}</a>;
}

export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, "").slice(0, 12);

export function Digest({ digest, label }: { digest: string; label: string }) {
    return (
        <span class="digest">
            <code title={digest}>{shortDigest(digest)}</code>
            <Copy text={digest} label={label} />
        </span>
    );
}

export const sizeOf = (v: Version): string => `${plural(v.files, "file")}, ${bytes(v.bytes)}`;

// Whoever did something; who only said so, without a token, is told apart in the title.
export function Who({ user, proven }: { user: string; proven?: boolean }) {
    if (!user) return <span class="muted">somebody</span>;
    return (
        <span class="given" title={proven === false ? "as they said: without a token" : undefined}>
            {plainName(user)}
        </span>
    );
}

export function When({ us }: { us: number }) {
    return <Ago ms={ms(us)} />;
}

// When a repo changed last, and who made it when: two of its facts.
export function Times({ repo: r }: { repo: Repo }) {
    return (
        <>
            <div>
                <dt>Changed</dt>
                <dd>
                    <When us={r.updated_us} />
                </dd>
            </div>
            <div>
                <dt>Made</dt>
                <dd>
                    <When us={r.created_us} /> by <Who user={r.user} />
                </dd>
            </div>
        </>
    );
}

export function TagBadges({ tags }: { tags: readonly (readonly [string, string])[] }) {
    return (
        <>
            {tags.map(([key, value]) => (
                <span key={key} class="badge badge-plain clip given" title={`${key}: ${value}`}>
                    {plainName(key)}
                    {value && `: ${plainName(value)}`}
                </span>
            ))}
        </>
    );
}

// Of a long list so many are shown as the address says, at least a page.
const PAGE = 50;

export const shownOf = <T,>(all: readonly T[]): readonly T[] =>
    all.slice(0, Math.max(PAGE, Number(address.value.query.get("n")) || PAGE));

export function More({ all, shown, of }: { all: number; shown: number; of: string }) {
    if (all <= shown) return null;
    return (
        <button type="button" class="button" onClick={() => setQuery({ n: shown + PAGE })}>
            {plural(all - shown, `more ${of}`)} …
        </button>
    );
}

export function Reason({ text }: { text: string }) {
    return text ? <span class="given">{plainName(text)}</span> : <span class="muted">no reason given</span>;
}

export const firstLine = (text: string): string => plainName(text.trim().split("\n", 1)[0] ?? "");
