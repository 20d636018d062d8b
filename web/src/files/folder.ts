// SPDX-License-Identifier: Apache-2.0
// The files of a folder, a page at a time; read again as far as it was shown when `turn` changes.
import { useState } from "preact/hooks";
import type { File, Problem } from "../api/client";
import { listFiles } from "../api/files";
import { useLoad } from "../ui/load";

export interface Folder {
    items: readonly File[];
    hasMore: boolean;
    more: () => void;
    loading: boolean;
    problem: Problem | undefined;
}

export function useFolder(holder: string, path: string, turn: number): Folder {
    const [pages, setPages] = useState(1);
    const load = useLoad(`${holder} ${path} ${turn} ${pages}`, async (signal) => {
        const items: File[] = [];
        let after: string | undefined;
        for (let i = 0; i < pages; i++) {
            const page = await listFiles(holder, path, { signal, ...(after ? { after } : {}) });
            items.push(...page.items);
            after = page.next;
            if (!after) break;
        }
        return { items, hasMore: after !== undefined };
    });
    return {
        items: load.data?.items ?? [],
        hasMore: load.data?.hasMore ?? false,
        more: () => setPages(pages + 1),
        loading: load.loading && !load.data,
        problem: load.problem,
    };
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
