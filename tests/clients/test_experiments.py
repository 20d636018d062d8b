# SPDX-License-Identifier: Apache-2.0
import mlflow
import pytest
from conftest import unique
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException, RestException


def test_default_experiment_is_there(client):
    default = client.get_experiment("0")
    assert default.name == "Default"
    assert default.lifecycle_stage == "active"


def test_create_and_get(client):
    name = unique("create")
    experiment_id = client.create_experiment(name, tags={"team": "vision", "empty": ""})
    assert isinstance(experiment_id, str) and experiment_id.isdigit()
    for got in (client.get_experiment(experiment_id), client.get_experiment_by_name(name)):
        assert got.experiment_id == experiment_id
        assert got.name == name
        assert got.tags == {"team": "vision", "empty": ""}
        assert got.artifact_location == f"mlflow-artifacts:/{experiment_id}"
        assert got.creation_time == got.last_update_time > 1_600_000_000_000


def test_create_with_artifact_location(client):
    at = client.create_experiment(unique("elsewhere"), artifact_location="s3://bucket/some/where")
    assert client.get_experiment(at).artifact_location == "s3://bucket/some/where"
    run = client.create_run(at)
    assert run.info.artifact_uri == f"s3://bucket/some/where/{run.info.run_id}/artifacts"


def test_query_of_an_artifact_location_stays_behind_the_path(client):
    at = client.create_experiment(unique("query"), artifact_location="s3://bucket/path?region=x")
    run = client.create_run(at)
    assert run.info.artifact_uri == f"s3://bucket/path/{run.info.run_id}/artifacts?region=x"


def test_set_experiment_creates_once():
    name = unique("fluent")
    first = mlflow.set_experiment(name)
    assert mlflow.set_experiment(name).experiment_id == first.experiment_id


def test_same_name_twice_is_refused(client):
    name = unique("twice")
    first = client.create_experiment(name)
    with pytest.raises(RestException, match="already exists") as raised:
        client.create_experiment(name)
    assert raised.value.error_code == "RESOURCE_ALREADY_EXISTS"
    client.delete_experiment(first)
    with pytest.raises(RestException) as raised:  # a deleted one keeps its name
        client.create_experiment(name)
    assert raised.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_unknown_ones(client):
    assert client.get_experiment_by_name(unique("nobody")) is None
    with pytest.raises(MlflowException, match="No Experiment with id=987654321 exists") as raised:
        client.get_experiment("987654321")
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_rename(client):
    a, taken = client.create_experiment(unique("a")), unique("taken")
    client.create_experiment(taken)
    before = client.get_experiment(a)
    new = unique("b")
    client.rename_experiment(a, new)
    got = client.get_experiment(a)
    assert got.name == new
    assert got.last_update_time >= before.last_update_time
    assert client.get_experiment_by_name(before.name) is None
    with pytest.raises(MlflowException):
        client.rename_experiment(a, taken)
    assert client.get_experiment(a).name == new


def test_delete_and_restore_take_the_runs_along(client, experiment):
    kept, gone = (client.create_run(experiment).info.run_id for _ in range(2))
    client.delete_run(gone)
    client.delete_experiment(experiment)
    assert client.get_experiment(experiment).lifecycle_stage == "deleted"
    assert client.get_run(kept).info.lifecycle_stage == "deleted"
    with pytest.raises(MlflowException):
        client.create_run(experiment)
    with pytest.raises(MlflowException):
        client.delete_experiment(experiment)
    client.restore_experiment(experiment)
    assert client.get_experiment(experiment).lifecycle_stage == "active"
    assert client.get_run(kept).info.lifecycle_stage == "active"
    with pytest.raises(MlflowException):
        client.restore_experiment(experiment)


def test_deleted_experiment_in_views(client):
    name = unique("views")
    at = client.create_experiment(name)
    client.delete_experiment(at)

    def seen(view):
        return [e.experiment_id for e in client.search_experiments(view, filter_string=f"name = '{name}'")]

    assert seen(ViewType.ACTIVE_ONLY) == []
    assert seen(ViewType.DELETED_ONLY) == [at]
    assert seen(ViewType.ALL) == [at]


def test_tags(client, experiment):
    client.set_experiment_tag(experiment, "mlflow.note.content", "what this is about")
    client.set_experiment_tag(experiment, "k", "1")
    client.set_experiment_tag(experiment, "k", "2")
    client.set_experiment_tag(experiment, "größe/漢字", "ÄÖÜ 🙂")
    tags = client.get_experiment(experiment).tags
    assert tags["k"] == "2"
    assert tags["größe/漢字"] == "ÄÖÜ 🙂"
    assert tags["mlflow.note.content"] == "what this is about"
    client.delete_experiment_tag(experiment, "k")
    assert "k" not in client.get_experiment(experiment).tags
    with pytest.raises(MlflowException, match="No tag with name: k") as raised:
        client.delete_experiment_tag(experiment, "k")
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_unicode_names(client):
    name = unique("实验 – éxpérience 🙂 'quoted' \"twice\"")
    at = client.create_experiment(name)
    assert client.get_experiment_by_name(name).experiment_id == at
    assert client.get_experiment(at).name == name


def test_two_clients_see_each_other(uri):
    name = unique("two clients")
    at = MlflowClient(uri).create_experiment(name)
    assert MlflowClient(uri).get_experiment_by_name(name).experiment_id == at
