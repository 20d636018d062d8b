// SPDX-License-Identifier: Apache-2.0
// The selected runs: by click, with Ctrl one more, with Shift up to there; or all that match, but some. Pure but for
// resolve(), which asks the server for ids that are not on the page.
import { readIds, type Which } from "../../api/fields";
import type { Rows } from "../../table/model";
import { isGroup, type Row } from "./group";
import { isSelected, type Selection } from "./state";

export function toggled(s: Selection, ids: readonly string[]): Selection {
    const set = new Set(s.ids);
    const select = !ids.every((id) => isSelected(s, id));
    for (const id of ids) {
        if (select !== s.all) set.add(id);
        else set.delete(id);
    }
    return { all: s.all, ids: set };
}

export const only = (s: Selection, id: string): Selection => {
    const alone = !s.all && s.ids.size === 1 && s.ids.has(id);
    return { all: false, ids: new Set(alone ? [] : [id]) };
};

// The ids from one place to another as far as they are on the page; null when some are not.
export function idsBetween(rows: Rows<Row>, a: number, b: number): string[] | null {
    const ids: string[] = [];
    for (let i = Math.min(a, b); i <= Math.max(a, b); i++) {
        const row = rows.row(i);
        if (row === undefined) return null;
        if (!isGroup(row)) ids.push(row.id);
    }
    return ids;
}

export const countOf = (s: Selection, total: number): number =>
    s.all ? Math.max(0, total - s.ids.size) : s.ids.size;

export async function resolve(s: Selection, which: Which, sort: readonly string[]): Promise<string[]> {
    if (!s.all) return [...s.ids];
    const ids = await readIds(which, sort);
    return ids.filter((id) => !s.ids.has(id));
}
