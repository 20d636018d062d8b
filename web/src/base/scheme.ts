// SPDX-License-Identifier: Apache-2.0
// Light or dark: as the system wishes, unless the reader chose. `scheme` is what is shown, for canvases to follow.
import { effect, signal } from "@preact/signals";

export type Scheme = "light" | "dark";
const KEY = "stemma.scheme";
const system = matchMedia("(prefers-color-scheme: dark)");
const wish = signal<Scheme>(system.matches ? "dark" : "light");
const chosen = signal<Scheme | null>(localStorage.getItem(KEY) as Scheme | null);

export const scheme = signal<Scheme>("light");
system.addEventListener("change", () => {
    wish.value = system.matches ? "dark" : "light";
});
effect(() => {
    const now = chosen.value === "light" || chosen.value === "dark" ? chosen.value : wish.value;
    document.documentElement.dataset["scheme"] = now;
    scheme.value = now;
});

// Back to the system's wish when that is the same.
export function toggleScheme(): void {
    const next: Scheme = scheme.peek() === "dark" ? "light" : "dark";
    chosen.value = next === wish.peek() ? null : next;
    if (chosen.value) localStorage.setItem(KEY, chosen.value);
    else localStorage.removeItem(KEY);
}
