// SPDX-License-Identifier: Apache-2.0
// Whether long lines of a console are wrapped: taste, so this browser keeps it for all of them.
import { signal } from "@preact/signals";

const KEY = "stemma.console.wrap";

export const wrapped = signal(localStorage.getItem(KEY) !== null);

export function toggleWrapped(): void {
    wrapped.value = !wrapped.peek();
    if (wrapped.peek()) localStorage.setItem(KEY, "1");
    else localStorage.removeItem(KEY);
}
