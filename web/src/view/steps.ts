// SPDX-License-Identifier: Apache-2.0
// Images of a step, as MLflow's clients name them: images/KEY+step+N+timestamp+T+UUID.png with slashes of the key as "~"
// (older ones: "%" and "#"), and a small twin with "+compressed.webp". Pure.
import { naturally } from "../base/text";

export interface StepImage {
    step: number;
    timeMs: number;
    path: string; // of the whole picture
    small?: string; // of its small twin
}

export interface ImageSeries {
    key: string;
    images: StepImage[]; // by step, then by time
}

const NAME = /^(.+)[+%]step[+%](\d+)[+%]timestamp[+%](\d+)[+%]([0-9a-fA-F-]+)([+%]compressed)?\.\w+$/;

export function imageSeries(paths: readonly string[]): ImageSeries[] {
    const all = new Map<string, Map<string, StepImage>>();
    for (const path of paths) {
        const m = NAME.exec(path.slice(path.lastIndexOf("/") + 1));
        if (!m) continue;
        const key = (m[1] as string).replace(/[~#]/g, "/");
        const of = all.get(key) ?? new Map<string, StepImage>();
        all.set(key, of);
        const id = `${m[2]} ${m[3]} ${m[4]}`;
        const image = of.get(id) ?? { step: Number(m[2]), timeMs: Number(m[3]), path: "" };
        of.set(id, { ...image, ...(m[5] ? { small: path } : { path }) });
    }
    return [...all]
        .map(([key, of]) => ({ key, images: [...of.values()].map(whole).sort(byStep) }))
        .sort((a, b) => naturally(a.key, b.key));
}

// A twin whose whole picture is not there (yet).
const whole = (image: StepImage): StepImage => (image.path ? image : { ...image, path: image.small ?? "" });

const byStep = (a: StepImage, b: StepImage): number => a.step - b.step || a.timeMs - b.timeMs;

// The newest image at a step, or at the last step before it.
export const imageAt = (series: ImageSeries, step: number): StepImage | undefined =>
    series.images.findLast((i) => i.step <= step) ?? series.images[0];
