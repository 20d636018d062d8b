// SPDX-License-Identifier: Apache-2.0
export function Runs({ project }: { project: string }) {
    return <p>{project}</p>;
}
