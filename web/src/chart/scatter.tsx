// SPDX-License-Identifier: Apache-2.0
// Runs as points: two columns as axes, a third as colour. Pointing tells the run, a click opens it, dragging
// selects. In the address: `sx`, `sy`, `sc` (columns) and `slog` (x, y, xy).
import { useEffect, useMemo, useRef } from "preact/hooks";
import { address, setQuery } from "../base/address";
import { ChooseColumn, ColourKey, TWIN } from "./choose";
import type { Frame } from "./draw";
import { axisRange, type ChartRow, colourOf, type Field, fieldOf, fieldText, usableColumns } from "./fields";
import { highlight } from "./highlight";
import { colours } from "./palette";
import { xPlace, yPlace } from "./path";
import { Plot } from "./plot";
import { useWidth } from "./sight";
import type { Range } from "./trace";
import "./chart.css";

const REACH = 12; // CSS pixels to the nearest point

export interface ScatterProps {
    rows: readonly ChartRow[];
    columns: readonly string[];
    height?: number;
    open?: (id: string) => void;
    select?: (ids: string[]) => void;
}

interface Fields {
    x: Field;
    y: Field;
    colour: Field | null;
    logX: boolean;
    logY: boolean;
}

export function Scatter({ rows, columns, height = 360, open, select }: ScatterProps) {
    const usable = useMemo(() => usableColumns(rows, columns), [rows, columns]);
    const q = address.value.query;
    const pick = (key: string, otherwise: string | undefined): string | null => {
        const wish = q.get(key);
        return wish !== null && usable.includes(wish) ? wish : (otherwise ?? null);
    };
    const [x, y, colour] = [pick("sx", usable[0]), pick("sy", usable[1] ?? usable[0]), pick("sc", undefined)];
    const log = q.get("slog") ?? "";
    const fields = useMemo<Fields | null>(() => {
        if (x === null || y === null) return null;
        const [fx, fy] = [fieldOf(rows, x), fieldOf(rows, y)];
        const c = colour === null ? null : fieldOf(rows, colour);
        return {
            x: fx,
            y: fy,
            colour: c,
            logX: log.includes("x") && !fx.names,
            logY: log.includes("y") && !fy.names,
        };
    }, [rows, x, y, colour, log]);
    const toggle = (axis: string): void =>
        setQuery({ slog: ["x", "y"].filter((a) => log.includes(a) !== (a === axis)).join("") });
    return (
        <div class="scatter panel">
            <div class="chart-tools" role="toolbar" aria-label="Scatter">
                <ChooseColumn label="x" columns={usable} value={x} put={(c) => setQuery({ sx: c })} />
                <button
                    type="button"
                    class="button"
                    aria-pressed={log.includes("x")}
                    onClick={() => toggle("x")}
                >
                    log x
                </button>
                <ChooseColumn label="y" columns={usable} value={y} put={(c) => setQuery({ sy: c })} />
                <button
                    type="button"
                    class="button"
                    aria-pressed={log.includes("y")}
                    onClick={() => toggle("y")}
                >
                    log y
                </button>
                <ChooseColumn
                    label="colour"
                    columns={usable}
                    value={colour}
                    none="run"
                    put={(c) => setQuery({ sc: c })}
                />
            </div>
            {fields ? (
                <Points {...{ rows, fields, height }} open={open} select={select} />
            ) : (
                <p class="chart-nothing muted">No column of these runs has values yet.</p>
            )}
            {fields?.colour && <ColourKey field={fields.colour} />}
        </div>
    );
}

