// SPDX-License-Identifier: Apache-2.0
// An answer in place of an older one, of which all that is as it was stays the same object: so what is drawn from a part that
// did not change is not made anew. Of what JSON can say. Pure.
type Part = Record<string, unknown>;

const isPart = (x: unknown): x is Part => typeof x === "object" && x !== null;

export function keepEqual<T>(old: unknown, now: T): T {
    if (!isPart(old) || !isPart(now) || Array.isArray(old) !== Array.isArray(now)) return now;
    const keys = Object.keys(now);
    const kept = keys.map((key) => keepEqual(old[key], now[key]));
    const isSame =
        keys.length === Object.keys(old).length && keys.every((key, i) => key in old && old[key] === kept[i]);
    if (isSame) return old as T;
    if (Array.isArray(now)) return kept as T;
    return Object.fromEntries(keys.map((key, i) => [key, kept[i]])) as T;
}
