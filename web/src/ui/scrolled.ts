// SPDX-License-Identifier: Apache-2.0
// How far a screen is scrolled, at each step of the browser's history: another page begins at its top, and who goes back finds a list
// where it was left.
import { effect } from "@preact/signals";
import { type Address, address, stepOf } from "../base/address";

const BOXES = ["#main", ".page-body"]; // what scrolls a screen
const WAIT_MS = 3000; // for what is read from the server to have its height

type Places = readonly number[];
const left = new Map<string, Places>();
let sought: string | null = null; // the step whose places are being brought back

const box = (name: string): Element | null => document.querySelector(name);

// What makes another page of an address; all else changes what is on it.
const pageOf = ({ path, query }: Address): string =>
    JSON.stringify([path, query.get("tab"), query.get("after")]);

function put(places: Places): boolean {
    const there = BOXES.map((name, i) => {
        const of = box(name);
        const place = places[i] ?? 0;
        if (of && of.scrollTop !== place) of.scrollTop = place;
        return Math.abs((of?.scrollTop ?? 0) - place) < 2;
    });
    return there.every(Boolean);
}

function seek(step: string, places: Places): void {
    const until = performance.now() + WAIT_MS;
    sought = step;
    const again = (): void => {
        if (sought !== step) return;
        if (put(places) || performance.now() > until) sought = null;
        else requestAnimationFrame(again);
    };
    requestAnimationFrame(again); // when what was there before is gone
}

// A table scrolls by itself, and is not made to lay out for this.
function noteScroll({ target }: Event): void {
    if (sought || !(target instanceof Element) || !BOXES.some((name) => target.matches(name))) return;
    left.set(
        stepOf(),
        BOXES.map((name) => box(name)?.scrollTop ?? 0),
    );
}

export function keepScrolled(): void {
    addEventListener("scroll", noteScroll, { capture: true, passive: true });
    for (const by of ["wheel", "touchmove", "keydown", "pointerdown"])
        addEventListener(by, () => (sought = null), { capture: true, passive: true });
    let step = stepOf();
    let page = pageOf(address.peek());
    effect(() => {
        const now = pageOf(address.value);
        if (stepOf() !== step) {
            step = stepOf();
            sought = null;
            const places = left.get(step);
            if (places) seek(step, places);
            else if (now !== page) put([]);
        }
        page = now;
    });
}
