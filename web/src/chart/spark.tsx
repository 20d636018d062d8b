// SPDX-License-Identifier: Apache-2.0
// A line for a cell of a table: its shape only. All sparks of a frame read together. It is an SVG, since every canvas is
// a layer of the browser's compositor, and a table has one in each row.
import { useEffect, useState } from "preact/hooks";
import { address } from "../base/address";
import { placeOf } from "../routes";
import { type Columns, firstPlace, lastPlace, merged } from "./columns";
import { useFollow } from "./follow";
import { yRangeOf } from "./model";
import { type Area, type Pencil, traceEnvelope, traceLine } from "./path";
import { Wisher } from "./store";
import { type Trace, traceOf, xExtent } from "./trace";
import "./chart.css";

const WIDTH = 72;
const HEIGHT = 20;
const PAD = 2;
const BUCKETS = 24;

// The project that the page shows, when it is named by its number.
function projectHere(): number | null {
    const place = placeOf(address.peek());
    return "project" in place ? Number(place.project) || null : null;
}

const tenths = (v: number): number => Math.round(v * 10) / 10;

class PathText implements Pencil {
    text = "";
    moveTo(x: number, y: number): void {
        this.add("M", x, y);
    }
    lineTo(x: number, y: number): void {
        this.add("L", x, y);
    }
    closePath(): void {
        this.text += "Z";
    }
    private add(letter: string, x: number, y: number): void {
        this.text += `${letter}${tenths(x)} ${tenths(y)}`;
    }
}

function areaOf(trace: Trace): Area | null {
    const x = xExtent([trace], false);
    if (!x) return null;
    const [low, high] = yRangeOf([{ id: "", name: "", colour: "", trace, smooth: null }], x, false);
    return {
        left: PAD,
        top: PAD,
        width: WIDTH - 2 * PAD,
        height: HEIGHT - 2 * PAD,
        ratio: 1,
        x: { min: x[0], max: x[1] > x[0] ? x[1] : x[0] + 1, log: false },
        y: { min: low, max: high, log: false },
    };
}

// As SVG has paths, each under its class. A point that stands alone is a line of no length, which its round ends make a
// dot.
function pathsOf(trace: Trace): readonly [part: string, path: string][] {
    const area = areaOf(trace);
    if (!area) return [];
    const [band, line, dots] = [new PathText(), new PathText(), new PathText()];
    traceEnvelope(area, band, trace, 0, trace.n);
    const alone = traceLine(area, line, trace, 0, trace.n);
    for (let i = 0; i < alone.length; i += 2) {
        dots.moveTo(alone[i] as number, alone[i + 1] as number);
        dots.closePath();
    }
    return [
        ["spark-band", band.text],
        ["spark-line", line.text],
        ["spark-dots", dots.text],
    ];
}

// A chart may have its line finer, and live lines grow.
const shaped = (c: Columns): Columns =>
    c.n > 3 * BUCKETS ? merged(c, (lastPlace(c) - firstPlace(c) + 1) / BUCKETS) : c;

export function Spark({ run, metric, live }: { run: string; metric: string; live: boolean }) {
    const [paths, setPaths] = useState<ReturnType<typeof pathsOf>>([]);
    useFollow(projectHere(), live);
    useEffect(() => {
        const wisher = new Wisher(() => setPaths(pathsOf(traceOf(shaped(wisher.columns(run)), "step"))));
        wisher.ask({ runs: [run], key: metric, by: "step", buckets: BUCKETS, apart: true });
        return () => wisher.close();
    }, [run, metric]);
    return (
        <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`Course of ${metric}`}>
            {paths.map(([part, path]) => path && <path key={part} class={part} d={path} />)}
        </svg>
    );
}
