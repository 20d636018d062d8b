# SPDX-License-Identifier: Apache-2.0
"""Logged models (MLflow 3): log_model and load_model, search, metrics, tags, parameters, states, deletion."""

import re

import mlflow
import numpy as np
import pytest
from conftest import unique
from mlflow import MlflowClient
from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelStatus
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression

X, Y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])


def fitted(c=1.0):
    return LogisticRegression(C=c).fit(X, Y)


def test_log_and_load(client, experiment):
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(fitted(), name="model", pip_requirements=[], params={"C": 1})
    assert re.fullmatch("m-[0-9a-f]{32}", info.model_id)
    for uri in (info.model_uri, f"models:/{info.model_id}", f"runs:/{run.info.run_id}/model"):
        assert (mlflow.sklearn.load_model(uri).predict(X) == fitted().predict(X)).all()
    assert (mlflow.pyfunc.load_model(info.model_uri).predict(X) == fitted().predict(X)).all()
    model = mlflow.get_logged_model(info.model_id)
    assert model.name == "model"
    assert model.status == LoggedModelStatus.READY
    assert model.source_run_id == run.info.run_id
    assert model.experiment_id == experiment
    assert model.params == {"C": "1"}
    assert model.artifact_location == f"mlflow-artifacts:/{experiment}/models/{info.model_id}/artifacts"
    assert [m.model_id for m in client.get_run(run.info.run_id).outputs.model_outputs] == [info.model_id]


def test_files_of_a_model(client, experiment):
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(fitted(), name="model", pip_requirements=[])
    names = {f.path for f in client.list_logged_model_artifacts(info.model_id)}
    assert {"MLmodel", "requirements.txt"} <= names
    folder = mlflow.artifacts.download_artifacts(artifact_uri=info.model_uri)
    assert mlflow.models.Model.load(folder).model_id == info.model_id


def test_a_model_outside_of_runs(experiment):
    model = mlflow.create_external_model(name="agent", params={"a": "1"}, tags={"t": "2"}, model_type="agent")
    got = mlflow.get_logged_model(model.model_id)
    assert (got.name, got.model_type, got.params) == ("agent", "agent", {"a": "1"})
    assert got.tags["t"] == "2"


def test_model_without_a_name_gets_one(experiment):
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", mlflow.initialize_logged_model().name)


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b"])
def test_bad_names(client, experiment, name):
    with pytest.raises(MlflowException) as raised:
        client.create_logged_model(experiment, name=name)
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("status", ["READY", "FAILED"])
def test_states(client, experiment, status):
    model = client.create_logged_model(experiment, name="m")
    assert model.status == LoggedModelStatus.PENDING
    client.finalize_logged_model(model.model_id, status)
    got = client.get_logged_model(model.model_id)
    assert got.status == LoggedModelStatus(status)
    assert got.last_updated_timestamp >= model.creation_timestamp


def test_tags(client, experiment):
    model = client.create_logged_model(experiment, tags={"a": "1"})
    client.set_logged_model_tags(model.model_id, {"a": "2", "b": "3", "ü/漢": ""})
    assert client.get_logged_model(model.model_id).tags == {"a": "2", "b": "3", "ü/漢": ""}
    client.delete_logged_model_tag(model.model_id, "a")
    assert client.get_logged_model(model.model_id).tags == {"b": "3", "ü/漢": ""}
    with pytest.raises(MlflowException, match="No tag with key 'a'") as raised:
        client.delete_logged_model_tag(model.model_id, "a")
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_more_than_100_params(client, experiment):
    params = {f"p{i}": str(i) for i in range(250)}
    model = client.create_logged_model(experiment, params=params)
    assert client.get_logged_model(model.model_id).params == params


def test_params_later(client, experiment):
    model = client.create_logged_model(experiment, params={"a": "1"})
    client.log_model_params(model.model_id, {"b": "2"})
    assert client.get_logged_model(model.model_id).params == {"a": "1", "b": "2"}


def test_metrics_of_a_model(client, experiment):
    frame = mlflow.data.from_numpy(np.arange(6.0), name="held out")
    with mlflow.start_run() as run:
        model = mlflow.initialize_logged_model(name="m")
        mlflow.log_metric("acc", 0.5, step=0, model_id=model.model_id)
        mlflow.log_metric("acc", 0.75, step=1, model_id=model.model_id, dataset=frame)
        mlflow.log_metrics({"f1": 0.25}, model_id=model.model_id)
        mlflow.log_metric("of the run alone", 1)
    got = {(m.key, m.value, m.dataset_name) for m in mlflow.get_logged_model(model.model_id).metrics}
    assert got >= {("acc", 0.5, None), ("acc", 0.75, "held out"), ("f1", 0.25, None)}
    assert {k for k, _, _ in got} == {"acc", "f1"}
    assert all(m.run_id == run.info.run_id for m in mlflow.get_logged_model(model.model_id).metrics)
    assert client.get_run(run.info.run_id).data.metrics == {"acc": 0.75, "f1": 0.25, "of the run alone": 1}


def test_inputs_and_outputs(client, experiment, run):
    a, b = (client.create_logged_model(experiment).model_id for _ in range(2))
    client.log_inputs(run, models=[LoggedModelInput(a)])
    client.log_outputs(run, [LoggedModelOutput(b, step=7)])
    got = client.get_run(run)
    assert [m.model_id for m in got.inputs.model_inputs] == [a]
    assert [(m.model_id, m.step) for m in got.outputs.model_outputs] == [(b, 7)]
    [found] = client.search_runs([experiment])
    assert [(m.model_id, m.step) for m in found.outputs.model_outputs] == [(b, 7)]


