// SPDX-License-Identifier: Apache-2.0
// The lines of all charts: what is in sight wishes for lines, all wishes of a moment become a few requests,
// and who wished is told when its lines changed. A line is kept coarse as a whole, and fine where one looked
// last; the coarse one is shown until the finer one is there. What nobody wishes for any more is cancelled,
// and forgotten when space is short.
import { connection, isAbort, Problem } from "../api/client";
import { type By, type ChartReply, readCharts } from "../api/series";
import type { Columns } from "./columns";
import { columnsOf, lastPlace, NOTHING } from "./columns";
import { bytesOfLine, extentOf, type Line, lineId, newLine, put, putTail, refused } from "./line";
import { begin, ready, spent, whenReady } from "./pace";
import { logRanges, type Need, needKey, needOf, type Piece, type Request, requestsOf, tailsOf } from "./plan";

export interface Wish {
    runs: readonly string[];
    key: string;
    by: By; // what parts are of; by time each run over its own times
    // The places of a run that are looked at; absent: all.
    range?: ((whole: Columns, run: string) => readonly [number, number]) | undefined;
    buckets: number;
    apart?: boolean; // each run over its own steps, not all over the same
    log?: boolean; // of steps
}
interface Flight {
    request: Request;
    ids: string[];
    tail: boolean;
    abort: AbortController;
}

const MOST_BYTES = 96 << 20;
const MOST_LINES = 20_000;
const TAIL_BUCKETS = 512;
const AT_ONCE = 4; // requests; browsers open six connections
const AGAIN_MS = 3000; // after a failure

const lines = new Map<string, Line>();
const wishers = new Set<Wisher>();
const flights = new Set<Flight>();
let needing: Line[] = []; // lines with needs in this plan
let planned = false;
let clock = 0;
let bytes = 0;

export class Wisher {
    wish: Wish | null = null;
    problem: Problem | null = null;
    constructor(readonly changed: () => void) {
        wishers.add(this);
    }
    ask(wish: Wish | null): void {
        this.wish = wish;
        soon();
    }
    close(): void {
        wishers.delete(this);
        soon();
    }
    private line(run: string): Line | undefined {
        return this.wish ? lines.get(lineOfWish(this.wish, run)) : undefined;
    }
    columns(run: string): Columns {
        return this.line(run)?.seen ?? NOTHING;
    }
    // The line as a whole, without finer parts.
    whole(run: string): Columns {
        return this.line(run)?.base?.columns ?? NOTHING;
    }
    // All that was wished for is known, be it that there is nothing.
    get settled(): boolean {
        return this.wish?.runs.every((run) => this.line(run)?.base || this.line(run)?.none) ?? false;
    }
}

const lineOfWish = (wish: Wish, run: string): string => lineId(run, wish.by, wish.key);

function lineOf(run: string, by: By, key: string): Line {
    const id = lineId(run, by, key);
    const line = lines.get(id) ?? newLine(run, by, key);
    lines.set(id, line);
    return line;
}

// ---- planning ---------------------------------------------------------------------------------------------

// Charts that came into sight wish together; behind them, and not a frame later, their requests leave.
function soon(): void {
    if (planned) return;
    planned = true;
    queueMicrotask(() => {
        planned = false;
        plan();
    });
}

function piecesOf(wish: Wish, into: Piece[]): void {
    const all = wish.runs.map((run) => lineOf(run, wish.by, wish.key));
    const together = extentOf(all);
    for (const line of all) {
        line.used = clock;
        if (line.none || refused(line)) continue;
        for (const need of needsOf(line, wish, isApart(wish) ? extentOf([line]) : together)) {
            if (line.alone) need.alone = line.run;
            if (!line.needs.size) needing.push(line);
            line.needs.add(needKey(need));
            into.push({ run: line.run, key: line.key, need });
        }
    }
}

const isApart = (wish: Wish): boolean => wish.apart === true || wish.by === "time";
const APART_SLACK = 4; // runs of a similar length share a request

function needsOf(line: Line, wish: Wish, extent: readonly [number, number]): Need[] {
    const { base, fines, by } = line;
    const range = base && wish.range ? wish.range(base.columns, line.run) : null;
    const slack = isApart(wish) && !range ? APART_SLACK : undefined;
    const need = needOf(by, base, fines, range, extent, wish.buckets, slack);
    if (need) return [need];
    if (!wish.log || range) return [];
    const ranges = logRanges(extent, wish.buckets);
    return ranges.map((r) => needOf(by, base, fines, r, extent, wish.buckets)).filter((n) => n !== null);
}

function plan(): void {
    clock++;
    for (const line of needing) line.needs.clear();
    needing = [];
    const pieces: Piece[] = [];
    for (const w of wishers) if (w.wish) piecesOf(w.wish, pieces);
    cancelUnwished();
    const flying = new Set<string>();
    for (const f of flights) for (const id of f.ids) flying.add(`${id} ${needKey(f.request.need)}`);
    const missing = pieces.filter(
        (p) => !flying.has(`${lineId(p.run, p.need.by, p.key)} ${needKey(p.need)}`),
    );
    for (const request of requestsOf(missing)) {
        // The others are launched by the plan after the next reply: what is wished for may have changed by
        // then.
        if (flights.size < AT_ONCE) void fly(request, false);
    }
    readOn();
    forget();
}

