// SPDX-License-Identifier: Apache-2.0
// The line between the table and the charts: dragged, or moved by arrows.
import { useRef } from "preact/hooks";
import { setSplit } from "./state";

const STEP = 4;

export function Divider({ split }: { split: number }) {
    const line = useRef<HTMLDivElement>(null);

    function onDown(e: PointerEvent): void {
        const box = line.current?.parentElement?.getBoundingClientRect();
        if (!box || e.button !== 0) return;
        e.preventDefault();
        const stop = new AbortController();
        const on = { signal: stop.signal };
        addEventListener(
            "pointermove",
            (m) => setSplit(between(((m.clientX - box.left) / box.width) * 100)),
            on,
        );
        addEventListener("pointerup", () => stop.abort(), on);
        addEventListener("pointercancel", () => stop.abort(), on);
    }

    function onKey(e: KeyboardEvent): void {
        if (e.key !== "ArrowLeft" && e.key !== "ArrowRight") return;
        e.preventDefault();
        setSplit(between(split + (e.key === "ArrowLeft" ? -STEP : STEP)));
    }

    return (
        <div
            ref={line}
            class="divider"
            role="separator"
            aria-orientation="vertical"
            aria-label="Width of the table"
            aria-valuenow={Math.round(split)}
            aria-valuemin={15}
            aria-valuemax={85}
            tabIndex={0}
            onPointerDown={onDown}
            onKeyDown={onKey}
        />
    );
}

const between = (n: number): number => Math.min(85, Math.max(15, n));
