// SPDX-License-Identifier: Apache-2.0
// The differences of two texts, by lines, or by words when both are one line, or are prose that is not too long.
import type { Change } from "diff";
import { useLoad } from "./load";
import { Skeleton } from "./parts";
import "./difference.css";

const LONGEST = 200_000;
const LONGEST_PROSE = 20_000; // then words take too long

async function changes(from: string, to: string, isProse: boolean): Promise<Change[]> {
    const { diffLines, diffWordsWithSpace } = await import("diff");
    const a = from.slice(0, LONGEST);
    const b = to.slice(0, LONGEST);
    const byLines = isProse ? a.length + b.length > LONGEST_PROSE : /\n/.test(a + b);
    return byLines ? diffLines(a, b) : diffWordsWithSpace(a, b);
}

export function Difference({ from, to, prose }: { from: string; to: string; prose?: boolean }) {
    const load = useLoad(`${from}\0${to}`, () => changes(from, to, prose === true));
    if (!load.data) return <Skeleton />;
    return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by key
        <pre class="difference" tabIndex={0}>
            {load.data.map((c, i) => {
                const Tag = c.added ? "ins" : c.removed ? "del" : "span";
                return <Tag key={i}>{c.value}</Tag>;
            })}
        </pre>
    );
}
