// SPDX-License-Identifier: Apache-2.0
// Runs in groups as rows of one table: a row a group, and below an open one its runs. Groups come whole (the server has
// 10,000 at most) and are sorted here; their runs come by pages like others.
import { signal } from "@preact/signals";
import type { Problem, Run, RunGroup } from "../../api/client";
import { numberOf } from "../../base/format";
import { searchText } from "../../base/text";
import type { Rows } from "../../table/model";
import type { Field } from "./field";
import type { RunPages } from "./pages";
import { PAGE } from "./search";
import type { SortKey } from "./state";

export interface GroupRow {
    key: string;
    group: RunGroup;
    open: boolean;
}
export type Row = Run | GroupRow;
export const isGroup = (row: Row): row is GroupRow => "group" in row;
export const keyOf = (row: Row): string => (isGroup(row) ? row.key : row.id);

// Short and without spaces, so that an address can hold many.
export const groupKey = (g: RunGroup, by: readonly Field[]): string =>
    hash53(JSON.stringify(by.map((f) => g.by[f.text] ?? null)));

function hash53(text: string): string {
    let a = 0xdeadbeef;
    let b = 0x41c6ce57;
    for (let i = 0; i < text.length; i++) {
        const c = text.charCodeAt(i);
        a = Math.imul(a ^ c, 2_654_435_761);
        b = Math.imul(b ^ c, 1_597_334_677);
    }
    return `g${((b >>> 11) * 4_294_967_296 + (a >>> 0)).toString(36)}`;
}

// The search that finds a group's runs.
export function whereOf(where: string, g: RunGroup, by: readonly Field[]): string {
    const parts = by.map((f) => {
        const value = g.by[f.text];
        if (value === undefined) return `${f.text} is null`;
        return `${f.text} = ${f.text === "status" ? value : searchText(value)}`;
    });
    return where ? `(${where}) and ${parts.join(" and ")}` : parts.join(" and ");
}

export const nameOf = (g: RunGroup, by: readonly Field[]): string =>
    by.map((f) => g.by[f.text] ?? "none").join(" · ");

function compareTexts(a: string | undefined, b: string | undefined): number {
    if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
    const x = Number(a);
    const y = Number(b);
    if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    return a < b ? -1 : a > b ? 1 : 0;
}

function compareBy(k: SortKey, a: RunGroup, b: RunGroup): number {
    const way = k.down ? -1 : 1;
    if (k.field in a.by || k.field in b.by) return way * compareTexts(a.by[k.field], b.by[k.field]);
    const x = numberOf(a.of[k.field]?.mean);
    const y = numberOf(b.of[k.field]?.mean);
    if (Number.isNaN(x) || Number.isNaN(y)) return (Number.isNaN(x) ? 1 : 0) - (Number.isNaN(y) ? 1 : 0);
    return way * (x - y);
}

// By the means of the sort's fields; else the largest first, as they come.
export function sortGroups(groups: readonly RunGroup[], sort: readonly SortKey[]): RunGroup[] {
    return [...groups].sort((a, b) => {
        for (const k of sort) {
            const d = compareBy(k, a, b);
            if (d) return d;
        }
        return b.count - a.count;
    });
}

export class GroupedRows implements Rows<Row> {
    readonly version = signal(0);
    count = 0;
    ready = false;
    problem: Problem | null = null;
    private rows: GroupRow[] = [];
    private starts: number[] = [0];
    private children = new Map<string, { pages: RunPages; stop: () => void }>();

    constructor(
        private readonly pagesOf: (g: RunGroup) => RunPages,
        private readonly by: readonly Field[],
    ) {}

    groups(): readonly GroupRow[] {
        return this.rows;
    }

    // The runs that are read of a group.
    runsOf(key: string): RunPages | undefined {
        return this.children.get(key)?.pages;
    }

    put(groups: readonly RunGroup[], open: ReadonlySet<string>): void {
        const before = new Map(this.rows.map((r) => [r.key, r]));
        this.rows = groups.map((group) => {
            const key = groupKey(group, this.by);
            const row = { key, group, open: open.has(key) };
            const old = before.get(key);
            return old && JSON.stringify(old) === JSON.stringify(row) ? old : row;
        });
        for (const row of this.rows) if (row.open) this.childrenOf(row);
        this.ready = true;
        this.place();
    }

    open(keys: ReadonlySet<string>): void {
        this.put(
            this.rows.map((r) => r.group),
            keys,
        );
    }

    fail(problem: Problem): void {
        this.problem = problem;
        this.version.value++;
    }

    // Any run may change the statistics.
    sees(): boolean {
        return true;
    }

    refreshChildren(): void {
        for (const { pages } of this.children.values()) void pages.refresh();
    }

    close(): void {
        for (const { pages, stop } of this.children.values()) {
            stop();
            pages.close();
        }
    }

    row(index: number): Row | undefined {
        const at = this.groupAt(index);
        const group = this.rows[at];
        if (!group) return undefined;
        const below = index - (this.starts[at] ?? 0) - 1;
        return below < 0 ? group : this.children.get(group.key)?.pages.row(below);
    }

    want(from: number, to: number, columns: readonly string[]): void {
        for (let at = this.groupAt(from); at < this.rows.length && (this.starts[at] ?? 0) < to; at++) {
            const group = this.rows[at];
            if (!group?.open) continue;
            const start = (this.starts[at] ?? 0) + 1;
            const pages = this.childrenOf(group);
            const end = Math.max(1, Math.min(to - start, pages.count || PAGE));
            pages.want(Math.max(0, from - start), end, columns);
        }
    }

    find(key: string, near: number): number {
        for (let d = 0; d <= 2 * PAGE; d++) {
            for (const i of [near + d, near - d]) {
                const row = i >= 0 ? this.row(i) : undefined;
                if (row && keyOf(row) === key) return i;
            }
        }
        return -1;
    }

    private childrenOf(row: GroupRow): RunPages {
        const old = this.children.get(row.key);
        if (old) return old.pages;
        const pages = this.pagesOf(row.group);
        const stop = pages.version.subscribe(() => {
            if (pages.ready) this.place();
        });
        this.children.set(row.key, { pages, stop });
        pages.want(0, 1, []);
        return pages;
    }

    private place(): void {
        this.starts = [0];
        for (const row of this.rows) {
            const below = row.open ? (this.children.get(row.key)?.pages.count ?? row.group.count) : 0;
            this.starts.push((this.starts.at(-1) ?? 0) + 1 + below);
        }
        this.count = this.starts.at(-1) ?? 0;
        this.version.value++;
    }

    // The group whose part of the table a row is in.
    private groupAt(index: number): number {
        let low = 0;
        let high = this.rows.length;
        while (low < high) {
            const mid = (low + high) >> 1;
            if ((this.starts[mid + 1] ?? 0) <= index) low = mid + 1;
            else high = mid;
        }
        return low;
    }
}
