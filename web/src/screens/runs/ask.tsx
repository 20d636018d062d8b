// SPDX-License-Identifier: Apache-2.0
// What acts ask for: a tag with its value, and the project to move to.
import { useId, useState } from "preact/hooks";
import type { FieldName } from "../../api/client";
import { listProjects } from "../../api/projects";
import { matcher, naturally } from "../../base/text";
import { Dialog } from "../../ui/dialog";
import { useLoad } from "../../ui/load";
import { Failed, Skeleton } from "../../ui/parts";

export function AskTag({
    title,
    names,
    remove,
    done,
    close,
}: {
    title: string;
    names: readonly FieldName[];
    remove: boolean;
    done: (key: string, value: string | null) => void;
    close: () => void;
}) {
    const [key, setKey] = useState("");
    const [value, setValue] = useState("");
    const id = useId();
    return (
        <Dialog title={title} close={close}>
            <form
                class="ask"
                onSubmit={(e) => {
                    e.preventDefault();
                    if (!key.trim()) return;
                    close();
                    done(key.trim(), remove ? null : value);
                }}
            >
                <label>
                    Tag
                    <input
                        class="input"
                        list={id}
                        value={key}
                        onInput={(e) => setKey(e.currentTarget.value)}
                    />
                </label>
                <datalist id={id}>
                    {names
                        .filter((n) => n.kind === "tag")
                        .map((n) => (
                            <option key={n.name} value={n.name} />
                        ))}
                </datalist>
                {!remove && (
                    <label>
                        Value
                        <input class="input" value={value} onInput={(e) => setValue(e.currentTarget.value)} />
                    </label>
                )}
                <button type="submit" class="button strong" disabled={!key.trim()}>
                    {remove ? "Take away" : "Set"}
                </button>
            </form>
        </Dialog>
    );
}

export function AskProject({
    title,
    from,
    done,
    close,
}: {
    title: string;
    from: number;
    done: (project: number) => void;
    close: () => void;
}) {
    const [find, setFind] = useState("");
    const load = useLoad("projects", (signal) => listProjects(signal));
    const fits = matcher(find);
    const list = (load.data?.items ?? []).filter((p) => p.number !== from && fits(p.name));
    return (
        <Dialog title={title} close={close}>
            <label class="asked">
                Project
                <input
                    class="input"
                    type="search"
                    placeholder="Find"
                    value={find}
                    onInput={(e) => setFind(e.currentTarget.value)}
                />
            </label>
            {load.problem && <Failed problem={load.problem} retry={load.reload} />}
            {!load.data && !load.problem && <Skeleton lines={4} />}
            <div class="choices">
                {list
                    .sort((a, b) => naturally(a.name, b.name))
                    .map((p) => (
                        <button
                            key={p.number}
                            type="button"
                            class="choice"
                            onClick={() => {
                                close();
                                done(p.number);
                            }}
                        >
                            <span class="clip grow">{p.name}</span>
                        </button>
                    ))}
            </div>
        </Dialog>
    );
}
