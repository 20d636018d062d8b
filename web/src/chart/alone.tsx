// SPDX-License-Identifier: Apache-2.0
// One chart as large as the window, over the others; its name is in the address.
import { formatAddress } from "../base/address";
import { Dialog, type MenuItem } from "../ui/dialog";
import { ChartCard } from "./chart";
import type { ChartRun } from "./model";
import { type Settings, setAlone } from "./settings";
import type { ChartView } from "./view";

export function Alone({
    chartKey,
    runs,
    settings,
    logY,
    menu,
}: {
    chartKey: string;
    runs: readonly ChartRun[];
    settings: Settings;
    logY: boolean;
    menu: (logY: boolean, view: ChartView | null) => MenuItem[];
}) {
    const height = Math.max(200, Math.min(innerHeight - 300, 720));
    return (
        <Dialog title={chartKey} close={() => setAlone(null)} wide>
            <ChartCard
                title=""
                wide
                most={30}
                menu={(view) => menu(logY, view)}
                {...{ chartKey, runs, settings, logY, height }}
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
