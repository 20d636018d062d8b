// SPDX-License-Identifier: Apache-2.0
// What acts ask for: a tag with its value.
import { useId, useState } from "preact/hooks";
import type { FieldName } from "../../api/client";
import { AskForm } from "../../ui/dialog";

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
        <AskForm
            title={title}
            act={remove ? "Take away" : "Set"}
            ready={key.trim() !== ""}
            done={() => done(key.trim(), remove ? null : value)}
            close={close}
        >
            <label>
                Tag
                <input class="input" list={id} value={key} onInput={(e) => setKey(e.currentTarget.value)} />
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
        </AskForm>
    );
}
