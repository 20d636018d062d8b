// SPDX-License-Identifier: Apache-2.0
// The twin of a chart that can be read: what is drawn, as a table by x and run.
import { useState } from "preact/hooks";
import { shortNumber } from "../base/format";
import { entryOf, xText } from "./model";
import type { XMode } from "./trace";
import type { ChartView } from "./view";

const ROWS = 50;

// At most so many places, the first and the last among them.
export function sampled(places: readonly number[], most: number): number[] {
    if (places.length <= most) return [...places];
    return Array.from(
        { length: most },
        (_, i) => places[Math.round((i * (places.length - 1)) / (most - 1))] as number,
    );
}

export function ChartTable({
    view,
    chartKey,
    mode,
}: {
    view: ChartView | null;
    chartKey: string;
    mode: XMode;
}) {
    const [rows, setRows] = useState(ROWS);
    void view?.version.value; // drawn again with the lines
    if (!view?.input || !view.lines.length) return <p class="muted chart-nothing">Nothing to list yet.</p>;
    const all = view.places(view.ranges().x);
    const places = sampled(all, rows);
    return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by key
        <div class="chart-table" tabIndex={0}>
            <table>
                <caption class="hidden">{chartKey}</caption>
                <thead>
                    <tr>
                        <th scope="col">{mode}</th>
                        {view.lines.map((l) => (
                            <th key={l.id} scope="col" dir="auto">
                                {l.name}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {places.map((x) => (
                        <tr key={x}>
                            <th scope="row">{xText(x, mode).replace("step ", "")}</th>
                            {view.lines.map((l) => {
                                const entry = entryOf(l, x, false);
                                return (
                                    <td key={l.id} class="number" title={entry.full}>
                                        {Number.isNaN(entry.value) ? "" : shortNumber(entry.value)}
                                    </td>
                                );
                            })}
                        </tr>
                    ))}
                </tbody>
            </table>
            {places.length < all.length && (
                <button type="button" class="button" onClick={() => setRows(rows * 4)}>
                    More rows ({places.length} of {all.length})
                </button>
            )}
        </div>
    );
}
