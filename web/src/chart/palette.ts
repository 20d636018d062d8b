// SPDX-License-Identifier: Apache-2.0
// The tokens' colours for canvases, read again when the scheme changes.
import { computed } from "@preact/signals";
import { css, LINE_COLOURS } from "../base/colour";
import { scheme } from "../base/scheme";

export interface Colours {
    readonly lines: readonly string[];
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
