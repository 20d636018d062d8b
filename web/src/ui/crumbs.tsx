// SPDX-License-Identifier: Apache-2.0
// Where one is, in the bar on top, and the title of the window.
import { createPortal } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import "./crumbs.css";

export interface Crumb {
    title: string;
    href?: string;
}

export function Crumbs({ list }: { list: readonly Crumb[] }) {
    const [place, setPlace] = useState<HTMLElement | null>(null);
    const title = [...list]
        .reverse()
        .map((c) => c.title)
        .join(" · ");
    useEffect(() => setPlace(document.getElementById("crumbs")), []);
    useEffect(() => {
        document.title = title ? `${title} · Stemma` : "Stemma";
    }, [title]);
    if (!place) return null;
    return createPortal(
        <nav aria-label="Where you are" class="crumbs">
            {list.map((c, i) => (
                <span key={`${i} ${c.title}`} class="clip" title={c.title}>
                    <span class="muted"> / </span>
                    {c.href ? <a href={c.href}>{c.title}</a> : c.title}
                </span>
            ))}
        </nav>,
        place,
    );
}
