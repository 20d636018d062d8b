// SPDX-License-Identifier: Apache-2.0
// Beside what a version says: its variables, what goes to the model with it, its tags.

import type { Version } from "../../api/repos";
import { plainName } from "../../base/text";
import { Card } from "../../ui/card";
import { configOf } from "../../view/config_of";
import { ConfigTree, SMALL } from "../../view/config_tree";
import { type Prompt, tagsOf, variablesOf } from "./prompt";

export function Variables({ prompt }: { prompt: Prompt }) {
    const names = variablesOf(prompt);
    return (
        <Card title="Variables">
            {names.length ? (
                <ul class="prompt-variables">
                    {names.map((name) => (
                        <li key={name}>
                            <code class="prompt-variable">{name}</code>
                        </li>
                    ))}
                </ul>
            ) : (
                <p class="card-body muted">None: the text is the same each time.</p>
            )}
        </Card>
    );
}

export function Config({ prompt }: { prompt: Prompt }) {
    return (
        <>
            <Json title="Model configuration" text={prompt.config} />
            <Json title="Format of the answer" text={prompt.format} />
        </>
    );
}

function Json({ title, text }: { title: string; text: string }) {
    const config = text ? configOf(text) : null;
    if (!text || (config && !Object.keys(config).length)) return null;
    return (
        <Card title={title} class="card-config">
            {config ? (
                <ConfigTree config={config} max={SMALL} />
            ) : (
                <pre class="card-body prompt-text">{plainName(text)}</pre>
            )}
        </Card>
    );
}

export function Tags({ version: v }: { version: Version }) {
    const tags = tagsOf(v.tags);
    if (!tags.length) return null;
    return (
        <Card title="Tags">
            <dl class="pairs">
                {tags.map(([key, value]) => (
                    <div class="pair" key={key}>
                        <dt class="given">{plainName(key)}</dt>
                        <dd class="given">{plainName(value.slice(0, 300))}</dd>
                    </div>
                ))}
            </dl>
        </Card>
    );
}
