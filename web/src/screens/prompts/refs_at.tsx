// SPDX-License-Identifier: Apache-2.0
// The refs of a prompt, each with the version at which it points.
import type { Ref } from "../../api/repos";
import { toPrompt } from "../../routes";
import { RefChip } from "../repos/parts";

export function RefsAt({ repo, refs }: { repo: string; refs: readonly Ref[] }) {
    return (
        <span class="badges">
            {refs.map((ref) => (
                <span key={ref.name} class="ref-at">
                    <RefChip repo={repo} name={ref.name} kind={ref.kind} />
                    <a href={toPrompt(repo, { version: ref.version })}>v{ref.version}</a>
                </span>
            ))}
        </span>
    );
}
