// SPDX-License-Identifier: Apache-2.0
// Is nothing scrolling? What is dear to draw waits for that.
import { signal } from "@preact/signals";

const STILL_MS = 120;
let timer: ReturnType<typeof setTimeout> | undefined;

export const still = signal(true);

export function scrolled(): void {
    still.value = false;
    clearTimeout(timer);
    timer = setTimeout(() => {
        still.value = true;
    }, STILL_MS);
}
