// SPDX-License-Identifier: Apache-2.0
// Where one is, in the bar on top, and the title of the window. A screen says it with <Crumbs>, the bar shows it. (A
// portal would bring preact/compat, whose hooks cost every element of a table.)
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import "./crumbs.css";

export interface Crumb {
    title: string;
    href?: string;
}

const now = signal<readonly Crumb[]>([]);

export function Crumbs({ list }: { list: readonly Crumb[] }) {
    const text = JSON.stringify(list);
    useEffect(() => {
        now.value = list;
        const title = list
            .map((c) => c.title)
            .toReversed()
            .join(" · ");
        document.title = title ? `${title} · Stemma` : "Stemma";
    }, [text]);
    useEffect(
        () => () => {
            now.value = [];
        },
        [],
    );
    return null;
}

// So long a title keeps its width, however long those beside it are.
const SHORT = 12;

export function CrumbBar() {
    if (!now.value.length) return null;
    return (
        <nav aria-label="Where you are" class="crumbs">
            {now.value.map((c, i) => (
                <span
                    key={`${i} ${c.title}`}
                    class={c.title.length > SHORT ? "clip" : "clip crumb-short"}
                    title={c.title}
                >
                    <span class="muted"> / </span>
                    {c.href ? <a href={c.href}>{c.title}</a> : c.title}
                </span>
            ))}
        </nav>
    );
}
