// SPDX-License-Identifier: Apache-2.0
// Where the refs of a repo point, or pointed at a time (`at` in the address), and their history.

import { useState } from "preact/hooks";
import type { Protection, Ref } from "../../api/repos";
import { address, setQuery } from "../../base/address";
import { plainName, shellWord } from "../../base/text";
import { toRepo } from "../../routes";
import { useActs } from "../../ui/acts";
import { Card } from "../../ui/card";
import { Menu, type MenuItem } from "../../ui/dialog";
import { Headings } from "../../ui/headings";
import { Paste } from "../../ui/parts";
import { askedOf } from "../activity/words";
import { AsOf } from "./as_of";
import { RemoveRef, RollBack, SetRef } from "./ask_ref";
import { Moves } from "./moves";
import { Reason, VersionLink, When, Who } from "./parts";

type Asking = { what: "set" | "back" | "remove"; ref?: Ref } | { what: "tag" } | null;

interface Shown {
    repo: string;
    refs: readonly Ref[];
    rules: readonly Protection[];
    turn: number;
    changed: () => void;
}

export function Refs(props: Shown) {
    const { repo, refs, turn } = props;
    const at = address.value.query.get("at") ?? "";
    const [asking, setAsking] = useState<Asking>(null);
    useActs([
        {
            id: "ref-set",
            title: "Set or move an alias …",
            group: "Refs",
            keys: ["a"],
            run: () => setAsking({ what: "set" }),
            command: `stemma alias ${shellWord(repo)}@3 prod -m WHY`,
        },
        {
            id: "ref-tag",
            title: "Seal a tag …",
            group: "Refs",
            keys: ["s"],
            run: () => setAsking({ what: "tag" }),
            command: `stemma tag ${shellWord(repo)}@3 v1.0.0 -m WHY`,
        },
        {
            id: "ref-as-of",
            title: "Where refs pointed on a day",
            group: "Refs",
            keys: ["d"],
            run: () => document.getElementById("as-of")?.focus(),
            command: `stemma show '${repo}@prod@{2026-11-01}'`,
        },
    ]);
    return (
        <div class="side">
            <Bar at={at} set={() => setAsking({ what: "set" })} tag={() => setAsking({ what: "tag" })} />
            {at ? <AsOf repo={repo} refs={refs} at={at} /> : <Now {...props} ask={setAsking} />}
            <Moves repo={repo} turn={turn} />
            <Questions asking={asking} close={() => setAsking(null)} {...props} />
        </div>
    );
}

function Bar({ at, set, tag }: { at: string; set: () => void; tag: () => void }) {
    return (
        <div class="row side-bar">
            <label class="row">
                As of the end of
                <input
                    id="as-of"
                    class="input"
                    type="date"
                    value={/^\d{4}-\d\d-\d\d$/.test(at) ? at : ""}
                    onChange={(e) => setQuery({ at: e.currentTarget.value }, { replace: false })}
                />
            </label>
            {at && (
                <button
                    type="button"
                    class="button"
                    onClick={() => setQuery({ at: null }, { replace: false })}
                >
                    Show now
                </button>
            )}
            <span class="grow" />
            <button type="button" class="button" title="Set or move an alias (a)" onClick={set}>
                Set alias …
            </button>
            <button type="button" class="button" title="Seal a tag (s)" onClick={tag}>
                Seal tag …
            </button>
        </div>
    );
}

function Now({ repo, refs, rules, ask }: Shown & { ask: (a: Asking) => void }) {
    if (!refs.length)
        return (
            <Card title="Refs">
                <div class="card-body">
                    <p class="muted">No alias or tag points at a version. Set one here, or by a command:</p>
                    <Paste text={`stemma alias ${shellWord(repo)}@latest prod -m "the first"`} />
                </div>
            </Card>
        );
    return (
        <div class="panel list">
            <table>
                <Headings
                    of={[
                        "Ref",
                        "Version",
                        ["Since", "when"],
                        ["By", "narrow"],
                        ["Why", "narrow"],
                        ["Acts", "acts", "hidden"],
                    ]}
                />
                <tbody>
                    {refs.map((r) => (
                        <Row
                            key={r.name}
                            repo={repo}
                            at={r}
                            rule={rules.find((p) => p.ref === r.name)}
                            ask={ask}
                        />
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function Row({
    repo,
    at: r,
    rule,
    ask,
}: {
    repo: string;
    at: Ref;
    rule: Protection | undefined;
    ask: (a: Asking) => void;
}) {
    const remove: MenuItem = {
        label: "Remove …",
        danger: true,
        run: () => ask({ what: "remove", ref: r }),
    };
    const items: MenuItem[] =
        r.kind === "tag"
            ? [remove]
            : [
                  { label: "Move …", run: () => ask({ what: "set", ref: r }) },
                  { label: "Roll back …", run: () => ask({ what: "back", ref: r }) },
                  remove,
              ];
    return (
        <tr>
            <td>
                <a class="given list-name" href={toRepo(repo, { tab: "refs", ref: r.name })}>
                    {r.kind === "tag" && <span aria-hidden="true">⚑ </span>}
                    {plainName(r.name)}
                </a>{" "}
                <span class="muted">{r.kind}</span>
                {rule && (
                    <a class="muted list-more" href={toRepo(repo, { tab: "protection" })}>
                        protected: {askedOf(rule)}
                    </a>
                )}
            </td>
            <td>
                <VersionLink repo={repo} number={r.version} />
            </td>
            <td class="when">
                <When us={r.moved_us} />
            </td>
            <td class="narrow">
                <Who user={r.user} proven={r.proven} />
            </td>
            <td class="narrow">
                <Reason text={r.reason} />
            </td>
            <td class="acts">
                <Menu class="button plain" label="⋯" title={`Acts on ${r.name}`} items={items} />
            </td>
        </tr>
    );
}

function Questions({ asking, close, repo, refs, changed }: Shown & { asking: Asking; close: () => void }) {
    const shared = { repo, refs, done: changed, close };
    if (!asking) return null;
    switch (asking.what) {
        case "set":
            return <SetRef {...shared} kind="alias" name={asking.ref?.name ?? ""} />;
        case "tag":
            return <SetRef {...shared} kind="tag" />;
        case "back":
            return <RollBack {...shared} from={asking.ref ? [asking.ref.name] : []} />;
        case "remove":
            return asking.ref ? <RemoveRef {...shared} at={asking.ref} /> : null;
    }
}
