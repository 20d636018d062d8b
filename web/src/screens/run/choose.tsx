// SPDX-License-Identifier: Apache-2.0
// Choosing other runs to compare with.
import { useState } from "preact/hooks";
import type { Run } from "../../api/client";
import { searchRuns } from "../../api/runs";
import { go } from "../../base/address";
import { plainName, searchText } from "../../base/text";
import { toCompare } from "../../routes";
import { Dialog } from "../../ui/dialog";
import { Find } from "../../ui/find";
import { useLoad } from "../../ui/load";
import { Ago, Status } from "../../ui/parts";

const likeText = (text: string): string => searchText(`%${text}%`);

export function CompareWith({ run, close }: { run: Run; close: () => void }) {
    const [find, setFind] = useState("");
    const [chosen, setChosen] = useState<readonly string[]>([]);
    const load = useLoad(`compare ${find}`, (signal) =>
        searchRuns(
            {
                projects: [run.project],
                where: find ? `name ilike ${likeText(find)} or id like ${searchText(`${find}%`)}` : "",
                limit: 50,
                columns: ["name"],
            },
            signal,
        ),
    );
    const list = (load.data?.items ?? []).filter((r) => r.id !== run.id);
    const toggle = (id: string): void =>
        setChosen(chosen.includes(id) ? chosen.filter((c) => c !== id) : [...chosen, id]);
    return (
        <Dialog title={`Compare with “${run.name}”`} close={close}>
            <Find value={find} change={setFind} label="Find runs of this project by name" />
            <ul class="picks">
                {list.map((r) => (
                    <li key={r.id}>
                        <label class="pick">
                            <input
                                type="checkbox"
                                checked={chosen.includes(r.id)}
                                onChange={() => toggle(r.id)}
                            />
                            <Status status={r.status} brief />
                            <span class="clip grow given">{plainName(r.name)}</span>
                            {r.start_ms !== undefined && <Ago ms={r.start_ms} />}
                        </label>
                    </li>
                ))}
            </ul>
            {load.problem && <p class="bad">{load.problem.message}</p>}
            {load.data && !list.length && <p class="muted">There is no other run of that name.</p>}
            <div class="row">
                <span class="grow" />
                <button
                    type="button"
                    class="button strong"
                    disabled={!chosen.length}
                    onClick={() => go(toCompare([run.id, ...chosen]))}
                >
                    Compare {chosen.length ? `${chosen.length + 1} runs` : ""}
                </button>
            </div>
        </Dialog>
    );
}
