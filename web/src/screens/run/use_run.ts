// SPDX-License-Identifier: Apache-2.0
// The run that the screen shows: read once, read again when news say that it moved, replaced by what an edit answers.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem, Run } from "../../api/client";
import { getRun } from "../../api/runs";
import { aboutRun, useFollow } from "../../ui/follow";
import { useLoad } from "../../ui/load";

export interface ShownRun {
    run: Run | undefined;
    problem: Problem | undefined;
    moved: number; // rises with each sign that something of it changed
    set: (run: Run) => void;
    reload: () => void;
}

// The project of the run that was shown last. While one goes from run to run in it the stream of its news stays open:
// nothing is missed between two.
let last: number | undefined;

// `project`: of the address.
export function useRun(id: string, project: string): ShownRun {
    const load = useLoad(id, (signal) => getRun(id, signal), { keep: false });
    const [newer, setNewer] = useState<Run | null>(null);
    const [moved, setMoved] = useState(0);
    const edits = useRef(0);
    // The first answer may come later than what was read since, and is older.
    const run = newer?.id === (load.data?.id ?? id) ? newer : load.data;
    const own = run?.project ?? (String(last) === project ? last : undefined);
    useEffect(() => {
        last = own;
    }, [own]);
    useFollow(own, aboutRun(id), async () => {
        const before = edits.current;
        const read = await getRun(id);
        // An edit that was answered meanwhile is newer than this.
        if (before === edits.current) setNewer(read);
        setMoved((n) => n + 1);
    });
    return {
        run,
        problem: load.problem,
        moved,
        set: (next) => {
            edits.current++;
            setNewer(next);
        },
        reload: () => {
            setNewer(null);
            load.reload();
        },
    };
}
