// SPDX-License-Identifier: Apache-2.0
// useFollow: do something again whenever live news say so. When it is quiet it is done at once; after work that took
// T ms the next waits ten times as long, so that a busy project never takes more than a tenth of a core.
import { useEffect, useRef } from "preact/hooks";
import { type LiveNews, onLive } from "../api/live";

const LONGEST_REST_MS = 5000;

export function useFollow(
    project: number | null | undefined, // undefined: of none yet
    matters: (news: LiveNews) => boolean,
    act: () => Promise<unknown>,
): void {
    const now = useRef({ matters, act });
    now.current = { matters, act };
    useEffect(() => {
        if (project === undefined) return undefined;
        let timer: ReturnType<typeof setTimeout> | undefined;
        let state: "idle" | "busy" | "resting" = "idle";
        let again = false;
        let over = false;
        async function work(): Promise<void> {
            state = "busy";
            again = false;
            const began = performance.now();
            await now.current.act().catch(() => undefined); // what is shown stays; the next news try again
            if (over) return;
            state = "resting";
            timer = setTimeout(rested, Math.min((performance.now() - began) * 10, LONGEST_REST_MS));
        }
        function rested(): void {
            state = "idle";
            if (again) void work();
        }
        const stop = onLive(project, (news) => {
            if (!now.current.matters(news)) return;
            if (state === "idle") void work();
            else again = true;
        });
        return () => {
            over = true;
            clearTimeout(timer);
            stop();
        };
    }, [project]);
}

// News that say: this run may have changed.
export const aboutRun =
    (run: string) =>
    (news: LiveNews): boolean =>
        news.kind === "again" ||
        (news.kind === "moved" ? news.all || news.runs.includes(run) : news.event.object === run);
