// SPDX-License-Identifier: Apache-2.0
// Dragging with the pointer.

const SLACK = 4; // pixels that are no drag yet

// Follows the pointer until it is let go; Escape lets go without an end.
export function drag(
    from: PointerEvent,
    step: (dx: number, x: number) => void,
    end: (good: boolean) => void,
): void {
    let moved = false;
    const stop = new AbortController();
    const on = { signal: stop.signal };
    const finish = (good: boolean): void => {
        stop.abort();
        end(good);
    };
    const move = (e: PointerEvent): void => {
        moved = moved || Math.abs(e.clientX - from.clientX) > SLACK;
        if (moved) step(e.clientX - from.clientX, e.clientX);
    };
    addEventListener("pointermove", move, on);
    addEventListener("pointerup", () => finish(moved), on);
    addEventListener("pointercancel", () => finish(false), on);
    addEventListener("keydown", (e) => e.key === "Escape" && finish(false), on);
}

// The place in the order at which a heading that is let go at x will stand.
export function placeAt(x: number, head: HTMLElement): number {
    let place = 0;
    for (const cell of head.querySelectorAll<HTMLElement>("[role=columnheader]")) {
        const box = cell.getBoundingClientRect();
        const index = Number(cell.dataset["column"]);
        if (x > box.left + box.width / 2) place = Math.max(place, index + 1);
        else if (x > box.left) place = Math.max(place, index);
    }
    return place;
}
