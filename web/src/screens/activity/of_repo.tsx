// SPDX-License-Identifier: Apache-2.0
// What happened to a repo, its versions and refs, newest first.
import { useMemo } from "preact/hooks";
import { listEvents } from "../../api/events";
import { address } from "../../base/address";
import { toActivity } from "../../routes";
import { useLoad } from "../../ui/load";
import { Empty, Failed, Skeleton } from "../../ui/parts";
import { Pager } from "../repos/pager";
import { EventTable } from "./table";

const PAGE = 50;

export function Activity({ repo, turn }: { repo: string; turn: number }) {
    const after = address.value.query.get("after") ?? "";
    const load = useLoad(`${repo} ${after} ${turn}`, (signal) =>
        listEvents({ subject: repo, limit: PAGE, after }, signal),
    );
    const repos = useMemo(() => new Set([repo]), [repo]);
    if (load.problem && !load.loading) return <Failed problem={load.problem} retry={load.reload} />;
    if (!load.data) return <Skeleton lines={8} />;
    if (!load.data.items.length) return <Empty title="Nothing is in the log of this name" />;
    return (
        <div class="side">
            <EventTable events={load.data.items} repos={repos} within={repo} />
            <Pager after={after} next={load.data.next} newest="Newest" older="Older" />
            <p>
                <a href={toActivity({ subject: repo })}>By whom, of which kind, since when …</a>
            </p>
        </div>
    );
}
