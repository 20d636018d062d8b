// SPDX-License-Identifier: Apache-2.0
// A value that shows at once as it is changed, and is put where it belongs when one pauses.
import { useEffect, useRef, useState } from "preact/hooks";

const PAUSE_MS = 120;

export function useLate<T>(value: T, put: (v: T) => void): [T, (v: T) => void] {
    const [now, setNow] = useState(value);
    const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
    useEffect(() => setNow(value), [value]);
    return [
        now,
        (v) => {
            setNow(v);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => put(v), PAUSE_MS);
        },
    ];
}
