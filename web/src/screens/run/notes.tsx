// SPDX-License-Identifier: Apache-2.0
// Notes about a run in Markdown (MLflow's tag mlflow.note.content): shown, edited with a preview, undone. What shows Markdown
// is loaded when there is some.
import { useState } from "preact/hooks";
import type { Run } from "../../api/client";
import { Card } from "../../ui/card";
import { type Prose, useProse } from "../../view/use_prose";
import { setTags } from "./changes";
import type { ShownRun } from "./use_run";

const TAG = "mlflow.note.content";
export function Notes({ run, shown }: { run: Run; shown: ShownRun }) {
    const text = run.tags[TAG] ?? "";
    const [draft, setDraft] = useState<string | null>(null);
    const Prose = useProse(Boolean(text) || draft !== null);
    if (draft === null && !text)
        return (
            <button type="button" class="button plain note-add" onClick={() => setDraft("")}>
                + Notes
            </button>
        );
    if (draft !== null)
        return (
            <Editor
                text={draft}
                prose={Prose}
                change={setDraft}
                save={() => {
                    setDraft(null);
                    if (draft !== text)
                        void setTags(run, { [TAG]: draft || null }, "Saved the notes", shown.set);
                }}
                close={() => setDraft(null)}
            />
        );
    const edit = (
        <button type="button" class="button plain" onClick={() => setDraft(text)}>
            Edit
        </button>
    );
    return (
        <Card title="Notes" extra={edit} class="card-notes">
            {Prose ? <Prose text={text} /> : <pre class="prose">{text}</pre>}
        </Card>
    );
}

function Editor({
    text,
    prose: Prose,
    change,
    save,
    close,
}: {
    text: string;
    prose: Prose | null;
    change: (text: string) => void;
    save: () => void;
    close: () => void;
}) {
    const acts = (
        <>
            <button type="button" class="button strong" title="Ctrl+Enter" onClick={save}>
                Save
            </button>
            <button type="button" class="button plain" onClick={close}>
                Cancel
            </button>
        </>
    );
    return (
        <Card title="Notes" extra={acts} class="card-notes">
            <div class="note-edit">
                <textarea
                    class="input"
                    aria-label="Notes in Markdown"
                    value={text}
                    rows={Math.min(30, Math.max(8, text.split("\n").length + 2))}
                    onInput={(e) => change(e.currentTarget.value)}
                    onKeyDown={(e) => {
                        if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) save();
                    }}
                />
                <div class="note-preview">{Prose && <Prose text={text} />}</div>
            </div>
        </Card>
    );
}
