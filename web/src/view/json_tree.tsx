// SPDX-License-Identifier: Apache-2.0
// JSON as a tree whose branches open and close; a table that was logged as JSON as a table.
import { useMemo, useState } from "preact/hooks";
import { bytes } from "../base/format";
import { useLoad } from "../ui/load";
import { Copy, Failed, Skeleton } from "../ui/parts";
import { cellText, type Grid, GridView } from "./grid";
import { isRaw, type LoggedTable, loggedTable, parseJson, rawText } from "./json";
import { Rows } from "./rows";
import type { FileSource } from "./source";
import TextView from "./text";

const SIZE_MAX = 24 << 20;

interface Twig {
    path: string;
    depth: number;
    name: string;
    value: unknown;
    size: number; // children; -1: a leaf
    open: boolean;
}

const sizeOf = (value: unknown): number => {
    if (!value || typeof value !== "object") return -1;
    return Array.isArray(value) ? value.length : Object.keys(value).length;
};

// The rows of the open branches, without recursion: a hostile file is nested as deep as it likes. At first the top is open
// and below it what is small.
function twigsOf(root: unknown, toggled: ReadonlySet<string>): Twig[] {
    const out: Twig[] = [];
    const stack: Omit<Twig, "open">[] = [{ path: "$", depth: 0, name: "", value: root, size: sizeOf(root) }];
    for (let t = stack.pop(); t; t = stack.pop()) {
        const first = t.depth === 0 || (t.depth < 3 && t.size <= 12);
        const open = t.size > 0 && first !== toggled.has(t.path);
        out.push({ ...t, open });
        if (!open) continue;
        const list = Array.isArray(t.value);
        const entries = Object.entries(t.value as object);
        for (let i = entries.length - 1; i >= 0; i--) {
            const [name, value] = entries[i] as [string, unknown];
            const path = list ? `${t.path}[${name}]` : `${t.path}.${name}`;
            stack.push({ path, depth: t.depth + 1, name, value, size: sizeOf(value) });
        }
    }
    return out;
}

function Value({ value, size, open }: { value: unknown; size: number; open: boolean }) {
    if (size >= 0) {
        const [a, b] = Array.isArray(value) ? "[]" : "{}";
        return <span class="muted">{open ? a : `${a}${size ? ` ${size} ` : ""}${b}`}</span>;
    }
    if (isRaw(value)) return <span class="value-number">{rawText(value)}</span>;
    if (typeof value === "string") return <span>{JSON.stringify(value.slice(0, 2000))}</span>;
    const kind = typeof value === "number" ? "number" : value === null ? "nothing" : "truth";
    return <span class={`value-${kind}`}>{String(value)}</span>;
}

function Tree({ root }: { root: unknown }) {
    const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
    const twigs = useMemo(() => twigsOf(root, toggled), [root, toggled]);
    const toggle = (path: string): void => {
        const next = new Set(toggled);
        if (!next.delete(path)) next.add(path);
        setToggled(next);
    };
    return (
        <Rows
            count={twigs.length}
            height={20}
            label="JSON"
            role="list"
            row={(i) => {
                const t = twigs[i] as Twig;
                return (
                    <div
                        key={t.path}
                        class="twig"
                        role="listitem"
                        style={{ paddingLeft: `${12 + Math.min(t.depth, 60) * 16}px` }}
                    >
                        {t.size > 0 ? (
                            <button
                                type="button"
                                aria-expanded={t.open}
                                aria-label={t.name || "all"}
                                onClick={() => toggle(t.path)}
                            >
                                {t.open ? "▾" : "▸"}
                            </button>
                        ) : (
                            <span class="twig-gap" />
                        )}
                        {t.depth > 0 && <span class="line-text">{t.name}:</span>}
                        <Value value={t.value} size={t.size} open={t.open} />
                        {t.size < 0 && <Copy text={cellText(t.value)} label={`Copy ${t.path}`} />}
                    </div>
                );
            }}
        />
    );
}

const imagePath = (value: unknown): string | null => {
    if (!value || typeof value !== "object") return null;
    const { type, filepath } = value as { type?: unknown; filepath?: unknown };
    return type === "image" && typeof filepath === "string" ? filepath : null;
};

function TableOfJson({ table, holder }: { table: LoggedTable; holder: string }) {
    const grid = useMemo<Grid>(
        () => ({
            columns: table.columns,
            count: table.data.length,
            cell: (r, c) => {
                const value = table.data[r]?.[c];
                return isRaw(value) ? rawText(value) : cellText(value);
            },
            image: (r, c) => imagePath(table.data[r]?.[c]),
        }),
        [table],
    );
    return <GridView grid={grid} holder={holder} />;
}

export default function JsonView({ source }: { source: FileSource }) {
    if (source.size > SIZE_MAX)
        return (
            <div class="viewer">
                <p class="viewer-bar">{bytes(source.size)} are too much for a tree: this is the text.</p>
                <TextView source={source} />
            </div>
        );
    return <WholeJson source={source} />;
}

function WholeJson({ source }: { source: FileSource }) {
    const load = useLoad(`${source.holder} ${source.file.path} ${source.file.digest}`, async () => {
        const text = new TextDecoder().decode(await source.read(0, source.size));
        try {
            return { value: parseJson(text) };
        } catch {
            return { wrong: true };
        }
    });
    const table = useMemo(() => loggedTable(load.data?.value), [load.data]);
    const [asTree, setAsTree] = useState(false);
    if (load.problem) return <Failed problem={load.problem} retry={load.reload} />;
    if (!load.data) return <Skeleton lines={8} />;
    if (load.data.wrong)
        return (
            <div class="viewer">
                <p class="viewer-bar">This is no JSON, so it is shown as text.</p>
                <TextView source={source} />
            </div>
        );
    return (
        <div class="viewer">
            {table && (
                <div class="viewer-bar">
                    <span class="grow">
                        A logged table: {table.data.length} rows, {table.columns.length} columns
                    </span>
                    <button
                        type="button"
                        class="button"
                        aria-pressed={asTree}
                        onClick={() => setAsTree(!asTree)}
                    >
                        As a tree
                    </button>
                </div>
            )}
            {table && !asTree ? (
                <TableOfJson table={table} holder={source.holder} />
            ) : (
                <Tree root={load.data.value} />
            )}
        </div>
    );
}
