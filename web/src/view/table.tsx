// SPDX-License-Identifier: Apache-2.0
// A table out of a file: CSV, TSV, JSON lines, and the tables that MLflow's clients log as JSON. Cells are text; one that is
// longer than its column shows whole when it is chosen.
import { useMemo, useRef, useState } from "preact/hooks";
import { plural } from "../base/format";
import { Copy, Failed, Skeleton } from "../ui/parts";
import { CellRow, Title } from "./cells";
import { CsvReader } from "./csv";
import { type RowReader, useGrowing } from "./growing";
import { extensionOf } from "./kind";
import { BlobImage } from "./picture";
import { Rows, type RowsHandle } from "./rows";
import type { FileSource } from "./source";

const HEIGHT = 24;
const COLUMNS_MAX = 500;

export interface Grid {
    columns: readonly string[];
    count: number;
    cell: (row: number, column: number) => string;
    image?: (row: number, column: number) => string | null; // a path in the run
}

// As wide as the first rows need, within bounds.
function widthsOf(grid: Grid): number[] {
    const seen = Math.min(grid.count, 60);
    return grid.columns.map((name, c) => {
        let widest = name.length;
        for (let r = 0; r < seen; r++) widest = Math.max(widest, grid.cell(r, c).length);
        return Math.min(Math.max(widest, 3), 60) + 3;
    });
}

export function GridView({
    grid,
    run,
    onSight,
}: {
    grid: Grid;
    run: string;
    onSight?: (from: number, to: number) => void;
}) {
    const [chosen, setChosen] = useState<readonly [number, number] | null>(null);
    const list = useRef<RowsHandle>(null);
    const choose = (row: number, column: number): void => {
        const at = [clamp(row, grid.count), clamp(column, grid.columns.length)] as const;
        setChosen(at);
        if (row !== chosen?.[0]) list.current?.reveal(at[0]);
    };
    const widths = useMemo(() => widthsOf(grid), [grid.columns, Math.min(grid.count, 60)]);
    const digits = String(grid.count).length + 3;
    const whole = widths.reduce((a, b) => a + b, digits);
    const head = (
        <CellRow class="cells cells-head">
            <Title id="number" title="#" class="number" style={{ width: `${digits}ch` }} />
            {grid.columns.map((name, c) => (
                <Title key={c} id={name} title={name} style={{ width: `${widths[c]}ch` }} />
            ))}
        </CellRow>
    );
    const text = chosen ? grid.cell(chosen[0], chosen[1]) : "";
    const image = chosen ? grid.image?.(chosen[0], chosen[1]) : null;
    return (
        <div class="grid-view" onKeyDown={(e) => cellKeys(e, chosen, choose, () => setChosen(null))}>
            <Rows
                handle={list}
                count={grid.count}
                height={HEIGHT}
                headHeight={HEIGHT}
                label="Table"
                role="table"
                wide={whole}
                head={head}
                {...(onSight ? { onSight } : {})}
                row={(r) => (
                    <CellRow key={r} class="cells">
                        <span role="cell" class="number muted" style={{ width: `${digits}ch` }}>
                            {r + 1}
                        </span>
                        {grid.columns.map((_, c) => (
                            <span
                                key={c}
                                role="cell"
                                class={chosen?.[0] === r && chosen[1] === c ? "cell-chosen" : ""}
                                style={{ width: `${widths[c]}ch` }}
                                onClick={() => setChosen([r, c])}
                            >
                                {grid.cell(r, c).slice(0, 300)}
                            </span>
                        ))}
                    </CellRow>
                )}
            />
            {chosen && (
                <div class="cell-whole">
                    <div class="viewer-bar">
                        <span class="grow">
                            Row {chosen[0] + 1}, {grid.columns[chosen[1]]}
                        </span>
                        <Copy text={text} label="Copy this cell" />
                        <button
                            type="button"
                            class="button plain"
                            aria-label="Close"
                            onClick={() => setChosen(null)}
                        >
                            ✕
                        </button>
                    </div>
                    {image ? <BlobImage run={run} path={image} /> : <pre class="cell-text">{text}</pre>}
                </div>
            )}
        </div>
    );
}

