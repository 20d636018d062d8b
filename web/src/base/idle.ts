// SPDX-License-Identifier: Apache-2.0
// What may wait until the browser has drawn what it has to.
const SOON_MS = 300;

export function whenIdle(then: () => void): void {
    if (typeof requestIdleCallback === "function") requestIdleCallback(then, { timeout: SOON_MS });
    else setTimeout(then, SOON_MS / 4);
}
