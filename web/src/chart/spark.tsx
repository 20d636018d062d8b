// SPDX-License-Identifier: Apache-2.0
// A line for a cell of a table: its shape only. All sparks of a frame read together.
import { useEffect, useRef } from "preact/hooks";
import { address } from "../base/address";
import { placeOf } from "../routes";
import { type Frame, paintLine } from "./draw";
import { useFollow } from "./follow";
import { yRangeOf } from "./model";
import { colours } from "./palette";
import { Wisher } from "./store";
import { traceOf, xExtent } from "./trace";
import "./chart.css";

const WIDTH = 72;
const HEIGHT = 20;
const BUCKETS = 24;

// The project that the page shows, when it is named by its number.
function projectHere(): number | null {
    const place = placeOf(address.peek());
    return "project" in place ? Number(place.project) || null : null;
}

export function Spark({ run, metric, live }: { run: string; metric: string; live: boolean }) {
    const ref = useRef<HTMLCanvasElement>(null);
    useFollow(projectHere(), live);
    useEffect(() => {
        const canvas = ref.current;
        if (!canvas) return undefined;
        const paint = (): void => draw(canvas, wisher, run);
        const wisher = new Wisher(paint);
        wisher.ask({ runs: [run], key: metric, by: "step", buckets: BUCKETS, apart: true });
        const stop = colours.subscribe(paint);
        return () => {
            stop();
            wisher.close();
        };
    }, [run, metric]);
    return <canvas ref={ref} class="spark" role="img" aria-label={`Course of ${metric}`} />;
}

function draw(canvas: HTMLCanvasElement, wisher: Wisher, run: string): void {
    const ratio = devicePixelRatio || 1;
    const [width, height] = [Math.round(WIDTH * ratio), Math.round(HEIGHT * ratio)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const ctx = canvas.getContext("2d");
    const trace = traceOf(wisher.columns(run), "step");
    const x = xExtent([trace], false);
    if (!ctx) return;
    ctx.clearRect(0, 0, width, height);
    if (!x) return;
    const line = { id: run, name: "", colour: "", trace, smooth: null };
    const [low, high] = yRangeOf([line], x, false);
    const pad = 2 * ratio;
    const frame: Frame = {
        ctx,
        left: pad,
        top: pad,
        width: width - 2 * pad,
        height: height - 2 * pad,
        ratio,
        x: { min: x[0], max: x[1] > x[0] ? x[1] : x[0] + 1, log: false },
        y: { min: low, max: high, log: false },
    };
    paintLine(frame, trace, null, {
        colour: colours.peek().accent,
        alpha: 1,
        width: 1.25,
        band: 0.25,
        dots: false,
        thin: false,
    });
}
