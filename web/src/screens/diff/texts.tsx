// SPDX-License-Identifier: Apache-2.0
// Texts that differ: which ones, and the hunks of the one that is chosen (`file` in the address), below each other or side by
// side (`sides`).
import { useEffect, useMemo } from "preact/hooks";
import type { DiffText } from "../../api/diff";
import { address, formatAddress, go, setQuery } from "../../base/address";
import { shortCount } from "../../base/format";
import { plainName } from "../../base/text";
import { useActs } from "../../ui/acts";
import { Empty } from "../../ui/parts";
import { Rows } from "../../view/rows";
import { type Source, usePages } from "./pages";
import { type Line, linesOf, type Sides, sidesOf } from "./unified";

const HEIGHT = 18;

export function Texts({ source, none }: { source: Source<DiffText>; none: string }) {
    const { query } = address.value;
    const { items, more } = usePages(source);
    const asked = query.get("file");
    const place = Math.max(
        0,
        items.findIndex((t) => t.path === asked),
    );
    const chosen = items[place];
    const last = place >= items.length - 1;
    useEffect(() => {
        if (last) more();
    }, [last, items]);
    const href = (t: DiffText): string => {
        const next = new URLSearchParams(address.peek().query);
        next.set("file", t.path);
        return formatAddress(address.peek().path, next);
    };
    const step = (by: number): void => {
        const to = items[place + by];
        if (to) go(href(to), { replace: true });
    };
    const sides = query.get("sides") === "1";
    const turn = (): void => setQuery({ sides: !sides });
    useActs([
        { id: "text-next", title: "Next text", group: "Texts", keys: ["j"], run: () => step(1) },
        { id: "text-before", title: "Text before", group: "Texts", keys: ["k"], run: () => step(-1) },
        {
            id: "text-sides",
            title: "Side by side or below each other",
            group: "Texts",
            keys: ["u"],
            run: turn,
        },
    ]);
    if (!chosen) return <Empty title={none} />;
    return (
        <div class="diff-texts">
            <nav class="diff-names" aria-label="Texts that differ">
                {items.map((t) => (
                    <a key={t.path} href={href(t)} aria-current={t === chosen ? "true" : undefined}>
                        <span class="given grow clip" title={t.path}>
                            {plainName(t.path)}
                        </span>
                        <Counts text={t} />
                    </a>
                ))}
            </nav>
            <section class="viewer" aria-label={chosen.path}>
                <div class="viewer-bar">
                    <b class="given">{plainName(chosen.path)}</b>
                    <Counts text={chosen} />
                    {chosen.cut && <span class="bad">cut here: it has more hunks</span>}
                    <span class="grow" />
                    <button
                        type="button"
                        class="button"
                        aria-pressed={sides}
                        title="Side by side (u)"
                        onClick={turn}
                    >
                        Side by side
                    </button>
                </div>
                <Hunks key={`${chosen.path} ${sides}`} text={chosen} sides={sides} />
            </section>
        </div>
    );
}

const Counts = ({ text: t }: { text: DiffText }) => (
    <span class="diff-counts">
        <span class="good">+{shortCount(t.added)}</span> <span class="bad">−{shortCount(t.removed)}</span>
    </span>
);

const LOOKS: Record<Line["kind"], string> = {
    place: "line-place",
    same: "",
    added: "line-added",
    removed: "line-removed",
};
const MARKS: Record<Line["kind"], string> = { place: "", same: " ", added: "+", removed: "−" };

function Hunks({ text, sides }: { text: DiffText; sides: boolean }) {
    const lines = useMemo(() => linesOf(text.unified), [text]);
    const pairs = useMemo(() => (sides ? sidesOf(lines) : []), [lines, sides]);
    const longest = lines.reduce((most, l) => Math.max(most, l.text.length), 0);
    return (
        <Rows
            count={sides ? pairs.length : lines.length}
            height={HEIGHT}
            label={`Differences of ${text.path}`}
            fit={sides}
            {...(sides ? {} : { wide: longest + 18 })}
            row={(i) =>
                sides ? (
                    <Beside key={i} pair={pairs[i] as Sides} />
                ) : (
                    <Below key={i} line={lines[i] as Line} />
                )
            }
        />
    );
}

const Numbered = ({ line }: { line: Line }) => (
    <span class="line-text">
        {MARKS[line.kind]}
        {line.text || " "}
    </span>
);

function Below({ line }: { line: Line }) {
    return (
        <div class={`line ${LOOKS[line.kind]}`} role="listitem">
            <span class="line-number">{line.was}</span>
            <span class="line-number">{line.is}</span>
            <Numbered line={line} />
        </div>
    );
}

function Beside({ pair: { was, is } }: { pair: Sides }) {
    const half = (line: Line | undefined, number: number | undefined) => (
        <span class={`line ${line ? LOOKS[line.kind] : "line-none"}`}>
            <span class="line-number">{number}</span>
            {line && <Numbered line={line} />}
        </span>
    );
    return (
        <div class="diff-beside" role="listitem">
            {half(was, was?.was)}
            {half(is, is?.is)}
        </div>
    );
}
