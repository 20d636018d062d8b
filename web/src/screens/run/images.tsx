// SPDX-License-Identifier: Apache-2.0
// The images of a run by step.
import type { Run } from "../../api/client";
import { runHolder } from "../../api/files";
import { useSlow } from "../../ui/tick";
import { Gallery } from "../../view/gallery";

const LOOK_MS = 5000;

export function Images({ run, moved }: { run: Run; moved: number }) {
    return <Gallery holder={runHolder(run.id)} turn={useSlow(moved, LOOK_MS)} />;
}
