// SPDX-License-Identifier: Apache-2.0
// What a version of a prompt says: one text, or the messages of a chat, with what goes to the model beside them. MLflow's
// client keeps it in tags of the version; of a pushed one it is a file, which the server makes tags of where they can hold it. Pure.
import type { File } from "../../api/client";
import type { Version } from "../../api/repos";

export interface Message {
    role: string; // "": the prompt is one text
    text: string;
}

export interface Prompt {
    messages: readonly Message[];
    config: string; // of the model: JSON; "": none
    format: string; // of the answer: a JSON schema; "": none
}

const TEXT = "mlflow.prompt.text";
const TYPE = "_mlflow_prompt_type";
const CONFIG = "_mlflow_prompt_model_config";
const FORMAT = "_mlflow_prompt_response_format";
const OWN = ["mlflow.prompt.is_prompt", TEXT, TYPE, CONFIG, FORMAT, "_mlflow_experiment_ids"];

// Without those that are shown otherwise.
export const tagsOf = (tags: Readonly<Record<string, string>>): [string, string][] =>
    Object.entries(tags).filter(([key]) => !OWN.includes(key));

const contentOf = (content: unknown): string => {
    if (typeof content === "string") return content;
    const parts = Array.isArray(content) ? content : [content];
    return parts
        .map((p: unknown) => {
            const text = p && typeof p === "object" && "text" in p ? p.text : null;
            return typeof text === "string" ? text : JSON.stringify(p, null, 2);
        })
        .join("\n");
};

// null: it is no chat.
export function chatOf(text: string): Message[] | null {
    try {
        const list: unknown = JSON.parse(text);
        if (!Array.isArray(list) || !list.length) return null;
        return list.map((m: unknown) => {
            if (!m || typeof m !== "object" || !("role" in m)) throw new Error("no message");
            const { role, content, ...more } = m as Record<string, unknown>;
            const said = content === undefined || content === null ? "" : contentOf(content);
            const rest = Object.keys(more).length ? JSON.stringify(more, null, 2) : "";
            return { role: String(role) || "?", text: [said, rest].filter(Boolean).join("\n") };
        });
    } catch {
        return null;
    }
}

// Of one that MLflow's client registered; null: it is no such.
export function promptOfTags({ tags }: Version): Prompt | null {
    const text = tags[TEXT];
    if (text === undefined) return null;
    return {
        messages: (tags[TYPE] === "chat" && chatOf(text)) || [{ role: "", text }],
        config: tags[CONFIG] ?? "",
        format: tags[FORMAT] ?? "",
    };
}

const NAMES = /^(prompt|template|messages|chat|system)\.(txt|md|json|jinja2?|j2|tmpl|prompt)$/i;
const CONFIGS = ["config.json", "model_config.json"];
const NO_PROMPT = [...CONFIGS, "response_format.json", "README.md"];

// Of the files at a pushed version's top: that of the prompt (by its name, or the only one), and that of the configuration. The server
// has the same rule (core/prompt.c) for MLflow's clients.
export function filesOf(top: readonly File[]): { prompt: File | undefined; config: File | undefined } {
    const files = top.filter((f) => !f.is_dir);
    const others = files.filter((f) => !NO_PROMPT.includes(f.path));
    return {
        prompt: files.find((f) => NAMES.test(f.path)) ?? (others.length === 1 ? others[0] : undefined),
        config: files.find((f) => CONFIGS.includes(f.path)),
    };
}

// As MLflow and Jinja write them: {{ name }}, {{ user.role }}; statements and comments of Jinja are told apart too.
const PLACES = /\{\{\s*([a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)*)\s*\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}/g;

export interface Piece {
    text: string;
    kind: "text" | "variable" | "statement";
}

export function piecesOf(text: string): Piece[] {
    const out: Piece[] = [];
    let from = 0;
    for (const m of text.matchAll(PLACES)) {
        if (m.index > from) out.push({ kind: "text", text: text.slice(from, m.index) });
        out.push({ kind: m[1] ? "variable" : "statement", text: m[0] });
        from = m.index + m[0].length;
    }
    if (from < text.length) out.push({ kind: "text", text: text.slice(from) });
    return out;
}

export function variablesOf({ messages }: Prompt): string[] {
    const found = messages.flatMap((m) => [...m.text.matchAll(PLACES)].flatMap((p) => p[1] ?? []));
    return [...new Set(found)];
}

// Messages of two chats side by side, out of what was taken away and added in their order.
export interface Pair {
    from?: Message | undefined;
    to?: Message | undefined;
}
interface Change {
    value: readonly Message[];
    added: boolean;
    removed: boolean;
}

export function pairsOf(changes: readonly Change[]): Pair[] {
    const out: Pair[] = [];
    let gone: Message[] = [];
    const flush = (): void => {
        for (const from of gone) out.push({ from });
        gone = [];
    };
    for (const c of changes) {
        if (c.removed) gone.push(...c.value);
        else if (!c.added) {
            flush();
            for (const m of c.value) out.push({ from: m, to: m });
        } else
            for (const to of c.value) {
                // Of the same part in the talk, else it is another message.
                const from = gone[0]?.role === to.role ? gone.shift() : undefined;
                out.push({ from, to });
            }
    }
    flush();
    return out;
}
