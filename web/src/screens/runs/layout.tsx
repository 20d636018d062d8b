// SPDX-License-Identifier: Apache-2.0
// Table and charts side by side, or one of them; on a narrow screen one at a time, by tabs.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Divider } from "./divider";
import { type Pane, type State, setPane } from "./state";

const NARROW = matchMedia("(max-width: 800px)");

function useNarrow(): boolean {
    const [narrow, setNarrow] = useState(NARROW.matches);
    useEffect(() => {
        const follow = (): void => setNarrow(NARROW.matches);
        NARROW.addEventListener("change", follow);
        return () => NARROW.removeEventListener("change", follow);
    }, []);
    return narrow;
}

function NarrowTabs({ pane }: { pane: Pane }) {
    return (
        <div class="narrow-tabs" role="group" aria-label="What is shown">
            {(["table", "charts"] as const).map((p) => (
                <button
                    key={p}
                    type="button"
                    class="button"
                    aria-pressed={pane === p}
                    onClick={() => setPane(p)}
                >
                    {p === "table" ? "Table" : "Charts"}
                </button>
            ))}
        </div>
    );
}

export function Panes({
    state,
    table,
    side,
}: {
    state: State;
    table: ComponentChildren;
    side: ComponentChildren;
}) {
    const narrow = useNarrow();
    const pane = narrow && state.pane === "both" ? "table" : state.pane;
    return (
        <>
            {narrow && <NarrowTabs pane={pane} />}
            <div class="runs-panes" style={{ "--split": pane === "both" ? `${state.split}%` : "100%" }}>
                {pane !== "charts" && (
                    <section class="runs-table" aria-label="Table">
                        {table}
                    </section>
                )}
                {pane === "both" && <Divider split={state.split} />}
                {pane !== "table" && (
                    <section class="runs-side" aria-label="Charts">
                        {side}
                    </section>
                )}
            </div>
        </>
    );
}
