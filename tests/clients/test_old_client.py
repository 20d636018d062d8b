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
