// SPDX-License-Identifier: Apache-2.0
// The workspace in addresses and in lines to paste.
import assert from "node:assert/strict";
import test from "node:test";
import { inWorkspace } from "../src/base/command";
import { formatAddress, parseAddress } from "../src/base/parse_address";

test("an address names its workspace beside its query, unless it is the default one", () => {
    const at = parseAddress("#/repos/a%2Fb?tab=refs&workspace=team");
    assert.deepEqual([at.path, at.query.toString(), at.workspace], [["repos", "a/b"], "tab=refs", "team"]);
    assert.equal(formatAddress(at.path, at.query, at.workspace), "#/repos/a%2Fb?tab=refs&workspace=team");
    assert.equal(at.query.toString(), "tab=refs", "what was given stays as it is");
    assert.equal(parseAddress("#/repos?workspace=default").workspace, "");
    assert.equal(formatAddress(["repos"], { kind: "model" }), "#/repos?kind=model");
    assert.equal(formatAddress(["repos"], {}, "a b"), "#/repos?workspace=a+b");
});

test("lines name the workspace in the way of each tool", () => {
    assert.equal(inWorkspace("stemma run -- ./train.sh"), "stemma run -- ./train.sh");
    const lines = (text: string): string[] => inWorkspace(text, "team").split("\n");
    assert.deepEqual(lines("stemma run -- ./train.sh\n# or"), [
        "STEMMA_WORKSPACE=team stemma run -- ./train.sh",
        "# or",
    ]);
    const header = "-H 'X-MLflow-Workspace: team'";
    assert.deepEqual(lines("curl http://h/a"), [`curl ${header} http://h/a`]);
    assert.deepEqual(lines("./train.sh | curl -T - http://h/a"), [
        `./train.sh | curl ${header} -T - http://h/a`,
    ]);
    assert.deepEqual(
        lines('import mlflow\nmlflow.set_tracking_uri("u")\nwith mlflow.start_run():\n    mlflow.x()'),
        [
            "import mlflow",
            'mlflow.set_tracking_uri("u")',
            'mlflow.set_workspace("team")',
            "with mlflow.start_run():",
            "    mlflow.x()",
        ],
    );
    assert.equal(
        inWorkspace("curl -f http://h/a", "", "secret"),
        'curl -H "Authorization: Bearer $STEMMA_TOKEN" -f http://h/a',
    );
    assert.deepEqual(lines("p = mlflow.genai.load_prompt()"), [
        'mlflow.set_workspace("team")',
        "p = mlflow.genai.load_prompt()",
    ]);
});
