// SPDX-License-Identifier: Apache-2.0
// The tokens' colours for canvases, read again when the scheme changes.
import { computed } from "@preact/signals";
import { css, LINE_COLOURS } from "../base/colour";
import { scheme } from "../base/scheme";

export interface Colours {
    readonly lines: readonly string[];
    readonly scale: readonly string[]; // from the least to the greatest number
    readonly ink: string;
    readonly ink3: string;
    readonly rule: string;
    readonly raised: string;
    readonly accent: string;
    readonly bad: string;
    readonly font: string;
}

export const colours = computed<Colours>(() => {
    void scheme.value;
    return {
        lines: Array.from({ length: LINE_COLOURS }, (_, i) => css(`--line-${i}`)),
        scale: Array.from({ length: 5 }, (_, i) => css(`--scale-${i}`)),
        ink: css("--ink"),
        ink3: css("--ink-3"),
        rule: css("--rule"),
        raised: css("--raised"),
        accent: css("--accent"),
        bad: css("--bad"),
        font: css("--font"),
    };
});

export const lineColour = (place: number): string =>
    colours.value.lines[place % LINE_COLOURS] ?? colours.value.ink;

const part = (colour: string, at: number): number => Number.parseInt(colour.slice(at, at + 2), 16);

// Between the colours of a scale ("#rrggbb"), t from 0 to 1.
export function scaleColour(scale: readonly string[], t: number): string {
    const place = Math.min(1, Math.max(0, t)) * (scale.length - 1);
    const at = Math.min(scale.length - 2, Math.floor(place));
    const [a, b, f] = [scale[at] ?? "", scale[at + 1] ?? "", place - at];
    const mix = (i: number): string =>
        Math.round(part(a, i) * (1 - f) + part(b, i) * f)
            .toString(16)
            .padStart(2, "0");
    return `#${mix(1)}${mix(3)}${mix(5)}`;
}
