// SPDX-License-Identifier: Apache-2.0
// The tensors of a comparison. Names, types and shapes are read first, which costs little however large the files are; how far
// tensors are apart takes all their bytes, so much of that is read only when the reader asks for it.
import { useState } from "preact/hooks";
import type { Problem } from "../../api/client";
import { type Pair, readTensors } from "../../api/diff";
import { useLoad } from "../../ui/load";
import { noTensors, type Tensors, take } from "./tensors";

const UNASKED = 4e9; // bytes that are measured at once: some seconds

export interface TensorsLoad {
    shown: Tensors | undefined;
    isMeasured: boolean;
    bytes: number; // to be read for the measures
    going: Tensors | undefined; // the measuring, as far as it is
    measure: (() => void) | undefined; // it is not asked for yet
    problem: Problem | undefined;
    retry: () => void;
}

function useRead(pair: Pair, namesOnly: boolean, wanted: boolean) {
    const [going, setGoing] = useState<Tensors>();
    const load = useLoad(
        `${pair.from}\0${pair.to}\0${wanted}`,
        async (signal) => {
            if (!wanted) return undefined;
            const all = noTensors();
            setGoing(all);
            await readTensors(
                pair,
                namesOnly,
                (line) => {
                    take(all, line);
                    if ("progress" in line) setGoing({ ...all });
                },
                signal,
            );
            return all;
        },
        { keep: false },
    );
    return { load, going: wanted && load.loading ? going : undefined };
}

export function useTensors(pair: Pair, hasFiles: boolean): TensorsLoad {
    const [asked, setAsked] = useState(false);
    const names = useRead(pair, true, hasFiles).load;
    const bytes = (names.data?.list ?? []).reduce(
        (sum, t) => sum + (t.was?.bytes ?? 0) + (t.is?.bytes ?? 0),
        0,
    );
    const known = names.data?.sum?.differs === true;
    const measured = useRead(pair, false, known && (asked || bytes <= UNASKED));
    const isMeasured = measured.load.data !== undefined;
    return {
        shown: measured.load.data ?? names.data,
        isMeasured,
        bytes,
        going: measured.going,
        measure: known && !asked && bytes > UNASKED ? () => setAsked(true) : undefined,
        problem: names.problem ?? measured.load.problem,
        retry: names.problem ? names.reload : measured.load.reload,
    };
}
