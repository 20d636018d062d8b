// SPDX-License-Identifier: Apache-2.0
// The graph: lines are drawn, things are links above them. One of them is reached by Tab, the others by arrows; Enter goes
// there.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { go } from "../../base/address";
import { plainName } from "../../base/text";
import { toLineage } from "../../routes";
import { useActs } from "../../ui/acts";
import { type Graph, kindOf, type Link, type Thing } from "./graph";
import { type Layout, layoutOf, type Point, pathOf, type Size } from "./layout";

const SIZE: Size = { wide: 188, tall: 42, across: 84, between: 14 };
const EDGE = 24; // around all
const LABEL = 12; // the height of a label
const LABELS_MAX = 150; // of lines: more would cover each other

const ARROWS: Record<string, readonly [number, number]> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
};

// The nearest in a direction; what is beside the way counts as far.
export function nearest(at: readonly Point[], from: number, [dx, dy]: readonly [number, number]): number {
    const here = at[from];
    let best = from;
    let least = Number.POSITIVE_INFINITY;
    at.forEach((p, i) => {
        if (!here || i === from) return;
        const [x, y] = [p.x - here.x, p.y - here.y];
        const ahead = x * dx + y * dy;
        if (ahead <= 0) return;
        const far = ahead + 2 * Math.abs(x * dy + y * dx);
        if (far < least) [least, best] = [far, i];
    });
    return best;
}

export function Drawing({ graph, name }: { graph: Graph; name: string }) {
    const { things, links } = graph;
    const layout = useMemo(() => layoutOf(things.length, links, SIZE), [graph]);
    const root = Math.max(
        0,
        things.findIndex((t) => t.isRoot),
    );
    const [chosen, choose] = useState(""); // its key
    const found = things.findIndex((t) => t.key === chosen);
    const current = found < 0 ? root : found;
    const box = useRef<HTMLDivElement>(null);
    const before = useRef<{ root: string; at: ReadonlyMap<string, Point> }>(null);
    useLayoutEffect(() => {
        const rootKey = things[root]?.key ?? "";
        const isSame = before.current?.root === rootKey;
        const place = isSame ? current : root;
        const was = isSame ? before.current?.at.get(things[place]?.key ?? "") : undefined;
        const at = layout.at[place];
        before.current = { root: rootKey, at: new Map(things.map((t, i) => [t.key, layout.at[i] as Point])) };
        if (!isSame) choose(rootKey);
        const element = box.current;
        if (!at || !element) return;
        // News move everything, but not what one looks at.
        element.scrollLeft = was
            ? element.scrollLeft + at.x - was.x
            : at.x + EDGE - (element.clientWidth - SIZE.wide) / 2;
        element.scrollTop = was
            ? element.scrollTop + at.y - was.y
            : at.y + EDGE - (element.clientHeight - SIZE.tall) / 2;
    }, [layout]);
    const of = things[current]?.of ?? "";
    useActs([
        {
            id: "lineage-from",
            title: "Lineage of the one that has the focus",
            group: "Lineage",
            keys: ["l"],
            enabled: of !== "",
            run: () => go(toLineage(of)),
        },
    ]);
    function onKey(e: KeyboardEvent): void {
        const way = ARROWS[e.key];
        if (!way || e.ctrlKey || e.metaKey || e.altKey) return;
        e.preventDefault();
        const to = nearest(layout.at, current, way);
        choose(things[to]?.key ?? "");
        box.current?.querySelector<HTMLElement>(`[data-thing="${to}"]`)?.focus();
    }
    return (
        <div ref={box} class="lineage-box" role="group" aria-label={name} onKeyDown={onKey}>
            <div
                class="lineage-graph"
                style={{ width: `${layout.wide + 2 * EDGE}px`, height: `${layout.tall + 2 * EDGE}px` }}
            >
                <Lines layout={layout} links={links} />
                {things.map((t, i) => (
                    <Node
                        key={t.key}
                        thing={t}
                        place={i}
                        at={layout.at[i] ?? { x: 0, y: 0 }}
                        isCurrent={i === current}
                        focused={() => choose(t.key)}
                    />
                ))}
            </div>
        </div>
    );
}

