// SPDX-License-Identifier: Apache-2.0
// Configuration as a tree, on the overview and in a tab of its own. Which branches were opened or closed (`fold`) and what is
// searched (`find`) is in the address.
import { useMemo, useState } from "preact/hooks";
import type { Run } from "../../api/client";
import { address, setQuery } from "../../base/address";
import { plural } from "../../base/format";
import { matcher, plainName } from "../../base/text";
import { Find } from "../../ui/find";
import { Copy, Empty, Paste } from "../../ui/parts";
import { Card } from "./card";
import { toTab } from "./places";
import { type Branch, kindOf, treeOf } from "./tree";

const SMALL = 60; // entries of a tree that is open at first, and shown on the overview whole
const ROWS_MAX = 400;

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

function useTree(run: Run, find: string) {
    const tree = useMemo(() => treeOf(run.config, matcher(find)), [run.config, find]);
    const query = address.value.query;
    const folded = new Set(query.getAll("fold"));
    const many = Object.keys(run.config).length > SMALL && !find;
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

function Tree({ run, max }: { run: Run; max: number }) {
    const find = address.value.query.get("find") ?? "";
    const { rows, toggle } = useTree(run, find);
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

export function FindBox({ label }: { label: string }) {
    return (
        <Find
            class="run-find"
            label={label}
            placeholder="Find (regular expression)"
            value={address.value.query.get("find") ?? ""}
            change={(text) => setQuery({ find: text })}
        />
    );
}

export function ConfigCard({ run }: { run: Run }) {
    const count = Object.keys(run.config).length;
    const small = count <= SMALL;
    const extra = <a href={toTab(run, "config")}>{small ? "As a tab" : `All ${count}`}</a>;
    return (
        <Card title="Configuration" extra={count ? extra : null} class="card-config">
            {count ? (
                <Tree run={run} max={SMALL} />
            ) : (
                <p class="card-body muted">This run has no configuration.</p>
            )}
        </Card>
    );
}

export function ConfigTab({ run }: { run: Run }) {
    const count = Object.keys(run.config).length;
    const find = address.value.query.get("find") ?? "";
    const { all } = useTree(run, find);
    if (!count)
        return (
            <Empty title="No configuration">
                <Paste text={`stemma log ${run.id} --config lr=1e-3`} />
            </Empty>
        );
    return (
        <section class="panel card" aria-label="Configuration">
            <div class="row card-head">
                <FindBox label="Find in the configuration" />
                <span class="muted grow">{plural(count, "value")}</span>
                <button type="button" class="button" onClick={() => all(true)}>
                    Open all
                </button>
                <button type="button" class="button" onClick={() => all(false)}>
                    Close all
                </button>
                <Copy text={JSON.stringify(run.config, null, 2)} label="Copy as JSON">
                    Copy as JSON
                </Copy>
            </div>
            <Tree run={run} max={ROWS_MAX} />
        </section>
    );
}