function Points({
    rows,
    fields,
    height,
    open,
    select,
}: {
    rows: readonly ChartRow[];
    fields: Fields;
    height: number;
    open: ScatterProps["open"];
    select: ScatterProps["select"];
}) {
    const box = useRef<HTMLDivElement>(null);
    const place = useRef<HTMLDivElement>(null);
    const words = useRef<HTMLDivElement>(null);
    const width = useWidth(box);
    const now = useRef({ rows, fields, open, select });
    now.current = { rows, fields, open, select };
    const plot = useRef<Plot | null>(null);

    useEffect(() => {
        if (!place.current) return undefined;
        const made = new Plot(
            place.current,
            eventsOf(now, () => plot.current),
            true,
        );
        plot.current = made;
        const stops = [
            highlight.subscribe((id) => {
                if (words.current)
                    words.current.textContent = wordsOf(now.current.rows, now.current.fields, id);
                made.soon();
            }),
            colours.subscribe(() => made.soon()),
        ];
        return () => {
            for (const stop of stops) stop();
            made.destroy();
        };
    }, []);
    useEffect(() => {
        if (!width) return;
        const { x, y, logX, logY } = fields;
        const paint = (f: Frame): void => paintPoints(f, rows, fields, highlight.peek());
        const names = { x: x.names, y: y.names };
        const ranges = { x: axisRange(x, logX), y: axisRange(y, logY) };
        plot.current?.set(
            { lines: [], ...ranges, mode: "value", logX, logY, lit: null, names, paint },
            width,
            height,
        );
    }, [rows, fields, width, height]);
    return (
        <>
            <div
                class="chart-box"
                ref={box}
                style={{ height: `${height}px` }}
                role="img"
                aria-label={`${fields.y.column} over ${fields.x.column}, ${rows.length} runs. ${TWIN}`}
            >
                <div ref={place} />
            </div>
            <div class="chart-note" ref={words} role="status" />
        </>
    );
}

function eventsOf(
    now: {
        current: {
            rows: readonly ChartRow[];
            fields: Fields;
            open: ScatterProps["open"];
            select: ScatterProps["select"];
        };
    },
    plot: () => Plot | null,
) {
    return {
        selected: (x: Range | null, y: Range | null): void => {
            const { rows, fields, select } = now.current;
            const within = (v: number | undefined, r: Range | null): boolean =>
                v !== undefined && (!r || (v >= r[0] && v <= r[1]));
            select?.(
                rows
                    .filter((_, i) => within(fields.x.values[i], x) && within(fields.y.values[i], y))
                    .map((r) => r.id),
            );
        },
        reset: (): void => now.current.select?.([]),
        click: (): void => {
            const id = highlight.peek();
            if (id && now.current.rows.some((r) => r.id === id)) now.current.open?.(id);
        },
        hover: (x: number | null, top: number | null): void => {
            const p = plot();
            highlight.value =
                p && x !== null && top !== null ? pointNear(now.current, p, p.xOf(x), top) : null;
        },
        drawn: (): void => {},
    };
}

function pointNear(
    { rows, fields }: { rows: readonly ChartRow[]; fields: Fields },
    plot: Plot,
    left: number,
    top: number,
): string | null {
    let best: string | null = null;
    let distance = REACH;
    for (let i = 0; i < rows.length; i++) {
        const [x, y] = [plot.xOf(fields.x.values[i] as number), plot.yOf(fields.y.values[i] as number)];
        const d = Math.hypot(x - left, y - top);
        if (d < distance) {
            distance = d;
            best = rows[i]?.id ?? null;
        }
    }
    return best;
}

function wordsOf(rows: readonly ChartRow[], f: Fields, id: string | null): string {
    const i = id === null ? -1 : rows.findIndex((r) => r.id === id);
    const row = rows[i];
    if (!row) return "";
    const parts = [f.x, f.y, ...(f.colour ? [f.colour] : [])];
    const words = parts.map((p) => `${p.column} ${fieldText(p, p.values[i] as number)}`);
    return `${row.name}: ${words.join(", ")}`;
}

function paintPoints(f: Frame, rows: readonly ChartRow[], fields: Fields, lit: string | null): void {
    const [px, py] = [xPlace(f), yPlace(f)];
    const known = lit !== null && rows.some((r) => r.id === lit);
    const dot = (i: number, radius: number, alpha: number): void => {
        const [x, y] = [px(fields.x.values[i] as number), py(fields.y.values[i] as number)];
        if (!Number.isFinite(x) || !Number.isFinite(y)) return;
        f.ctx.globalAlpha = alpha;
        f.ctx.fillStyle = colourOf(fields.colour, rows, i);
        f.ctx.beginPath();
        f.ctx.arc(x, y, radius * f.ratio, 0, 2 * Math.PI);
        f.ctx.fill();
    };
    for (let i = 0; i < rows.length; i++) dot(i, 3.5, known ? 0.3 : 0.8);
    if (known)
        dot(
            rows.findIndex((r) => r.id === lit),
            6,
            1,
        );
    f.ctx.globalAlpha = 1;
}