const idsOf = ({ keys, runs, need }: Request): string[] =>
    keys.flatMap((key) => runs.map((run) => lineId(run, need.by, key)));

function cancelUnwished(): void {
    for (const f of flights) {
        const wished = f.tail || f.ids.some((id) => lines.get(id)?.needs.has(needKey(f.request.need)));
        if (!wished) f.abort.abort();
    }
}

// ---- live -------------------------------------------------------------------------------------------------

// Points of these runs came (null: of any run).
export function moved(runs: ReadonlySet<string> | null): void {
    for (const line of lines.values()) if (!runs || runs.has(line.run)) line.stale = true;
    soon();
}

// Lines in sight that have more points by now are read on from their ends.
function readOn(): void {
    const stale = [...wishedLines()].filter((l) => l.stale && !refused(l));
    if (!stale.length || [...flights].some((f) => f.tail)) return;
    if (!ready()) {
        whenReady(soon);
        return;
    }
    begin();
    const known = stale.filter((l) => l.base);
    for (const line of stale) {
        line.stale = false;
        line.none = false;
    }
    for (const request of tailsOf(known.map(tailOf), TAIL_BUCKETS)) void fly(request, true);
    if (known.length < stale.length) soon(); // lines that had no points are read as a whole
}

const tailOf = ({ run, key, by, ...l }: Line) => ({
    run,
    key,
    by,
    end: lastPlace(l.base?.columns ?? NOTHING),
});

function* wishedLines(): Iterable<Line> {
    const seen = new Set<Line>();
    for (const { wish } of wishers) {
        if (!wish) continue;
        for (const run of wish.runs) {
            const line = lines.get(lineOfWish(wish, run));
            if (line && !seen.has(line)) yield line;
            if (line) seen.add(line);
        }
    }
}

// ---- requests ---------------------------------------------------------------------------------------------

async function fly(request: Request, tail: boolean): Promise<void> {
    const flight = { request, ids: idsOf(request), tail, abort: new AbortController() };
    flights.add(flight);
    try {
        const { runs, keys, need } = request;
        const query = { runs, keys, by: need.by, start: need.start, end: need.end, buckets: need.buckets };
        const reply = await readCharts(query, flight.abort.signal);
        if (!flight.abort.signal.aborted) take(flight, reply);
    } catch (e) {
        if (!isAbort(e)) fail(flight, e);
    }
    flights.delete(flight);
    soon();
}

function take(flight: Flight, reply: ChartReply): void {
    const began = performance.now();
    const { by } = flight.request.need;
    const there = new Map(reply.lines.map((l) => [lineId(l.run, by, l.key), l]));
    const changed = new Set<string>();
    for (const id of flight.ids) {
        const line = lines.get(id);
        if (!line) continue;
        const got = there.get(id);
        const columns = got ? columnsOf(got, by) : NOTHING;
        bytes -= bytesOfLine(line);
        const news = flight.tail
            ? putTail(line, columns, Math.max(TAIL_BUCKETS, mostBuckets(line)))
            : put(line, columns, flight.request.need, reply);
        if (news) changed.add(id);
        bytes += bytesOfLine(line);
    }
    tell(changed);
    spent(performance.now() - began);
}

function mostBuckets(line: Line): number {
    let most = 0;
    for (const { wish } of wishers)
        if (wish?.key === line.key && wish.by === line.by && wish.runs.includes(line.run))
            most = Math.max(most, wish.buckets);
    return most;
}

function tell(changed: ReadonlySet<string>): void {
    for (const w of wishers) {
        const { wish } = w;
        if (!wish?.runs.some((run) => changed.has(lineOfWish(wish, run)))) continue;
        w.problem = null;
        w.changed();
    }
}

function fail(flight: Flight, e: unknown): void {
    const problem = e instanceof Problem ? e : new Problem(0, "BUG", String(e));
    const several = flight.request.runs.length > 1;
    for (const id of flight.ids) {
        const line = lines.get(id);
        if (!line) continue;
        if (flight.tail) line.stale = true;
        // One of several runs is gone: each asked for alone tells which. A run that is gone has no lines.
        if (problem.status === 404 && several) line.alone = true;
        else if (problem.status === 404) line.none = true;
        else line.refusedUntil = performance.now() + AGAIN_MS;
    }
    setTimeout(soon, AGAIN_MS + 50);
    for (const w of wishers) {
        if (!w.wish || !flight.request.keys.includes(w.wish.key)) continue;
        w.problem = problem.status === 404 ? null : problem;
        w.changed();
    }
}

connection.subscribe((now) => {
    if (now === "good") moved(null);
});

// What nobody looked at for longest goes first.
function forget(): void {
    if (bytes <= MOST_BYTES && lines.size <= MOST_LINES) return;
    const old = [...lines].filter(([, l]) => l.used !== clock).sort(([, a], [, b]) => a.used - b.used);
    for (const [id, line] of old) {
        if (bytes <= MOST_BYTES * 0.8 && lines.size <= MOST_LINES * 0.8) return;
        bytes -= bytesOfLine(line);
        lines.delete(id);
    }
}
