// SPDX-License-Identifier: Apache-2.0
// What of the table is in sight: follows the size and the scrolling of its box.
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { ROW_HEIGHT, type Rows } from "./model";
import { px } from "./row";
import { columnsInSight, offsetOf, rowsInSight, type Span, type Travel, travelOf } from "./window";

const SPARE = 4; // rows drawn beyond what is in sight
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
    at: { current: number }; // scrollTop as it was seen last: to ask again after a change would lay out all at once
    width: number; // of what is in sight
    sight: Sight;
    travel: Travel;
    fixed: number; // columns that stay at the left
    look: () => void;
}

const NOTHING: Sight = { rows: { from: 0, to: 0 }, columns: { from: 0, to: 0 }, top: 0 };
const sameSpan = (a: Span, b: Span): boolean => a.from === b.from && a.to === b.to;
const sameSight = (a: Sight, b: Sight): boolean =>
    sameSpan(a.rows, b.rows) && sameSpan(a.columns, b.columns) && a.top === b.top;

function sightOf(
    at: { top: number; left: number; width: number },
    t: Travel,
    edges: readonly number[],
    fixed: number,
): Sight {
    const rows = rowsInSight(t, at.top, SPARE);
    const found = columnsInSight(edges, at.left + (edges[fixed] ?? 0), at.left + at.width);
    return {
        rows: {
            from: rows.from - (rows.from % STEP),
            to: Math.min(t.count, Math.ceil(rows.to / STEP) * STEP),
        },
        columns: { from: Math.max(fixed, found.from), to: Math.max(fixed, found.to) },
        top: t.ratio === 1 ? 0 : at.top,
    };
}

// Cells that pass by are moved here, beside those that stay. Were those that stay sticky instead, each would be a layer of
// the browser's compositor, and sorting a hundred layers costs more in a frame than all else.
function pass(element: HTMLElement, left: number): void {
    const passed = px(left);
    if (element.style.getPropertyValue("--passed") === passed) return;
    element.style.setProperty("--passed", passed);
    element.classList.toggle("table-passed", left > 0);
}

// Draws again only when other rows or columns came into sight.
export function useSight(count: number, headHeight: number, edges: readonly number[], wished: number): Box {
    const box = useRef<HTMLDivElement>(null);
    const at = useRef(0);
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
        at.current = box.current.scrollTop;
        const place = { top: at.current, left: box.current.scrollLeft, width: size.width };
        pass(box.current, place.left);
        const next = sightOf(place, travel, edges, fixed);
        setSight((s) => (sameSight(s, next) ? s : next));
    }, [travel, edges, fixed, size.width]);
    useLayoutEffect(look, [look]);
    useLayoutEffect(() => {
        const element = box.current;
        if (!element) return undefined;
        const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
        measure();
        const observer = new ResizeObserver(measure);
        observer.observe(element);
        return () => observer.disconnect();
    }, []);
    return { box, at, width: size.width, sight, travel, fixed, look };
}

// Keeps the row under the eye where it is while others come and go above it. What it gives is to be called after
// scrolling.
export function useAnchor<R>(
    rows: Rows<R>,
    keyOf: (row: R) => string,
    { box, at, travel, look }: Box,
): () => void {
    const anchor = useRef<{ key: string; place: number } | null>(null);
    const version = rows.version.value;
    const note = useCallback(() => {
        const place = Math.ceil(offsetOf(travel, at.current) / ROW_HEIGHT);
        const row = rows.row(place);
        anchor.current = row === undefined ? null : { key: keyOf(row), place };
    }, [rows, travel]);
    useLayoutEffect(() => {
        const element = box.current;
        const was = anchor.current;
        // At the very top, and not looked at closely: there the newest appear.
        const free = at.current === 0 && element?.matches(":hover, :focus-within") === false;
        const now = was && !free ? rows.find(was.key, was.place) : -1;
        if (element && was && now >= 0 && now !== was.place) {
            element.scrollTop = at.current + ((now - was.place) * ROW_HEIGHT) / travel.ratio;
            look();
        }
        note();
    }, [version, rows]);
    return note;
}

// Other rows begin at the top; rows that one comes back to are where they were left.
export function useRemembered<R>(name: string, rows: Rows<R>, { box, at }: Box): void {
    const filled = rows.count > 0;
    useLayoutEffect(() => {
        if (!box.current || !filled) return undefined;
        const top = remembered.get(name) ?? 0;
        if (top !== at.current) box.current.scrollTop = top;
        return () => void remembered.set(name, at.current);
    }, [name, filled]);
}
