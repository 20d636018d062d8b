// SPDX-License-Identifier: Apache-2.0
// A value that shows at once as it is changed, and is put where it belongs when one pauses.
import { useEffect, useRef, useState } from "preact/hooks";

const PAUSE_MS = 120;

export function useLate<T>(value: T, put: (v: T) => void): [T, (v: T) => void] {
    const [now, setNow] = useState(value);
    const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
    const given = useRef(value); // what comes back of it is not news: more may have been typed since
    useEffect(() => {
        if (value !== given.current) setNow(value);
        given.current = value;
    }, [value]);
    return [
        now,
        (v) => {
            setNow(v);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => {
                given.current = v;
                put(v);
            }, PAUSE_MS);
        },
    ];
}
