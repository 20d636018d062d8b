// SPDX-License-Identifier: Apache-2.0
// Parallel coordinates: axes are chosen and moved, dragging along an axis filters, one axis gives the
// colours. In the address: `pa` (axes, repeated), `pc` (the colour), `pb` (least_greatest_axis, repeated).
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { address, setQuery } from "../base/address";
import { plural } from "../base/format";
import { Menu } from "../ui/dialog";
import { ChooseColumn, ColourKey, TWIN } from "./choose";
import { type ChartRow, type Field, fieldOf, fieldText, usableColumns } from "./fields";
import { highlight } from "./highlight";
import { colours } from "./palette";
import { type Layout, layoutOf, paintAll, paintLit, passes, rowNear, valueAtY } from "./parallel";
import { useWidth } from "./sight";
import type { Range } from "./trace";
import "./chart.css";

const AT_FIRST = 6; // axes
const GRIP = 14; // CSS pixels at each side of an axis that brush it

export interface ParallelProps {
    rows: readonly ChartRow[];
    columns: readonly string[];
    height?: number;
    open?: (id: string) => void;
    select?: (ids: string[]) => void;
}

function readBrushes(q: URLSearchParams): Map<string, Range> {
    const out = new Map<string, Range>();
    for (const text of q.getAll("pb")) {
        const [low, high, ...column] = text.split("_");
        if (Number(low) < Number(high)) out.set(column.join("_"), [Number(low), Number(high)]);
    }
    return out;
}

function putBrush(column: string, range: Range | null): void {
    const all = readBrushes(address.peek().query);
    if (range) all.set(column, range);
    else all.delete(column);
    const digits = (v: number): string => String(Number(v.toPrecision(6)));
    setQuery({ pb: [...all].map(([c, [low, high]]) => `${digits(low)}_${digits(high)}_${c}`) });
}

export function Parallel({ rows, columns, height = 320, open, select }: ParallelProps) {
    const box = useRef<HTMLDivElement>(null);
    const width = useWidth(box);
    const usable = useMemo(() => usableColumns(rows, columns), [rows, columns]);
    const query = address.value.query.toString();
    const { axes, by, layout } = useMemo(() => {
        const q = new URLSearchParams(query);
        const wished = q.getAll("pa").filter((c) => usable.includes(c));
        const list = wished.length ? wished : usable.slice(0, AT_FIRST);
        const colour = q.get("pc");
        const field = colour !== null && usable.includes(colour) ? fieldOf(rows, colour) : null;
        const fields = list.map((c) => fieldOf(rows, c));
        return { axes: list, by: field, layout: layoutOf(fields, readBrushes(q), width, height) };
    }, [rows, usable, query, width, height]);
    const shown = rows.filter((_, i) => passes(layout, i));
    const brushed = layout.axes.some((a) => a.brush);
    const ids = shown.map((r) => r.id).join(" ");
    useEffect(() => select?.(brushed ? ids.split(" ").filter(Boolean) : []), [ids, brushed]);
    const put = (list: readonly string[]): void => setQuery({ pa: list });
    const rest = usable.filter((c) => !axes.includes(c));
    return (
        <div class="parallel panel">
            <div class="chart-tools" role="toolbar" aria-label="Parallel coordinates">
                <ChooseColumn
                    label="add an axis"
                    columns={rest}
                    value={null}
                    none="…"
                    put={(c) => c && put([...axes, c])}
                />
                <ChooseColumn
                    label="colour"
                    columns={usable}
                    value={by?.column ?? null}
                    none="run"
                    put={(c) => setQuery({ pc: c })}
                />
                <span class="muted grow">
                    {brushed
                        ? `${shown.length} of ${plural(rows.length, "run")}`
                        : plural(rows.length, "run")}
                </span>
                {brushed && (
                    <button type="button" class="button" onClick={() => setQuery({ pb: null })}>
                        Clear filters
                    </button>
                )}
            </div>
            <div class="parallel-heads">
                {layout.axes.map((a, i) => (
                    <Head key={a.field.column} axes={axes} at={i} left={a.x / Math.max(1, width)} put={put} />
                ))}
            </div>
            <div
                class="parallel-box"
                ref={box}
                style={{ height: `${height}px` }}
                role="img"
                aria-label={`${rows.length} runs over ${axes.join(", ")}. ${TWIN}`}
            >
                {width > 0 && <Canvases {...{ layout, rows, by }} open={open} />}
            </div>
            {by && <ColourKey field={by} />}
        </div>
    );
}

