// SPDX-License-Identifier: Apache-2.0
// One chart as large as the window, over the others; its name is in the address.
import { formatAddress } from "../base/address";
import { Dialog, type MenuItem } from "../ui/dialog";
import { ChartCard, legendHeight } from "./chart";
import type { ChartRun } from "./model";
import { setAlone } from "./settings";
import type { ChartView } from "./view";

export function Alone({
    chartKey,
    runs,
    logY,
    menu,
}: {
    chartKey: string;
    runs: readonly ChartRun[];
    logY: boolean;
    menu: (logY: boolean, view: ChartView | null) => MenuItem[];
}) {
    const most = Math.max(2, Math.min(24, runs.length));
    const height = Math.max(200, innerHeight - 200 - legendHeight(most));
    return (
        <Dialog title={chartKey} close={() => setAlone(null)} wide>
            <ChartCard
                title=""
                wide
                most={most}
                menu={(view) => menu(logY, view)}
                {...{ chartKey, runs, logY, height }}
            />
        </Dialog>
    );
}

// The address of a chart that is open alone.
export function aloneLink(path: readonly string[], query: URLSearchParams, key: string): string {
    const copy = new URLSearchParams(query);
    copy.set("chart", key);
    return new URL(formatAddress(path, copy), location.href).href;
}
