// SPDX-License-Identifier: Apache-2.0
// useLoad: what a screen reads from the server. The last answer stays on the screen while a new one is on its way, an
// older answer never replaces a newer one, and a lost server is asked again when it is back.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { connection, isAbort, Problem } from "../api/client";

const AGAIN_MS = 2000;

export interface Load<T> {
    data: T | undefined;
    problem: Problem | undefined;
    loading: boolean;
    reload: () => void;
}

// `key` names what is read: another key reads anew (and drops the answer when `keep` is false).
export function useLoad<T>(
    key: string,
    read: (signal: AbortSignal) => Promise<T>,
    { keep = true }: { keep?: boolean } = {},
): Load<T> {
    const [state, setState] = useState<{ key: string; data?: T; problem?: Problem; loading: boolean }>({
        key,
        loading: true,
    });
    const [turn, setTurn] = useState(0);
    const readNow = useRef(read);
    readNow.current = read;

    // Asked before the browser draws: an effect that waits for that loses a frame.
    useLayoutEffect(() => {
        const abort = new AbortController();
        setState((s) => ({ ...(s.key === key || keep ? s : {}), key, loading: true }));
        readNow.current(abort.signal).then(
            (data) => {
                if (!abort.signal.aborted) setState({ key, data, loading: false });
            },
            (e: unknown) => {
                if (abort.signal.aborted || isAbort(e)) return;
                const problem = e instanceof Problem ? e : new Problem(0, "BUG", String(e));
                setState((s) => ({ ...s, key, problem, loading: false }));
            },
        );
        return () => abort.abort();
    }, [key, turn, keep]);

    const failed = state.problem?.canRetry === true || state.problem?.status === 401;
    useEffect(() => {
        if (!failed) return undefined;
        const again = (): void => setTurn((t) => t + 1);
        // A server that is there and fails is not asked without a pause.
        const timer = setTimeout(() => connection.peek() === "good" && again(), AGAIN_MS);
        let before = connection.peek();
        const stop = connection.subscribe((now) => {
            if (before !== "good" && now === "good") again();
            before = now;
        });
        return () => {
            clearTimeout(timer);
            stop();
        };
    }, [failed]);

    return {
        data: state.data,
        problem: state.problem,
        loading: state.loading,
        reload: () => setTurn((t) => t + 1),
    };
}
