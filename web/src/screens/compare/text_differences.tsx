// SPDX-License-Identifier: Apache-2.0
// The differences of a long text of each run from the reference's.
import type { Run } from "../../api/client";
import { Difference } from "../../ui/difference";
import type { Value } from "./rows";

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
