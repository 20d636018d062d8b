// SPDX-License-Identifier: Apache-2.0
// The version before one, of those that are still there: what it is compared with.
import { numberBefore, type Version } from "../../api/repos";
import { useLoad } from "../../ui/load";

// Its number, out of a list of what is older, the newest first; 0: the list has none.
export const beforeOf = (older: readonly Version[]): number => older.find((o) => !o.deleted)?.number ?? 0;

// `listed`: some of the versions, the newest first. 0: there is none, or it is not known yet.
export function useBefore(repo: string, number: number, listed: readonly Version[], turn: number): number {
    const at = listed.findIndex((v) => v.number === number);
    const known = at < 0 ? 0 : beforeOf(listed.slice(at + 1));
    const load = useLoad(`${repo} ${number} ${known} ${turn}`, async (signal) => ({
        of: number,
        before: known || (await numberBefore(repo, number, signal)),
    }));
    return known || (load.data?.of === number ? load.data.before : 0);
}
