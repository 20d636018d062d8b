// SPDX-License-Identifier: Apache-2.0
// Configuration of a run, on the overview and in a tab of its own.
import type { Run } from "../../api/client";
import { address, setQuery } from "../../base/address";
import { plural } from "../../base/format";
import { Card } from "../../ui/card";
import { Find } from "../../ui/find";
import { Copy, Empty, Paste } from "../../ui/parts";
import { ConfigTree, ROWS_MAX, SMALL, useConfigTree } from "../../view/config_tree";
import { toTab } from "./places";

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
                <ConfigTree config={run.config} max={SMALL} />
            ) : (
                <p class="card-body muted">This run has no configuration.</p>
            )}
        </Card>
    );
}

export function ConfigTab({ run }: { run: Run }) {
    const count = Object.keys(run.config).length;
    const find = address.value.query.get("find") ?? "";
    const { all } = useConfigTree(run.config, find);
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
            <ConfigTree config={run.config} max={ROWS_MAX} />
        </section>
    );
}
