// SPDX-License-Identifier: Apache-2.0
// useSteady: what was read again, with all of it that is as it was the same objects as before.
import { useRef } from "preact/hooks";
import { keepEqual } from "../base/keep_equal";

export function useSteady<T>(now: T): T {
    const last = useRef(now);
    if (last.current !== now) last.current = keepEqual(last.current, now);
    return last.current;
}
