# SPDX-License-Identifier: Apache-2.0
"""The client of MLflow 2.22, unmodified, in an environment of its own (build/venv-old)."""

import os
import subprocess

import pytest
import servers

SCRIPT = r"""
import pathlib, tempfile
import mlflow, numpy as np
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression

assert mlflow.__version__.startswith("2.22"), mlflow.__version__
client = MlflowClient()
experiment = mlflow.set_experiment("by an old client " + tempfile.mktemp(dir=""))
x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])

with mlflow.start_run(run_name="parent", tags={"who": "old"}) as parent:
    mlflow.log_params({"lr": 0.1, "layers": 2})
    for step in range(20):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"a": 1, "b/c": float("nan")})
    with mlflow.start_run(nested=True) as child:
        mlflow.log_metric("loss", 5)
    mlflow.log_dict({"a": [1, 2]}, "f/d.json")
    mlflow.log_text("text", "t.txt")
    mlflow.log_table({"q": ["a"], "s": [1]}, "table.json")
    mlflow.log_input(mlflow.data.from_numpy(x, name="points"), context="train")
    info = mlflow.sklearn.log_model(LogisticRegression().fit(x, y), "model", pip_requirements=[])

run = client.get_run(parent.info.run_id)
assert run.info.status == "FINISHED"
assert run.data.params == {"lr": "0.1", "layers": "2"}
assert run.data.metrics["loss"] == 0.05 and run.data.metrics["a"] == 1
assert run.data.tags["who"] == "old"
assert run.inputs.dataset_inputs[0].dataset.name == "points"
assert "mlflow.log-model.history" in run.data.tags
assert [m.step for m in client.get_metric_history(run.info.run_id, "loss")] == list(range(20))
assert sorted(f.path for f in client.list_artifacts(run.info.run_id)) == ["f", "model", "t.txt", "table.json"]
assert (mlflow.sklearn.load_model(info.model_uri).predict(x) == y).all()
assert mlflow.load_table("table.json", run_ids=[run.info.run_id])["q"].tolist() == ["a"]
assert mlflow.artifacts.load_text(run.info.artifact_uri + "/t.txt") == "text"

found = client.search_runs([experiment.experiment_id], "metrics.loss < 1 AND params.lr = '0.1'")
assert [r.info.run_id for r in found] == [run.info.run_id]
children = client.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'")
assert [r.info.run_id for r in children] == [child.info.run_id]
frame = mlflow.search_runs([experiment.experiment_id], order_by=["metrics.loss DESC"])
assert frame["run_id"].tolist() == [child.info.run_id, run.info.run_id]

mlflow.sklearn.autolog()
LogisticRegression(C=2).fit(x, y)
[automatic] = client.search_runs([experiment.experiment_id], "params.C = '2'")
assert "training_accuracy_score" in automatic.data.metrics

name = "old model " + tempfile.mktemp(dir="")
version = mlflow.register_model(info.model_uri, name)
assert (version.version, version.run_id, version.source.split("/")[-1]) == ("1", run.info.run_id, "model")
assert mlflow.register_model(info.model_uri, name).version == "2"
client.transition_model_version_stage(name, 1, "Production")
client.transition_model_version_stage(name, 2, "Production", archive_existing_versions=True)
assert client.get_model_version(name, 1).current_stage == "Archived"
client.set_registered_model_alias(name, "champion", "1")
for uri in ("1", "2", "Production", "Archived", "latest"):
    assert (mlflow.pyfunc.load_model(f"models:/{name}/{uri}").predict(x) == y).all(), uri
assert (mlflow.sklearn.load_model(f"models:/{name}@champion").predict(x) == y).all()
copy = client.copy_model_version(f"models:/{name}@champion", name + " copy")
assert (mlflow.sklearn.load_model(f"models:/{copy.name}/1").predict(x) == y).all()
assert [v.version for v in client.search_model_versions(f"name = '{name}'", order_by=["version_number"])] == ["1", "2"]
assert [v.version for v in client.search_model_versions(f"run_id = '{run.info.run_id}' AND name = '{name}'")] != []
assert [m.name for m in client.search_registered_models(f"name = '{name}'")] == [name]
client.set_model_version_tag(name, "1", "k", "v")
assert client.get_model_version(name, "1").tags == {"k": "v"}
prompt = mlflow.register_prompt(name=name.replace(" ", "-") + "-prompt", template="Hello {{who}}")
assert mlflow.load_prompt(f"prompts:/{prompt.name}/1").format(who="you") == "Hello you"
client.delete_model_version(name, "2")
client.delete_registered_model(name)

client.delete_run(child.info.run_id)
assert len(client.search_runs([experiment.experiment_id])) == 2
client.restore_run(child.info.run_id)
assert len(client.search_runs([experiment.experiment_id])) == 3
with mlflow.start_run(run_id=run.info.run_id):
    mlflow.log_metric("loss", 0.01, step=20)
assert client.get_run(run.info.run_id).data.metrics["loss"] == 0.01
try:
    client.log_param(run.info.run_id, "lr", 7)
    raise SystemExit("a parameter changed")
except mlflow.MlflowException as e:
    assert "Changing param values is not allowed" in str(e)
print("all is well")
"""


@pytest.mark.skipif(not servers.VENV_OLD.exists(), reason="make test makes build/venv-old")
def test_old_client(uri, tmp_path):
    script = tmp_path / "old.py"
    script.write_text(SCRIPT)
    env = dict(os.environ, MLFLOW_TRACKING_URI=uri)
    done = subprocess.run(
        [servers.VENV_OLD / "python", script], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["all is well"]), done.stderr[-3000:]
