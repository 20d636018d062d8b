// SPDX-License-Identifier: Apache-2.0
// What a program printed, as pieces of text with a look: colours and weights of ANSI escape sequences, and what a search
// found. Everything else that could steer a terminal is left out or made visible. Pure.

export interface Piece {
    text: string;
    look: string; // classes: "ansi-1 ansi-bold"
    colour?: string; // of 256 or true colours
    found?: boolean;
}

interface Look {
    fore: string | number | null;
    bold: boolean;
    faint: boolean;
    italic: boolean;
    under: boolean;
    inverse: boolean;
}

const plain = (): Look => ({
    fore: null,
    bold: false,
    faint: false,
    italic: false,
    under: false,
    inverse: false,
});

// CSI sequences, OSC strings (titles, links), and single escapes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ESCAPE = /\x1b\[([0-9;:?<=>]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are made visible
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/g;

const visible = (text: string): string =>
    text.replace(CONTROL, (c) => (c === "\x7f" ? "␡" : String.fromCharCode(0x2400 + c.charCodeAt(0))));

const LEVELS = [0, 95, 135, 175, 215, 255];

// A colour of the 256: the first 16 are the scheme's own.
function indexed(n: number): string | number | null {
    if (!(n >= 0 && n <= 255)) return null;
    if (n < 16) return n;
    if (n >= 232) return rgb(8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10);
    const i = n - 16;
    return rgb(LEVELS[Math.floor(i / 36)] ?? 0, LEVELS[Math.floor(i / 6) % 6] ?? 0, LEVELS[i % 6] ?? 0);
}

const byte = (n: number | undefined): number => Math.max(0, Math.min(255, Math.floor(n ?? 0) || 0));
const rgb = (r: number | undefined, g: number | undefined, b: number | undefined): string =>
    `rgb(${byte(r)} ${byte(g)} ${byte(b)})`;

// 38 or 48 and what follows; how many numbers it took.
function extended(codes: readonly number[], at: number): { colour: string | number | null; taken: number } {
    if (codes[at + 1] === 5) return { colour: indexed(codes[at + 2] ?? -1), taken: 2 };
    if (codes[at + 1] === 2) return { colour: rgb(codes[at + 2], codes[at + 3], codes[at + 4]), taken: 4 };
    return { colour: null, taken: 0 };
}

function applyOne(look: Look, code: number): void {
    if (code === 0) Object.assign(look, plain());
    else if (code === 1) look.bold = true;
    else if (code === 2) look.faint = true;
    else if (code === 3) look.italic = true;
    else if (code === 4) look.under = true;
    else if (code === 7) look.inverse = true;
    else if (code === 22) look.bold = look.faint = false;
    else if (code === 23) look.italic = false;
    else if (code === 24) look.under = false;
    else if (code === 27) look.inverse = false;
    else if (code === 39) look.fore = null;
    else if (code >= 30 && code <= 37) look.fore = code - 30;
    else if (code >= 90 && code <= 97) look.fore = code - 82;
}

function apply(look: Look, list: string): void {
    const codes = list.split(/[;:]/).map(Number);
    for (let i = 0; i < codes.length; i++) {
        const code = codes[i] ?? 0;
        if (code !== 38 && code !== 48) {
            applyOne(look, code);
            continue;
        }
        const { colour, taken } = extended(codes, i);
        if (code === 38) look.fore = colour;
        i += taken;
    }
}

function pieceOf(text: string, look: Look): Piece {
    const classes = [
        typeof look.fore === "number" ? `ansi-${look.fore}` : "",
        look.bold ? "ansi-bold" : "",
        look.faint ? "ansi-faint" : "",
        look.italic ? "ansi-italic" : "",
        look.under ? "ansi-under" : "",
        look.inverse ? "ansi-inverse" : "",
    ];
    const piece: Piece = { text, look: classes.filter(Boolean).join(" ") };
    return typeof look.fore === "string" ? { ...piece, colour: look.fore } : piece;
}

export function piecesOf(line: string): Piece[] {
    if (!line.includes("\x1b")) return line ? [{ text: visible(line), look: "" }] : [];
    const out: Piece[] = [];
    const look = plain();
    let from = 0;
    for (const m of line.matchAll(ESCAPE)) {
        if (m.index > from) out.push(pieceOf(visible(line.slice(from, m.index)), look));
        if (m[2] === "m") apply(look, m[1] || "0");
        from = m.index + m[0].length;
    }
    if (from < line.length) out.push(pieceOf(visible(line.slice(from)), look));
    return out;
}

export const plainText = (line: string): string => visible(line.replace(ESCAPE, ""));

// Cuts pieces where a search found something, and marks what it found.
export function markFound(pieces: readonly Piece[], find: RegExp | null): Piece[] {
    if (!find) return [...pieces];
    const whole = pieces.map((p) => p.text).join("");
    const found: [number, number][] = [];
    for (const m of whole.matchAll(find)) {
        if (m[0].length) found.push([m.index, m.index + m[0].length]);
        if (found.length >= 1000) break;
    }
    if (!found.length) return [...pieces];
    const out: Piece[] = [];
    let start = 0;
    for (const piece of pieces) {
        cutOne(piece, start, found, out);
        start += piece.text.length;
    }
    return out;
}

function cutOne(piece: Piece, start: number, found: readonly [number, number][], out: Piece[]): void {
    const end = start + piece.text.length;
    let from = start;
    const add = (to: number, hit: boolean): void => {
        if (to <= from) return;
        out.push({
            ...piece,
            text: piece.text.slice(from - start, to - start),
            ...(hit ? { found: true } : {}),
        });
        from = to;
    };
    for (const [a, b] of found) {
        if (b <= start || a >= end) continue;
        add(Math.max(a, start), false);
        add(Math.min(b, end), true);
    }
    add(end, false);
}
