// SPDX-License-Identifier: Apache-2.0
// Choosing another project, or other runs to compare with.
import { useState } from "preact/hooks";
import { call, type Page, type Project, type Run } from "../../api/client";
import { searchRuns } from "../../api/runs";
import { go } from "../../base/address";
import { matcher, plainName, searchText } from "../../base/text";
import { toCompare } from "../../routes";
import { Dialog } from "../../ui/dialog";
import { Find } from "../../ui/find";
import { useLoad } from "../../ui/load";
import { Ago, Status } from "../../ui/parts";

export function ChooseProject({
    now,
    done,
    close,
}: {
    now: number;
    done: (project: Project) => void;
    close: () => void;
}) {
    const [find, setFind] = useState("");
    const load = useLoad("projects", (signal) =>
        call<Page<Project>>("projects", { query: { limit: 1000 }, signal }),
    );
    const keep = matcher(find);
    const list = (load.data?.items ?? []).filter((p) => p.number !== now && keep(p.name));
    return (
        <Dialog title="Move to another project" close={close}>
            <Find value={find} change={setFind} label="Find a project" />
            <ul class="picks">
                {list.slice(0, 100).map((p) => (
                    <li key={p.number}>
                        <button
                            type="button"
                            onClick={() => {
                                close();
                                done(p);
                            }}
                        >
                            <span class="clip given">{p.name}</span>
                        </button>
                    </li>
                ))}
            </ul>
            {load.problem && <p class="bad">{load.problem.message}</p>}
            {load.data && !list.length && <p class="muted">There is no other project of that name.</p>}
        </Dialog>
    );
}

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
                        <label>
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
