// SPDX-License-Identifier: Apache-2.0
// Where a list stands. Browsers end at some ten million pixels; a longer list is moved by hand: `top` is where it stands in its
// own pixels, the scroll bar shows where that is, and the wheel moves it exactly.
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

const HIGHEST = 8_000_000;

export interface Place {
    drawn: number; // pixels of the scroll bar
    furthest: number; // the greatest `top`
    scaled: boolean;
    scale: number; // pixels of the list a pixel of the scroll bar
    top: number;
    placed: number; // where the scroll bar was put by hand; -1: the reader moved it
}

// `place` is one object that always has the newest, for listeners. `taken`: the reader moved it.
export function usePlace(
    box: RefObject<HTMLDivElement | null>,
    real: number,
    tall: number,
    taken: () => void,
) {
    const [wanted, setWanted] = useState(0);
    const place = useRef<Place>({
        drawn: 0,
        furthest: 0,
        scaled: false,
        scale: 1,
        top: 0,
        placed: -1,
    }).current;
    place.drawn = Math.min(real, HIGHEST);
    place.furthest = Math.max(0, real - tall);
    place.scaled = real > HIGHEST;
    place.scale = place.scaled && place.drawn > tall ? place.furthest / (place.drawn - tall) : 1;
    place.top = Math.min(wanted, place.furthest);
    function moveTo(where: number): void {
        place.top = Math.max(0, Math.min(where, place.furthest));
        place.placed = Math.round(place.top / place.scale);
        if (box.current) box.current.scrollTop = place.placed;
        setWanted(place.top);
    }
    function scrolled(at: number): void {
        const ours = Math.abs(at - place.placed) < 1;
        if (!ours) taken();
        // Our own placing comes back as an event: it must not round the exact place away.
        if (place.scaled && ours) return;
        place.placed = -1;
        setWanted(at * place.scale);
    }
    return { top: place.top, place, moveTo, scrolled };
}

// Only a list that is scaled is moved by hand.
export function useWheel(
    box: RefObject<HTMLDivElement | null>,
    place: Place,
    height: number,
    moveTo: (top: number) => void,
): void {
    useEffect(() => {
        const element = box.current;
        if (!element) return undefined;
        const onWheel = (e: WheelEvent): void => {
            if (!place.scaled || e.ctrlKey || !e.deltaY) return;
            e.preventDefault();
            moveTo(place.top + e.deltaY * (e.deltaMode === 1 ? height : 1));
        };
        element.addEventListener("wheel", onWheel, { passive: false });
        return () => element.removeEventListener("wheel", onWheel);
    }, [height]);
}

export function moveByKey(
    e: KeyboardEvent,
    height: number,
    tall: number,
    top: number,
    moveTo: (top: number) => void,
): void {
    const steps: Record<string, number> = {
        ArrowDown: top + height,
        ArrowUp: top - height,
        PageDown: top + tall - height,
        PageUp: top - tall + height,
        Home: 0,
        End: Number.MAX_SAFE_INTEGER,
    };
    const to = steps[e.key];
    if (to === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    moveTo(to);
}
