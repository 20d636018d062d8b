// SPDX-License-Identifier: Apache-2.0
// The images of a run by step.
import type { Run } from "../../api/client";
import { Gallery } from "../../view/gallery";
import { useSlow } from "./tick";

const LOOK_MS = 5000;

export function Images({ run, moved }: { run: Run; moved: number }) {
    return <Gallery run={run.id} turn={useSlow(moved, LOOK_MS)} />;
}
