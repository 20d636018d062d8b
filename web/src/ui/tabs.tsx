// SPDX-License-Identifier: Apache-2.0
// Tabs whose choice is a link, so that it is in the address; the number keys choose them too.

import { go } from "../base/address";
import { shortCount } from "../base/format";
import { useActs } from "./acts";
import "./tabs.css";

export interface Tab {
    id: string;
    title: string;
    href: string;
    count?: number | undefined;
}

export function Tabs({ tabs, current, label }: { tabs: readonly Tab[]; current: string; label: string }) {
    useActs(
        tabs.slice(0, 9).map((t, i) => ({
            id: `tab-${t.id}`,
            title: `Show ${t.title.toLowerCase()}`,
            group: "This screen",
            keys: [String(i + 1)],
            run: () => go(t.href),
        })),
    );
    return (
        <nav class="tabs" aria-label={label}>
            {tabs.map((t) => (
                <a key={t.id} href={t.href} aria-current={t.id === current ? "page" : undefined}>
                    {t.title}
                    {t.count !== undefined && <span class="muted"> {shortCount(t.count)}</span>}
                </a>
            ))}
        </nav>
    );
}
