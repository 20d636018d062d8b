// SPDX-License-Identifier: Apache-2.0
// What shows Markdown, read when there is some.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export type Prose = ComponentType<{ text: string }>;

export function useProse(wanted: boolean): Prose | null {
    const [prose, setProse] = useState<{ shows: Prose } | null>(null);
    useEffect(() => {
        if (wanted) void import("./prose").then((m) => setProse({ shows: m.default }));
    }, [wanted]);
    return prose?.shows ?? null;
}
