// SPDX-License-Identifier: Apache-2.0
// Acts: whatever can be done on the screen that is shown, in one list. Keys, the command palette and the page of keys
// ("?") are readers of it, so an act is written once. A screen brings its acts with useActs and takes them along.
import { computed, signal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

export interface Act {
    id: string;
    title: string; // "Delete runs"
    group: string; // "Runs": a heading of the page of keys
    keys?: readonly string[]; // as KeyboardEvent.key, with "Ctrl+" or "Shift+" before it; two in a row: "g h"
    run: () => unknown;
    enabled?: boolean; // default true
    palette?: boolean; // default true: offered there
    command?: string; // the same on the command line
    curl?: string; // and for scripts
}

interface Layer {
    list: readonly Act[];
    isFrame: boolean;
}
const layers = signal<readonly Layer[]>([]);
// The newest layer first, so that a part of a screen goes before the screen; the frame's acts last.
export const acts = computed(() =>
    [...layers.value.toReversed()]
        .sort((a, b) => Number(a.isFrame) - Number(b.isFrame))
        .flatMap((l) => l.list),
);

export function useActs(list: readonly Act[], { isFrame = false } = {}): void {
    const now = useRef(list);
    now.current = list;
    // Titles and states may change with every draw; what is registered asks for the newest.
    const shape = list
        .map((a) => `${a.id} ${a.title} ${a.enabled !== false} ${a.command ?? ""} ${a.curl ?? ""}`)
        .join("\n");
    const layer = useMemo(
        () =>
            list.map((a) => ({
                ...a,
                run: () => now.current.find((b) => b.id === a.id)?.run(),
            })),
        [shape],
    );
    // Before the screen is seen: a key that is pressed at once is not lost.
    useLayoutEffect(() => {
        const added = { list: layer, isFrame };
        layers.value = [...layers.peek(), added];
        return () => {
            layers.value = layers.peek().filter((l) => l !== added);
        };
    }, [layer, isFrame]);
}

export function keyName(e: KeyboardEvent): string {
    const mod = e.ctrlKey || e.metaKey ? "Ctrl+" : "";
    const shift = e.shiftKey && e.key.length > 1 ? "Shift+" : "";
    return `${mod}${shift}${e.key.length === 1 && mod ? e.key.toLowerCase() : e.key}`;
}

const BOXES = ["checkbox", "radio", "button", "submit", "reset"];

// Is the key for the field that has the focus? A box to tick takes no letters, and a list of choices has no "?".
function isTyping(target: EventTarget | null, name: string): boolean {
    if (target instanceof HTMLInputElement) return !BOXES.includes(target.type);
    if (target instanceof HTMLSelectElement) return name !== "?";
    return (
        target instanceof HTMLElement && (target.isContentEditable || target instanceof HTMLTextAreaElement)
    );
}

// While a modal dialog is open only its own keys count.
const blocked = (e: KeyboardEvent): boolean =>
    e.defaultPrevented || e.altKey || (document.querySelector("dialog[open]") !== null && e.key !== "Escape");

let pending = "";
let pendingSince = 0;

addEventListener("keydown", (e) => {
    const name = keyName(e);
    const typing = isTyping(e.target, name);
    if (blocked(e) || (typing && !name.startsWith("Ctrl+"))) return;
    if (typing && /^Ctrl\+[acvxyz]$/.test(name)) return; // the field's own
    const sequence = pending && Date.now() - pendingSince < 1000 ? `${pending} ${name}` : name;
    pending = "";
    const usable = acts.peek().filter((a) => a.enabled !== false);
    const act = usable.find((a) => a.keys?.includes(sequence)) ?? usable.find((a) => a.keys?.includes(name));
    if (act) {
        e.preventDefault();
        void act.run();
    } else if (usable.some((a) => a.keys?.some((k) => k.startsWith(`${name} `)))) {
        pending = name;
        pendingSince = Date.now();
    }
});
