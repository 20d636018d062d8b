// SPDX-License-Identifier: Apache-2.0
// All rows of a part: a table as long as what is here already, a list of any length when there are more.
import type { DiffRow } from "../../api/diff";
import { plainName } from "../../base/text";
import { Empty } from "../../ui/parts";
import type { CellColumn } from "../../view/cell_table";
import { List, type Source } from "./pages";
import { change, Value, ValueTable } from "./values";

const columnsOf = (titles: readonly [string, string]): readonly CellColumn[] => [
    ["in", "Of", 24],
    ["key", "What", 44],
    ["was", titles[0], 32],
    ["is", titles[1], 32],
    ["by", "Change", 24],
];

export function ValueList({
    source,
    titles,
    label,
}: {
    source: Source<DiffRow>;
    titles: readonly [string, string];
    label: string;
}) {
    if (!source.total) return <Empty title="Nothing differs here" />;
    if (source.total === source.first.length)
        return (
            <div class="diff-scroll">
                <ValueTable rows={source.first} titles={titles} label={label} />
            </div>
        );
    return (
        <List
            source={source}
            columns={columnsOf(titles)}
            label={label}
            cell={(row, column) => {
                if (column === "in") return plainName(row.in ?? "");
                if (column === "key") return <span title={row.key}>{plainName(row.key)}</span>;
                return column === "by" ? change(row) : <Value row={row} side={column as "was" | "is"} />;
            }}
        />
    );
}
