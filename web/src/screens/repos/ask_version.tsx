// SPDX-License-Identifier: Apache-2.0
// What is done with a version: marks, approvals, its description, its end. Each is asked for in a dialog that tells what the
// server says.
import { useState } from "preact/hooks";
import { approve, deleteVersion, describeVersion, type Ref, setMark, type Version } from "../../api/repos";
import { say } from "../../ui/toast";
import { AskAct, Choice, Field } from "./ask";
import { RollBack, SetRef } from "./ask_ref";
import type { Asking } from "./version_acts";

interface Shared {
    version: Version;
    done: () => void;
    close: () => void;
}

export function Questions({ asking, refs, ...shared }: Shared & { asking: Asking; refs: readonly Ref[] }) {
    if (!asking) return null;
    const { version: v, done, close } = shared;
    const of = { repo: v.repo, refs, done, close };
    switch (asking.what) {
        case "alias":
        case "tag":
            return <SetRef {...of} kind={asking.what} version={v} name={asking.name ?? ""} />;
        case "back":
            return <RollBack {...of} from={asking.from} />;
        case "mark":
            return <Mark {...shared} />;
        case "unmark":
            return <Unmark {...shared} mark={asking.mark} />;
        case "approve":
            return <Approve {...shared} ref0={asking.ref ?? ""} withdraw={asking.withdraw ?? false} />;
        case "describe":
            return <Describe {...shared} />;
        case "delete":
            return <Delete {...shared} />;
    }
}

const MARKS = { yanked: "yanked: not to be used any more", bad: "bad: no rollback goes to it" } as const;
type Mark = keyof typeof MARKS;

function Mark({ version: v, done, close }: Shared) {
    const free = (["yanked", "bad"] as const).filter((m) => v.marks.every((has) => has.mark !== m));
    const [mark, setChosen] = useState<Mark>(free[0] ?? "yanked");
    const [reason, setReason] = useState("");
    async function run(): Promise<void> {
        await setMark(v.repo, v.number, { mark, reason });
        done();
        say(`Marked v${v.number} of ${v.repo} ${mark}`, async () => {
            await setMark(v.repo, v.number, { mark, set: false, reason: "undone" });
            done();
        });
    }
    return (
        <AskAct
            title={`Mark v${v.number}`}
            act="Mark"
            danger
            ready={reason.trim() !== ""}
            run={run}
            close={close}
        >
            <Choice
                label="As"
                value={MARKS[mark]}
                from={free.map((m) => MARKS[m])}
                change={(text) => setChosen(text === MARKS.bad ? "bad" : "yanked")}
            />
            <Field label="Why (needed)" value={reason} change={setReason} />
        </AskAct>
    );
}

function Unmark({ version: v, done, close, mark }: Shared & { mark: Mark }) {
    const [reason, setReason] = useState("");
    async function run(): Promise<void> {
        await setMark(v.repo, v.number, { mark, set: false, reason });
        done();
        say(`v${v.number} of ${v.repo} is not ${mark} any more`);
    }
    return (
        <AskAct title={`Take the mark ${mark} away`} act="Take away" run={run} close={close}>
            <Field label="Why" value={reason} change={setReason} />
        </AskAct>
    );
}

function Approve({ version: v, done, close, ref0, withdraw }: Shared & { ref0: string; withdraw: boolean }) {
    const [ref, setRef] = useState(ref0);
    const [reason, setReason] = useState("");
    async function run(): Promise<void> {
        const now = await approve(v.repo, v.number, { ref: ref.trim(), reason, withdraw });
        done();
        const count = `${now.approvals.filter((a) => a.counts).length} of ${now.approvals_needed}`;
        say(`${withdraw ? "Took the approval back" : "Approved"}: ${count} for ${ref}`);
    }
    return (
        <AskAct
            title={withdraw ? `Take your approval of v${v.number} back` : `Approve v${v.number}`}
            act={withdraw ? "Take back" : "Approve"}
            ready={ref.trim() !== ""}
            run={run}
            close={close}
        >
            <Field label="For the ref" value={ref} change={setRef} />
            <Field label="Why" value={reason} change={setReason} />
        </AskAct>
    );
}

function Describe({ version: v, done, close }: Shared) {
    const [text, setText] = useState(v.description);
    async function run(): Promise<void> {
        await describeVersion(v.repo, v.number, text);
        done();
        say("Saved the description", async () => {
            await describeVersion(v.repo, v.number, v.description);
            done();
        });
    }
    return (
        <AskAct title={`What is new in v${v.number}`} act="Save" run={run} close={close}>
            <label>
                Markdown
                <textarea
                    class="input ask-text"
                    rows={8}
                    value={text}
                    onInput={(e) => setText(e.currentTarget.value)}
                />
            </label>
        </AskAct>
    );
}

function Delete({ version: v, done, close }: Shared) {
    const [reason, setReason] = useState("");
    async function run(): Promise<void> {
        await deleteVersion(v.repo, v.number, reason);
        done();
        say(`Deleted v${v.number} of ${v.repo}`);
    }
    return (
        <AskAct
            title={`Delete v${v.number}`}
            act="Delete for good"
            danger
            ready={reason.trim() !== ""}
            run={run}
            close={close}
        >
            <p class="ask-note">
                Its files go and its aliases go; a tombstone stays, and its number is never given again. This
                can not be undone.
            </p>
            <Field label="Why (needed)" value={reason} change={setReason} />
        </AskAct>
    );
}
