// SPDX-License-Identifier: Apache-2.0
// Tells the store what moved on the server, while something that is drawn may move.
import { useEffect } from "preact/hooks";
import { onLive } from "../api/live";
import { moved } from "./store";

// Many sparks and charts follow one project: one listener for all of them.
const follows = new Map<number | null, { users: number; stop: () => void }>();

export function useFollow(project: number | null, live: boolean): void {
    useEffect(() => {
        if (!live) return undefined;
        const known = follows.get(project);
        if (known) known.users++;
        else follows.set(project, { users: 1, stop: follow(project) });
        return () => {
            const now = follows.get(project);
            if (!now || --now.users) return;
            now.stop();
            follows.delete(project);
        };
    }, [project, live]);
}

const follow = (project: number | null): (() => void) =>
    onLive(project, (news) => {
        if (news.kind === "again") moved(null);
        else if (news.kind === "moved") moved(news.all ? null : new Set(news.runs));
        else if (news.event.kind.startsWith("run_")) moved(new Set([news.event.object]));
    });