def test_delete(client, experiment):
    model = client.create_logged_model(experiment, name="gone")
    client.delete_logged_model(model.model_id)
    with pytest.raises(MlflowException, match="not found") as raised:
        client.get_logged_model(model.model_id)
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert client.search_logged_models([experiment]) == []


def test_unknown_model(client):
    unknown = "m-" + "0" * 32
    for call in (
        lambda: client.get_logged_model(unknown),
        lambda: client.finalize_logged_model(unknown, "READY"),
        lambda: client.delete_logged_model(unknown),
    ):
        with pytest.raises(MlflowException, match="not found") as raised:
            call()
        assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_tags_of_an_unknown_model(client):
    with pytest.raises(MlflowException, match="may have been deleted"):  # the client's own words for 404
        client.set_logged_model_tags("m-" + "0" * 32, {"a": "b"})


# ---- search ----


@pytest.fixture(scope="module")
def zoo(uri):
    """The experiment's id, and name -> model id, of four models."""
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri)
    experiment = client.create_experiment(unique("models"))
    run = client.create_run(experiment).info.run_id
    ids = {}
    for i, (name, kind, params, tags, acc) in enumerate([
        ("ant", "cnn", {"lr": "0.1"}, {"t": "x"}, 0.5), ("bat", "cnn", {"lr": "0.2"}, {"t": "y"}, 0.9),
        ("cow", "vit", {"lr": "0.1"}, {}, 0.7), ("dog", "vit", {}, {"t": "x"}, None),
    ]):  # fmt: skip
        model = client.create_logged_model(experiment, name=name, model_type=kind, params=params, tags=tags, source_run_id=run)
        ids[name] = model.model_id
        if acc is not None:
            client.log_metric(run, "acc", acc, model_id=model.model_id, dataset_name="d", dataset_digest=str(i % 2))
        client.finalize_logged_model(model.model_id, "READY")
    return experiment, ids


MODEL_FILTERS = [
    ("", ["ant", "bat", "cow", "dog"]),
    ("name = 'ant'", ["ant"]),
    ("name != 'ant'", ["bat", "cow", "dog"]),
    ("attributes.name LIKE '%t'", ["ant", "bat"]),
    ("name ILIKE 'B%'", ["bat"]),
    ("name IN ('ant', 'dog')", ["ant", "dog"]),
    ("model_type = 'cnn'", ["ant", "bat"]),
    ("params.lr = '0.1'", ["ant", "cow"]),
    ("params.lr != '0.1'", ["bat"]),
    ("tags.t = 'x'", ["ant", "dog"]),
    ("metrics.acc > 0.6", ["bat", "cow"]),
    ("metrics.acc <= 0.7", ["ant", "cow"]),
    ("metrics.acc > 0.6 AND model_type = 'vit'", ["cow"]),
    ("creation_timestamp > 0", ["ant", "bat", "cow", "dog"]),
    ("creation_time < 5", []),
    ("source_run_id = 'nobody'", []),
]


@pytest.mark.parametrize("text, expected", MODEL_FILTERS, ids=[t for t, _ in MODEL_FILTERS])
def test_search_filter(client, zoo, text, expected):
    found = client.search_logged_models([zoo[0]], text, order_by=[{"field_name": "name"}])
    assert [m.name for m in found] == expected


def test_search_by_data_set(client, zoo):
    def names(text, **dataset):
        return sorted(m.name for m in client.search_logged_models([zoo[0]], text, datasets=[dataset]))

    assert names("metrics.acc > 0.6", dataset_name="d", dataset_digest="0") == ["cow"]
    assert names("metrics.acc > 0.6", dataset_name="d", dataset_digest="1") == ["bat"]
    assert names("metrics.acc > 0.6", dataset_name="other", dataset_digest="0") == []
    assert names("", dataset_name="d", dataset_digest="0") == ["ant", "cow"]


@pytest.mark.differs("over REST the reference looks for metrics without a digest")
def test_search_by_the_name_of_a_data_set(client, zoo):
    found = client.search_logged_models([zoo[0]], "metrics.acc > 0.6", datasets=[{"dataset_name": "d"}])
    assert sorted(m.name for m in found) == ["bat", "cow"]


MODEL_ORDERS = [
    ([{"field_name": "name", "ascending": False}], ["dog", "cow", "bat", "ant"]),
    ([{"field_name": "metrics.acc", "ascending": False}], ["bat", "cow", "ant", "dog"]),
    ([{"field_name": "metrics.acc"}], ["ant", "cow", "bat", "dog"]),
    ([{"field_name": "model_type", "ascending": False}, {"field_name": "name"}], ["cow", "dog", "ant", "bat"]),
    ([{"field_name": "creation_timestamp"}], ["ant", "bat", "cow", "dog"]),
]


@pytest.mark.parametrize("order, expected", MODEL_ORDERS, ids=[str(o) for o, _ in MODEL_ORDERS])
@pytest.mark.parametrize("page", [1, 3, 10])
def test_search_order_and_pages(client, zoo, order, expected, page):
    seen, token = [], None
    while True:
        part = client.search_logged_models([zoo[0]], order_by=order, max_results=page, page_token=token)
        seen += [m.name for m in part]
        token = part.token
        if not token:
            break
    assert seen == expected


@pytest.mark.parametrize("text", ["metric.acc > 1", "name > 'x'", "metrics.acc LIKE 'x'", "name"])
def test_bad_search_filter(client, zoo, text):
    with pytest.raises(MlflowException) as raised:
        client.search_logged_models([zoo[0]], text)
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.differs("the reference answers 500")
def test_unknown_attribute(client, zoo):
    test_bad_search_filter(client, zoo, "nobody = 'x'")


def test_search_data_frame(zoo):
    frame = mlflow.search_logged_models([zoo[0]], output_format="pandas")
    assert sorted(frame["name"]) == ["ant", "bat", "cow", "dog"]
