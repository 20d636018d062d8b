// SPDX-License-Identifier: Apache-2.0
// The colours of lines. A run keeps its colour on every screen: it comes from its id; within one set of runs two that
// would be alike are moved apart. The tokens --line-0 .. --line-11 are in style/tokens.css. Pure but for css().

export const LINE_COLOURS = 12;

function hash(text: string): number {
    let h = 2_166_136_261;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16_777_619);
    return h >>> 0;
}

// The place in the palette of each id, as different as the palette allows.
export function lineColours(ids: readonly string[]): Map<string, number> {
    const taken = new Array<number>(LINE_COLOURS).fill(0);
    const out = new Map<string, number>();
    for (const id of ids) {
        const wish = hash(id) % LINE_COLOURS;
        let best = wish;
        for (let i = 0; i < LINE_COLOURS; i++) {
            const at = (wish + i) % LINE_COLOURS;
            if ((taken[at] ?? 0) < (taken[best] ?? 0)) best = at;
        }
        taken[best] = (taken[best] ?? 0) + 1;
        out.set(id, best);
    }
    return out;
}

export const lineVariable = (place: number): string => `var(--line-${place % LINE_COLOURS})`;

// For canvases, which know no variables.
export function css(name: string): string {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
