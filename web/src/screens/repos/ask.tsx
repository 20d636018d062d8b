// SPDX-License-Identifier: Apache-2.0
// A dialog that does something and stays until that is done: what the server refuses is told in it, and what was typed
// is kept.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../../api/client";
import { Dialog } from "../../ui/dialog";

const words = (e: unknown): string =>
    e instanceof Problem ? e.message : `Something went wrong in this page: ${String(e)}`;

export function AskAct({
    title,
    act,
    danger,
    ready = true,
    run,
    close,
    children,
}: {
    title: string;
    act: string; // what the button says
    danger?: boolean;
    ready?: boolean;
    run: () => Promise<unknown>;
    close: () => void;
    children: ComponentChildren;
}) {
    const [wrong, setWrong] = useState("");
    const [busy, setBusy] = useState(false);
    async function submit(e: Event): Promise<void> {
        e.preventDefault();
        if (!ready || busy) return;
        setBusy(true);
        try {
            await run();
            close();
        } catch (problem) {
            setWrong(words(problem));
            setBusy(false);
        }
    }
    return (
        <Dialog title={title} close={close}>
            <form class="ask" onSubmit={(e) => void submit(e)}>
                {children}
                {wrong && (
                    <p class="bad ask-wrong" role="alert">
                        {wrong}
                    </p>
                )}
                <button
                    type="submit"
                    class={danger ? "button danger" : "button strong"}
                    disabled={!ready || busy}
                >
                    {act}
                </button>
            </form>
        </Dialog>
    );
}

export function Field({
    label,
    value,
    change,
    list,
    type = "text",
}: {
    label: string;
    value: string;
    change: (text: string) => void;
    list?: string; // the id of its proposals
    type?: "text" | "number";
}) {
    return (
        <label>
            {label}
            <input
                class="input"
                type={type}
                {...(type === "number" ? { min: 1 } : {})}
                list={list}
                value={value}
                autocomplete="off"
                onInput={(e) => change(e.currentTarget.value)}
            />
        </label>
    );
}

export function Choice({
    label,
    value,
    from,
    change,
}: {
    label: string;
    value: string;
    from: readonly string[];
    change: (text: string) => void;
}) {
    return (
        <label>
            {label}
            <select class="input" value={value} onChange={(e) => change(e.currentTarget.value)}>
                {from.map((text) => (
                    <option key={text} value={text}>
                        {text}
                    </option>
                ))}
            </select>
        </label>
    );
}
