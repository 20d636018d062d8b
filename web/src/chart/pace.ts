// SPDX-License-Identifier: Apache-2.0
// How often live lines move: at once when it was quiet, and else seldom enough that reading and drawing them
// costs no more than a twenty-fifth of the time.

const SHARE = 25;
const LEAST_MS = 800;
const MOST_MS = 3000;

let cost = 0; // of this page's thread since the last update began
let began = Number.NEGATIVE_INFINITY;
let timer: ReturnType<typeof setTimeout> | undefined;

// Everything that an update causes says what it took.
export function spent(ms: number): void {
    cost += ms;
}

const waitMs = (): number => began + Math.min(MOST_MS, Math.max(LEAST_MS, cost * SHARE)) - performance.now();

export const ready = (): boolean => waitMs() <= 0 && !document.hidden;

export function begin(): void {
    began = performance.now();
    cost = 0;
}

// Calls once it is time (and the page can be seen again).
export function whenReady(then: () => void): void {
    if (timer !== undefined) return;
    if (document.hidden) {
        document.addEventListener("visibilitychange", () => whenReady(then), { once: true });
        return;
    }
    timer = setTimeout(
        () => {
            timer = undefined;
            then();
        },
        Math.max(0, waitMs()),
    );
}
