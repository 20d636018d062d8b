// SPDX-License-Identifier: Apache-2.0
// One cursor over all charts: a place of x, and the chart that it is moved in.
import { signal } from "@preact/signals";

export interface Cursor {
    readonly x: number;
    readonly key: string;
}
export const cursor = signal<Cursor | null>(null);
