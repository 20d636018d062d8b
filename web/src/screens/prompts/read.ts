// SPDX-License-Identifier: Apache-2.0
// Reads what versions of prompts say.
import { listFiles, wholeFile } from "../../api/files";
import { type Version, versionPath } from "../../api/repos";
import { type Load, useLoad } from "../../ui/load";
import { chatOf, filesOf, type Prompt, promptOfTags } from "./prompt";

const TEXT_MAX = 1 << 18; // a larger file is no prompt

async function promptOfFiles(v: Version, signal: AbortSignal): Promise<Prompt | null> {
    const holder = versionPath(v.repo, v.number);
    const { items } = await listFiles(holder, "", { signal });
    const { prompt, config } = filesOf(items);
    if (!prompt || (prompt.size ?? 0) > TEXT_MAX) return null;
    const read = async (path: string): Promise<string> =>
        new TextDecoder().decode(await wholeFile(holder, path, signal));
    const text = await read(prompt.path);
    return {
        messages: (/\.json$/i.test(prompt.path) && chatOf(text)) || [{ role: "", text }],
        config: config && (config.size ?? 0) <= TEXT_MAX ? await read(config.path) : "",
        format: "",
    };
}

// null: it says nothing that can be shown here (its files are others, or elsewhere, or it was deleted).
const readPrompt = async (v: Version, signal: AbortSignal): Promise<Prompt | null> =>
    v.deleted ? null : (promptOfTags(v) ?? (v.content ? promptOfFiles(v, signal) : null));

// Tags may be changed: so it is also of when.
export const usePrompt = (v: Version | undefined): Load<Prompt | null | undefined> =>
    useLoad(`prompt ${v?.id} ${v?.updated_us}`, async (signal) => (v ? readPrompt(v, signal) : undefined));
