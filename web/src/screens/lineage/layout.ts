// SPDX-License-Identifier: Apache-2.0
// Where the things of a graph stand: in columns from left (what all is made of) to right (what was made of it), each column
// ordered so that few lines cross. A line over several columns has a place in each between, as long as that is not too much. Pure.
export interface Size {
    wide: number; // of a thing
    tall: number;
    across: number; // between columns
    between: number; // rows
}
export interface Point {
    x: number;
    y: number;
}
export interface Layout {
    at: Point[]; // of each thing: its upper left corner
    lines: Point[][]; // of each link: from the right side of what is older to the left side of what is newer
    wide: number;
    tall: number;
}
export interface Ends {
    from: number;
    to: number;
}

const SWEEPS = 6;
const PLACES = 20_000; // of lines
const BEND = 0.35; // height of a line's place, as a part of a thing's

// How many steps of links are before each thing at most. What goes round in a circle is taken as it comes.
export function columnsOf(count: number, links: readonly Ends[]): number[] {
    const column = new Array<number>(count).fill(0);
    const open = new Array<number>(count).fill(0);
    const after: number[][] = Array.from({ length: count }, () => []);
    for (const { from, to } of links) {
        if (from === to) continue;
        open[from] = (open[from] ?? 0) + 1;
        after[to]?.push(from);
    }
    const ready = [...open.keys()].filter((i) => open[i] === 0);
    const done = new Set(ready);
    let next = 0; // the first that may be stuck in a circle
    for (let k = 0; k < count; k++) {
        let i = ready[k];
        if (i === undefined) {
            while (done.has(next)) next++;
            i = next;
            done.add(i);
            ready.push(i);
        }
        for (const j of after[i] ?? []) {
            if (done.has(j)) continue;
            column[j] = Math.max(column[j] ?? 0, (column[i] ?? 0) + 1);
            open[j] = (open[j] ?? 0) - 1;
            if (open[j] !== 0) continue;
            done.add(j);
            ready.push(j);
        }
    }
    return column;
}

interface Slot {
    thing: number; // -1: a line's place
    rank: number; // of sorting
    before: Slot[];
    behind: Slot[];
}
const slot = (thing: number): Slot => ({ thing, rank: 0, before: [], behind: [] });

// A thing stands as far left as it can, but what has nothing before it stands next to what is made of it.
function pulled(column: number[], links: readonly Ends[]): void {
    const nearest = new Map<number, number>();
    const hasBefore = new Set(links.map((l) => l.from));
    for (const { from, to } of links)
        if (!hasBefore.has(to))
            nearest.set(to, Math.min(nearest.get(to) ?? Number.MAX_SAFE_INTEGER, column[from] ?? 0));
    for (const [thing, at] of nearest) column[thing] = Math.max(0, at - 1);
}

function mean(list: readonly Slot[], else_: number): number {
    return list.length ? list.reduce((sum, s) => sum + s.rank, 0) / list.length : else_;
}

// By the middle of what they are tied to, to the left and to the right in turn.
function order(columns: Slot[][]): void {
    const rank = (list: Slot[]): void => {
        list.forEach((s, i) => {
            s.rank = i - (list.length - 1) / 2;
        });
    };
    columns.forEach(rank);
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
        const side = sweep % 2 ? "behind" : "before";
        for (const list of sweep % 2 ? columns.toReversed() : columns) {
            const wish = new Map(list.map((s) => [s, mean(s[side], s.rank)]));
            list.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
            rank(list);
        }
    }
}

export function layoutOf(count: number, links: readonly Ends[], size: Size): Layout {
    const column = columnsOf(count, links);
    pulled(column, links);
    const columns: Slot[][] = [];
    const put = (s: Slot, at: number): Slot => {
        while (columns.length <= at) columns.push([]);
        columns[at]?.push(s);
        return s;
    };
    const things = column.map((at, i) => put(slot(i), at));
    // From left to right, whichever end is older: only a circle has it the other way.
    let left = PLACES;
    const chains = links.map(({ from, to }) => {
        const [a, b] = [column[to] ?? 0, column[from] ?? 0];
        const ends = a <= b ? [to, from] : [from, to];
        const chain = [things[ends[0] as number] as Slot];
        const between = Math.max(0, Math.abs(a - b) - 1);
        if (between <= left) {
            left -= between;
            for (let at = Math.min(a, b) + 1; at < Math.max(a, b); at++) chain.push(put(slot(-1), at));
        }
        chain.push(things[ends[1] as number] as Slot);
        chain.forEach((s, i) => {
            const behind = chain[i + 1];
            if (!behind) return;
            s.behind.push(behind);
            behind.before.push(s);
        });
        return chain;
    });
    order(columns);
    return placed(columns, chains, count, size);
}

function placed(columns: readonly Slot[][], chains: readonly Slot[][], count: number, size: Size): Layout {
    const { wide, tall, across, between } = size;
    const talls = columns.map((list) =>
        list.reduce((sum, s) => sum + between + tall * (s.thing < 0 ? BEND : 1), -between),
    );
    const most = Math.max(0, ...talls);
    const points = new Map<Slot, Point>();
    columns.forEach((list, i) => {
        let y = (most - (talls[i] ?? 0)) / 2;
        for (const s of list) {
            points.set(s, { x: i * (wide + across), y });
            y += between + tall * (s.thing < 0 ? BEND : 1);
        }
    });
    const at: Point[] = Array.from({ length: count }, () => ({ x: 0, y: 0 }));
    for (const [s, p] of points) if (s.thing >= 0) at[s.thing] = p;
    const middle = (s: Slot): Point => {
        const p = points.get(s) ?? { x: 0, y: 0 };
        return { x: p.x, y: p.y + (tall * (s.thing < 0 ? BEND : 1)) / 2 };
    };
    const lines = chains.map((chain) =>
        chain.flatMap((s, i) => {
            const p = middle(s);
            const [left, right] = [p, { x: p.x + wide, y: p.y }];
            return i === 0 ? [right] : i === chain.length - 1 ? [left] : [left, right];
        }),
    );
    return { at, lines, wide: columns.length * (wide + across) - across, tall: most };
}

// Curves that leave and arrive level.
export function pathOf(line: readonly Point[]): string {
    const [first, ...rest] = line;
    if (!first) return "";
    let last = first;
    const parts = rest.map((p) => {
        const bend = Math.max(20, (p.x - last.x) / 2);
        const part =
            p.y === last.y
                ? `L${p.x} ${p.y}`
                : `C${last.x + bend} ${last.y} ${p.x - bend} ${p.y} ${p.x} ${p.y}`;
        last = p;
        return part;
    });
    return `M${first.x} ${first.y}${parts.join("")}`;
}
