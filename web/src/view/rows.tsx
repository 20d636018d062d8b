// SPDX-License-Identifier: Apache-2.0
// A list of rows of one height of which only those in sight are made: lines of text, of a console, of a table, of a tree.
// Browsers end at some ten million pixels; a longer list is moved by hand: `top` is where it stands in its own pixels, the
// scroll bar shows where that is, and the wheel moves it exactly.
import type { ComponentChildren, Ref } from "preact";
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from "preact/hooks";
import "./rows.css";

const HIGHEST = 8_000_000;
const SPARE = 6; // rows made beyond each edge

export interface RowsHandle {
    // Brings a row into sight: to the middle, or to the top.
    show(index: number, place?: "middle" | "top"): void;
    reveal(index: number): void; // moves no more than is needed
    toEnd(): void;
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

interface Sight {
    top: number;
    tall: number;
}

export function Rows(props: Props) {
    const { count, height, follow, onSight, headHeight = 0 } = props;
    const box = useRef<HTMLDivElement>(null);
    const [sight, setSight] = useState<Sight>({ top: 0, tall: 600 });
    const real = count * height;
    const drawn = Math.min(real, HIGHEST);
    const tall = Math.max(0, sight.tall - headHeight);
    const furthest = Math.max(0, real - tall);
    const now = useRef({ real, drawn, furthest, top: 0, placed: -1 });
    Object.assign(now.current, { real, drawn, furthest });
    const top = Math.min(sight.top, furthest);
    now.current.top = top;

    // Where `top` stands in the pixels of the scroll bar, and back.
    const scale = (): number => {
        const n = now.current;
        const room = n.drawn - tall;
        return n.real > HIGHEST && room > 0 ? n.furthest / room : 1;
    };
    function moveTo(wanted: number): void {
        const at = Math.max(0, Math.min(wanted, now.current.furthest));
        now.current.placed = Math.round(at / scale());
        if (box.current) box.current.scrollTop = now.current.placed;
        now.current.top = at;
        setSight((s) => (s.top === at ? s : { ...s, top: at }));
    }
    function onScroll(): void {
        const element = box.current;
        if (!element) return;
        const at = element.scrollTop;
        props.onScrolled?.(at + element.clientHeight >= element.scrollHeight - height);
        // Our own placing comes back as an event: it must not round the exact place away.
        if (now.current.real > HIGHEST && Math.abs(at - now.current.placed) < 1) return;
        now.current.placed = -1;
        setSight((s) => ({ ...s, top: at * scale() }));
    }

    useImperativeHandle(
        props.handle ?? null,
        () => ({
            show: (index, place = "middle") =>
                moveTo(index * height - (place === "middle" ? (tall - height) / 2 : 0)),
            reveal: (index) => {
                const [first, last] = [index * height, (index + 1) * height - tall];
                if (now.current.top > first) moveTo(first);
                else if (now.current.top < last) moveTo(last);
            },
            toEnd: () => moveTo(Number.MAX_SAFE_INTEGER),
        }),
        [height, tall],
    );
    useLayoutEffect(() => {
        const element = box.current;
        if (!element) return undefined;
        const watch = new ResizeObserver(() => setSight((s) => ({ ...s, tall: element.clientHeight })));
        watch.observe(element);
        setSight((s) => ({ ...s, tall: element.clientHeight }));
        return () => watch.disconnect();
    }, []);
    useEffect(() => {
        const element = box.current;
        if (!element) return undefined;
        // Only a list that is scaled is moved by hand.
        const onWheel = (e: WheelEvent): void => {
            if (now.current.real <= HIGHEST || e.ctrlKey || !e.deltaY) return;
            e.preventDefault();
            moveTo(now.current.top + e.deltaY * (e.deltaMode === 1 ? height : 1));
        };
        element.addEventListener("wheel", onWheel, { passive: false });
        return () => element.removeEventListener("wheel", onWheel);
    }, [height, tall]);
    useLayoutEffect(() => {
        if (follow) moveTo(Number.MAX_SAFE_INTEGER);
    }, [follow, count, tall]);

    const from = Math.max(0, Math.floor(top / height) - SPARE);
    const to = Math.min(count, Math.ceil((top + tall) / height) + SPARE);
    useEffect(() => onSight?.(from, to), [from, to, count]);

    const shift = real > HIGHEST ? top / scale() - (top - from * height) : from * height;
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
            onKeyDown={(e) => real > HIGHEST && keys(e, height, tall, now.current, moveTo)}
        >
            {props.head}
            <div
                class="rows-space"
                role="presentation"
                style={{ height: `${drawn}px`, minWidth: props.wide ? `${props.wide}ch` : undefined }}
            >
                <div class="rows-shown" role="presentation" style={{ transform: `translateY(${shift}px)` }}>
                    {Array.from({ length: Math.max(0, to - from) }, (_, i) => props.row(from + i))}
                </div>
            </div>
        </div>
    );
}

function keys(
    e: KeyboardEvent,
    height: number,
    tall: number,
    now: { top: number },
    moveTo: (top: number) => void,
): void {
    const steps: Record<string, number> = {
        ArrowDown: now.top + height,
        ArrowUp: now.top - height,
        PageDown: now.top + tall - height,
        PageUp: now.top - tall + height,
        Home: 0,
        End: Number.MAX_SAFE_INTEGER,
    };
    const to = steps[e.key];
    if (to === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    moveTo(to);
}
