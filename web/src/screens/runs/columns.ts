// SPDX-License-Identifier: Apache-2.0
// Which columns there are: those of the address, else what tells most. And how wide they are at first.
import type { FieldName, Run } from "../../api/client";
import { naturally } from "../../base/text";
import type { Column } from "../../table/model";
import {
    attributeField,
    type Field,
    fieldValue,
    isNumeric,
    isTime,
    keyField,
    metricField,
    titleOf,
} from "./field";
import type { ColumnWish, SortKey, State } from "./state";

const ALWAYS = ["name", "status", "start", "duration", "user"];
const METRICS = 7;
const CONFIG = 6;
const CANDIDATES = 16; // of configuration: as many are looked at for differences

const WIDTHS: Readonly<Record<string, number>> = {
    name: 230,
    status: 96,
    duration: 96,
    user: 92,
    id: 270,
    reason: 180,
};

export function widthOf(field: Field, grouped: boolean): number {
    if (isTime(field)) return 136;
    if (field.domain === "attribute") return WIDTHS[field.key] ?? 110;
    const title = Math.min(180, 34 + titleOf(field).length * 7);
    return Math.max(field.domain === "metrics" ? (grouped ? 212 : 104) : 92, title);
}

const common = (names: readonly FieldName[], kind: FieldName["kind"]): FieldName[] =>
    names
        .filter((n) => n.kind === kind)
        .sort((a, b) => (b.runs ?? 0) - (a.runs ?? 0) || naturally(a.name, b.name));

// What the machine measures about itself is seldom why runs are compared.
const isAside = (name: string): boolean => /^(system|mlflow\.)/.test(name);

export interface Candidates {
    metrics: readonly Field[];
    config: readonly Field[];
}

export function candidatesOf(names: readonly FieldName[]): Candidates {
    const metrics = common(names, "metric");
    const first = [...metrics.filter((n) => !isAside(n.name)), ...metrics.filter((n) => isAside(n.name))];
    return {
        metrics: first.slice(0, METRICS).map((n) => metricField(n.name)),
        config: common(names, "config")
            .slice(0, CANDIDATES)
            .map((n) => keyField("config", n.name)),
    };
}

function variety(field: Field, runs: readonly Run[]): number {
    return new Set(runs.map((r) => fieldValue(r, field))).size;
}

// Configuration that differs among these runs comes first; what is the same in all of them tells nothing.
export function chosen(c: Candidates, runs: readonly Run[]): ColumnWish[] {
    const differing = c.config.filter((f) => variety(f, runs) > 1);
    const config = (differing.length ? differing : c.config).slice(0, CONFIG);
    return [...ALWAYS.map(attributeField), ...c.metrics, ...config].map((field) => ({ field }));
}

export const attributesOnly: readonly ColumnWish[] = ALWAYS.map((a) => ({ field: attributeField(a) }));

export interface RunColumn extends Column {
    field: Field;
    wished: number | undefined; // its width in the address
    spark: boolean;
}

const SPARK = 84;

// The metrics whose course is drawn beside the number.
function sparksOf(wishes: readonly ColumnWish[], wished: ReadonlySet<string> | null): ReadonlySet<string> {
    const first = wishes.find((w) => w.field.domain === "metrics" && w.field.which === "last");
    return wished ?? new Set(first ? [first.field.text] : []);
}

export function columnsOf(wishes: readonly ColumnWish[], state: State): RunColumn[] {
    const grouped = state.group.length > 0;
    const sparks = grouped ? new Set<string>() : sparksOf(wishes, state.sparks);
    return wishes.map(({ field, width }) => {
        const at = state.sort.findIndex((k) => k.field === field.text);
        const key = state.sort[at];
        const spark = sparks.has(field.text);
        return {
            id: field.text,
            field,
            title: titleOf(field),
            hint: field.text,
            width: width ?? widthOf(field, grouped) + (spark ? SPARK : 0),
            wished: width,
            spark,
            numeric: isNumeric(field),
            sort: key && (key.down ? "descending" : "ascending"),
            sortPlace: key && state.sort.length > 1 ? at + 1 : undefined,
        };
    });
}

// A click: towards the end that is looked for first, then the other, then none.
export function sortedBy(field: Field, sort: readonly SortKey[], add: boolean): SortKey[] {
    const downFirst = isNumeric(field) || isTime(field);
    const old = sort.find((k) => k.field === field.text);
    const others = add ? sort.filter((k) => k !== old) : [];
    if (!old) return [...others, { field: field.text, down: downFirst }];
    if (old.down !== downFirst) return others;
    const turned = { field: field.text, down: !old.down };
    return add ? sort.map((k) => (k === old ? turned : k)) : [turned];
}
