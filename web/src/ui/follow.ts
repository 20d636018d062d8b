// SPDX-License-Identifier: Apache-2.0
// useFollow: does something again whenever live news say so. When it was quiet it is done at once; after work that took
// T ms until it was drawn the next waits ten times as long, so that a busy project never takes more than a tenth of a core. A page that
// nobody sees does nothing until it is seen. (Charts pace their drawing by what it costs: chart/pace.ts.)
import { useEffect, useRef } from "preact/hooks";
import { type LiveNews, onLive } from "../api/live";

const SHARE = 10;

export interface Rest {
    least: number; // ms behind each, however little it cost
    most: number;
}
const REST: Rest = { least: 0, most: 5000 };

const UNSEEN_MS = 250; // a page that is hidden draws nothing

// When what was changed is drawn.
const drawn = (): Promise<void> =>
    new Promise((resolve) => {
        const late = setTimeout(resolve, UNSEEN_MS);
        requestAnimationFrame(() => {
            clearTimeout(late);
            setTimeout(resolve);
        });
    });

// Calls run() soon after poke(), never twice at once.
class Pace {
    private busy = false;
    private again = false;
    private free = 0; // when the next may begin
    private timer: ReturnType<typeof setTimeout> | undefined;
    private over = false;

    constructor(
        private readonly run: () => Promise<unknown>,
        private readonly rest: Rest,
    ) {}

    readonly poke = (): void => {
        this.again = true;
        if (this.over || this.busy || this.timer !== undefined || document.hidden) return;
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
        this.over = true;
    }

    private async go(): Promise<void> {
        const began = performance.now();
        this.busy = true;
        this.again = false;
        await this.run().catch(() => undefined); // what is shown stays; the next news try again
        await drawn();
        const now = performance.now();
        this.free = now + Math.max(this.rest.least, Math.min(SHARE * (now - began), this.rest.most));
        this.busy = false;
        if (this.again) this.poke();
    }
}

export function useFollow(
    project: number | null | undefined, // undefined: of none yet
    matters: (news: LiveNews) => boolean,
    act: () => Promise<unknown>,
    rest = REST,
): void {
    const now = useRef({ matters, act });
    now.current = { matters, act };
    useEffect(() => {
        if (project === undefined) return undefined;
        const pace = new Pace(() => now.current.act(), rest);
        const stop = onLive(project, (news) => {
            if (now.current.matters(news)) pace.poke();
        });
        document.addEventListener("visibilitychange", pace.seen);
        return () => {
            stop();
            pace.stop();
            document.removeEventListener("visibilitychange", pace.seen);
        };
    }, [project, rest]);
}

// News that say: this run may have changed.
export const aboutRun =
    (run: string) =>
    (news: LiveNews): boolean =>
        news.kind === "again" ||
        (news.kind === "moved" ? news.all || news.runs.includes(run) : news.event.object === run);

// News that say: some repo, version or ref has changed.
export const aboutRepos = (news: LiveNews): boolean =>
    news.kind === "again" ||
    (news.kind === "event" && /^(repo|version|ref|evaluation)_/.test(news.event.kind));

// News that say: this repo, or a version or ref of it, has changed.
export const aboutRepo =
    (repo: string) =>
    (news: LiveNews): boolean =>
        news.kind === "again" ||
        (news.kind === "event" &&
            (news.event.kind === "repo_renamed" || // from this name, or to it
                news.event.object === repo ||
                news.event.object.startsWith(`${repo}/`) ||
                news.event.object.startsWith(`${repo}@`)));
