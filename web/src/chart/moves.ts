// SPDX-License-Identifier: Apache-2.0
// Moving charts within their section: by dragging them at their title, by keys, by their menu.
import { useEffect, useRef, useState } from "preact/hooks";
import type { MenuItem } from "../ui/dialog";
import { drag } from "../ui/drag";
import { reordered, type Section } from "./arrange";
import { setOrder, settings } from "./settings";

interface Target {
    key: string;
    after: boolean;
}
export interface Moves {
    drop(key: string): "moving" | "before" | "after" | undefined; // how the card looks
    drag(key: string, e: PointerEvent): void;
    onKey(key: string, e: KeyboardEvent): void;
    items(key: string): MenuItem[];
    readonly said: string; // for those who do not see it
}

const cardsOf = (grid: HTMLElement): HTMLElement[] => [...grid.querySelectorAll<HTMLElement>("[data-key]")];

// The card at (or nearest to) a point, and at which side of it.
function targetAt(grid: HTMLElement, x: number, y: number): Target | null {
    let best: Target | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const card of cardsOf(grid)) {
        const { left, right, top, bottom } = card.getBoundingClientRect();
        const far = Math.hypot(Math.max(left - x, x - right, 0), Math.max(top - y, y - bottom, 0));
        if (far >= least) continue;
        least = far;
        best = { key: card.dataset["key"] ?? "", after: x > (left + right) / 2 };
    }
    return best;
}

const STEPS: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
};

// `shown`: the charts of the section that are seen, as they stand.
export function useMoves(
    section: Section,
    shown: readonly string[],
    grid: { current: HTMLElement | null },
): Moves {
    const [dragged, setDragged] = useState<{ key: string; to: Target | null } | null>(null);
    const [said, setSaid] = useState("");
    const focus = useRef<string | null>(null); // what moves in the page loses it
    useEffect(() => {
        const card = grid.current && cardsOf(grid.current).find((c) => c.dataset["key"] === focus.current);
        card?.querySelector<HTMLElement>(".chart-box")?.focus();
        focus.current = null;
    });

    const put = (key: string, to: Target): void =>
        setOrder(reordered(settings.peek().order, section.all, key, to));

    function by(key: string, step: number): void {
        const from = shown.indexOf(key);
        const at = Math.max(0, Math.min(shown.length - 1, from + step));
        if (at === from) return;
        put(key, { key: shown[at] as string, after: at > from });
        setSaid(`${key} is number ${at + 1} of ${shown.length}`);
    }

    return {
        said,
        drop: (key) => (dragged?.key === key ? "moving" : sideOf(dragged?.to, key)),
        drag(key, e) {
            const box = grid.current;
            if (e.button !== 0 || !box) return;
            let to: Target | null = null;
            drag(
                e,
                ({ x, y }) => {
                    const at = targetAt(box, x, y);
                    to = at?.key === key ? null : at;
                    setDragged({ key, to });
                },
                (good) => {
                    setDragged(null);
                    if (good && to) put(key, to);
                },
            );
        },
        onKey(key, e) {
            const step = STEPS[e.key];
            if (!e.ctrlKey || step === undefined) return;
            e.preventDefault();
            focus.current = key;
            by(key, step);
        },
        items: (key) => [
            { label: "Move left", hint: "Ctrl+←", disabled: key === shown[0], run: () => by(key, -1) },
            { label: "Move right", hint: "Ctrl+→", disabled: key === shown.at(-1), run: () => by(key, 1) },
            ...naturalOrder(section),
        ],
    };
}

const sideOf = (to: Target | null | undefined, key: string): "before" | "after" | undefined =>
    to?.key === key ? (to.after ? "after" : "before") : undefined;

function naturalOrder({ all }: Section): MenuItem[] {
    const { order } = settings.peek();
    if (!order.some((k) => all.includes(k))) return [];
    return [
        {
            label: "Natural order of this section",
            run: () => setOrder(order.filter((k) => !all.includes(k))),
        },
    ];
}
