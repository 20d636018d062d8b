// SPDX-License-Identifier: Apache-2.0
// Asks for the project that something is moved to.
import { useState } from "preact/hooks";
import type { Project } from "../api/client";
import { listProjects } from "../api/projects";
import { matcher, naturally, plainName } from "../base/text";
import { Dialog } from "./dialog";
import { Find } from "./find";
import { useLoad } from "./load";
import { Failed, Skeleton } from "./parts";

export function AskProject({
    title,
    from,
    done,
    close,
}: {
    title: string;
    from: number; // is not offered
    done: (project: Project) => void;
    close: () => void;
}) {
    const [find, setFind] = useState("");
    const load = useLoad("projects", (signal) => listProjects(signal));
    const fits = matcher(find);
    const list = load.data?.items
        .filter((p) => p.number !== from && fits(p.name))
        .sort((a, b) => naturally(a.name, b.name));
    return (
        <Dialog title={title} close={close}>
            <Find value={find} change={setFind} label="Find a project" />
            {load.problem && <Failed problem={load.problem} retry={load.reload} />}
            {!list && !load.problem && <Skeleton lines={4} />}
            <ul class="picks">
                {list?.map((p) => (
                    <li key={p.number}>
                        <button
                            type="button"
                            class="pick"
                            onClick={() => {
                                close();
                                done(p);
                            }}
                        >
                            <span class="clip given">{plainName(p.name)}</span>
                        </button>
                    </li>
                ))}
            </ul>
            {list?.length === 0 && <p class="muted">There is no other project of that name.</p>}
        </Dialog>
    );
}
