// SPDX-License-Identifier: Apache-2.0
// A table out of a file: CSV, TSV and JSON lines.
import { useMemo } from "preact/hooks";
import { plural } from "../base/format";
import { Failed, Skeleton } from "../ui/parts";
import { CsvReader } from "./csv";
import { cellText, type Grid, GridView } from "./grid";
import { type RowReader, useGrowing } from "./growing";
import { extensionOf } from "./kind";
import type { FileSource } from "./source";

const COLUMNS_MAX = 200;

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
                holder={source.holder}
                onSight={(_, to) => {
                    if (to > grid.count - 200) grown.more();
                }}
            />
        </div>
    );
}
