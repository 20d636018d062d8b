// SPDX-License-Identifier: Apache-2.0
// Dragging with the pointer.

const SLACK = 4; // pixels that are no drag yet

export interface Way {
    dx: number; // since it began
    x: number; // in the window
    y: number;
}

// Follows the pointer until it is let go; Escape lets go without an end.
export function drag(from: PointerEvent, step: (way: Way) => void, end: (good: boolean) => void): void {
    let moved = false;
    const stop = new AbortController();
    const on = { signal: stop.signal };
    const finish = (good: boolean): void => {
        stop.abort();
        end(good);
    };
    const move = ({ clientX: x, clientY: y }: PointerEvent): void => {
        moved = moved || Math.hypot(x - from.clientX, y - from.clientY) > SLACK;
        if (moved) step({ dx: x - from.clientX, x, y });
    };
    addEventListener("pointermove", move, on);
    addEventListener("pointerup", () => finish(moved), on);
    addEventListener("pointercancel", () => finish(false), on);
    addEventListener("keydown", (e) => e.key === "Escape" && finish(false), on);
}
