// SPDX-License-Identifier: Apache-2.0
// What is found in a text that grows as it is read: which match one is at, the next and the one before, and reading on when
// the part that is loaded has no further one. The address has what is looked for (`find`).
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { address } from "../base/address";
import { Finder } from "./finder";
import type { Growing } from "./growing";
import type { Line } from "./lines";

const MS = 12; // of searching between two frames

export interface TextFind {
    needle: string;
    finder: Finder;
    now: number; // the match one is at; -1: none
    searching: boolean; // not all that is loaded was looked at, or more is read to look at
    step: (back: boolean) => void;
    stop: () => void;
}

// `top`: the first row in sight; `show` brings a row there.
export function useFind(
    grown: Growing<Line>,
    top: { readonly current: number },
    show: (row: number) => void,
): TextFind {
    const needle = address.value.query.get("find") ?? "";
    const { rows } = grown;
    const finder = useMemo(() => new Finder(needle), [needle, rows]);
    const looked = useRef({ finder, rows: rows.length });
    const [now, setNow] = useState(-1);
    const [seeks, setSeeks] = useState(false);
    const [, draw] = useState(0);

    if (looked.current.finder === finder && looked.current.rows < rows.length) finder.grown();
    looked.current = { finder, rows: rows.length };
    const done = finder.more(rows, MS);
    const { matches } = finder;

    function go(to: number): void {
        setNow(to);
        setSeeks(false);
        const match = matches[to];
        if (match) show(match.row);
    }

    useEffect(() => {
        setNow(-1);
        setSeeks(false);
    }, [finder]);
    // At first the nearest below the top of what is seen.
    useEffect(() => {
        if (done && now >= matches.length) setNow(matches.length - 1);
        if (now >= 0 || !matches.length) return;
        const first = finder.firstFrom(top.current);
        if (first < matches.length) go(first);
        else if (done) go(0);
    });
    useEffect(() => {
        if (done) return undefined;
        const timer = setTimeout(() => draw((n) => n + 1));
        return () => clearTimeout(timer);
    });
    useEffect(() => {
        if (!seeks || !done) return;
        if (now + 1 < matches.length) go(now + 1);
        else if (grown.done) go(0);
        else if (grown.full || grown.problem || finder.full) setSeeks(false);
        else if (!grown.busy) grown.more();
    });

    return {
        needle,
        finder,
        now,
        searching: !done || seeks,
        step(back) {
            if (!needle) return;
            if (back) go(now > 0 ? now - 1 : matches.length - 1);
            else if (now + 1 < matches.length) go(now + 1);
            else setSeeks(true);
        },
        stop: () => setSeeks(false),
    };
}
