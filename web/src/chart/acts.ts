// SPDX-License-Identifier: Apache-2.0
// What the menu of a chart offers.
import { address } from "../base/address";
import type { MenuItem } from "../ui/dialog";
import { copy } from "../ui/parts";
import { say, sayProblem } from "../ui/toast";
import { aloneLink } from "./alone";
import { saveCsv, savePng, savePoints } from "./export";
import type { Remembered } from "./remember";
import { setAlone } from "./settings";
import type { ChartView } from "./view";

const toggled = (list: readonly string[], key: string): string[] =>
    list.includes(key) ? list.filter((k) => k !== key) : [...list, key];

export function chartMenu(
    key: string,
    remembered: Remembered,
    remember: (change: Partial<Remembered>) => void,
    logY: boolean,
    view: ChartView | null,
    moves: readonly MenuItem[] = [],
): MenuItem[] {
    const alone = address.peek().query.get("chart") === key;
    const hide = (): void => {
        remember({ hidden: toggled(remembered.hidden, key) });
        say(`Hidden: ${key}`, async () => remember({ hidden: remembered.hidden }));
    };
    const layout: MenuItem[] = [
        { label: "Open alone", run: () => setAlone(key) },
        {
            label: remembered.wide.includes(key) ? "Normal width" : "Full width",
            run: () => remember({ wide: toggled(remembered.wide, key) }),
        },
        ...moves,
    ];
    return [
        ...(alone ? [] : layout),
        {
            label: logY ? "Linear y" : "Logarithmic y",
            run: () => remember({ log: toggled(remembered.log, key) }),
        },
        { label: "Back to the whole range", run: () => view?.reset() },
        ...files(key, view),
        {
            label: "Copy link",
            run: () => copy(aloneLink(address.peek().path, address.peek().query, key), "Link copied"),
        },
        ...(alone ? [] : [{ label: "Hide this chart", run: hide }]),
    ];
}

function files(key: string, view: ChartView | null): MenuItem[] {
    const lines = view?.lines ?? [];
    const single = lines.length === 1 && lines[0]?.members.length === 1 ? lines[0].members[0] : undefined;
    return [
        {
            label: "Save as PNG",
            disabled: !view?.canvas,
            run: () => view?.canvas && savePng(key, view.canvas, lines),
        },
        { label: "Save what is drawn as CSV", disabled: !lines.length, run: () => saveCsv(key, lines) },
        ...(single
            ? [{ label: "Save all points as CSV", run: () => savePoints(single, key).catch(sayProblem) }]
            : []),
    ];
}
