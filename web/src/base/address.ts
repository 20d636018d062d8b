// SPDX-License-Identifier: Apache-2.0
// The state of the page is its address: a path and a query behind the '#', as MLflow's links have them. Reading
// `address` in a component makes it follow; go() and setQuery() change it. Nothing else keeps what a screen
// shows. Who goes to another workspace gets a new page, so that nothing of one is ever shown, sent or undone in another.
import { signal } from "@preact/signals";
import { type Address, formatAddress, parseAddress, put, type Query, workspace } from "./parse_address";

export { type Address, formatAddress, parseAddress, type Query, workspace } from "./parse_address";

// The last address that the browser was told, or will be.
let told = location.hash;

// A name for each step of the browser's history: who goes back comes to one that has a name already.
interface Step {
    step?: string;
}
const newStep = (): string => `${performance.timeOrigin} ${performance.now()}`;
let step = "";
export const stepOf = (): string => step;

function arrive(): void {
    step = (history.state as Step | null)?.step ?? newStep();
    history.replaceState({ step } satisfies Step, "");
}
arrive();

export const address = signal<Address>(parseAddress(told));
addEventListener("hashchange", () => {
    told = location.hash;
    arrive();
    const next = parseAddress(told);
    if (next.workspace === workspace) address.value = next;
    else location.reload();
});

// Telling the browser may take longer than drawing, so it comes behind: what another address shows was asked for by then.
function tell(to: string, replace: boolean): void {
    told = to;
    const state: Step = { step };
    setTimeout(() => history[replace ? "replaceState" : "pushState"](state, "", to));
}

// A step that the back button undoes, or (replace) a change of what is shown already.
export function go(to: string, { replace = false } = {}): void {
    if (to === told) return;
    const next = parseAddress(to);
    if (next.workspace !== workspace) {
        location.assign(to);
        return;
    }
    if (!replace) step = newStep();
    address.value = next;
    tell(to, replace);
}

export function setQuery(change: Query, { replace = true } = {}): void {
    const query = new URLSearchParams(address.peek().query);
    for (const [key, value] of Object.entries(change)) put(query, key, value);
    go(formatAddress(address.peek().path, query), { replace });
}
