# SPDX-License-Identifier: Apache-2.0
"""Autologging of scikit-learn, as users switch it on: one line before the training."""

import mlflow
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

X = np.random.default_rng(0).normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(int)


@pytest.fixture(autouse=True)
def autolog():
    mlflow.sklearn.autolog(extra_tags={"by": "autolog"})
    yield
    mlflow.sklearn.autolog(disable=True)


def test_fit(client, experiment):
    LogisticRegression(C=0.5).fit(X, Y)
    [run] = client.search_runs([experiment])
    assert run.data.params["C"] == "0.5"
    assert run.data.metrics["training_accuracy_score"] > 0.8
    assert run.data.tags["estimator_name"] == "LogisticRegression"
    assert run.data.tags["by"] == "autolog"
    assert run.inputs.dataset_inputs[0].tags[0].value == "train"
    assert "training_confusion_matrix.png" in [f.path for f in client.list_artifacts(run.info.run_id)]
    [model] = client.search_logged_models([experiment])
    assert (mlflow.sklearn.load_model(f"models:/{model.model_id}").predict(X) == Y).mean() > 0.8
    assert {m.key for m in model.metrics} >= {"training_accuracy_score"}


def test_grid_search(client, experiment):
    mlflow.sklearn.autolog(log_models=False, max_tuning_runs=None)
    GridSearchCV(LogisticRegression(), {"C": [0.1, 1, 10]}, cv=2).fit(X, Y)
    runs = client.search_runs([experiment])
    assert len(runs) == 4
    parent = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    assert len(parent) == 1
    assert {r.data.params["C"] for r in runs if r is not parent[0]} == {"0.1", "1", "10"}
    assert "best_C" in parent[0].data.params
