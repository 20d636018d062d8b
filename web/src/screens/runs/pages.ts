// SPDX-License-Identifier: Apache-2.0
// The runs of one search, read by parts as they come into sight: rows in pages, and of each page only the fields of
// columns that were seen. What is in sight is read first, one request at a time; what nobody looks at any more is not
// waited for. Old rows stay until newer ones are here, and a run that did not change keeps its object, so that the table
// draws again what changed only.
import { signal } from "@preact/signals";
import { isAbort, Problem, type Run } from "../../api/client";
import type { RunPage } from "../../api/runs";
import { whenIdle } from "../../base/idle";
import type { Rows } from "../../table/model";
import { PAGE } from "./search";

const NEAR = 128; // rows
const KEPT = 320; // pages

export type Ask = (
    skip: number,
    limit: number,
    fields: readonly string[],
    s: AbortSignal,
) => Promise<RunPage>;

interface Page {
    rows: Run[];
    fields: ReadonlySet<string>;
    stale: boolean;
}
interface Job {
    from: number; // pages
    to: number;
    fields: readonly string[];
    fresh: boolean; // replaces; else adds fields to rows that are here
    epoch: number;
    abort: AbortController;
}

type Plan = Omit<Job, "abort" | "epoch">;

function merged(old: Run | undefined, run: Run, keep: boolean): Run {
    if (!old || old.id !== run.id) return run;
    const both = keep
        ? {
              ...run,
              config: { ...old.config, ...run.config },
              tags: { ...old.tags, ...run.tags },
              metrics: { ...old.metrics, ...run.metrics },
          }
        : run;
    return JSON.stringify(both) === JSON.stringify(old) ? old : both;
}

export class RunPages implements Rows<Run> {
    readonly version = signal(0);
    count = 0;
    ready = false; // the first answer is here
    problem: Problem | null = null;
    private pages = new Map<number, Page>();
    private sight = { from: 0, to: PAGE, fields: [] as readonly string[] };
    private job: Job | null = null;
    private epoch = 0; // refreshes so far
    private closed = false;
    private ahead = false; // the neighbours will be read when the browser is idle
    private waiting: (() => void)[] = [];

    constructor(
        private readonly ask: Ask,
        private readonly idle = whenIdle,
    ) {}

    row(index: number): Run | undefined {
        return this.pages.get(Math.floor(index / PAGE))?.rows[index % PAGE];
    }

    want(from: number, to: number, fields: readonly string[]): void {
        this.sight = { from, to, fields };
        const [first, end] = this.pagesInSight();
        if (this.job && (this.job.to <= first - 1 || this.job.from >= end + 1)) this.job.abort.abort();
        void this.work();
    }

    find(key: string, near: number): number {
        for (let d = 0; d <= NEAR; d++) {
            if (this.row(near + d)?.id === key) return near + d;
            if (d && this.row(near - d)?.id === key) return near - d;
        }
        return -1;
    }

    // Is one of these runs in sight?
    sees(ids: readonly string[]): boolean {
        for (let i = this.sight.from; i < this.sight.to; i++) {
            const row = this.row(i);
            if (row && ids.includes(row.id)) return true;
        }
        return false;
    }

    // Everything may have changed: what is in sight is read again at once, the rest when it is looked at.
    refresh(): Promise<void> {
        this.epoch++;
        for (const page of this.pages.values()) page.stale = true;
        this.problem = null;
        void this.work();
        return new Promise((resolve) => {
            if (this.job) this.waiting.push(resolve);
            else resolve();
        });
    }

    close(): void {
        this.closed = true;
        this.job?.abort.abort();
    }

    *loaded(): Iterable<Run> {
        for (const page of this.pages.values()) yield* page.rows;
    }

    private pagesInSight(): [number, number] {
        return [Math.floor(this.sight.from / PAGE), Math.ceil(Math.max(this.sight.to, 1) / PAGE)];
    }

    private lacking(p: number): boolean {
        const page = this.pages.get(p);
        return !page || page.stale || this.sight.fields.some((f) => !page.fields.has(f));
    }

    // The next thing to read: what is in sight, then the first page (charts show the top).
    private next(): Plan | null {
        const [first, end] = this.pagesInSight();
        for (let p = first; p < end; p++) if (this.isThere(p) && this.lacking(p)) return this.jobFor(p, end);
        return this.lacking(0) ? this.jobFor(0, 1) : null;
    }

    private neighbour(): Plan | null {
        const [first, end] = this.pagesInSight();
        for (const p of [end, first - 1]) {
            if (p >= 0 && this.isThere(p) && this.lacking(p)) return this.jobFor(p, p + 1);
        }
        return null;
    }

    private isThere(p: number): boolean {
        return !this.ready || p === 0 || p * PAGE < this.count;
    }

    private jobFor(from: number, end: number): Plan {
        const page = this.pages.get(from);
        const fresh = !page || page.stale;
        let to = from + 1;
        while (to < end && this.lacking(to) && (!this.pages.get(to) || this.pages.get(to)?.stale) === fresh)
            to++;
        const fields = fresh ? this.sight.fields : this.sight.fields.filter((f) => !page.fields.has(f));
        return { from, to, fields, fresh };
    }

    private async work(next = () => this.next()): Promise<void> {
        if (this.job) return;
        for (let job = next(); job && !this.closed && !this.problem; job = next()) {
            this.job = { ...job, epoch: this.epoch, abort: new AbortController() };
            try {
                const { from, to, fields, abort } = this.job;
                const reply = await this.ask(from * PAGE, (to - from) * PAGE, fields, abort.signal);
                this.take(this.job, reply);
            } catch (e) {
                if (!isAbort(e)) this.fail(e);
            }
        }
        this.job = null;
        for (const resolve of this.waiting.splice(0)) resolve();
        this.readAhead();
    }

    // The neighbours of what is in sight. Their answer must not keep the browser from drawing what was looked for.
    private readAhead(): void {
        if (this.ahead || this.closed || this.problem || !this.neighbour()) return;
        this.ahead = true;
        this.idle(() => {
            this.ahead = false;
            void this.work(() => this.next() ?? this.neighbour());
        });
    }

    private fail(e: unknown): void {
        this.problem = e instanceof Problem ? e : new Problem(0, "BUG", String(e));
        this.version.value++;
    }

    private take(job: Job, reply: RunPage): void {
        if (this.closed) return;
        this.count = reply.total ?? reply.items.length;
        this.ready = true;
        for (let p = job.from; p < job.to; p++) {
            const rows = reply.items.slice((p - job.from) * PAGE, (p - job.from + 1) * PAGE);
            this.put(p, rows, job);
        }
        this.forget();
        this.version.value++;
    }

    private put(p: number, rows: Run[], job: Job): void {
        const old = this.pages.get(p);
        const asked = new Set(job.fields);
        const before = new Map(old?.rows.map((r) => [r.id, r]));
        const moved = !job.fresh && rows.some((r) => !before.has(r.id));
        this.pages.set(p, {
            rows: rows.map((r) => merged(before.get(r.id), r, !job.fresh)),
            fields: job.fresh ? asked : new Set([...(old?.fields ?? []), ...asked]),
            // Others came between the two answers, or it was asked before the last change: once more.
            stale: moved || job.epoch !== this.epoch,
        });
    }

    private forget(): void {
        const [first] = this.pagesInSight();
        const far = [...this.pages.keys()].sort((a, b) => Math.abs(b - first) - Math.abs(a - first));
        for (const p of far.slice(0, Math.max(0, this.pages.size - KEPT))) if (p !== 0) this.pages.delete(p);
    }
}
