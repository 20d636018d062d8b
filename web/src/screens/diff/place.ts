// SPDX-License-Identifier: Apache-2.0
// What an address of a comparison names: each side is a number, an alias, a tag or a digest of the repo, a version of another
// repo (REPO@...), or the id of a run. Pure.
import type { DiffSide } from "../../api/diff";
import { toRunById, toVersion } from "../../routes";

const isRun = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);
// "prod@{1 week ago}" is of this repo, "other@3" is not.
const isOfOther = (text: string): boolean => /@(?!\{)/.test(text);

export const addressOf = (repo: string, text: string): string =>
    isRun(text) || isOfOther(text) ? text : `${repo}@${text}`;

// The same with the number that it means now, so that a copied link shows what was seen.
export function fixed(repo: string, text: string, side: DiffSide): string {
    if (side.number === undefined) return text;
    const other = isOfOther(text) ? text.slice(0, text.search(/@(?!\{)/)) : repo;
    return other === repo ? String(side.number) : `${other}@${side.number}`;
}

export const hrefOf = (side: DiffSide): string =>
    side.repo !== undefined && side.number !== undefined
        ? toVersion(side.repo, side.number)
        : toRunById(side.run ?? side.name);

// "v3" when both are of one repo.
export const titleOf = (side: DiffSide, other: DiffSide): string =>
    side.number === undefined
        ? `run ${side.name.slice(0, 8)}`
        : side.repo === other.repo
          ? `v${side.number}`
          : `${side.repo} v${side.number}`;
