// SPDX-License-Identifier: Apache-2.0
// The text of a prompt with its variables marked, a chat message by message; and how it differs from that of another version.
import { plainName } from "../../base/text";
import { Difference } from "../../ui/difference";
import { useLoad } from "../../ui/load";
import { Copy, Skeleton } from "../../ui/parts";
import { type Message, type Pair, type Prompt, pairsOf, piecesOf } from "./prompt";
import "./prompts.css";

const LOOKS = { variable: "prompt-variable", statement: "prompt-statement" };

function Text({ text }: { text: string }) {
    return (
        <pre class="prompt-text" dir="auto">
            {piecesOf(text).map((p, i) =>
                p.kind === "text" ? (
                    plainName(p.text)
                ) : (
                    <mark key={i} class={LOOKS[p.kind]}>
                        {p.text}
                    </mark>
                ),
            )}
        </pre>
    );
}

function Role({ role, note }: { role: string; note?: string }) {
    if (!role && !note) return null;
    return (
        <h3 class="prompt-role">
            <span class="given">{plainName(role)}</span> {note && <span class="muted">{note}</span>}
        </h3>
    );
}

export function Template({ prompt }: { prompt: Prompt }) {
    return (
        <div class="prompt-messages">
            {prompt.messages.map((m, i) => (
                <section key={i} class="prompt-message" aria-label={m.role || "Template"}>
                    <Role role={m.role} />
                    <Text text={m.text} />
                    <span class="prompt-copy">
                        <Copy
                            text={m.text}
                            label={m.role ? `Copy the message of ${m.role}` : "Copy the template"}
                        />
                    </span>
                </section>
            ))}
        </div>
    );
}

async function pairs(from: readonly Message[], to: readonly Message[]): Promise<Pair[]> {
    const { diffArrays } = await import("diff");
    const comparator = (a: Message, b: Message): boolean => a.role === b.role && a.text === b.text;
    return pairsOf(diffArrays([...from], [...to], { comparator }));
}

const noteOf = ({ from, to }: Pair): string =>
    !from ? "new" : !to ? "taken away" : from.text === to.text ? "unchanged" : "";

export function TemplateDifferences({ from, to }: { from: Prompt; to: Prompt }) {
    const key = JSON.stringify([from.messages, to.messages]);
    const load = useLoad(key, () => pairs(from.messages, to.messages));
    if (!load.data) return <Skeleton lines={4} />;
    return (
        <div class="prompt-messages">
            {load.data.map((p, i) => (
                <section key={i} class="prompt-message" aria-label={(p.to ?? p.from)?.role || "Template"}>
                    <Role role={(p.to ?? p.from)?.role ?? ""} note={noteOf(p)} />
                    {p.from === p.to ? (
                        <Text text={p.to?.text ?? ""} />
                    ) : (
                        <Difference from={p.from?.text ?? ""} to={p.to?.text ?? ""} prose />
                    )}
                </section>
            ))}
        </div>
    );
}
