// SPDX-License-Identifier: Apache-2.0
// All of a run on one page: notes, metrics and configuration; beside them tags, data and models, code, machine, relatives.
import type { Run } from "../../api/client";
import { Environment, Source } from "./code";
import { ConfigCard } from "./config";
import { Family } from "./family";
import { Inputs } from "./inputs";
import { Metrics } from "./metrics";
import { Notes } from "./notes";
import { Tags } from "./tags";
import type { ShownRun } from "./use_run";
import "../../ui/head.css";

export function Overview({ shown, run }: { shown: ShownRun; run: Run }) {
    return (
        <div class="overview">
            <div class="overview-main">
                <Notes run={run} shown={shown} />
                <div class="overview-pair">
                    <Metrics run={run} />
                    <ConfigCard run={run} />
                </div>
            </div>
            <div class="overview-side">
                <Tags run={run} shown={shown} />
                <Inputs run={run} />
                <Source run={run} />
                <Environment run={run} />
                <Family run={run} />
            </div>
        </div>
    );
}
