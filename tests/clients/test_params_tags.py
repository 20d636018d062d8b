# SPDX-License-Identifier: Apache-2.0
import mlflow
import pytest
from mlflow.entities import Param, RunTag
from mlflow.exceptions import MlflowException
from rest import error_of

NAMES = ["a", "A", "0", "a.b", "a/b/c", "a b", "a-b", "a_b", "a:b", "lr (no)", "größe", "漢字", "é" * 250, "x" * 250]
GOOD = [n for n in NAMES if "(" not in n]
# name -> what it would resolve to as a path
PATHS = {"a//b": "a/b", "./a": "a", "a/": "a", "a/../b": "b", "../a": "../a", "/a": "/a", ".": ".", "..": "..", "a/.": "a"}
BAD = ["a,b", "a\tb", "a\nb", "a%b", "a=b", "a?b", 'a"b', "a'b", "a\\b", "🙂", "lr (no)", "a*b", "a@b", "a#b", "a+b"]


# ---- parameters ----


def test_params(client, experiment):
    with mlflow.start_run() as active:
        mlflow.log_param("lr", 0.001)
        mlflow.log_params({"layers": 3, "name": "x", "flag": True, "none": None, "list": [1, 2], "empty": ""})
    assert client.get_run(active.info.run_id).data.params == {
        "lr": "0.001", "layers": "3", "name": "x", "flag": "True", "none": "None", "list": "[1, 2]", "empty": ""
    }  # fmt: skip


def test_a_param_is_set_once(client, run):
    client.log_param(run, "p", "1")
    client.log_param(run, "p", "1")
    with pytest.raises(MlflowException) as raised:
        client.log_param(run, "p", "2")
    assert "Changing param values is not allowed" in raised.value.message
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
    assert client.get_run(run).data.params == {"p": "1"}


def test_the_message_of_a_changed_param(rest, run):
    rest.post("runs/log-parameter", {"run_id": run, "key": "p", "value": "1"})
    assert error_of(rest.post("runs/log-parameter", {"run_id": run, "key": "p", "value": "2"})) == (
        400,
        "INVALID_PARAMETER_VALUE",
        "Changing param values is not allowed. Param with key='p' was already logged with value='1' for run ID="
        f"'{run}'. Attempted logging new value '2'.",
    )


def test_the_message_of_a_batch_with_changed_params(rest, run):
    rest.log_batch(run, params=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    reply = rest.log_batch(run, params=[{"key": "a", "value": "1"}, {"key": "b", "value": "3"}])
    assert error_of(reply) == (
        400,
        "INVALID_PARAMETER_VALUE",
        "Changing param values is not allowed. Params were already logged='[{'key': 'b', 'old_value': '2', "
        f"'new_value': '3'}}]' for run ID='{run}'.",
    )


def test_long_values_are_cut(client, run):
    client.log_param(run, "p", "é" * 7000)
    assert client.get_run(run).data.params["p"] == "é" * 6000
    client.log_param(run, "p", "é" * 6000 + "other tail")  # the same once it is cut
    client.set_tag(run, "t", "漢" * 9000)
    assert client.get_run(run).data.tags["t"] == "漢" * 8000


def test_values_keep_every_character(client, run):
    value = "  line 1\nline 2\t\"quoted\" 'twice' \\ back/slash \u0001 \u2028 é 漢字 🙂 \ufeff  "
    client.log_param(run, "p", value)
    client.set_tag(run, "t", value)
    got = client.get_run(run).data
    assert (got.params["p"], got.tags["t"]) == (value, value)


@pytest.mark.parametrize("name", GOOD, ids=lambda n: n[:10])
def test_good_names(client, run, name):
    client.log_batch(run, params=[Param(name, "v")], tags=[RunTag(name, "v")])
    client.log_metric(run, name, 1)
    got = client.get_run(run).data
    assert got.params[name] == got.tags[name] == "v"
    assert got.metrics[name] == 1


def log_each(rest, run, name):
    """The replies of logging a parameter, a tag and a metric of this name."""
    yield rest.post("runs/log-parameter", {"run_id": run, "key": name, "value": "v"})
    yield rest.post("runs/set-tag", {"run_id": run, "key": name, "value": "v"})
    yield rest.post("runs/log-metric", {"run_id": run, "key": name, "value": 1, "timestamp": 1, "step": 0})


@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_bad_characters(rest, run, name):
    for reply in log_each(rest, run, name):
        status, code, message = error_of(reply)
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        assert "Names may only contain alphanumerics" in message


@pytest.mark.parametrize("name", PATHS, ids=ascii)
def test_names_that_are_other_paths(rest, run, name):
    for reply in log_each(rest, run, name):
        status, code, message = error_of(reply)
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        assert f"This name would resolve to {PATHS[name]!r}" in message


def test_long_names_are_refused(rest, run):
    for reply in log_each(rest, run, "é" * 251):
        status, code, message = error_of(reply)
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        assert "exceeds the maximum length of 250 characters" in message


# ---- tags ----


def test_tags_change(client, run):
    client.set_tag(run, "t", "1")
    client.set_tag(run, "t", "2")
    client.set_tag(run, "empty", "")
    tags = client.get_run(run).data.tags
    assert (tags["t"], tags["empty"]) == ("2", "")


def test_delete_tag(client, run):
    client.set_tag(run, "t", "1")
    client.delete_tag(run, "t")
    assert "t" not in client.get_run(run).data.tags
    with pytest.raises(MlflowException, match=f"No tag with name: t in run with id {run}") as raised:
        client.delete_tag(run, "t")
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_fluent_tags(client, experiment):
    with mlflow.start_run(tags={"a": "1"}) as active:
        mlflow.set_tags({"b": 2, "c": None})
        mlflow.set_tag("d", [1])
        mlflow.delete_tag("a")
    tags = client.get_run(active.info.run_id).data.tags
    assert {k: v for k, v in tags.items() if len(k) == 1} == {"b": "2", "c": "None", "d": "[1]"}


def test_many_params(client, experiment):
    with mlflow.start_run() as active:
        mlflow.log_params({f"p{i}": i for i in range(250)})  # the client sends three batches
        mlflow.set_tags({f"t{i}": i for i in range(250)})
    got = client.get_run(active.info.run_id).data
    assert len(got.params) == 250
    assert got.params["p249"] == "249"
    assert sum(k[0] == "t" for k in got.tags) == 250
