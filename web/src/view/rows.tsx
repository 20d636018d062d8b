// SPDX-License-Identifier: Apache-2.0
// A list of rows of one height of which only those in sight are made: lines of text, of a console, of a table, of a tree.
// Browsers end at some ten million pixels; a longer list is moved by hand: `top` is where it stands in its own pixels, the
// scroll bar shows where that is, and the wheel moves it exactly.
import type { ComponentChildren, Ref, RefObject } from "preact";
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from "preact/hooks";
import "./rows.css";

const HIGHEST = 8_000_000;
const SPARE = 6; // rows made beyond each edge

export interface RowsHandle {
    // Brings a row into sight: to the middle, or to the top.
    show(index: number, place?: "middle" | "top"): void;
    reveal(index: number): void; // moves no more than is needed
}

interface Props {
    count: number;
    height: number; // of a row
    row: (index: number) => ComponentChildren;
    label: string;
    handle?: Ref<RowsHandle>;
    follow?: boolean; // stay at the end while rows are added
    onSight?: (from: number, to: number) => void;
    wide?: number; // least width of the rows, in characters
    fit?: boolean; // rows are as wide as the list
    class?: string;
    role?: "table" | "list" | "tree";
    head?: ComponentChildren; // stays on top
    headHeight?: number;
    boxHeight?: number; // of the list itself, when its place does not give it one
    onScrolled?: (atEnd: boolean) => void; // by the reader, or because rows were added
}

export function Rows(props: Props) {
    const { count, height, follow, onSight, headHeight = 0 } = props;
    const box = useRef<HTMLDivElement>(null);
    const tall = Math.max(0, useTall(box) - headHeight);
    const { top, place, moveTo, scrolled } = usePlace(box, count * height, tall);
    useHandle(props.handle ?? null, place, height, tall, moveTo);
    useWheel(box, place, height, moveTo);
    useLayoutEffect(() => {
        if (follow) moveTo(Number.MAX_SAFE_INTEGER);
    }, [follow, count, tall]);
    const from = Math.max(0, Math.floor(top / height) - SPARE);
    const to = Math.min(count, Math.ceil((top + tall) / height) + SPARE);
    useEffect(() => onSight?.(from, to), [from, to, count]);

    function onScroll(): void {
        const element = box.current;
        if (!element) return;
        const isEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - height;
        props.onScrolled?.(isEnd);
        scrolled(element.scrollTop);
    }
    const shift = place.scaled ? top / place.scale - (top - from * height) : from * height;
    return (
        // biome-ignore lint/a11y/useAriaPropsSupportedByRole: its role is chosen by who uses it
        <div
            ref={box}
            class={`rows ${props.fit ? "rows-fit" : ""} ${props.class ?? ""}`}
            role={props.role ?? "list"}
            aria-label={props.label}
            aria-rowcount={props.role === "table" ? count : undefined}
            tabIndex={0}
            style={props.boxHeight ? { height: `${props.boxHeight}px` } : undefined}
            onScroll={onScroll}
            onKeyDown={(e) => place.scaled && moveByKey(e, height, tall, top, moveTo)}
        >
            {props.head}
            <div
                class="rows-space"
                role="presentation"
                style={{ height: `${place.drawn}px`, minWidth: props.wide ? `${props.wide}ch` : undefined }}
            >
                <div class="rows-shown" role="presentation" style={{ transform: `translateY(${shift}px)` }}>
                    {Array.from({ length: Math.max(0, to - from) }, (_, i) => props.row(from + i))}
                </div>
            </div>
        </div>
    );
}

function useTall(box: RefObject<HTMLDivElement | null>): number {
    const [tall, setTall] = useState(600);
    useLayoutEffect(() => {
        const element = box.current;
        if (!element) return undefined;
        const measure = (): void => setTall(element.clientHeight);
        const watch = new ResizeObserver(measure);
        watch.observe(element);
        measure();
        return () => watch.disconnect();
    }, []);
    return tall;
}

interface Place {
    drawn: number; // pixels of the scroll bar
    furthest: number; // the greatest `top`
    scaled: boolean;
    scale: number; // pixels of the list a pixel of the scroll bar
    top: number;
    placed: number; // where the scroll bar was put by hand; -1: the reader moved it
}

// Where the list stands. `place` is one object that always has the newest, for listeners.
function usePlace(box: RefObject<HTMLDivElement | null>, real: number, tall: number) {
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
        // Our own placing comes back as an event: it must not round the exact place away.
        if (place.scaled && Math.abs(at - place.placed) < 1) return;
        place.placed = -1;
        setWanted(at * place.scale);
    }
    return { top: place.top, place, moveTo, scrolled };
}

function useHandle(
    handle: Ref<RowsHandle>,
    place: Place,
    height: number,
    tall: number,
    moveTo: (top: number) => void,
): void {
    useImperativeHandle(
        handle,
        () => ({
            show: (index, where = "middle") =>
                moveTo(index * height - (where === "middle" ? (tall - height) / 2 : 0)),
            reveal: (index) => {
                const [first, last] = [index * height, (index + 1) * height - tall];
                if (place.top > first) moveTo(first);
                else if (place.top < last) moveTo(last);
            },
        }),
        [height, tall],
    );
}

// Only a list that is scaled is moved by hand.
function useWheel(
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

function moveByKey(
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
