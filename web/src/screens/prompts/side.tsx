// SPDX-License-Identifier: Apache-2.0
// Beside what a version says: its variables, what goes to the model with it, the lines that load it, its tags.

import { apiUrl } from "../../api/client";
import { type Version, versionPath } from "../../api/repos";
import { plainName, shellWord } from "../../base/text";
import { Card } from "../../ui/card";
import { Paste } from "../../ui/parts";
import { configOf } from "../../view/config_of";
import { ConfigTree, SMALL } from "../../view/config_tree";
import { serverUrl } from "../repos/parts";
import { type Prompt, promptOfTags, tagsOf, variablesOf } from "./prompt";

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

const addressOf = (v: Version, between: string): string =>
    v.aliases[0] ? `${v.repo}@${v.aliases[0]}` : `${v.repo}${between}${v.number}`;

const pullLine = (v: Version): string => `stemma pull ${shellWord(addressOf(v, "@"))} --url ${serverUrl()}`;

// By an alias where it has one. MLflow's client loads what its tags say; all that has files is pulled.
export const loadLine = (v: Version): string =>
    promptOfTags(v)
        ? `mlflow.genai.load_prompt(${JSON.stringify(`prompts:/${addressOf(v, "/")}`)})`
        : pullLine(v);

export function AsCode({ version: v }: { version: Version }) {
    if (v.deleted) return null;
    const pulled = v.content ? [pullLine(v)] : [];
    const lines = new Set([
        loadLine(v),
        ...pulled,
        `curl ${shellWord(apiUrl(versionPath(v.repo, v.number)))}`,
    ]);
    return (
        <Card title="Get it">
            <div class="card-body pastes">
                {[...lines].map((text) => (
                    <Paste key={text} text={text} />
                ))}
            </div>
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
