// SPDX-License-Identifier: Apache-2.0
// Rows and columns of texts. A cell that is longer than its column shows whole when it is chosen.
import { useMemo, useRef, useState } from "preact/hooks";
import { Copy } from "../ui/parts";
import { CellRow, Title } from "./cells";
import { BlobImage } from "./picture";
import { Rows, type RowsHandle } from "./rows";

const HEIGHT = 24;

export interface Grid {
    columns: readonly string[];
    count: number;
    cell: (row: number, column: number) => string;
    image?: (row: number, column: number) => string | null; // a path in the run
}

type At = readonly [row: number, column: number];
const isAt = (at: At | null, row: number, column: number): boolean => at?.[0] === row && at[1] === column;

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
    holder,
    onSight,
}: {
    grid: Grid;
    holder: string;
    onSight?: (from: number, to: number) => void;
}) {
    const [chosen, setChosen] = useState<At | null>(null);
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
                                class={isAt(chosen, r, c) ? "cell-chosen" : ""}
                                style={{ width: `${widths[c]}ch` }}
                                onClick={() => setChosen([r, c])}
                            >
                                {grid.cell(r, c).slice(0, 300)}
                            </span>
                        ))}
                    </CellRow>
                )}
            />
            {chosen && <Whole grid={grid} holder={holder} at={chosen} close={() => setChosen(null)} />}
        </div>
    );
}

function Whole({ grid, holder, at, close }: { grid: Grid; holder: string; at: At; close: () => void }) {
    const text = grid.cell(at[0], at[1]);
    const image = grid.image?.(at[0], at[1]);
    return (
        <div class="cell-whole">
            <div class="viewer-bar">
                <span class="grow">
                    Row {at[0] + 1}, {grid.columns[at[1]]}
                </span>
                <Copy text={text} label="Copy this cell" />
                <button type="button" class="button plain" aria-label="Close" onClick={close}>
                    ✕
                </button>
            </div>
            {image ? <BlobImage holder={holder} path={image} /> : <pre class="grid-cell-text">{text}</pre>}
        </div>
    );
}

const clamp = (n: number, count: number): number => Math.max(0, Math.min(n, count - 1));

// Enter chooses a cell, arrows move on from it, Escape lets it go.
function cellKeys(
    e: KeyboardEvent,
    chosen: At | null,
    choose: (row: number, column: number) => void,
    drop: () => void,
): void {
    const moves: Record<string, At> = {
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

export const cellText = (value: unknown): string => {
    if (value === undefined) return "";
    return typeof value === "string" ? value : JSON.stringify(value);
};
