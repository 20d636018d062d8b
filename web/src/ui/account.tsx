// SPDX-License-Identifier: Apache-2.0
// Who one is here: the token that this tab has, whose it is and what they may do, and the ways to another token or to none.
import { useState } from "preact/hooks";
import { getCaller } from "../api/caller";
import { connection, forgetToken, hasToken, Problem, refusal, takeToken } from "../api/client";
import { plainName } from "../base/text";
import { useActs } from "./acts";
import { Dialog, Menu } from "./dialog";
import { useLoad } from "./load";
import "./account.css";

// Asks for a token until the server knows it.
export function AskToken({ close }: { close: () => void }) {
    const [token, setToken] = useState("");
    const [wrong, setWrong] = useState(refusal.value);
    const [busy, setBusy] = useState(false);
    async function submit(e: Event): Promise<void> {
        e.preventDefault();
        if (!token.trim() || busy) return;
        setBusy(true);
        try {
            await takeToken(token.trim());
            close();
        } catch (problem) {
            setWrong(problem instanceof Problem ? problem.message : "The server does not answer. Try again.");
            setBusy(false);
        }
    }
    return (
        <Dialog title="This server wants a token" close={close}>
            <form class="ask" onSubmit={(e) => void submit(e)}>
                {wrong && (
                    <p class="bad account-wrong" role="alert">
                        {wrong}
                    </p>
                )}
                <label>
                    Your token (it stays in this tab)
                    <input
                        class="input"
                        type="password"
                        autocomplete="off"
                        value={token}
                        onInput={(e) => setToken(e.currentTarget.value)}
                    />
                </label>
                <button type="submit" class="button strong" disabled={!token.trim() || busy}>
                    Go on
                </button>
            </form>
        </Dialog>
    );
}

// Nothing on a server that asks nobody who they are.
export function Account() {
    const [ask, setAsk] = useState(false);
    const isGood = connection.value === "good";
    const caller = useLoad(`${isGood}`, getCaller).data;
    const shown = isGood && hasToken() && caller?.proven === true;
    const acts = [
        {
            id: "account-other",
            title: "Use another token …",
            group: "Everywhere",
            enabled: shown,
            run: () => setAsk(true),
        },
        {
            id: "account-forget",
            title: "Forget the token",
            group: "Everywhere",
            enabled: shown,
            run: forgetToken,
        },
    ];
    useActs(acts, { isFrame: true });
    if (!shown) return null;
    const role = caller.role === "none" ? "no role here" : caller.role;
    const name = plainName(caller.user);
    return (
        <>
            <Menu
                class="button plain account"
                title={`${name} · ${role}: who you are here`}
                label={
                    <>
                        <span class="account-mark" aria-hidden="true">
                            {[...name][0]}
                        </span>
                        <span class="account-name clip">
                            {name} · {role}
                        </span>
                    </>
                }
                items={acts.map((a) => ({ label: a.title, run: a.run }))}
            />
            {ask && <AskToken close={() => setAsk(false)} />}
        </>
    );
}
