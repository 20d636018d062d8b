// SPDX-License-Identifier: Apache-2.0
// What differs, at one glance: the first rows of each part with the way to all of them, the layers that changed most, and what
// could not be compared.
import { type Diff, ROW_PARTS, type RowPart } from "../../api/diff";
import { integer, plural } from "../../base/format";
import { plainName } from "../../base/text";
import { Card } from "../../ui/card";
import { Skeleton } from "../../ui/parts";
import { Bar, Measuring, mostOf, partOf, sumOf as sumOfTensors } from "./tensor_view";
import { grew, odd, percent, worstFirst } from "./tensors";
import { sumOf as sumOfTokenizer } from "./tokenizer";
import type { TensorsLoad } from "./use_tensors";
import { ValueTable } from "./values";

const ROWS = 12; // of each part
const LAYERS = 8;

export const PART_TITLES: Record<RowPart, string> = {
    config: "Configuration",
    metrics: "Metrics",
    evaluations: "Evaluations",
    tags: "Tags",
    parameters: "Parameters",
    data: "Data sets",
    code: "Code",
    environment: "Environment",
};

interface Props {
    diff: Diff;
    tensors: TensorsLoad;
    titles: readonly [string, string];
    href: (tab: string) => string;
}

export function Overview({ diff, tensors, titles, href }: Props) {
    const parts = ROW_PARTS.filter((p) => diff[p]?.total);
    const same = ROW_PARTS.filter((p) => diff[p]?.total === 0).map((p) => PART_TITLES[p].toLowerCase());
    return (
        <div class="overview">
            <div class="overview-main">
                {!diff.differs && tensors.shown?.sum?.differs === false && (
                    <Card title="Nothing differs">
                        <p class="card-body">Files, tensors and what their runs say are the same.</p>
                    </Card>
                )}
                {parts.map((p) => (
                    <Part key={p} part={p} diff={diff} titles={titles} href={href(p)} />
                ))}
                {same.length > 0 && <p class="muted">The same, or on neither side: {same.join(", ")}.</p>}
            </div>
            <div class="overview-side">
                <Notes diff={diff} tensors={tensors} />
                {diff.files && <Layers load={tensors} href={href("tensors")} />}
                <Contents diff={diff} href={href} />
            </div>
        </div>
    );
}

function Part({
    part,
    diff,
    titles,
    href,
}: {
    part: RowPart;
    diff: Diff;
    titles: readonly [string, string];
    href: string;
}) {
    const { items, total } = diff[part] ?? { items: [], total: 0 };
    const all = total > ROWS ? `All ${integer(total)}` : plural(total, "value");
    return (
        <Card
            title={PART_TITLES[part]}
            extra={total > ROWS ? <a href={href}>{all}</a> : <span class="muted">{all}</span>}
        >
            <ValueTable rows={items.slice(0, ROWS)} titles={titles} label={PART_TITLES[part]} />
        </Card>
    );
}

function Layers({ load, href }: { load: TensorsLoad; href: string }) {
    const { shown, problem } = load;
    if (problem)
        return (
            <Card title="Tensors">
                <p class="card-body bad">{problem.message}</p>
            </Card>
        );
    if (!shown?.sum)
        return (
            <Card title="Tensors">
                <Skeleton lines={LAYERS} />
            </Card>
        );
    const layers = shown.sum.layers.filter((l) => l.differ > 0).sort(worstFirst);
    const most = mostOf(layers);
    return (
        <Card title="Tensors" extra={shown.sum.differs && <a href={href}>All</a>}>
            <p class="card-body">{shown.sum.differs ? sumOfTensors(load) : "No weights differ."}</p>
            {(load.measure || load.going) && (
                <div class="card-body">
                    <Measuring load={load} />
                </div>
            )}
            {load.isMeasured && layers.length > 0 && (
                <ol class="diff-worst" aria-label="The layers that changed most">
                    {layers.slice(0, LAYERS).map((l) => (
                        <li key={l.name}>
                            <span class="given clip" title={l.name}>
                                {plainName(l.name)}
                                {odd(l) && <b class={grew(l) ? "bad" : "muted"}> {odd(l)}</b>}
                            </span>
                            <Bar part={partOf(l.change, most)} />
                            <span class="number">{percent(l.change) || "–"}</span>
                        </li>
                    ))}
                </ol>
            )}
        </Card>
    );
}

// Counts of what has a side of its own.
function Contents({ diff, href }: Pick<Props, "diff" | "href">) {
    const { files, text, tokenizer } = diff;
    if (!files) return null;
    const counts: [number, string][] = [
        [files.added, "added"],
        [files.removed, "removed"],
        [files.changed, "changed"],
        [files.renamed, "renamed"],
    ];
    const sum = counts.filter(([n]) => n > 0).map(([n, word]) => `${integer(n)} ${word}`);
    const templates = tokenizer?.templates.total ?? 0;
    return (
        <Card title="Files">
            <dl class="pairs">
                <Pair name="Files" href={href("files")} text={sum.join(", ")} />
                <Pair
                    name="Texts"
                    href={href("texts")}
                    text={text?.total ? plural(text.total, "text") : ""}
                />
                <Pair
                    name="Tokenizer"
                    href={href("tokenizer")}
                    text={tokenizer ? sumOfTokenizer(tokenizer).join(", ") : ""}
                />
                <Pair
                    name="Chat template"
                    href={`${href("tokenizer")}&view=templates`}
                    text={templates ? plural(templates, "template") : ""}
                />
            </dl>
        </Card>
    );
}

function Pair({ name, href, text }: { name: string; href: string; text: string }) {
    return (
        <div class="pair">
            <dt>{name}</dt>
            <dd>{text ? <a href={href}>{text}</a> : <span class="muted">the same</span>}</dd>
        </div>
    );
}

// Those of the tensors are told with their sum.
function Notes({ diff, tensors }: Pick<Props, "diff" | "tensors">) {
    const notes = [...diff.notes, ...(tensors.shown?.sum?.notes ?? [])];
    if (!notes.length) return null;
    return (
        <Card title="Not compared">
            <ul class="lines">
                {notes.slice(0, 50).map((n, i) => (
                    <li key={i}>
                        <b class="given">{plainName(n.path || diff[n.side].name)}</b>{" "}
                        <span class="given">{plainName(n.why)}</span>
                    </li>
                ))}
                {notes.length > 50 && <li class="muted">and {integer(notes.length - 50)} more</li>}
            </ul>
        </Card>
    );
}
