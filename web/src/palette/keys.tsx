// SPDX-License-Identifier: Apache-2.0
// The page of keys: what the acts of the screen say of themselves.
import { useMemo } from "preact/hooks";
import { type Act, acts } from "../ui/acts";
import { Dialog } from "../ui/dialog";
import "./palette.css";

function byGroup(list: readonly Act[]): [string, Act[]][] {
    const groups = new Map<string, Act[]>();
    for (const act of list) {
        if (!act.keys?.length) continue;
        groups.set(act.group, [...(groups.get(act.group) ?? []), act]);
    }
    return [...groups];
}

// "g h" is two keys, one behind the other.
function Key({ name }: { name: string }) {
    return (
        <>
            {name.split(" ").map((k, i) => (
                <kbd key={`${i} ${k}`}>{k}</kbd>
            ))}
        </>
    );
}

export function Keys({ close }: { close: () => void }) {
    const groups = useMemo(() => byGroup(acts.peek()), []);
    return (
        <Dialog title="Keys of this screen" close={close} wide>
            <div class="keys">
                {groups.map(([group, list]) => (
                    <section key={group}>
                        <h3>{group}</h3>
                        <dl>
                            {list.map((a) => (
                                <>
                                    <dt key={`${a.id} key`}>
                                        {a.keys?.map((k, i) => (
                                            <span key={k}>
                                                {i > 0 && " or "}
                                                <Key name={k} />
                                            </span>
                                        ))}
                                    </dt>
                                    <dd key={a.id}>{a.title}</dd>
                                </>
                            ))}
                        </dl>
                    </section>
                ))}
            </div>
        </Dialog>
    );
}
