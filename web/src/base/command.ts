// SPDX-License-Identifier: Apache-2.0
// Lines to paste into a terminal or a script, as they have to be in the workspace of the page. In the default one they stand as
// they are. Pure, but for the page's workspace.
import { workspace } from "./parse_address";
import { shellWord } from "./text";

// Of lines that the page made itself: commands (stemma, curl), or Python with MLflow's client.
export function inWorkspace(lines: string, within = workspace): string {
    if (!within) return lines;
    const word = shellWord(within);
    const shell = lines
        .replace(/^stemma /gm, `STEMMA_WORKSPACE=${word} stemma `)
        .replace(/^(.*\| )?curl /gm, `$1curl -H ${shellWord(`X-MLflow-Workspace: ${within}`)} `);
    return shell.replace(
        /^(?=(with |\w+ = )?mlflow\.(?!set_tracking_uri))/m,
        `mlflow.set_workspace(${JSON.stringify(within)})\n`,
    );
}
