// SPDX-License-Identifier: Apache-2.0
// Short words about what was just done, with its undo; and what failed. Ten seconds, longer while pointed at.
import { signal } from "@preact/signals";
import { Problem } from "../api/client";
import "./toast.css";

interface Toast {
    id: number;
    text: string;
    bad: boolean;
    undo?: () => Promise<unknown>;
}
const toasts = signal<readonly Toast[]>([]);
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let last = 0;

function drop(id: number): void {
    clearTimeout(timers.get(id));
    timers.delete(id);
    toasts.value = toasts.value.filter((t) => t.id !== id);
}

const wait = (id: number): void =>
    void timers.set(
        id,
        setTimeout(() => drop(id), 10_000),
    );

function show(toast: Omit<Toast, "id">): void {
    const id = ++last;
    toasts.value = [...toasts.value.slice(-3), { id, ...toast }];
    wait(id);
}

export const say = (text: string, undo?: () => Promise<unknown>): void =>
    show({ text, bad: false, ...(undo ? { undo } : {}) });

export const sayProblem = (e: unknown): void =>
    show({
        text: e instanceof Problem ? e.message : `Something went wrong in this page: ${String(e)}`,
        bad: true,
    });

// Does it, shows what came of it, and offers the way back.
export async function change<T>(
    words: string,
    act: () => Promise<T>,
    back: () => Promise<T>,
    shown: (now: T) => void,
): Promise<void> {
    try {
        shown(await act());
        say(words, async () => shown(await back()));
    } catch (e) {
        sayProblem(e);
    }
}

// The newest act that can be undone: what Ctrl-Z does.
export function undoLast(): void {
    const toast = toasts.peek().findLast((t) => t.undo);
    if (toast) void undo(toast);
}

async function undo(toast: Toast): Promise<void> {
    drop(toast.id);
    try {
        await toast.undo?.();
        say("Undone");
    } catch (e) {
        sayProblem(e);
    }
}

export function Toasts() {
    return (
        <div class="toasts" role="status" aria-live="polite">
            {toasts.value.map((t) => (
                <div
                    key={t.id}
                    class={t.bad ? "toast toast-bad" : "toast"}
                    onPointerEnter={() => clearTimeout(timers.get(t.id))}
                    onPointerLeave={() => wait(t.id)}
                >
                    <span class="grow">{t.text}</span>
                    {t.undo && (
                        <button type="button" class="button" onClick={() => void undo(t)}>
                            Undo
                        </button>
                    )}
                    <button type="button" class="button plain" aria-label="Close" onClick={() => drop(t.id)}>
                        ✕
                    </button>
                </div>
            ))}
        </div>
    );
}
