// SPDX-License-Identifier: Apache-2.0
// The differences of a long text from the reference's, by lines, or by words when it is one line.
import type { Change } from "diff";
import type { Run } from "../../api/client";
import { useLoad } from "../../ui/load";
import { Skeleton } from "../../ui/parts";
import type { Value } from "./rows";

const LONGEST = 200_000;

async function changes(from: string, to: string): Promise<Change[]> {
    const { diffLines, diffWordsWithSpace } = await import("diff");
    const a = from.slice(0, LONGEST);
    const b = to.slice(0, LONGEST);
    return a.includes("\n") || b.includes("\n") ? diffLines(a, b) : diffWordsWithSpace(a, b);
}

export function TextDifferences({
    runs,
    values,
    reference,
}: {
    runs: readonly Run[];
    values: readonly (Value | undefined)[];
    reference: number;
}) {
    const from = values[reference]?.text ?? "";
    return (
        <div class="text-differences">
            {runs.map((r, i) =>
                i === reference || values[i]?.text === from ? null : (
                    <section key={r.id}>
                        <h3 dir="auto">{r.name}</h3>
                        <Difference from={from} to={values[i]?.text ?? ""} />
                    </section>
                ),
            )}
        </div>
    );
}

export function Difference({ from, to }: { from: string; to: string }) {
    const load = useLoad(`${from}\0${to}`, () => changes(from, to));
    if (!load.data) return <Skeleton />;
    return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by key
        <pre tabIndex={0}>
            {load.data.map((c, i) => {
                const Tag = c.added ? "ins" : c.removed ? "del" : "span";
                return <Tag key={i}>{c.value}</Tag>;
            })}
        </pre>
    );
}
