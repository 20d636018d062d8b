// SPDX-License-Identifier: Apache-2.0
export function RunScreen({ project, run }: { project: string; run: string }) {
    return <p>{project + run}</p>;
}
