// SPDX-License-Identifier: Apache-2.0
// Lines to paste into a terminal or a script, as they have to be in the workspace of the page, and where it has a token. In the
// default one, without a token, they stand as they are. Pure, but for the page's workspace and token.
import { workspace } from "./parse_address";
import { shellWord } from "./text";
import { tokenOf } from "./token";

const withHeader = (lines: string, header: string): string =>
    lines.replace(/^(.*\| )?curl /gm, (_, before = "") => `${before}curl -H ${header} `);

// Of lines that the page made itself: commands (stemma, curl), or Python with MLflow's client. The token itself stands in none:
// `stemma` reads the variable too.
export function inWorkspace(lines: string, within = workspace, token = tokenOf()): string {
    const known = token ? withHeader(lines, '"Authorization: Bearer $STEMMA_TOKEN"') : lines;
    if (!within) return known;
    const shell = withHeader(known, shellWord(`X-MLflow-Workspace: ${within}`)).replace(
        /^stemma /gm,
        `STEMMA_WORKSPACE=${shellWord(within)} stemma `,
    );
    return shell.replace(
        /^(?=(with |\w+ = )?mlflow\.(?!set_tracking_uri))/m,
        `mlflow.set_workspace(${JSON.stringify(within)})\n`,
    );
}
