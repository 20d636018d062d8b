// SPDX-License-Identifier: Apache-2.0
// A part of the page whose script is read when the part is first shown.
import type { ComponentType } from "preact";
import { useLoad } from "./load";
import { Failed } from "./parts";

export function later<P extends object>(read: () => Promise<ComponentType<P>>): ComponentType<P> {
    let known: ComponentType<P> | undefined;
    return function Later(props: P) {
        const load = useLoad("script", async () => {
            known ??= await read();
            return known;
        });
        const Part = known;
        if (Part) return <Part {...props} />;
        return load.problem ? <Failed problem={load.problem} retry={load.reload} /> : null;
    };
}