const clamp = (n: number, count: number): number => Math.max(0, Math.min(n, count - 1));

// Enter chooses a cell, arrows move on from it, Escape lets it go.
function cellKeys(
    e: KeyboardEvent,
    chosen: readonly [number, number] | null,
    choose: (row: number, column: number) => void,
    drop: () => void,
): void {
    const moves: Record<string, readonly [number, number]> = {
        ArrowDown: [1, 0],
        ArrowUp: [-1, 0],
        ArrowRight: [0, 1],
        ArrowLeft: [0, -1],
    };
    const move = moves[e.key];
    if (!chosen && e.key === "Enter") choose(0, 0);
    else if (chosen && e.key === "Escape") drop();
    else if (chosen && move) choose(chosen[0] + move[0], chosen[1] + move[1]);
    else return;
    e.preventDefault();
}

class JsonLines implements RowReader<Record<string, unknown>> {
    private rest = "";

    push(text: string): Record<string, unknown>[] {
        const parts = (this.rest + text).split("\n");
        this.rest = parts.pop() ?? "";
        return parts.filter((p) => p.trim()).map(objectOf);
    }

    end(): Record<string, unknown>[] {
        return this.rest.trim() ? [objectOf(this.rest)] : [];
    }
}

function objectOf(line: string): Record<string, unknown> {
    try {
        const value: unknown = JSON.parse(line);
        return value && typeof value === "object" && !Array.isArray(value)
            ? (value as Record<string, unknown>)
            : { value };
    } catch {
        return { "not JSON": line };
    }
}

export const cellText = (value: unknown): string => {
    if (value === undefined) return "";
    return typeof value === "string" ? value : JSON.stringify(value);
};

function namesOf(rows: readonly Record<string, unknown>[]): string[] {
    const names = new Set<string>();
    for (const row of rows) {
        for (const name of Object.keys(row)) names.add(name);
        if (names.size > COLUMNS_MAX) break;
    }
    return [...names].slice(0, COLUMNS_MAX);
}

export function JsonLinesView({ source }: { source: FileSource }) {
    const grown = useGrowing(source, 0, () => new JsonLines());
    const { rows } = grown;
    const names = useMemo(() => namesOf(rows.slice(0, 1000)), [rows, Math.min(rows.length, 1000)]);
    const grid = useMemo<Grid>(
        () => ({
            columns: names,
            count: rows.length,
            cell: (r, c) => cellText(rows[r]?.[names[c] ?? ""]),
        }),
        [names, rows, rows.length],
    );
    return <GrownGrid grid={grid} grown={grown} source={source} />;
}

export default function TableView({ source }: { source: FileSource }) {
    const comma = extensionOf(source.file.path) === "tsv" ? "\t" : ",";
    const grown = useGrowing(source, 0, () => new CsvReader(comma));
    const { rows } = grown;
    const grid = useMemo<Grid>(
        () => ({
            columns: (rows[0] ?? []).slice(0, COLUMNS_MAX),
            count: Math.max(0, rows.length - 1),
            cell: (r, c) => rows[r + 1]?.[c] ?? "",
        }),
        [rows, rows.length],
    );
    return <GrownGrid grid={grid} grown={grown} source={source} />;
}

function GrownGrid({
    grid,
    grown,
    source,
}: {
    grid: Grid;
    grown: ReturnType<typeof useGrowing>;
    source: FileSource;
}) {
    if (!grid.columns.length && grown.problem) return <Failed problem={grown.problem} retry={grown.more} />;
    if (!grid.columns.length && !grown.done) return <Skeleton lines={8} />;
    if (!grid.columns.length) return <p class="viewer-note muted">This table is empty.</p>;
    return (
        <div class="viewer">
            <div class="viewer-bar">
                {plural(grid.count, "row")}
                {!grown.done && " so far"}, {plural(grid.columns.length, "column")}
                {grown.full && !grown.done && ". More than that is not shown: download the file."}
            </div>
            <GridView
                grid={grid}
                run={source.run}
                onSight={(_, to) => {
                    if (to > grid.count - 200) grown.more();
                }}
            />
        </div>
    );
}
