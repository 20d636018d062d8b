// SPDX-License-Identifier: Apache-2.0
// The state of the page is its address: a path and a query behind the '#', as MLflow's links have them. Reading
// `address` in a component makes it follow; go() and setQuery() change it. Nothing else keeps what a screen shows.
import { signal } from "@preact/signals";
import { type Address, formatAddress, parseAddress, put, type Query } from "./parse_address";

export { type Address, formatAddress, parseAddress, type Query } from "./parse_address";

// The last address that the browser was told, or will be.
let told = location.hash;

export const address = signal<Address>(parseAddress(told));
addEventListener("hashchange", () => {
    told = location.hash;
    address.value = parseAddress(told);
});

// Telling the browser may take longer than drawing, so it comes behind: what another address shows was asked for by then.
function tell(to: string, replace: boolean): void {
    told = to;
    setTimeout(() => history[replace ? "replaceState" : "pushState"](null, "", to));
}

// A step that the back button undoes, or (replace) a change of what is shown already.
export function go(to: string, { replace = false } = {}): void {
    if (to === told) return;
    address.value = parseAddress(to);
    tell(to, replace);
}

export function setQuery(change: Query, { replace = true } = {}): void {
    const query = new URLSearchParams(address.peek().query);
    for (const [key, value] of Object.entries(change)) put(query, key, value);
    go(formatAddress(address.peek().path, query), { replace });
}
