// SPDX-License-Identifier: Apache-2.0
// A JSON object as configuration; null when it is none. Pure.
import type { Config } from "./config_tree";
import { exactText, isRaw, parseExactly, rawText } from "./json";

export function configOf(text: string): Config | null {
    try {
        const read: unknown = parseExactly(text);
        if (!read || typeof read !== "object" || Array.isArray(read)) return null;
        return Object.fromEntries(
            Object.entries(read).map(([k, v]) => [
                k,
                isRaw(v) ? rawText(v) : typeof v === "string" ? v : exactText(v),
            ]),
        );
    } catch {
        return null;
    }
}
