// SPDX-License-Identifier: Apache-2.0
// Rows and titles of tables that are made of Rows: their roles are said, since they are no <table>.
import type { ComponentChildren, CSSProperties } from "preact";

export function CellRow({ class: className, children }: { class: string; children: ComponentChildren }) {
    return (
        // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus
        <div class={className} role="row">
            {children}
        </div>
    );
}

export interface SortOf {
    by: string;
    down: boolean;
}

// A title that sorts when it is chosen: upwards, then downwards.
export function Title({
    id,
    title,
    sort,
    choose,
    class: className,
    style,
}: {
    id: string;
    title: string;
    sort?: SortOf;
    choose?: (sort: SortOf) => void;
    class?: string;
    style?: CSSProperties;
}) {
    const on = sort?.by === id;
    const order = on ? (sort?.down ? "descending" : "ascending") : "none";
    const shared = { class: className, style, role: "columnheader", title, "aria-sort": order } as const;
    if (!choose) return <span {...shared}>{title}</span>;
    return (
        <span {...shared}>
            <button type="button" onClick={() => choose({ by: id, down: on && !sort?.down })}>
                {title}
                {on ? (sort?.down ? " ↓" : " ↑") : ""}
            </button>
        </span>
    );
}
