// SPDX-License-Identifier: Apache-2.0
// The files of a run.
import type { Run } from "../../api/client";
import { runHolder } from "../../api/files";
import { shellWord } from "../../base/text";
import { Files } from "../../files/files";
import { Empty, Paste } from "../../ui/parts";
import { useSlow } from "../../ui/tick";
import { toTab } from "./places";

const LOOK_MS = 3000; // a folder is read again that often at most

export function RunFiles({ run, moved }: { run: Run; moved: number }) {
    const turn = useSlow(moved, LOOK_MS);
    const place = {
        holder: runHolder(run.id),
        name: run.name || run.id,
        href: (path: string) => toTab(run, "files", { file: path }),
        command: (path: string) => `stemma artifacts cat ${run.id} ${shellWord(path)}`,
    };
    return <Files place={place} turn={turn} none={<NoFiles run={run} />} />;
}

function NoFiles({ run }: { run: Run }) {
    return (
        <Empty title="No files yet">
            <p>Put some here:</p>
            <Paste text={`stemma artifacts put ${run.id} model/`} />
            <p>or in Python:</p>
            <Paste text={'mlflow.log_artifact("model/config.json")'} />
        </Empty>
    );
}
