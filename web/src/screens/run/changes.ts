// SPDX-License-Identifier: Apache-2.0
// What can be changed about a run, each with its way back.
import type { Run } from "../../api/client";
import { changeRun, deleteRun, type RunChange, restoreRun } from "../../api/runs";
import { change } from "../../ui/toast";

type Shown = (run: Run) => void;

const patch = (shown: Shown, id: string, words: string, there: RunChange, back: RunChange): Promise<void> =>
    change(
        words,
        () => changeRun(id, there),
        () => changeRun(id, back),
        shown,
    );

export const rename = (run: Run, name: string, shown: Shown): Promise<void> =>
    patch(shown, run.id, `Renamed to “${name}”`, { name }, { name: run.name });

export const move = (run: Run, project: number, title: string, shown: Shown): Promise<void> =>
    patch(shown, run.id, `Moved to “${title}”`, { project }, { project: run.project });

// A value of null takes the tag away.
export function setTags(
    run: Run,
    tags: Readonly<Record<string, string | null>>,
    words: string,
    shown: Shown,
): Promise<void> {
    return patch(
        shown,
        run.id,
        words,
        { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) },
        { tags: Object.keys(tags).map((key) => ({ key, value: run.tags[key] ?? null })) },
    );
}

export const remove = (run: Run, shown: Shown): Promise<void> =>
    change(
        `“${run.name}” is in the bin`,
        () => deleteRun(run.id),
        () => restoreRun(run.id),
        shown,
    );

export const bringBack = (run: Run, shown: Shown): Promise<void> =>
    change(
        `“${run.name}” is back`,
        () => restoreRun(run.id),
        () => deleteRun(run.id),
        shown,
    );
