// SPDX-License-Identifier: Apache-2.0
// Choosing a column, and what its colours mean.

import { type Field, fieldText } from "./fields";
import { colours, lineColour, scaleColour } from "./palette";

export const TWIN = "The table of runs has the same numbers.";

export function ChooseColumn({
    label,
    columns,
    value,
    none,
    put,
}: {
    label: string;
    columns: readonly string[];
    value: string | null;
    none?: string; // the word for "no column"
    put: (column: string | null) => void;
}) {
    return (
        <label>
            <span class="muted">{label} </span>
            <select
                class="input chart-choose"
                value={value ?? ""}
                onChange={(e) => put(e.currentTarget.value || null)}
            >
                {none !== undefined && <option value="">{none}</option>}
                {columns.map((c) => (
                    <option key={c} value={c}>
                        {c}
                    </option>
                ))}
            </select>
        </label>
    );
}

const MOST_NAMES = 12;

export function ColourKey({ field }: { field: Field }) {
    const { scale } = colours.value;
    if (field.names)
        return (
            <div class="chart-key">
                {field.names.slice(0, MOST_NAMES).map((name, i) => (
                    <span key={name} class="row">
                        <span class="legend-swatch" style={{ background: lineColour(i) }} />
                        <bdi>{name}</bdi>
                    </span>
                ))}
                {field.names.length > MOST_NAMES && (
                    <span class="muted">+ {field.names.length - MOST_NAMES} more</span>
                )}
            </div>
        );
    const stops = Array.from({ length: 9 }, (_, i) => scaleColour(scale, i / 8)).join(", ");
    return (
        <div class="chart-key">
            <bdi>{field.column}</bdi>
            <span>{fieldText(field, field.extent[0])}</span>
            <span class="chart-scale" style={{ background: `linear-gradient(to right, ${stops})` }} />
            <span>{fieldText(field, field.extent[1])}</span>
        </div>
    );
}
