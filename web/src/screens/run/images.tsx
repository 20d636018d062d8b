// SPDX-License-Identifier: Apache-2.0
// The images of a run by step.
import type { Run } from "../../api/client";
import { Gallery } from "../../view/gallery";

export function Images({ run, moved }: { run: Run; moved: number }) {
    // Images come with the run's life: look again when it moved.
    return <Gallery run={run.id} turn={String(moved)} />;
}
