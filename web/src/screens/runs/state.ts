// SPDX-License-Identifier: Apache-2.0
// What the Runs screen shows, written to its address (state_of.ts says how it is read).
import type { View } from "../../api/fields";
import { address, setQuery } from "../../base/address";
import type { Field } from "./field";
import {
    type ColumnWish,
    DEFAULT_SORT,
    type Pane,
    type Selection,
    SHOWN_AT_FIRST,
    type Side,
    type SortKey,
    type State,
    stateOf,
} from "./state_of";

export * from "./state_of";

export const readState = (): State => stateOf(address.value.query);

const sortText = (sort: readonly SortKey[]): string =>
    sort.map((k) => (k.down ? `-${k.field}` : k.field)).join(" ");

// A key that ends like a width is quoted, so that it is none.
const columnWord = (c: ColumnWish): string => {
    const bare = /\*\d+$/.test(c.field.text)
        ? c.field.text.replace(/^(\w+)\.(.*)$/, (_, domain, key) => `${domain}."${key}"`)
        : c.field.text;
    return c.width ? `${bare}*${Math.round(c.width)}` : bare;
};

// What changes which rows there are is a step back for the browser's button; all else is not.
export const setWhere = (where: string): void =>
    setQuery({ where, sel: null, open: null }, { replace: false });
export const setView = (view: View): void =>
    setQuery({ view: view === "active" ? null : view, sel: null }, { replace: false });
export const setGroup = (group: readonly Field[]): void =>
    setQuery({ group: group.map((f) => f.text).join(" "), open: null, sel: null }, { replace: false });
export const setSort = (sort: readonly SortKey[]): void =>
    setQuery({ sort: sortText(sort) === sortText(DEFAULT_SORT) ? null : sortText(sort) });
export const setColumns = (columns: readonly ColumnWish[] | null, fixed?: number): void =>
    setQuery({
        cols: columns?.map(columnWord).join(" ") ?? null,
        ...(fixed === undefined ? {} : { fix: fixed === 1 ? null : String(fixed) }),
    });
export const setSparks = (fields: Iterable<string>): void =>
    setQuery({ spark: [...fields].join(" ") || "none" });
export const setSelection = (s: Selection): void =>
    setQuery({ sel: [...(s.all ? ["*"] : []), ...s.ids].join(" ") });
export const setPinned = (ids: readonly string[]): void => setQuery({ pin: ids.join(" ") });
export const setShow = (n: number): void =>
    setQuery({ show: n === SHOWN_AT_FIRST ? null : String(n), eye: null, hide: null });
export const setOpen = (keys: Iterable<string>): void => setQuery({ open: [...keys].join(" ") });
export const setPane = (pane: Pane): void => setQuery({ pane: pane === "both" ? null : pane });
export const setSide = (side: Side): void => setQuery({ side: side === "charts" ? null : side });
export const setSplit = (split: number): void => setQuery({ split: Math.round(split) });

// In and out of the charts.
export function setShown(ids: readonly string[], shown: boolean): void {
    const { eye, hidden } = stateOf(address.peek().query);
    const into = new Set(shown ? eye : hidden);
    const from = new Set(shown ? hidden : eye);
    for (const id of ids) {
        into.add(id);
        from.delete(id);
    }
    const [eyes, hides] = shown ? [into, from] : [from, into];
    setQuery({ eye: [...eyes].join(" "), hide: [...hides].join(" ") });
}

export const noSelection: Selection = { all: false, ids: new Set() };
export const isSelected = (s: Selection, id: string): boolean => s.ids.has(id) !== s.all;
