// SPDX-License-Identifier: Apache-2.0
// A difference of texts as 'diff -u' writes its hunks: as lines below each other with the numbers that they have in both
// texts, and as pairs side by side. Pure.
export interface Line {
    kind: "place" | "same" | "added" | "removed";
    text: string; // without its mark
    was?: number; // its number in the text before
    is?: number;
}
export interface Sides {
    was?: Line;
    is?: Line; // the same object: it is in both
}

export function linesOf(unified: string): Line[] {
    const out: Line[] = [];
    let was = 0;
    let is = 0;
    for (const text of unified.replace(/\n$/, "").split("\n")) {
        const place = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text);
        if (place) {
            was = Number(place[1]);
            is = Number(place[2]);
            out.push({ kind: "place", text });
        } else if (text.startsWith("+")) out.push({ kind: "added", text: text.slice(1), is: is++ });
        else if (text.startsWith("-")) out.push({ kind: "removed", text: text.slice(1), was: was++ });
        else if (text.startsWith(" ")) out.push({ kind: "same", text: text.slice(1), was: was++, is: is++ });
        else if (text) out.push({ kind: "place", text }); // "\ No newline at end of file"
    }
    return out;
}

// Lines that went stand beside those that came in their place.
export function sidesOf(lines: readonly Line[]): Sides[] {
    const out: Sides[] = [];
    let open = 0; // where lines that came may stand beside what went
    for (const line of lines) {
        if (line.kind === "removed") out.push({ was: line });
        else if (line.kind === "added") {
            const beside = out[open];
            if (beside) beside.is = line;
            else out.push({ is: line });
            open++;
        } else {
            out.push({ was: line, is: line });
            open = out.length;
        }
    }
    return out;
}
