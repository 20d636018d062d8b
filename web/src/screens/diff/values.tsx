// SPDX-License-Identifier: Apache-2.0
// Rows of a comparison: a key, its value before and behind, and how far numbers are apart. Those of one file stand together.
import type { DiffRow } from "../../api/diff";
import { numberOf, shortNumber, toldApart } from "../../base/format";
import { plainName } from "../../base/text";
import { Difference } from "../../ui/difference";
import { Headings } from "../../ui/headings";
import { deltaOf } from "../compare/rows";

const LONG = 80;
const SHOWN = 300; // characters of a value

export const textOf = (value: unknown): string =>
    typeof value === "string" ? value : JSON.stringify(value ?? null);

const isNumber = (value: unknown): value is number => typeof value === "number";

export function Value({ row, side }: { row: DiffRow; side: "was" | "is" }) {
    const value: unknown = row[side];
    if (!(side in row)) return <span class="muted">–</span>;
    const text = textOf(value);
    const other: unknown = row[side === "was" ? "is" : "was"];
    const brief = isNumber(value) ? toldApart(value, other) : plainName(text);
    return (
        <span class="given" title={text}>
            {brief.length > SHOWN ? `${brief.slice(0, SHOWN)}…` : brief}
        </span>
    );
}

const numberIn = (value: unknown): { text: string; number?: number } =>
    isNumber(value) ? { text: String(value), number: numberOf(value) } : { text: "" };

// Of whole numbers that are one to the browser only the server knows how far they are apart.
const byServer = ({ delta }: DiffRow): string =>
    isNumber(delta) && delta ? `${delta > 0 ? "+" : ""}${shortNumber(delta)}` : "";

export const change = (row: DiffRow): string =>
    !("was" in row)
        ? "added"
        : !("is" in row)
          ? "removed"
          : deltaOf(numberIn(row.is), numberIn(row.was)) || byServer(row);

const isLong = (row: DiffRow): boolean => {
    const { was, is }: { was?: unknown; is?: unknown } = row;
    return typeof was === "string" && typeof is === "string" && (was.length > LONG || is.length > LONG);
};

// Those of one file, in the order in which they come.
function groupsOf(rows: readonly DiffRow[]): [string, DiffRow[]][] {
    const groups = new Map<string, DiffRow[]>();
    for (const row of rows) {
        const group = groups.get(row.in ?? "");
        if (group) group.push(row);
        else groups.set(row.in ?? "", [row]);
    }
    return [...groups];
}

function Row({ row }: { row: DiffRow }) {
    const key = (
        <th scope="row" class="given">
            {plainName(row.key)}
        </th>
    );
    if (isLong(row))
        return (
            <tr>
                {key}
                <td colSpan={3} class="text-differences">
                    <Difference from={textOf(row.was)} to={textOf(row.is)} />
                </td>
            </tr>
        );
    return (
        <tr>
            {key}
            <td class="diff-was">
                <Value row={row} side="was" />
            </td>
            <td class="diff-is">
                <Value row={row} side="is" />
            </td>
            <td class="diff-by">{change(row)}</td>
        </tr>
    );
}

export function ValueTable({
    rows,
    titles,
    label,
}: {
    rows: readonly DiffRow[];
    titles: readonly [string, string];
    label: string;
}) {
    return (
        <table class="diff-values" aria-label={label}>
            <Headings of={["What", titles[0], titles[1], ["Change", "diff-by"]]} />
            {groupsOf(rows).map(([file, list]) => (
                <tbody key={file}>
                    {file && (
                        <tr class="diff-file">
                            <th colSpan={4} scope="rowgroup" class="given">
                                {plainName(file)}
                            </th>
                        </tr>
                    )}
                    {list.map((row, i) => (
                        <Row key={`${row.key} ${i}`} row={row} />
                    ))}
                </tbody>
            ))}
        </table>
    );
}
