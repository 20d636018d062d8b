// SPDX-License-Identifier: Apache-2.0
// Configuration as a tree. Which branches were opened or closed (`fold`) and what is searched (`find`) is in the address.
import { useMemo, useState } from "preact/hooks";
import { address, setQuery } from "../base/address";
import { plural } from "../base/format";
import { matcher, plainName } from "../base/text";
import { Copy } from "../ui/parts";
import { type Branch, kindOf, treeOf } from "./config";
import "./config_tree.css";

export type Config = Readonly<Record<string, string>>;

export const SMALL = 60; // entries of a tree that is open at first, and shown on the overview whole
export const ROWS_MAX = 400;

interface Shown {
    branch: Branch;
    depth: number;
    open: boolean;
}

function flatten(tree: readonly Branch[], isOpen: (b: Branch, depth: number) => boolean): Shown[] {
    const out: Shown[] = [];
    const walk = (list: readonly Branch[], depth: number): void => {
        for (const branch of list) {
            const open = branch.children.length > 0 && isOpen(branch, depth);
            out.push({ branch, depth, open });
            if (open) walk(branch.children, depth + 1);
        }
    };
    walk(tree, 0);
    return out;
}

function Value({ text }: { text: string }) {
    const [whole, setWhole] = useState(false);
    const long = text.length > 200;
    return (
        <span class={`config-value value-${kindOf(text)}`}>
            <span class="value-text" title={long ? undefined : text}>
                {long && !whole ? `${plainName(text.slice(0, 200))}…` : plainName(text) || "(empty)"}
            </span>
            {long && (
                <button type="button" class="copy" aria-expanded={whole} onClick={() => setWhole(!whole)}>
                    {whole ? "less" : `all ${text.length} characters`}
                </button>
            )}
            <Copy text={text} label="Copy the value" />
        </span>
    );
}

export function useConfigTree(config: Config, find: string) {
    const tree = useMemo(() => treeOf(config, matcher(find)), [config, find]);
    const query = address.value.query;
    const folded = new Set(query.getAll("fold"));
    const many = Object.keys(config).length > SMALL && !find;
    const isOpen = (b: Branch): boolean => !many !== folded.has(b.path);
    return {
        rows: flatten(tree, isOpen),
        tree,
        toggle: (path: string): void => {
            if (!folded.delete(path)) folded.add(path);
            setQuery({ fold: [...folded] });
        },
        all: (open: boolean): void => {
            const paths = open === !many ? [] : branchPaths(tree);
            setQuery({ fold: paths });
        },
    };
}

const branchPaths = (tree: readonly Branch[]): string[] =>
    tree.flatMap((b) => (b.children.length ? [b.path, ...branchPaths(b.children)] : []));

function Row({ shown, toggle }: { shown: Shown; toggle: (path: string) => void }) {
    const { branch, depth, open } = shown;
    return (
        <div class="config-row" style={{ paddingLeft: `${8 + depth * 16}px` }}>
            {branch.children.length ? (
                <button
                    type="button"
                    class="config-key config-branch"
                    aria-expanded={open}
                    onClick={() => toggle(branch.path)}
                >
                    <span aria-hidden="true">{open ? "▾" : "▸"}</span>{" "}
                    <span class="given">{branch.name}</span>
                    {!open && <span class="muted"> {branch.leaves}</span>}
                </button>
            ) : (
                <span class="config-key given" title={branch.path}>
                    {branch.name}
                </span>
            )}
            {branch.value !== undefined && <Value text={branch.value} />}
        </div>
    );
}

export function ConfigTree({ config, max }: { config: Config; max: number }) {
    const find = address.value.query.get("find") ?? "";
    const { rows, toggle } = useConfigTree(config, find);
    const [more, setMore] = useState(0);
    const shown = rows.slice(0, max + more);
    if (!rows.length) return <p class="card-body muted">Nothing in it matches “{find}”.</p>;
    return (
        <div class="config-tree">
            {shown.map((s) => (
                <Row key={s.branch.path} shown={s} toggle={toggle} />
            ))}
            {rows.length > shown.length && (
                <button type="button" class="button plain" onClick={() => setMore(more + ROWS_MAX)}>
                    {plural(rows.length - shown.length, "more row")}
                </button>
            )}
        </div>
    );
}
