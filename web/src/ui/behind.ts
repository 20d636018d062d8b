// SPDX-License-Identifier: Apache-2.0
// A value that follows another once the browser has drawn what else the other changed: first what is looked at.
import { useEffect, useState } from "preact/hooks";

export function useBehind<T>(value: T): T {
    const [now, setNow] = useState(value);
    useEffect(() => setNow(() => value), [value]);
    return now;
}
