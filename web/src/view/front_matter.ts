// SPDX-License-Identifier: Apache-2.0
// What a card says before its text, between two lines of "---": keys with values in YAML, as the cards of model hubs have them. Only
// the keys at the outside are told apart; a value that is more than a text or a list of texts stays as it is written. Pure.

export interface Entry {
    key: string;
    value: string; // more than one line: as it is written
}

export interface Fronted {
    entries: readonly Entry[];
    body: string;
}

const FENCED = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;
const KEY = /^("[^"]*"|'[^']*'|[^\s"'#\-[\]{},:][^:#]*):(?:[ \t]+(.*))?$/;
const ITEM = /^\s*-[ \t]+([^\s:{}[\]&*|>][^:]*)$/;

const bare = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/, "$2");

// Of what stands below a key.
function belowOf(lines: readonly string[]): string {
    const items = lines.map((line) => ITEM.exec(line)?.[1]);
    if (items.every((item) => item !== undefined)) return items.map(bare).join(", ");
    const indents = lines.filter((l) => l.trim()).map((l) => l.length - l.trimStart().length);
    const indent = Math.min(...indents);
    return lines.map((line) => line.slice(indent).trimEnd()).join("\n");
}

// null: it is no such thing, but maybe a rule and a heading.
function entriesOf(text: string): Entry[] | null {
    const found: { key: string; first: string; below: string[] }[] = [];
    for (const line of text.split(/\r?\n/)) {
        if (/^\s*(#.*)?$/.test(line)) continue;
        const key = KEY.exec(line);
        if (key) found.push({ key: bare(key[1] ?? ""), first: key[2] ?? "", below: [] });
        else if (/^[\s-]/.test(line) && found.length) found.at(-1)?.below.push(line);
        else return null;
    }
    return found.map(({ key, first, below }) => ({
        key,
        value: below.length ? belowOf(below) : bare(first),
    }));
}

export function withoutFront(text: string): Fronted {
    const fenced = FENCED.exec(text);
    const entries = fenced && entriesOf(fenced[1] ?? "");
    if (!fenced || !entries?.length) return { entries: [], body: text };
    return { entries, body: text.slice(fenced[0].length) };
}
