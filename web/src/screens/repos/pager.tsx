// SPDX-License-Identifier: Apache-2.0
// Steps through a list by its cursor (`after` in the address), so that a page of it is a link.
import { address, formatAddress } from "../../base/address";

function behind(after: string | undefined): string {
    const { path, query } = address.value;
    const next = new URLSearchParams(query);
    if (after) next.set("after", after);
    else next.delete("after");
    return formatAddress(path, next);
}

export function Pager({
    after,
    next,
    newest,
    older,
}: {
    after: string;
    next: string | undefined;
    newest: string;
    older: string;
}) {
    if (!after && !next) return null;
    return (
        <nav class="row" aria-label="Pages">
            {after && (
                <a class="button" href={behind(undefined)}>
                    ⇤ {newest}
                </a>
            )}
            {next && (
                <a class="button" href={behind(next)}>
                    {older} →
                </a>
            )}
        </nav>
    );
}
