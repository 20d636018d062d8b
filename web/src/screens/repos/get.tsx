// SPDX-License-Identifier: Apache-2.0
// The lines that get a version: those that work with what it is.
import { apiUrl, type File } from "../../api/client";
import { type Repo, type Version, versionPath } from "../../api/repos";
import { shellWord } from "../../base/text";
import { Card } from "../../ui/card";
import { Paste } from "../../ui/parts";
import { promptOfTags } from "../prompts/prompt";
import { serverUrl } from "./parts";

const WEIGHTS = /^(model|pytorch_model|diffusion_pytorch_model)\b.*\.(safetensors|bin)$/;

// By an alias where it has one: MLflow writes that with another sign than a number.
const addressOf = (v: Version, between: string): string =>
    v.aliases[0] ? `${v.repo}@${v.aliases[0]}` : `${v.repo}${between}${v.number}`;

const pull = (v: Version, folder = ""): string =>
    ["stemma pull", shellWord(addressOf(v, "@")), folder && shellWord(folder), "--url", serverUrl()]
        .filter(Boolean)
        .join(" ");

const curl = (v: Version): string => {
    const path = versionPath(v.repo, v.number);
    return v.content
        ? `curl -fo files.tar ${shellWord(apiUrl(`${path}/tar`))}`
        : `curl -f ${shellWord(apiUrl(path))}`;
};

// MLflow's client loads a prompt by what its tags say, those of pushed files too.
export const loadLine = (v: Version): string =>
    promptOfTags(v)
        ? `mlflow.genai.load_prompt(${JSON.stringify(`prompts:/${addressOf(v, "/")}`)})`
        : pull(v);

function modelLines(v: Version, names: ReadonlySet<string>): string[] {
    if (names.has("MLmodel"))
        return [pull(v), `mlflow.pyfunc.load_model(${JSON.stringify(`models:/${addressOf(v, "/")}`)})`];
    if (!names.has("config.json") || ![...names].some((n) => WEIGHTS.test(n))) return [pull(v)];
    const folder = `./${v.repo.split("/").at(-1)}`;
    return [pull(v, folder), `transformers.AutoModel.from_pretrained(${JSON.stringify(folder)})`];
}

// `top`: the files at its top.
function linesOf(v: Version, kind: Repo["kind"] | undefined, top: readonly File[]): string[] {
    const loads = kind === "prompt" && promptOfTags(v) ? [loadLine(v)] : [];
    if (!v.content) return [...loads, curl(v)];
    const names = new Set(top.filter((f) => !f.is_dir).map((f) => f.path));
    return [...loads, ...(kind === "model" ? modelLines(v, names) : [pull(v)]), curl(v)];
}

interface Got {
    version: Version;
    kind: Repo["kind"] | undefined; // undefined: not known
    top?: readonly File[] | undefined;
}

export function GetIt({ version: v, kind, top = [] }: Got) {
    if (v.deleted) return null;
    return (
        <Card title="Get it">
            <div class="card-body pastes">
                {linesOf(v, kind, top).map((text) => (
                    <Paste key={text} text={text} />
                ))}
            </div>
        </Card>
    );
}
