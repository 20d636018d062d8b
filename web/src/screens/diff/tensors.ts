// SPDX-License-Identifier: Apache-2.0
// The tensors of a comparison: what is kept of the lines that come, and in which order they are shown. Pure.
import type { LayerDiff, Odd, TensorDiff, TensorHalf, TensorLine, TensorSum } from "../../api/diff";
import { integer, numberOf, shortNumber } from "../../base/format";
import { matcher, naturally } from "../../base/text";

export const TENSORS_KEPT = 100_000;

export interface Tensors {
    list: TensorDiff[]; // the first TENSORS_KEPT
    left: number; // that are not kept
    read: number; // bytes
    of: number;
    sum?: TensorSum;
}
export const noTensors = (): Tensors => ({ list: [], left: 0, read: 0, of: 0 });

export function take(into: Tensors, line: TensorLine): void {
    if ("summary" in line) into.sum = line.summary;
    else if ("progress" in line) {
        into.read = line.progress.bytes_read;
        into.of = line.progress.bytes;
    } else if (into.list.length < TENSORS_KEPT) into.list.push(line.tensor);
    else into.left++;
}

// Of which nothing is known stands behind all that is known, whichever way it is sorted.
const known = (value: TensorDiff["change"]): number | undefined => {
    const n = numberOf(value);
    return Number.isNaN(n) ? undefined : n;
};

// Has it more elements that are no finite numbers than it had? Worth a look whatever its norm.
export const grew = ({ nan_was = 0, nan_is = 0, inf_was = 0, inf_is = 0 }: Odd): boolean =>
    nan_is > nan_was || inf_is > inf_was;

export function odd(of: Odd): string {
    const one = (word: string, was = 0, is = 0): string =>
        was || is ? `${integer(is)} ${word} (was ${integer(was)})` : "";
    return [one("NaN", of.nan_was, of.nan_is), one("infinite", of.inf_was, of.inf_is)]
        .filter(Boolean)
        .join(", ");
}

export const worstFirst = (a: LayerDiff, b: LayerDiff): number =>
    Number(grew(b)) - Number(grew(a)) ||
    (known(b.change) ?? -1) - (known(a.change) ?? -1) ||
    b.differ - a.differ ||
    naturally(a.name, b.name);
// Layers are named by their place: the order of names is the model's.
export const inModelOrder = (a: LayerDiff, b: LayerDiff): number => naturally(a.name, b.name);

export const COLUMNS = ["name", "what", "change", "cosine", "largest", "equal", "shape"] as const;
export type Column = (typeof COLUMNS)[number];

export const half = (h: TensorHalf | undefined): string =>
    h ? `${h.type} ${h.shape.length ? h.shape.join("×") : "a number"}` : "";

// "BF16 4×2", or what it was and is.
export function shapes(t: TensorDiff): string {
    const [was, is] = [half(t.was), half(t.is)];
    return was && is && was !== is ? `${was} → ${is}` : is || was;
}

// The part of it that is as it was.
export function equalPart(t: TensorDiff): number | undefined {
    if (t.elements) return (t.equal ?? 0) / t.elements;
    const all = t.was?.bytes;
    return t.bytes_differ !== undefined && all ? 1 - t.bytes_differ / all : undefined;
}

export function percent(change: TensorDiff["change"]): string {
    const n = numberOf(change);
    if (Number.isNaN(n)) return "";
    return Number.isFinite(n) ? `${shortNumber(Number((n * 100).toPrecision(3)))} %` : "from zero";
}

// Never all of it when it is not all.
export const share = (part: number): string => (part < 1 && part >= 0.9995 ? "> 99.9 %" : percent(part));

const sortedBy = (t: TensorDiff, by: Column): number | string | undefined => {
    if (by === "name" || by === "what") return t[by];
    if (by === "shape") return (t.is ?? t.was)?.bytes;
    return by === "equal" ? equalPart(t) : known(t[by]);
};

export function sortTensors(
    list: readonly TensorDiff[],
    { by, down, find, layer }: { by: Column; down: boolean; find: string; layer: string },
): TensorDiff[] {
    const wanted = matcher(find);
    const sign = down ? -1 : 1;
    return list
        .filter((t) => (!layer || t.layer === layer) && wanted(t.name))
        .sort((a, b) => {
            const odder = by === "change" && down ? Number(grew(b)) - Number(grew(a)) : 0;
            if (odder) return odder;
            const [x, y] = [sortedBy(a, by), sortedBy(b, by)];
            if (x === undefined || y === undefined)
                return Number(x === undefined) - Number(y === undefined) || naturally(a.name, b.name);
            const order = typeof x === "string" ? naturally(x, String(y)) : x - Number(y);
            return sign * (Number.isNaN(order) ? 0 : order) || naturally(a.name, b.name);
        });
}
