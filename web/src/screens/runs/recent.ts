// SPDX-License-Identifier: Apache-2.0
// The filters that were used last in each project, kept in this browser.
import { keptName } from "../../base/parse_address";

const KEPT = 12;
const keyOf = (project: number): string => keptName(`stemma.filters.${project}`);

export function recentFilters(project: number): string[] {
    try {
        const list: unknown = JSON.parse(localStorage.getItem(keyOf(project)) ?? "[]");
        return Array.isArray(list) ? list.map(String) : [];
    } catch {
        return [];
    }
}

export function rememberFilter(project: number, where: string): void {
    const list = [where, ...recentFilters(project).filter((w) => w !== where)].slice(0, KEPT);
    localStorage.setItem(keyOf(project), JSON.stringify(list));
}
