// SPDX-License-Identifier: Apache-2.0
// A list of rows of which only those in sight are made: lines of text, of a console, of a table, of a tree. Rows have one
// height, or (`measured`) the height that they come to: what was not seen yet is taken to have the one, and when rows turn out
// higher the list stays where one looks. Where it stands: place.ts.
import type { ComponentChildren, Ref, RefObject } from "preact";
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Heights } from "./heights";
import { moveByKey, type Place, usePlace, useWheel } from "./place";
import "./rows.css";

const SPARE = 6; // rows made beyond each edge

export interface RowsHandle {
    // Brings a row into sight: to the middle, or to the top.
    show(index: number, place?: "middle" | "top"): void;
    reveal(index: number): void; // moves no more than is needed
}

interface Props {
    count: number;
    height: number; // of a row
    measured?: boolean; // it is the least height
    row: (index: number) => ComponentChildren; // one element
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
    const { count, height, measured = false, follow = false, onSight, headHeight = 0 } = props;
    const box = useRef<HTMLDivElement>(null);
    const shown = useRef<HTMLDivElement>(null);
    const stay = useRef<Stay | null>(null);
    const tall = Math.max(0, useTall(box) - headHeight);
    const heights = useHeights(height, measured);
    const { top, place, moveTo, scrolled } = usePlace(box, heights.top(count), tall, () => {
        stay.current = null;
    });
    useHandle(props.handle ?? null, { place, heights, tall, moveTo, stay });
    useWheel(box, place, height, moveTo);
    useLayoutEffect(() => {
        if (follow) moveTo(Number.MAX_SAFE_INTEGER);
    }, [follow, count, tall]);
    const from = Math.max(0, heights.at(top) - SPARE);
    const to = Math.min(count, heights.at(top + tall) + 1 + SPARE);
    useMeasured({ shown, from, measured, follow, place, heights, tall, moveTo, stay });
    useEffect(() => onSight?.(from, to), [from, to, count]);

    function onScroll(): void {
        const element = box.current;
        if (!element) return;
        const isEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - height;
        props.onScrolled?.(isEnd);
        scrolled(element.scrollTop);
    }
    const shift = place.scaled ? top / place.scale - (top - heights.top(from)) : heights.top(from);
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
                <div
                    ref={shown}
                    class="rows-shown"
                    role="presentation"
                    style={{ transform: `translateY(${shift}px)` }}
                >
                    {Array.from({ length: Math.max(0, to - from) }, (_, i) => props.row(from + i))}
                </div>
            </div>
        </div>
    );
}

function useTall(box: RefObject<HTMLDivElement | null>): number {
    const [size, setSize] = useState({ tall: 600, wide: 0 });
    useLayoutEffect(() => {
        const element = box.current;
        if (!element) return undefined;
        const measure = (): void =>
            setSize((old) => {
                const { clientHeight: tall, clientWidth: wide } = element;
                return old.tall === tall && old.wide === wide ? old : { tall, wide };
            });
        const watch = new ResizeObserver(measure);
        watch.observe(element);
        measure();
        return () => watch.disconnect();
    }, []);
    return size.tall;
}

// ---- heights ----------------------------------------------------------------------------------------------

// What stays where it is when heights turn out to be others: a row that was asked for, else the one on top.
type Stay = { row: number; at: "middle" | "top" } | { row: number; beyond: number };

interface Standing {
    place: Place;
    heights: Heights;
    tall: number;
    moveTo: (top: number) => void;
    stay: { current: Stay | null };
}

function topOf(stay: Stay, { heights, tall }: Standing): number {
    const top = heights.top(stay.row);
    if ("beyond" in stay) return top + stay.beyond;
    return stay.at === "top" ? top : top - (tall - heights.of(stay.row)) / 2;
}

function useHeights(base: number, measured: boolean): Heights {
    const heights = useRef<{ of: Heights; measured: boolean }>({ of: new Heights(base), measured });
    if (heights.current.measured !== measured) heights.current = { of: new Heights(base), measured };
    return heights.current.of;
}

// Measures what was drawn; when that was news the list is drawn again, and put back where it stood.
function useMeasured(
    s: Standing & {
        shown: RefObject<HTMLDivElement | null>;
        from: number;
        measured: boolean;
        follow: boolean;
    },
): void {
    const { heights, place, shown, from } = s;
    const [, draw] = useState(0);
    const back = useRef<Stay | null>(null);
    const before = useRef(heights);
    useLayoutEffect(() => {
        if (before.current !== heights) back.current ??= onTop(before.current, place.top);
        before.current = heights;
        if (back.current) s.moveTo(s.follow ? Number.MAX_SAFE_INTEGER : topOf(back.current, s));
        back.current = null;
        if (!s.measured) return;
        const stay = s.stay.current ?? onTop(heights, place.top);
        let news = false;
        for (const [i, row] of [...(shown.current?.children ?? [])].entries())
            news = heights.put(from + i, (row as HTMLElement).offsetHeight) || news;
        if (!news) return;
        back.current = stay;
        draw((n) => n + 1);
    });
}

function onTop(heights: Heights, top: number): Stay {
    const row = heights.at(top);
    return { row, beyond: top - heights.top(row) };
}

function useHandle(handle: Ref<RowsHandle>, s: Standing): void {
    const { heights, tall, place, moveTo, stay } = s;
    useImperativeHandle(
        handle,
        () => ({
            show: (row, at = "middle") => {
                stay.current = { row, at };
                moveTo(topOf(stay.current, s));
            },
            reveal: (row) => {
                const [first, last] = [heights.top(row), heights.top(row + 1) - tall];
                if (place.top > first) moveTo(first);
                else if (place.top < last) moveTo(last);
            },
        }),
        [heights, tall],
    );
}
