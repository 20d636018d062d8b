// SPDX-License-Identifier: Apache-2.0
// What a version says, or how that differs from what another said: its messages, the configuration of the model, the format of
// the answer.
import type { Version } from "../../api/repos";
import { setQuery } from "../../base/address";
import { plainName } from "../../base/text";
import { toVersion } from "../../routes";
import { Card } from "../../ui/card";
import { Difference } from "../../ui/difference";
import type { Load } from "../../ui/load";
import { Failed, Skeleton } from "../../ui/parts";
import { exactText, parseExactly } from "../../view/json";
import { MarkChips, Reason, VersionLink, When, Who } from "../repos/parts";
import { type Prompt, tagsOf } from "./prompt";
import { Template, TemplateDifferences } from "./template";

export function Says({
    version: v,
    from,
    versions,
    says,
    said,
    alias,
}: {
    version: Version;
    from: Version | undefined;
    versions: readonly Version[]; // to choose `from` of
    says: Load<Prompt | null | undefined>;
    said: Load<Prompt | null | undefined>; // what `from` says
    alias: () => void;
}) {
    const bar = (
        <>
            <Against version={v} from={from} versions={versions} />
            {!v.deleted && (
                <button type="button" class="button" title="Set or move an alias (a)" onClick={alias}>
                    Set alias …
                </button>
            )}
        </>
    );
    const problem = says.problem ?? said.problem;
    return (
        <>
            <Card title={from ? `v${from.number} → v${v.number}` : `v${v.number}`} extra={bar}>
                <About version={v} />
                {problem && <Failed problem={problem} retry={says.reload} />}
                {!problem && says.data === undefined && <Skeleton lines={4} />}
                {says.data === null && <Nothing version={v} />}
                {says.data && from && said.data && <TemplateDifferences from={said.data} to={says.data} />}
                {says.data && from && said.data === null && <Nothing version={from} />}
                {says.data && !from && <Template prompt={says.data} />}
            </Card>
            {from && says.data && said.data && (
                <OtherDifferences versions={[from, v]} prompts={[said.data, says.data]} />
            )}
        </>
    );
}

function About({ version: v }: { version: Version }) {
    return (
        <div class="card-body">
            <span class="badges">
                <MarkChips version={v} />
                <span class="muted">
                    <When us={v.created_us} /> by <Who user={v.user} />
                </span>
                <a href={toVersion(v.repo, v.number)}>All about it</a>
            </span>
            {v.description && <p class="given">{plainName(v.description)}</p>}
        </div>
    );
}

function Against({
    version: v,
    from,
    versions,
}: {
    version: Version;
    from: Version | undefined;
    versions: readonly Version[];
}) {
    const others = versions.map((o) => o.number).filter((n) => n !== v.number);
    const all = from && !others.includes(from.number) ? [...others, from.number] : others;
    if (!all.length) return null;
    return (
        <select
            class="input"
            aria-label="Differences from"
            value={from?.number ?? ""}
            onChange={(e) => setQuery({ from: e.currentTarget.value }, { replace: false })}
        >
            <option value="">{from ? "no differences" : "differences from …"}</option>
            {all.map((n) => (
                <option key={n} value={n}>
                    from v{n}
                </option>
            ))}
        </select>
    );
}

function Nothing({ version: v }: { version: Version }) {
    const mark = v.marks.find((m) => m.mark === "deleted");
    return (
        <p class="card-body">
            {mark ? (
                <>
                    v{v.number} was deleted: <Reason text={mark.reason} />
                </>
            ) : (
                <>
                    There is no text in <VersionLink repo={v.repo} number={v.number} /> that can be shown as a
                    prompt: it has other files, or several.
                </>
            )}
        </p>
    );
}

const pretty = (json: string): string => {
    try {
        return exactText(parseExactly(json), 2);
    } catch {
        return json;
    }
};

const tagLines = (v: Version): string =>
    tagsOf(v.tags)
        .map(([key, value]) => `${key}: ${value}\n`)
        .join("");

// Of what is not its text: shown where something is another.
function OtherDifferences({
    versions,
    prompts,
}: {
    versions: [Version, Version];
    prompts: [Prompt, Prompt];
}) {
    const of = (title: string, from: string, to: string) => ({ title, from, to });
    const [a, b] = prompts;
    const all = [
        of("Model configuration", pretty(a.config), pretty(b.config)),
        of("Format of the answer", pretty(a.format), pretty(b.format)),
        of("Tags", tagLines(versions[0]), tagLines(versions[1])),
    ];
    return (
        <>
            {all
                .filter((d) => d.from !== d.to)
                .map((d) => (
                    <Card key={d.title} title={`${d.title}: differences`}>
                        <div class="card-body">
                            <Difference from={d.from} to={d.to} />
                        </div>
                    </Card>
                ))}
        </>
    );
}
