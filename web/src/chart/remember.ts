// SPDX-License-Identifier: Apache-2.0
// What a reader arranged in one place (a project's charts, a run's): kept in this browser, since it is taste,
// not state.
import { useState } from "preact/hooks";
import { keptName } from "../base/parse_address";

export interface Remembered {
    readonly open: Readonly<Record<string, boolean>>; // sections that were opened or closed
    readonly hidden: readonly string[]; // keys
    readonly wide: readonly string[];
    readonly log: readonly string[];
}
const NONE: Remembered = { open: {}, hidden: [], wide: [], log: [] };

function read(key: string): Remembered {
    try {
        return { ...NONE, ...(JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Remembered>) };
    } catch {
        return NONE;
    }
}

export function useRemembered(storeKey: string): [Remembered, (change: Partial<Remembered>) => void] {
    const key = keptName(`stemma.charts.${storeKey}`);
    const [now, setNow] = useState(() => read(key));
    return [
        now,
        (change) => {
            const next = { ...read(key), ...change };
            localStorage.setItem(key, JSON.stringify(next));
            setNow(next);
        },
    ];
}
