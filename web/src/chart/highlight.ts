// SPDX-License-Identifier: Apache-2.0
// The run that is pointed at, by a row of a table or by a line of a chart: both show it, all others step
// back.
import { signal } from "@preact/signals";

export const highlight = signal<string | null>(null);