interface NodeProps {
    thing: Thing;
    place: number;
    at: Point;
    isCurrent: boolean;
    focused: () => void;
}

function Node({ thing: t, place, at, isCurrent, focused }: NodeProps) {
    const faults = t.faults.join(", ");
    return (
        <a
            class={`lineage-node lineage-${t.kind} ${t.isRoot ? "is-root" : ""} ${t.faults.length ? "is-faulty" : ""}`}
            href={t.href}
            data-thing={place}
            tabIndex={isCurrent ? 0 : -1}
            style={{
                left: `${at.x + EDGE}px`,
                top: `${at.y + EDGE}px`,
                width: `${SIZE.wide}px`,
                height: `${SIZE.tall}px`,
            }}
            title={[t.title, t.steps, ...t.sealed].filter(Boolean).join(" · ")}
            onFocus={focused}
        >
            <span class="given clip lineage-title">{plainName(t.title)}</span>
            <span class="clip lineage-about">
                {kindOf(t)}
                {t.about && <span class="given"> · {plainName(t.about)}</span>}
                {t.sealed.length > 0 && <span class="given"> · ⚑ {plainName(t.sealed.join(", "))}</span>}
                {faults && <b class="bad"> · {faults}</b>}
            </span>
        </a>
    );
}

function Lines({ layout, links }: { layout: Layout; links: readonly Link[] }) {
    const labels = links.length <= LABELS_MAX ? labelsOf(links) : [];
    return (
        <svg
            class="lineage-lines"
            width={layout.wide + 2 * EDGE}
            height={layout.tall + 2 * EDGE}
            viewBox={`${-EDGE} ${-EDGE} ${layout.wide + 2 * EDGE} ${layout.tall + 2 * EDGE}`}
            aria-hidden="true"
        >
            <defs>
                <marker
                    id="lineage-arrow"
                    markerUnits="userSpaceOnUse"
                    viewBox="0 0 8 8"
                    refX="7"
                    refY="4"
                    markerWidth="9"
                    markerHeight="9"
                    orient="auto"
                >
                    <path d="M0 0L8 4L0 8Z" fill="context-stroke" />
                </marker>
            </defs>
            {links.map((l, i) => {
                return (
                    <g key={i} class={`lineage-line lineage-is-${l.belief}`}>
                        <path d={pathOf(layout.lines[i] ?? [])} marker-end="url(#lineage-arrow)">
                            <title>
                                {[l.word, l.belief === "recorded" ? "" : l.belief, l.proof]
                                    .filter(Boolean)
                                    .join(": ")}
                            </title>
                        </path>
                    </g>
                );
            })}
            {labels.map((words, i) => words && <Label key={i} line={layout.lines[i] ?? []} words={words} />)}
        </svg>
    );
}

// What stands beside each line: of several between the same two, all that is to be said beside the first.
export function labelsOf(links: readonly Link[]): (readonly string[] | undefined)[] {
    const said = new Map<string, { at: number; words: Set<string> }>();
    links.forEach(({ from, to, brief }, at) => {
        if (!brief) return;
        const key = `${from} ${to}`;
        const pair = said.get(key) ?? { at, words: new Set() };
        pair.words.add(brief);
        said.set(key, pair);
    });
    const labels = new Array<readonly string[] | undefined>(links.length).fill(undefined);
    for (const { at, words } of said.values()) labels[at] = [...words];
    return labels;
}

// In the last gap between columns, where no other column covers it.
function Label({ line, words }: { line: readonly Point[]; words: readonly string[] }) {
    const [a, b] = [line.at(-2), line.at(-1)];
    if (!a || !b) return null;
    const [x, y] = [(a.x + b.x) / 2, (a.y + b.y) / 2 - 4 - (words.length - 1) * LABEL];
    return words.map((word, i) => (
        <text key={word} x={x} y={y + i * LABEL} text-anchor="middle">
            {word}
        </text>
    ));
}
