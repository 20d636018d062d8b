// SPDX-License-Identifier: Apache-2.0
// What is on the screen or near it: only that reads and draws.
import { useLayoutEffect, useRef, useState } from "preact/hooks";

const NEAR = "400px 0px";
const observers = new Map<
    Element | null,
    { observer: IntersectionObserver; told: Map<Element, (near: boolean) => void> }
>();

// rootMargin counts at the edges of the root only, so the root is what scrolls.
function scrollerOf(el: Element): Element | null {
    if (el.closest("dialog")) return null; // it lies over all that scrolls
    for (let at = el.parentElement; at; at = at.parentElement) {
        if (/auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
    }
    return null;
}

function observerOf(root: Element | null) {
    const known = observers.get(root);
    if (known) return known;
    const told = new Map<Element, (near: boolean) => void>();
    const observer = new IntersectionObserver(
        (entries) => {
            for (const e of entries) told.get(e.target)?.(e.isIntersecting);
        },
        { root, rootMargin: NEAR },
    );
    const made = { observer, told };
    observers.set(root, made);
    return made;
}

export function useNear<T extends Element>(): [{ current: T | null }, boolean] {
    const ref = useRef<T>(null);
    const [near, setNear] = useState(false);
    // Observed before the browser draws: it tells in that frame already.
    useLayoutEffect(() => {
        const el = ref.current;
        if (!el) return undefined;
        const root = scrollerOf(el);
        const { observer, told } = observerOf(root);
        told.set(el, setNear);
        observer.observe(el);
        return () => {
            told.delete(el);
            observer.unobserve(el);
            if (told.size) return;
            observer.disconnect();
            observers.delete(root);
        };
    }, []);
    return [ref, near];
}

const widths = new Map<Element, (width: number) => void>();
let resized: ResizeObserver | null = null;

// One for all: what it tells of many charts is drawn together.
function widthObserver(): ResizeObserver {
    resized ??= new ResizeObserver((entries) => {
        for (const e of entries) widths.get(e.target)?.(Math.floor(e.contentRect.width));
    });
    return resized;
}

// The width of an element as it changes: told by the browser when the page is laid out. To ask for it would have the page
// laid out at once, for each chart again.
export function useWidth<T extends Element>(ref: { current: T | null }): number {
    const [width, setWidth] = useState(0);
    useLayoutEffect(() => {
        const el = ref.current;
        if (!el) return undefined;
        widths.set(el, setWidth);
        widthObserver().observe(el);
        return () => {
            widths.delete(el);
            widthObserver().unobserve(el);
        };
    }, []);
    return width;
}
