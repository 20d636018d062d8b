// SPDX-License-Identifier: Apache-2.0
// A chart as a file: a picture with its title and legend, or its numbers. csvOf is pure.
import { readPointsCsv } from "../api/series";
import { saveBlob } from "../base/save";
import { csvField } from "../base/text";
import type { Columns } from "./columns";
import { colours } from "./palette";
import type { PlotLine } from "./plot";

export const fileName = (key: string, kind: string): string =>
    `${key.replace(/[^\p{L}\p{N}._-]+/gu, "_")}.${kind}`;

// ---- numbers ----------------------------------------------------------------------------------------------

const HEAD = "run,name,first_step,last_step,first_time_ms,last_time_ms,first,last,min,max,points,nan";

export function csvOf(lines: readonly { id: string; name: string; columns: Columns }[]): string {
    const out = [HEAD];
    for (const { id, name, columns: c } of lines) {
        const start = `${csvField(id)},${csvField(name)}`;
        for (let i = 0; i < c.n; i++) {
            const places = [c.step0, c.step1, c.time0, c.time1, c.first, c.last, c.min, c.max, c.count];
            out.push(`${start},${places.map((column) => column[i]).join(",")},${c.nan?.[i] ?? 0}`);
        }
    }
    return `${out.join("\n")}\n`;
}

export function saveCsv(key: string, lines: readonly PlotLine[]): void {
    const text = csvOf(lines.map((l) => ({ id: l.id, name: l.name, columns: l.trace.c })));
    saveBlob(fileName(key, "csv"), new Blob([text], { type: "text/csv" }));
}

export async function savePoints(run: string, key: string): Promise<void> {
    saveBlob(fileName(key, "points.csv"), await readPointsCsv(run, key));
}

// ---- picture ----------------------------------------------------------------------------------------------

const LINE = 18; // CSS pixels a line of the legend

export async function savePng(
    key: string,
    canvas: HTMLCanvasElement,
    lines: readonly PlotLine[],
): Promise<void> {
    const blob = await pictureOf(key, canvas, lines);
    if (blob) saveBlob(fileName(key, "png"), blob);
}

function pictureOf(key: string, plot: HTMLCanvasElement, lines: readonly PlotLine[]): Promise<Blob | null> {
    const ratio = plot.width / Math.max(1, plot.clientWidth);
    const canvas = document.createElement("canvas");
    const columns = Math.max(1, Math.floor(plot.clientWidth / 220));
    const rows = Math.ceil(lines.length / columns);
    canvas.width = plot.width;
    canvas.height = plot.height + (36 + rows * LINE) * ratio;
    const ctx = canvas.getContext("2d");
    if (!ctx) return Promise.resolve(null);
    const { raised, ink, font } = colours.peek();
    ctx.fillStyle = raised;
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.drawImage(plot, 0, 28 * ratio);
    ctx.scale(ratio, ratio);
    ctx.fillStyle = ink;
    ctx.textBaseline = "middle";
    ctx.font = `600 13px ${font}`;
    ctx.fillText(key, 8, 15, plot.clientWidth - 16);
    ctx.font = `11px ${font}`;
    const width = plot.clientWidth / columns;
    lines.forEach((l, i) => {
        const [x, y] = [
            8 + (i % columns) * width,
            28 + plot.clientHeight + LINE * (Math.floor(i / columns) + 0.5),
        ];
        ctx.fillStyle = l.colour;
        ctx.fillRect(x, y - 1.5, 10, 3);
        ctx.fillStyle = ink;
        ctx.fillText(l.name, x + 14, y, width - 24);
    });
    return new Promise((done) => canvas.toBlob(done));
}
