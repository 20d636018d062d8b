// SPDX-License-Identifier: Apache-2.0
// What gc would free: counted by a job of the server, when somebody who operates it asks.
import { useEffect, useRef, useState } from "preact/hooks";
import { apiUrl } from "../../api/client";
import { getJob, type Job, tryGc } from "../../api/storage";
import { shellWord } from "../../base/text";
import { useActs } from "../../ui/acts";
import { Card } from "../../ui/card";
import { Paste } from "../../ui/parts";

const POLL_MS = 400;
const FREE = `curl -H 'Content-Type: application/json' ${shellWord(apiUrl("jobs"))} -d '{"kind": "gc"}'`;

const isOver = (j: Job): boolean => j.state === "done" || j.state === "failed";

function useTry() {
    const [job, setJob] = useState<Job | null>(null);
    const [wrong, setWrong] = useState("");
    const here = useRef(true);
    useEffect(
        () => () => {
            here.current = false;
        },
        [],
    );
    const busy = job !== null && !isOver(job) && !wrong;
    async function count(): Promise<void> {
        if (busy) return;
        setWrong("");
        try {
            let now = await tryGc();
            while (here.current) {
                setJob(now);
                if (isOver(now)) break;
                await new Promise((resolve) => setTimeout(resolve, POLL_MS));
                now = await getJob(now.id);
            }
        } catch (e) {
            setWrong(e instanceof Error ? e.message : String(e));
        }
    }
    return { job, wrong, busy, count };
}

export function Gc() {
    const { job, wrong, busy, count } = useTry();
    useActs([
        {
            id: "storage-gc",
            title: "Count what gc would free",
            group: "Storage",
            keys: ["c"],
            enabled: !busy,
            run: count,
            command: "stemma gc --dry-run --older-than 0",
        },
    ]);
    return (
        <Card title="What could be freed">
            <div class="card-body storage-gc">
                <p class="muted">
                    What lies in the bin, and objects that nothing names any more, of all workspaces. Counting
                    frees nothing.
                </p>
                <button
                    type="button"
                    class="button"
                    disabled={busy}
                    title="Count what gc would free (c)"
                    onClick={() => void count()}
                >
                    {busy ? "Counting …" : "Count what gc would free"}
                </button>
                <p role="status">
                    {wrong ? <span class="bad">{wrong}</span> : job && isOver(job) && job.detail}
                </p>
                {job?.state === "done" && (
                    <>
                        <p class="muted">
                            To free what was deleted 30 days ago or earlier; it can be brought back for a
                            week:
                        </p>
                        <div class="pastes">
                            <Paste text={FREE} />
                        </div>
                    </>
                )}
            </div>
        </Card>
    );
}
