// SPDX-License-Identifier: Apache-2.0
// A part of a screen: a frame with a title.
import type { ComponentChildren } from "preact";
import "./card.css";

export function Card({
    title,
    extra,
    children,
    class: className = "",
}: {
    title: string;
    extra?: ComponentChildren;
    children: ComponentChildren;
    class?: string;
}) {
    return (
        <section class={`panel card ${className}`} aria-label={title}>
            <header class="row card-head">
                <h2 class="grow">{title}</h2>
                {extra}
            </header>
            {children}
        </section>
    );
}
