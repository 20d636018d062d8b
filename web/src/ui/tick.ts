// SPDX-License-Identifier: Apache-2.0
// Time in components: drawing each second while something goes on, and following something less often than it changes.
import { useEffect, useRef, useState } from "preact/hooks";

export function useTick(on: boolean): void {
    const [, tick] = useState(0);
    useEffect(() => {
        if (!on) return undefined;
        const timer = setInterval(() => tick((t) => t + 1), 1000);
        return () => clearInterval(timer);
    }, [on]);
}

// Follows a value, but not more often than every so many milliseconds.
export function useSlow<T>(value: T, ms: number): T {
    const [slow, setSlow] = useState(value);
    const last = useRef(0);
    useEffect(() => {
        if (Object.is(value, slow)) return undefined;
        const timer = setTimeout(
            () => {
                last.current = Date.now();
                setSlow(value);
            },
            Math.max(0, last.current + ms - Date.now()),
        );
        return () => clearTimeout(timer);
    }, [value, slow, ms]);
    return slow;
}
