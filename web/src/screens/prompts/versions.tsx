// SPDX-License-Identifier: Apache-2.0
// The versions of a prompt, the newest first, a page at a time: each is shown, or held against the one that is.
import type { Version, VersionPage } from "../../api/repos";
import { address, formatAddress } from "../../base/address";
import { Card } from "../../ui/card";
import { Pager } from "../repos/pager";
import { firstLine, MarkChips, RefChips, When } from "../repos/parts";

export const PAGE = 50;

// The address with one more or another part.
function at(change: Record<string, number>): string {
    const { path, query } = address.value;
    const next = new URLSearchParams(query);
    for (const [key, value] of Object.entries(change)) next.set(key, String(value));
    return formatAddress(path, next);
}

interface Shown {
    shown: number | undefined;
    from: number | undefined;
}

export function Versions({ page, ...shown }: Shown & { page: VersionPage }) {
    const after = address.value.query.get("after") ?? "";
    return (
        <Card title="Versions">
            <ul class="prompt-versions">
                {page.items.map((v) => (
                    <Row key={v.number} version={v} {...shown} />
                ))}
            </ul>
            <div class="card-foot">
                <Pager after={after} next={page.next} newest="Newest" older="Older" />
            </div>
        </Card>
    );
}

function Row({ version: v, shown, from }: Shown & { version: Version }) {
    const look = v.number === shown ? "is-shown" : v.number === from ? "is-against" : "";
    return (
        <li class={look}>
            <div class="row">
                <span class="badges grow">
                    <a
                        href={at({ version: v.number })}
                        aria-current={v.number === shown ? "true" : undefined}
                    >
                        v{v.number}
                    </a>
                    <RefChips version={v} />
                    <MarkChips version={v} />
                    <span class="muted">
                        <When us={v.created_us} />
                    </span>
                </span>
                {shown !== undefined && v.number !== shown && v.number !== from && (
                    <a href={at({ from: v.number })} title={`Show how v${shown} differs from v${v.number}`}>
                        compare
                    </a>
                )}
            </div>
            {v.description && <span class="given">{firstLine(v.description)}</span>}
        </li>
    );
}
