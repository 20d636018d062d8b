// SPDX-License-Identifier: Apache-2.0
// What the lines of a chart are worth at the cursor (at their ends, without one), below the chart where it
// covers nothing. Its rows are kept and rewritten: it follows the pointer over all charts in sight.

export interface Entry {
    readonly id: string;
    readonly name: string;
    readonly colour: string;
    readonly text: string; // the value
    readonly full: string; // all that is known, as a title
    readonly value: number; // to sort by
}

// What stands in it is remembered: to write the same again has the browser style it again.
interface Row {
    el: HTMLElement;
    title: string;
    colour: string;
    swatch: HTMLElement;
    name: HTMLElement;
    value: HTMLElement;
}

// The one that is pointed at, then by value; what has none at the end.
export function sortEntries(entries: readonly Entry[], lit: string | null): Entry[] {
    const rank = (e: Entry): number => (Number.isNaN(e.value) ? Number.NEGATIVE_INFINITY : e.value);
    const order = (a: Entry, b: Entry): number => (rank(a) === rank(b) ? 0 : rank(b) - rank(a));
    return [...entries].sort((a, b) => Number(b.id === lit) - Number(a.id === lit) || order(a, b));
}

export class Legend {
    private readonly rows: Row[] = [];
    private readonly more: HTMLElement;

    constructor(
        private readonly place: HTMLElement,
        private readonly point: (id: string | null) => void,
    ) {
        this.more = document.createElement("span");
        this.more.className = "muted legend-more";
        place.append(this.more);
        place.addEventListener("pointerleave", () => this.point(null));
    }

    show(entries: readonly Entry[], lit: string | null, most: number): void {
        const sorted = sortEntries(entries, lit);
        this.place.classList.toggle("legend-one", sorted.length === 1);
        const shown = sorted.length > most ? most - 1 : sorted.length;
        for (let i = 0; i < Math.max(shown, this.rows.length); i++)
            this.write(i, i < shown ? sorted[i] : undefined, lit);
        const rest = sorted.slice(shown);
        put(this.more, rest.length ? `+ ${rest.length} more` : "");
        this.more.title = rest.map((e) => `${e.name}: ${e.text}`).join("\n");
    }

    private write(i: number, entry: Entry | undefined, lit: string | null): void {
        const row = this.rows[i] ?? this.add(i);
        row.el.hidden = !entry;
        if (!entry) return;
        row.el.dataset["id"] = entry.id;
        row.el.classList.toggle("legend-lit", entry.id === lit);
        const title = `${entry.name}\n${entry.full}`;
        if (row.title !== title) row.el.title = row.title = title;
        if (row.colour !== entry.colour) row.swatch.style.background = row.colour = entry.colour;
        put(row.name, entry.name);
        put(row.value, entry.text);
    }

    private add(i: number): Row {
        const el = document.createElement("div");
        el.className = "legend-row";
        const [swatch, name, value] = ["legend-swatch", "legend-name clip", "legend-value"].map((c) => {
            const part = document.createElement("span");
            part.className = c;
            el.append(part);
            return part;
        }) as [HTMLElement, HTMLElement, HTMLElement];
        name.dir = "auto";
        el.addEventListener("pointerenter", () => this.point(el.dataset["id"] ?? null));
        this.place.insertBefore(el, this.more);
        const row = { el, swatch, name, value, title: "", colour: "" };
        this.rows[i] = row;
        return row;
    }
}

const put = (el: HTMLElement, text: string): void => {
    if (el.textContent !== text) el.textContent = text;
};
