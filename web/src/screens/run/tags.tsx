// SPDX-License-Identifier: Apache-2.0
// The tags that people gave a run: add, edit, take away, each with undo. What clients keep in tags for themselves
// (mlflow..., stemma...) is shown where it belongs, and here folded.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../../api/client";
import { naturally, plainName } from "../../base/text";
import { Card } from "../../ui/card";
import { Copy } from "../../ui/parts";
import { setTags } from "./changes";
import type { ShownRun } from "./use_run";

const isOurs = (key: string): boolean => /^(mlflow|stemma)\./.test(key);

export function Tags({ run, shown }: { run: Run; shown: ShownRun }) {
    const [editing, setEditing] = useState<string | null>(null);
    const keys = Object.keys(run.tags).sort(naturally);
    const own = keys.filter((k) => !isOurs(k));
    const ours = keys.filter(isOurs);
    const add = (
        <button type="button" class="button plain" onClick={() => setEditing("")}>
            + Tag
        </button>
    );
    return (
        <Card title="Tags" extra={add}>
            {editing === "" && <TagForm run={run} shown={shown} close={() => setEditing(null)} />}
            {own.length > 0 && (
                <dl class="pairs">
                    {own.map((key) =>
                        key === editing ? (
                            <TagForm
                                key={key}
                                run={run}
                                shown={shown}
                                tag={key}
                                close={() => setEditing(null)}
                            />
                        ) : (
                            <TagRow
                                key={key}
                                run={run}
                                shown={shown}
                                tag={key}
                                edit={() => setEditing(key)}
                            />
                        ),
                    )}
                </dl>
            )}
            {!own.length && editing === null && <p class="card-body muted">No tags yet.</p>}
            {ours.length > 0 && (
                <details class="card-body">
                    <summary class="muted">{ours.length} of the clients</summary>
                    <dl class="pairs">
                        {ours.map((key) => (
                            <div class="pair" key={key}>
                                <dt class="given">{key}</dt>
                                <dd class="given">
                                    {(run.tags[key] ?? "").slice(0, 300)}
                                    <Copy text={run.tags[key] ?? ""} label={`Copy ${key}`} />
                                </dd>
                            </div>
                        ))}
                    </dl>
                </details>
            )}
        </Card>
    );
}

function TagRow({ run, shown, tag, edit }: { run: Run; shown: ShownRun; tag: string; edit: () => void }) {
    const value = run.tags[tag] ?? "";
    return (
        <div class="pair">
            <dt class="given">{plainName(tag)}</dt>
            <dd>
                <span class="grow given">{plainName(value)}</span>
                <span class="pair-acts">
                    <Copy text={value} label={`Copy ${tag}`} />
                    <button type="button" class="copy" title="Edit" aria-label={`Edit ${tag}`} onClick={edit}>
                        ✎
                    </button>
                    <button
                        type="button"
                        class="copy"
                        title="Take away"
                        aria-label={`Take away ${tag}`}
                        onClick={() => void setTags(run, { [tag]: null }, `Took ${tag} away`, shown.set)}
                    >
                        ✕
                    </button>
                </span>
            </dd>
        </div>
    );
}

function TagForm({ run, shown, tag, close }: { run: Run; shown: ShownRun; tag?: string; close: () => void }) {
    const [key, setKey] = useState(tag ?? "");
    const [value, setValue] = useState(tag ? (run.tags[tag] ?? "") : "");
    const first = useRef<HTMLInputElement>(null);
    // A form that was asked for takes the keys, those that are typed at once too.
    useLayoutEffect(() => first.current?.focus(), []);
    const save = (e: Event): void => {
        e.preventDefault();
        close();
        const name = key.trim();
        if (!name || (name === tag && value === run.tags[name])) return;
        void setTags(run, { [name]: value }, tag ? `Changed ${name}` : `Tagged ${name}`, shown.set);
    };
    return (
        <form
            class="tag-form"
            onSubmit={save}
            onKeyDown={(e) => {
                if (e.key === "Escape") close();
            }}
        >
            <input
                class="input"
                placeholder="key"
                aria-label="Key of the tag"
                value={key}
                readOnly={tag !== undefined}
                ref={tag === undefined ? first : null}
                onInput={(e) => setKey(e.currentTarget.value)}
            />
            <input
                class="input grow"
                placeholder="value"
                aria-label="Value of the tag"
                value={value}
                ref={tag === undefined ? null : first}
                onInput={(e) => setValue(e.currentTarget.value)}
            />
            <button type="submit" class="button strong">
                Save
            </button>
            <button type="button" class="button plain" onClick={close}>
                Cancel
            </button>
        </form>
    );
}
