// SPDX-License-Identifier: Apache-2.0
// What of the table is in sight: follows the size and the scrolling of its box.
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { ROW_HEIGHT, type Rows } from "./model";
import { columnsInSight, offsetOf, rowsInSight, type Span, type Travel, travelOf } from "./window";

const SPARE = 8; // rows drawn beyond what is in sight
const STEP = 4; // so many rows the window moves at once
const STAYING = 0.6; // of the width, at most
const remembered = new Map<string, number>();

export interface Sight {
    rows: Span;
    columns: Span;
    top: number; // scrollTop, when a tall table needs it
}

export interface Box {
    box: { current: HTMLDivElement | null };
    sight: Sight;
    travel: Travel;
    fixed: number; // columns that stay at the left
    look: () => void;
}

const NOTHING: Sight = { rows: { from: 0, to: 0 }, columns: { from: 0, to: 0 }, top: 0 };
const sameSpan = (a: Span, b: Span): boolean => a.from === b.from && a.to === b.to;
const sameSight = (a: Sight, b: Sight): boolean =>
    sameSpan(a.rows, b.rows) && sameSpan(a.columns, b.columns) && a.top === b.top;

function sightOf(box: HTMLElement, t: Travel, edges: readonly number[], fixed: number): Sight {
    const rows = rowsInSight(t, box.scrollTop, SPARE);
    const left = box.scrollLeft + (edges[fixed] ?? 0);
    const found = columnsInSight(edges, left, box.scrollLeft + box.clientWidth);
    return {
        rows: {
            from: rows.from - (rows.from % STEP),
            to: Math.min(t.count, Math.ceil(rows.to / STEP) * STEP),
        },
        columns: { from: Math.max(fixed, found.from), to: Math.max(fixed, found.to) },
        top: t.ratio === 1 ? 0 : box.scrollTop,
    };
}

// Draws again only when other rows or columns came into sight.
export function useSight(count: number, headHeight: number, edges: readonly number[], wished: number): Box {
    const box = useRef<HTMLDivElement>(null);
    const [size, setSize] = useState({ width: 0, height: 0 });
    const [sight, setSight] = useState(NOTHING);
    const travel = useMemo(
        () => travelOf(count, Math.max(ROW_HEIGHT, size.height - headHeight)),
        [count, size.height, headHeight],
    );
    // On a narrow screen they would leave no room for the others.
    const fixed = (edges[wished] ?? 0) > STAYING * size.width ? 0 : wished;
    const look = useCallback(() => {
        if (!box.current) return;
        const next = sightOf(box.current, travel, edges, fixed);
        setSight((s) => (sameSight(s, next) ? s : next));
    }, [travel, edges, fixed]);
    useLayoutEffect(look, [look, size.width]);
    useLayoutEffect(() => {
        const element = box.current;
        if (!element) return undefined;
        const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
        measure();
        const observer = new ResizeObserver(measure);
        observer.observe(element);
        return () => observer.disconnect();
    }, []);
    return { box, sight, travel, fixed, look };
}

// Keeps the row under the eye where it is while others come and go above it. What it gives is to be called after
// scrolling.
export function useAnchor<R>(
    rows: Rows<R>,
    keyOf: (row: R) => string,
    { box, travel, look }: Omit<Box, "sight">,
): () => void {
    const anchor = useRef<{ key: string; place: number } | null>(null);
    const version = rows.version.value;
    const note = useCallback(() => {
        if (!box.current) return;
        const place = Math.ceil(offsetOf(travel, box.current.scrollTop) / ROW_HEIGHT);
        const row = rows.row(place);
        anchor.current = row === undefined ? null : { key: keyOf(row), place };
    }, [rows, travel]);
    useLayoutEffect(() => {
        const element = box.current;
        const was = anchor.current;
        // At the very top, and not looked at closely: there the newest appear.
        const free = element?.scrollTop === 0 && !element.matches(":hover, :focus-within");
        const now = was && !free ? rows.find(was.key, was.place) : -1;
        if (element && was && now >= 0 && now !== was.place) {
            element.scrollTop += ((now - was.place) * ROW_HEIGHT) / travel.ratio;
            look();
        }
        note();
    }, [version, rows]);
    return note;
}

// Other rows begin at the top; rows that one comes back to are where they were left.
export function useRemembered<R>(name: string, rows: Rows<R>, box: { current: HTMLDivElement | null }): void {
    const filled = rows.count > 0;
    const top = useRef(0);
    useLayoutEffect(() => {
        const element = box.current;
        if (!element || !filled) return undefined;
        element.scrollTop = remembered.get(name) ?? 0;
        const follow = (): void => {
            top.current = element.scrollTop;
        };
        element.addEventListener("scroll", follow, { passive: true });
        return () => {
            element.removeEventListener("scroll", follow);
            remembered.set(name, top.current);
        };
    }, [name, filled]);
}
