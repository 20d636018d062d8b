# SPDX-License-Identifier: Apache-2.0
import json

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.exceptions import MlflowException
from rest import error_of

SEARCH = "/ajax-api/2.0/mlflow/experiments/search-datasets"


def used(client, run):
    """(name, digest, {tag: value}) of each data set of the run."""
    inputs = client.get_run(run).inputs.dataset_inputs
    return sorted((i.dataset.name, i.dataset.digest, {t.key: t.value for t in i.tags}) for i in inputs)


def test_pandas(client, experiment):
    frame = pd.DataFrame({"x": [1, 2, 3], "y": [0.5, 1.5, 2.5]})
    data = mlflow.data.from_pandas(frame, source="https://example.invalid/data.csv", name="small", targets="y")
    with mlflow.start_run() as run:
        mlflow.log_input(data, context="training", tags={"split": "a"})
    assert used(client, run.info.run_id) == [
        ("small", data.digest, {"mlflow.data.context": "training", "split": "a"})
    ]
    [got] = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert got.dataset.source_type == "http"
    assert json.loads(got.dataset.source) == {"url": "https://example.invalid/data.csv"}
    assert json.loads(got.dataset.profile)["num_rows"] == 3
    assert "mlflow_colspec" in json.loads(got.dataset.schema)


def test_numpy(client, experiment):
    data = mlflow.data.from_numpy(np.arange(12.0).reshape(3, 4), name="array")
    with mlflow.start_run() as run:
        mlflow.log_input(data)
    assert used(client, run.info.run_id) == [("array", data.digest, {})]


def test_several_data_sets(client, run):
    for name in ("train", "test"):
        entity = Dataset(name, f"digest-{name}", "local", '{"uri": "x"}', schema="{}", profile="{}")
        client.log_inputs(run, [DatasetInput(entity, [InputTag("mlflow.data.context", name)])])
    assert used(client, run) == [
        ("test", "digest-test", {"mlflow.data.context": "test"}),
        ("train", "digest-train", {"mlflow.data.context": "train"}),
    ]


def test_the_same_again_adds_nothing(client, run):
    entity = Dataset("d", "1", "local", "{}")
    client.log_inputs(run, [DatasetInput(entity, [InputTag("a", "1")])])
    client.log_inputs(run, [DatasetInput(entity, [InputTag("a", "2"), InputTag("b", "3")])])
    assert used(client, run) == [("d", "1", {"a": "1"})]


def test_one_data_set_in_many_runs(client, experiment):
    entity = Dataset("shared", "1", "local", "{}")
    runs = [client.create_run(experiment).info.run_id for _ in range(3)]
    for run in runs:
        client.log_inputs(run, [DatasetInput(entity, [])])
    found = client.search_runs([experiment], "dataset.name = 'shared' AND dataset.digest = '1'")
    assert {r.info.run_id for r in found} == set(runs)


def test_search_datasets(client, rest, experiment):
    for i, context in enumerate(["train", "test", None]):
        run = client.create_run(experiment).info.run_id
        tags = [InputTag("mlflow.data.context", context)] if context else []
        client.log_inputs(run, [DatasetInput(Dataset(f"d{i}", str(i), "local", "{}"), tags)])
        client.log_inputs(client.create_run(experiment).info.run_id,
                          [DatasetInput(Dataset(f"d{i}", str(i), "local", "{}"), tags)])  # fmt: skip
    found = rest.ok("POST", SEARCH, json={"experiment_ids": [experiment]})["dataset_summaries"]
    assert sorted((d["name"], d["digest"], d.get("context")) for d in found) == [
        ("d0", "0", "train"), ("d1", "1", "test"), ("d2", "2", None)
    ]  # fmt: skip
    assert {d["experiment_id"] for d in found} == {experiment}


def test_search_datasets_limits(rest):
    for ids, words in ([], "at least one experiment_id"), ([str(i) for i in range(21)], "more than 20"):
        status, code, message = error_of(rest.post(SEARCH, {"experiment_ids": ids}))
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        assert words in message


@pytest.mark.parametrize(
    "change, tags",
    [
        ({"name": "n" * 501}, []),
        ({"digest": "d" * 37}, []),
        ({"source": "s" * 65536}, []),
        ({}, [InputTag("k" * 256, "v")]),
        ({}, [InputTag("k", "v" * 501)]),
        pytest.param({"name": ""}, [], marks=pytest.mark.differs("the reference keeps it")),
        pytest.param({"digest": ""}, [], marks=pytest.mark.differs("the reference keeps it")),
    ],
    ids=["name", "digest", "source", "tag key", "tag value", "no name", "no digest"],
)
def test_limits(client, run, change, tags):
    entity = Dataset(**{"name": "d", "digest": "1", "source_type": "local", "source": "{}", **change})
    with pytest.raises(MlflowException) as raised:
        client.log_inputs(run, [DatasetInput(entity, tags)])
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
    assert used(client, run) == []


def test_the_longest_that_fit(client, run):
    entity = Dataset("n" * 500, "d" * 36, "local", "s" * 65535, schema="c" * 100000, profile="p" * 100000)
    client.log_inputs(run, [DatasetInput(entity, [InputTag("k" * 255, "v" * 500)])])
    assert used(client, run) == [("n" * 500, "d" * 36, {"k" * 255: "v" * 500})]


def test_load_the_source_back(client, experiment):
    data = mlflow.data.from_pandas(pd.DataFrame({"x": [1]}), source="s3://bucket/key.csv", name="d")
    with mlflow.start_run() as run:
        mlflow.log_input(data)
    entity = client.get_run(run.info.run_id).inputs.dataset_inputs[0].dataset
    assert mlflow.data.get_source(entity).uri == "s3://bucket/key.csv"