// The name of an axis: a menu that moves it, filters and takes it away.
function Head({
    axes,
    at,
    left,
    put,
}: {
    axes: readonly string[];
    at: number;
    left: number;
    put: (axes: string[]) => void;
}) {
    const column = axes[at] ?? "";
    const moved = (to: number): void => {
        const list = axes.filter((_, i) => i !== at);
        list.splice(to, 0, column);
        put(list);
    };
    return (
        <div class="parallel-head" style={{ left: `${left * 100}%` }}>
            <Menu
                label={<bdi class="clip">{column}</bdi>}
                title={column}
                class="button plain"
                items={[
                    { label: "Move left", disabled: at === 0, run: () => moved(at - 1) },
                    { label: "Move right", disabled: at === axes.length - 1, run: () => moved(at + 1) },
                    { label: "Colour by it", run: () => setQuery({ pc: column }) },
                    { label: "Clear its filter", run: () => putBrush(column, null) },
                    {
                        label: "Take away",
                        disabled: axes.length < 3,
                        run: () => put(axes.filter((c) => c !== column)),
                    },
                ]}
            />
        </div>
    );
}

function Canvases({
    layout,
    rows,
    by,
    open,
}: {
    layout: Layout;
    rows: readonly ChartRow[];
    by: Field | null;
    open: ParallelProps["open"];
}) {
    const [lines, over] = [useRef<HTMLCanvasElement>(null), useRef<HTMLCanvasElement>(null)];
    const [words, setWords] = useState("");
    const drag = useRef<{ axis: number; from: number } | null>(null);
    useEffect(
        () => colours.subscribe(() => lines.current && paintAll(lines.current, layout, rows, by)),
        [layout, rows, by],
    );
    useEffect(
        () =>
            highlight.subscribe((id) => {
                if (over.current) paintLit(over.current, layout, rows, by, id);
                setWords(wordsOf(layout, rows, id));
            }),
        [layout, rows, by],
    );
    const size = { width: `${layout.width}px`, height: `${layout.height}px` };
    return (
        <>
            <canvas ref={lines} style={size} />
            <canvas
                ref={over}
                style={size}
                onPointerDown={(e) => {
                    const axis = layout.axes.findIndex((a) => Math.abs(a.x - e.offsetX) < GRIP);
                    drag.current = axis < 0 ? null : { axis, from: e.offsetY };
                    if (axis >= 0) e.currentTarget.setPointerCapture(e.pointerId);
                }}
                onPointerMove={(e) => {
                    const row = drag.current ? -1 : rowNear(layout, rows.length, e.offsetX, e.offsetY);
                    highlight.value = rows[row]?.id ?? null;
                    if (drag.current) brushTo(layout, drag.current, e.offsetY);
                }}
                onPointerUp={(e) => {
                    const begun = drag.current;
                    drag.current = null;
                    const axis = begun && layout.axes[begun.axis];
                    if (axis && Math.abs(e.offsetY - begun.from) < 3) putBrush(axis.field.column, null);
                    const id = highlight.peek();
                    if (!begun && id) open?.(id);
                }}
                onPointerLeave={() => {
                    highlight.value = null;
                }}
            />
            <div class="chart-note" role="status">
                {words}
            </div>
        </>
    );
}

function brushTo(layout: Layout, begun: { axis: number; from: number }, to: number): void {
    const axis = layout.axes[begun.axis];
    if (!axis || Math.abs(to - begun.from) < 3) return;
    const [a, b] = [valueAtY(layout, axis, begun.from), valueAtY(layout, axis, to)];
    if (a !== b) putBrush(axis.field.column, [Math.min(a, b), Math.max(a, b)]);
}

function wordsOf(layout: Layout, rows: readonly ChartRow[], id: string | null): string {
    const i = id === null ? -1 : rows.findIndex((r) => r.id === id);
    const row = rows[i];
    if (!row) return "";
    const parts = layout.axes.map(({ field: f }) => `${f.column} ${fieldText(f, f.values[i] as number)}`);
    return `${row.name}: ${parts.join(", ")}`;
}
