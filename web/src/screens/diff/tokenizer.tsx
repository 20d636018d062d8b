// SPDX-License-Identifier: Apache-2.0
// The tokenizers: the vocabulary (tokens that came, went or have another number), merges, special tokens and other values, and
// chat templates.
import { useMemo } from "preact/hooks";
import type { DiffRow, DiffText, DiffToken, DiffTokenizer, Pair } from "../../api/diff";
import { address, formatAddress } from "../../base/address";
import { integer, plural } from "../../base/format";
import { Empty } from "../../ui/parts";
import type { CellColumn } from "../../view/cell_table";
import { List, type Source } from "./pages";
import { Texts } from "./texts";
import { ValueList } from "./value_list";

const COLUMNS: readonly CellColumn[] = [
    ["what", "What", 11],
    ["token", "Token", 44],
    ["was", "Number before", 15, "number"],
    ["is", "Number now", 15, "number"],
    ["in", "File", 30],
];

// Marks and blanks within a token are part of it: it is shown as JSON writes it.
const shownToken = (token: string): string => JSON.stringify(token);

const whatOf = (t: DiffToken): "added" | "removed" | "moved" =>
    t.was === undefined ? "added" : t.is === undefined ? "removed" : "moved";

// A page has so many of each kind.
const toldOf = (tokens: readonly DiffToken[]): number => {
    const counts = { added: 0, removed: 0, moved: 0 };
    for (const t of tokens) counts[whatOf(t)]++;
    return Math.max(counts.added, counts.removed, counts.moved);
};

export const countOf = (t: DiffTokenizer): number =>
    t.added +
    t.removed +
    t.moved +
    t.scores.total +
    t.merges_added +
    t.merges_removed +
    Number(t.merges_reordered) +
    t.values.total +
    t.templates.total;

export function sumOf(t: DiffTokenizer): string[] {
    const parts: [number, string][] = [
        [t.added, `${plural(t.added, "token")} added`],
        [t.removed, `${plural(t.removed, "token")} removed`],
        [t.moved, `${plural(t.moved, "token")} with another number`],
        [t.scores.total, `${plural(t.scores.total, "token")} with another score`],
        [t.merges_added, `${plural(t.merges_added, "merge")} added`],
        [t.merges_removed, `${plural(t.merges_removed, "merge")} removed`],
        [Number(t.merges_reordered), "merges in another order"],
        [t.values.total, plural(t.values.total, "other value")],
        [t.templates.total, plural(t.templates.total, "chat template")],
    ];
    return parts.filter(([n]) => n > 0).map(([, text]) => text);
}

const VIEWS = ["tokens", "scores", "values", "templates"] as const;
const TITLES: Record<(typeof VIEWS)[number], string> = {
    tokens: "Vocabulary",
    scores: "Scores",
    values: "Special tokens, values",
    templates: "Chat templates",
};

interface Props {
    tokenizer: DiffTokenizer;
    pair: Pair;
    titles: readonly [string, string];
}

export function Tokenizer({ tokenizer: t, pair, titles }: Props) {
    const tokens = t.added + t.removed + t.moved;
    const counts = { tokens, scores: t.scores.total, values: t.values.total, templates: t.templates.total };
    const asked = address.value.query.get("view");
    const view = VIEWS.find((v) => v === asked) ?? VIEWS.find((v) => counts[v]) ?? "tokens";
    if (!countOf(t)) return <Empty title="The tokenizers are the same" />;
    const href = (to: string): string => {
        const next = new URLSearchParams(address.peek().query);
        next.set("view", to);
        next.delete("file");
        return formatAddress(address.peek().path, next);
    };
    return (
        <div class="diff-fill">
            <div class="diff-bar row">
                <span>
                    Vocabulary {integer(t.was_size)} → {integer(t.is_size)}: {sumOf(t).join(", ")}
                </span>
                <span class="grow" />
                <nav class="row" aria-label="Parts of the tokenizers">
                    {VIEWS.map((v) => (
                        <a
                            key={v}
                            class="button"
                            href={href(v)}
                            aria-current={v === view ? "true" : undefined}
                        >
                            {TITLES[v]} <span class="muted">{integer(counts[v])}</span>
                        </a>
                    ))}
                </nav>
            </div>
            <View tokenizer={t} pair={pair} titles={titles} view={view} />
        </div>
    );
}

function View({ tokenizer: t, pair, titles, view }: Props & { view: (typeof VIEWS)[number] }) {
    const tokens = useMemo(
        (): Source<DiffToken> => ({
            pair,
            part: "tokenizer",
            first: t.tokens,
            total: t.added + t.removed + t.moved,
            itemsOf: (d) => d.tokenizer?.tokens ?? [],
            told: toldOf,
        }),
        [t, pair],
    );
    const scores = useMemo(
        (): Source<DiffRow> => ({
            pair,
            part: "tokenizer",
            first: t.scores.items,
            total: t.scores.total,
            itemsOf: (d) => d.tokenizer?.scores.items ?? [],
        }),
        [t, pair],
    );
    const values = useMemo(
        (): Source<DiffRow> => ({
            pair,
            part: "tokenizer",
            first: t.values.items,
            total: t.values.total,
            itemsOf: (d) => d.tokenizer?.values.items ?? [],
        }),
        [t, pair],
    );
    const templates = useMemo(
        (): Source<DiffText> => ({
            pair,
            part: "tokenizer",
            first: t.templates.items,
            total: t.templates.total,
            itemsOf: (d) => d.tokenizer?.templates.items ?? [],
        }),
        [t, pair],
    );
    if (view === "templates") return <Texts source={templates} none="The chat templates are the same" />;
    if (view === "scores") return <ValueList source={scores} titles={titles} label="Scores of tokens" />;
    if (view === "values")
        return <ValueList source={values} titles={titles} label="Values of the tokenizers" />;
    if (!tokens.total) return <Empty title="The vocabularies are the same" />;
    return (
        <List
            source={tokens}
            columns={COLUMNS}
            label="Tokens that differ"
            cell={(k, column) => {
                if (column === "what") return whatOf(k);
                if (column === "token") return <code title={k.token}>{shownToken(k.token)}</code>;
                return column === "in" ? k.in : column === "was" ? k.was : k.is;
            }}
        />
    );
}
