// SPDX-License-Identifier: Apache-2.0
// Keeps the screen at what the server knows. After an update that cost T milliseconds the next waits ten times as long,
// a quarter of a second at least; when it was quiet it comes at once. A page that nobody sees does nothing.
import { useEffect, useRef } from "preact/hooks";
import { type LiveNews, onLive } from "../../api/live";

const LEAST_MS = 250;
const SHARE = 10;

// Calls run() soon after poke(), never twice at once.
export class Pace {
    private busy = false;
    private again = false;
    private free = 0; // when the next may begin
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(private readonly run: () => Promise<unknown>) {}

    readonly poke = (): void => {
        this.again = true;
        if (this.busy || this.timer !== undefined || document.hidden) return;
        const wait = this.free - performance.now();
        if (wait <= 0) void this.go();
        else
            this.timer = setTimeout(() => {
                this.timer = undefined;
                void this.go();
            }, wait);
    };

    readonly seen = (): void => {
        if (this.again) this.poke();
    };

    stop(): void {
        clearTimeout(this.timer);
        this.busy = true;
    }

    private async go(): Promise<void> {
        const began = performance.now();
        this.busy = true;
        this.again = false;
        try {
            await this.run();
        } finally {
            const now = performance.now();
            this.free = now + Math.max(LEAST_MS, SHARE * (now - began));
            this.busy = false;
            if (this.again) this.poke();
        }
    }
}

const concernsRuns = (kind: string): boolean => /^(run_|imported|gc_|project_)/.test(kind);

// `concerns` says whether points or tags of these runs change what is shown.
export function useFollow(
    project: number,
    refresh: () => Promise<unknown>,
    concerns: (runs: readonly string[]) => boolean,
): void {
    const now = useRef({ refresh, concerns });
    now.current = { refresh, concerns };
    useEffect(() => {
        const pace = new Pace(() => now.current.refresh());
        const tell = (news: LiveNews): void => {
            if (news.kind === "event" && !concernsRuns(news.event.kind)) return;
            if (news.kind === "moved" && !news.all && !now.current.concerns(news.runs)) return;
            pace.poke();
        };
        const stop = onLive(project, tell);
        document.addEventListener("visibilitychange", pace.seen);
        return () => {
            stop();
            pace.stop();
            document.removeEventListener("visibilitychange", pace.seen);
        };
    }, [project]);
}
