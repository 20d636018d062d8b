// SPDX-License-Identifier: Apache-2.0
// What the pickles among a version's files would import, for whoever is about to load one: a note in the head where that is not
// known to be harmless, a card with all of them, and a line above a file that is one.
import type { Pickle, Version } from "../../api/repos";
import { plural } from "../../base/format";
import { plainName } from "../../base/text";
import { toVersion } from "../../routes";
import { Card } from "../../ui/card";
import type { Load } from "../../ui/load";

export type Pickles = Load<Pickle[]>;

const WORST: readonly Pickle["verdict"][] = ["dangerous", "unknown", "harmless"];
const LOOKS = {
    dangerous: { mark: "✕", look: "bad" },
    unknown: { mark: "?", look: "warn" },
    harmless: { mark: "✓", look: "good" },
};
const FILES = 50;
const NAMES = 20; // of imports of a file

const sorted = (pickles: readonly Pickle[] = []): Pickle[] =>
    pickles.toSorted((a, b) => WORST.indexOf(a.verdict) - WORST.indexOf(b.verdict));

const AsFile = ({ version: v, path }: { version: Version; path: string }) => (
    <a class="given" href={toVersion(v.repo, v.number, { tab: "files", file: path })}>
        {plainName(path)}
    </a>
);

const namesOf = (p: Pickle): string[] => p.imports.filter((i) => i.verdict !== "harmless").map((i) => i.name);

function Names({ names }: { names: readonly string[] }) {
    return (
        <>
            {names.slice(0, NAMES).map((name, at) => (
                <span key={name}>
                    {at > 0 && ", "}
                    <code class="given">{plainName(name)}</code>
                </span>
            ))}
            {names.length > NAMES && ` and ${names.length - NAMES} more`}
        </>
    );
}

export function PickleNote({ version: v, pickles }: { version: Version; pickles: Pickles }) {
    const [worst, ...others] = sorted(pickles.data).filter((p) => p.verdict !== "harmless");
    if (!worst) return null;
    const bad = worst.verdict === "dangerous";
    const names = namesOf(worst);
    const file = <AsFile version={v} path={worst.path} />;
    return (
        <p class={bad ? "head-note head-note-bad" : "head-note"} role="status">
            <b>{bad ? "Dangerous: load it nowhere" : "Not known to be harmless"}</b>
            {names.length > 0 && (
                <span>
                    Whoever loads {file} runs <Names names={names} />
                </span>
            )}
            {worst.problem && (
                <span>
                    What loading {file} would run is not all known: {plainName(worst.problem)}
                </span>
            )}
            {others.length > 0 && <span class="muted">and {plural(others.length, "more file")}</span>}
        </p>
    );
}

function Verdict({ of: p }: { of: Pickle }) {
    const { mark, look } = LOOKS[p.verdict];
    const names = namesOf(p);
    const harmless = p.imports.length - names.length;
    return (
        <span>
            <b class={look}>
                <span aria-hidden="true">{mark}</span> {p.verdict}
            </b>
            {names.length > 0 && (
                <>
                    : imports <Names names={names} />
                </>
            )}
            {p.problem && <>: not read to its end: {plainName(p.problem)}</>}
            {harmless > 0 && <span class="muted"> ({plural(harmless, "import")} known to be harmless)</span>}
        </span>
    );
}

export function PickleCard({ version: v, pickles }: { version: Version; pickles: Pickles }) {
    if (pickles.problem && !pickles.data)
        return (
            <Card title="Pickles">
                <p class="card-body bad">{pickles.problem.message}</p>
            </Card>
        );
    const all = sorted(pickles.data);
    if (!all.length) return null;
    return (
        <Card title="Pickles" extra={<span class="muted">what loading them would run</span>}>
            <dl class="pairs">
                {all.slice(0, FILES).map((p) => (
                    <div class="pair" key={p.path}>
                        <dt>
                            <AsFile version={v} path={p.path} />
                        </dt>
                        <dd>
                            <Verdict of={p} />
                        </dd>
                    </div>
                ))}
            </dl>
            {all.length > FILES && (
                <p class="card-body muted">
                    and {plural(all.length - FILES, "more file")}, none of them worse
                </p>
            )}
        </Card>
    );
}

// Above a file that is one.
export function FileVerdict({ pickles, path }: { pickles: Pickles; path: string }) {
    const found = pickles.data?.find((p) => p.path === path);
    if (!found) return null;
    return (
        <p class="file-verdict" role="note">
            <Verdict of={found} />
        </p>
    );
}
