# SPDX-License-Identifier: Apache-2.0
"""MLflow's own client in workspaces: it makes, lists and deletes them, chooses one by mlflow.set_workspace or MLFLOW_WORKSPACE,
and sees nothing of others."""

import json
import subprocess
import sys

import pytest
import servers

pytestmark = pytest.mark.own_server

PROGRAM = """
import json, os, sys
import mlflow
from mlflow import MlflowClient

out = {}

def error(act):
    try:
        return f"no error: {act()}"
    except mlflow.MlflowException as e:
        return e.error_code

mlflow.create_workspace("team", description="ours")
out["listed"] = sorted((w.name, w.description or "") for w in mlflow.list_workspaces())
out["again"] = error(lambda: mlflow.create_workspace("team"))

mlflow.set_experiment("same-name")
with mlflow.start_run() as r:
    mlflow.log_metric("loss", 0.5), mlflow.log_text("at default", "f.txt")
    at_default = r.info.run_id

mlflow.set_workspace("team")
experiment = mlflow.set_experiment("same-name")
out["location"] = experiment.artifact_location
with mlflow.start_run() as r:
    mlflow.log_metric("loss", 0.1), mlflow.log_text("in team", "f.txt")
    in_team = r.info.run_id
c = MlflowClient()
c.create_registered_model("bot")
c.create_model_version("bot", f"runs:/{in_team}/f.txt", in_team)
c.set_registered_model_alias("bot", "prod", 1)
out["found"] = [r.info.run_id == in_team for r in c.search_runs([experiment.experiment_id])]
out["text"] = mlflow.artifacts.load_text(f"runs:/{in_team}/f.txt")
out["other run"] = error(lambda: c.get_run(at_default))
out["other log"] = error(lambda: c.log_metric(at_default, "x", 1.0))
out["default experiment"] = c.get_experiment("0").name
out["not empty"] = error(lambda: mlflow.delete_workspace("team"))

mlflow.set_workspace("default")
out["back"] = [c.get_run(at_default).info.run_id == at_default, error(lambda: c.get_run(in_team)),
               error(lambda: c.get_registered_model("bot"))]
mlflow.create_workspace("empty")
mlflow.delete_workspace("empty")
mlflow.set_workspace("nowhere")
out["unknown"] = error(lambda: c.get_experiment("0"))
mlflow.set_workspace(None)
out["updated"] = mlflow.update_workspace("team", description="new").description
print(json.dumps(out))
"""

EXPECTED = {
    "listed": [["default", ""], ["team", "ours"]],
    "again": "RESOURCE_ALREADY_EXISTS",
    "location": "mlflow-artifacts:/workspaces/team/1",
    "found": [True],
    "text": "in team",
    "other run": "RESOURCE_DOES_NOT_EXIST",
    "other log": "RESOURCE_DOES_NOT_EXIST",
    "default experiment": "Default",
    "not empty": "INVALID_PARAMETER_VALUE",  # the reference: INVALID_STATE with status 500, which clients repeat for minutes
    "back": [True, "RESOURCE_DOES_NOT_EXIST", "RESOURCE_DOES_NOT_EXIST"],
    "unknown": "RESOURCE_DOES_NOT_EXIST",
    "updated": "new",
}


@pytest.fixture(scope="module")
def tenants():
    started = servers.Stemma()
    yield started
    started.stop()


def run(server, program, **env):
    env = {**servers.fresh_environment(), "MLFLOW_TRACKING_URI": server.uri, "GIT_PYTHON_REFRESH": "quiet", **env}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_official_client_in_workspaces(tenants):
    assert run(tenants, PROGRAM) == EXPECTED


def test_by_the_environment(tenants):
    program = "import json, mlflow\nprint(json.dumps([e.name for e in mlflow.search_experiments()]))"
    assert sorted(run(tenants, program, MLFLOW_WORKSPACE="team")) == ["Default", "same-name"]


def test_a_workspace_that_is_not_there_is_named(tenants):
    program = """
import json, mlflow
try:
    mlflow.search_experiments()
except mlflow.MlflowException as e:
    print(json.dumps([e.error_code, e.message]))
"""
    code, message = run(tenants, program, MLFLOW_WORKSPACE="nowhere")
    assert code == "RESOURCE_DOES_NOT_EXIST" and "Workspace 'nowhere' not found" in message
