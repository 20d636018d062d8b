// SPDX-License-Identifier: Apache-2.0
// What a repo asks for before refs move and versions are published.

import { listProtections, type Protection } from "../../api/repos";
import { plainName, shellWord } from "../../base/text";
import { toRepo } from "../../routes";
import { Headings } from "../../ui/headings";
import { useLoad } from "../../ui/load";
import { Empty, Failed, Paste, Skeleton } from "../../ui/parts";
import { When, Who } from "./parts";

// The command that asks for what is asked for now.
export function commandOf(repo: string, p: Omit<Protection, "user" | "set_us">): string {
    const words = ["stemma protect set", shellWord(p.ref ? `${repo}@${p.ref}` : repo)];
    if (p.require.length) words.push("--require", p.require.join(","));
    if (p.rule) words.push("--rule", shellWord(p.rule));
    if (p.approvals) words.push("--approvals", String(p.approvals));
    return words.join(" ");
}

export function Protections({ repo, turn }: { repo: string; turn: number }) {
    const load = useLoad(`${repo} ${turn}`, (signal) => listProtections(repo, signal));
    if (load.problem && !load.loading) return <Failed problem={load.problem} retry={load.reload} />;
    if (!load.data) return <Skeleton lines={4} />;
    if (!load.data.items.length)
        return (
            <Empty title="Nothing is protected">
                <p>
                    A protected ref is moved only by maintainers, and only to a version that has the parts
                    that are asked for and that enough people approved. A maintainer protects one so:
                </p>
                <Paste
                    text={commandOf(repo, {
                        ref: "prod",
                        require: ["card", "evaluations"],
                        approvals: 1,
                    })}
                />
            </Empty>
        );
    return (
        <div class="side">
            <div class="panel list">
                <table>
                    <Headings
                        of={[
                            "What",
                            "A version must have",
                            "Approvals",
                            ["Set by", "narrow"],
                            ["When", "when"],
                        ]}
                    />
                    <tbody>
                        {load.data.items.map((p) => (
                            <tr key={p.ref ?? ""}>
                                <td>
                                    {p.ref ? (
                                        <a
                                            class="given list-name"
                                            href={toRepo(repo, { tab: "refs", ref: p.ref })}
                                        >
                                            {plainName(p.ref)}
                                        </a>
                                    ) : (
                                        "publishing"
                                    )}
                                </td>
                                <td>
                                    {p.require.join(", ") || (!p.rule && <span class="muted">nothing</span>)}
                                    {p.rule && <span class="given"> rule {plainName(p.rule)}</span>}
                                </td>
                                <td>{p.approvals || <span class="muted">none</span>}</td>
                                <td class="narrow">
                                    <Who user={p.user} />
                                </td>
                                <td class="when">
                                    <When us={p.set_us} />
                                </td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
            <p class="muted">
                A maintainer changes one by its command, which says all that is asked for: what is left out is
                asked for no more.
            </p>
            {load.data.items.map((p) => (
                <Paste key={p.ref ?? ""} text={commandOf(repo, p)} />
            ))}
        </div>
    );
}
