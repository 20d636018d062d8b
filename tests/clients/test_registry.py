# SPDX-License-Identifier: Apache-2.0
"""The model registry by the official client: models and versions, aliases, stages, tags, search, and what is loaded."""

import concurrent.futures
import json
import time
import uuid

import mlflow
import numpy as np
import pytest
from conftest import Rest, unique
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression

X, Y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])


def fitted(c=1.0):
    return LogisticRegression(C=c).fit(X, Y)


def logged(**kwargs):
    with mlflow.start_run() as run:
        return run.info.run_id, mlflow.sklearn.log_model(fitted(), name="model", pip_requirements=[], **kwargs)


def loads(uri):
    return (mlflow.pyfunc.load_model(uri).predict(X) == fitted().predict(X)).all()


def refused(code, call, *args, **kwargs):
    with pytest.raises(MlflowException) as raised:
        call(*args, **kwargs)
    assert raised.value.error_code == code, raised.value
    return str(raised.value)


@pytest.fixture
def name(request):
    return unique(request.node.name[:100].replace("/", "-").replace(":", "-"))


@pytest.fixture
def bare(client, name):
    """The name of a model with two versions of nothing in particular."""
    client.create_registered_model(name)
    for n in (1, 2):
        client.create_model_version(name, f"s3://bucket/{n}", description=f"the {n}th")
    return name


# ---- registered models ----


def test_a_registered_model(client, name):
    made = client.create_registered_model(name, tags={"a": "1"}, description="what it is")
    assert (made.name, made.tags, made.description, made.latest_versions) == (name, {"a": "1"}, "what it is", [])
    assert made.creation_timestamp == made.last_updated_timestamp
    refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, name)
    changed = client.update_registered_model(name, "another")
    assert changed.description == "another" and changed.last_updated_timestamp >= made.creation_timestamp
    client.set_registered_model_tag(name, "a", "2")
    client.set_registered_model_tag(name, "b", "")
    client.delete_registered_model_tag(name, "never set")
    assert client.get_registered_model(name).tags == {"a": "2", "b": ""}
    client.delete_registered_model_tag(name, "a")
    assert client.get_registered_model(name).tags == {"b": ""}
    client.delete_registered_model(name)
    refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, name)
    assert client.create_registered_model(name).tags == {}  # another one


def test_rename(client, bare):
    to = unique("renamed")
    client.set_registered_model_alias(bare, "best", 1)
    client.rename_registered_model(bare, to)
    assert client.get_registered_model(to).name == to
    refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, bare)
    assert client.get_model_version_by_alias(to, "best").name == to
    assert [v.version for v in client.search_model_versions(f"name = '{to}'")] == ["2", "1"]
    taken = client.create_registered_model(unique("taken")).name
    refused("RESOURCE_ALREADY_EXISTS", client.rename_registered_model, to, taken)


@pytest.mark.parametrize("bad", ["", " ", "a/b", "a:b", "..", "."])
def test_bad_names(client, bad):
    refused("INVALID_PARAMETER_VALUE", client.create_registered_model, bad)


@pytest.mark.differs("what stands behind an '@' is an alias, in every dialect")
def test_no_at_in_names(client):
    refused("INVALID_PARAMETER_VALUE", client.create_registered_model, unique("a@b"))


# ---- versions ----


def test_versions(client, bare):
    v = client.get_model_version(bare, 1)
    assert (v.version, v.source, v.description, v.current_stage, v.status) == ("1", "s3://bucket/1", "the 1th", "None", "READY")
    assert client.get_model_version_download_uri(bare, "1") == "s3://bucket/1"
    assert client.update_model_version(bare, "1", "new").description == "new"
    client.set_model_version_tag(bare, "1", "k", "v")
    assert client.get_model_version(bare, "1").tags == {"k": "v"}
    client.delete_model_version_tag(bare, "1", "k")
    assert client.get_model_version(bare, "1").tags == {}
    client.delete_model_version(bare, "2")
    for gone in ("2", "3"):
        refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, bare, gone)
    refused("RESOURCE_DOES_NOT_EXIST", client.delete_model_version, bare, "2")
    assert client.create_model_version(bare, "s3://bucket/3").version == "3"  # numbers are not given again
    refused("RESOURCE_DOES_NOT_EXIST", client.create_model_version, unique("nobody"), "s3://bucket/1")
    assert [v.version for v in client.search_model_versions(f"name = '{bare}'", order_by=["version_number"])] == ["1", "3"]


def test_registering_from_a_run(client, experiment, name):
    run_id, _ = logged()
    with mlflow.start_run(run_id):
        mlflow.log_dict({"a": 1}, "files/a.json")
    client.create_registered_model(name)
    version = client.create_model_version(name, f"runs:/{run_id}/files", run_id)
    assert (version.version, version.run_id, version.source) == ("1", run_id, f"runs:/{run_id}/files")
    folder = mlflow.artifacts.download_artifacts(f"models:/{name}/1")
    assert json.load(open(f"{folder}/a.json")) == {"a": 1}


def registrations(client, info):
    """The client notes each version too, its number as text."""
    tag = json.loads(client.get_logged_model(info.model_id).tags["mlflow.modelVersions"])
    return {(str(r["version"]), r["name"]) for r in tag}


def test_registering_a_logged_model(client, experiment, name):
    run_id, info = logged(registered_model_name=name)
    version = client.get_model_version(name, 1)
    assert (version.run_id, version.source) == (run_id, f"models:/{info.model_id}")
    assert ("1", name) in registrations(client, info)
    assert mlflow.register_model(info.model_uri, name).version == "2"
    assert {("1", name), ("2", name)} <= registrations(client, info)
    assert mlflow.register_model(f"runs:/{run_id}/model", name).version == "3"  # finds the logged model
    client.set_registered_model_alias(name, "champion", 1)
    client.transition_model_version_stage(name, 2, "Production")
    for uri in (f"models:/{name}/1", f"models:/{name}@champion", f"models:/{name}/Production", f"models:/{name}/latest"):
        assert loads(uri), uri
    assert mlflow.models.get_model_info(f"models:/{name}@champion").model_id == info.model_id


def test_copies(client, experiment, name):
    run_id, info = logged(registered_model_name=name)
    client.set_model_version_tag(name, 1, "k", "v")
    to = unique("copy")
    copy = client.copy_model_version(f"models:/{name}/1", to)
    assert (copy.version, copy.source, copy.run_id) == ("1", f"models:/{name}/1", run_id)
    assert copy.tags == {"k": "v"}
    assert loads(f"models:/{to}/1")
    external = client.create_model_version(name, "s3://bucket/x")
    again = client.copy_model_version(f"models:/{name}/{external.version}", to)
    assert client.get_model_version_download_uri(to, again.version) == "s3://bucket/x"
    refused("INVALID_PARAMETER_VALUE", client.create_model_version, to, f"models:/{name}/1", run_id=uuid.uuid4().hex)


def test_what_is_not_there_is_left_where_it_is(client, run, name):
    client.create_registered_model(name)
    source = client.get_run(run).info.artifact_uri + "/nothing"
    client.create_model_version(name, source, run_id=run)
    assert client.get_model_version_download_uri(name, 1) == source


SOURCES = [
    "/etc/passwd",
    "file:///etc/passwd",
    "file://other.host/etc/passwd",
    "./relative",
    "s3://bucket/../x",
    "s3://bucket/%2e%2e/x",
    "s3://bucket/%252e%252e/x",
    "s3://bucket/a%00",
    "s3://bucket",
    "mlflow-artifacts:/0/somebody/artifacts",
    "mlflow-artifacts://other.host/0/x",
    "http://some.host/api/2.0/mlflow-artifacts/artifacts/0/x",
    "runs:/",
    "runs://host/x",
    "models:/",
    "models:/m-" + "0" * 32,
    "models://host/name/1",
]


@pytest.mark.parametrize("source", SOURCES)
def test_bad_sources(rest, client, run, bare, source):
    for more in ({}, {"run_id": run}):
        reply = rest.post("model-versions/create", {"name": bare, "source": source, **more})
        assert 400 <= reply.status_code < 600 and reply.status_code != 501, (source, more, reply.text)
    assert client.get_registered_model(bare).latest_versions[0].version == "2"


def test_a_source_of_another_run(client, experiment, run, bare):
    other = client.create_run(experiment).info.run_id
    refused("INVALID_PARAMETER_VALUE", client.create_model_version, bare, f"runs:/{other}/x", run_id=run)
    uri = client.get_run(other).info.artifact_uri
    refused("INVALID_PARAMETER_VALUE", client.create_model_version, bare, uri + "/x", run_id=run)
    refused("INVALID_PARAMETER_VALUE", client.create_model_version, bare, uri + "x", run_id=other)


# ---- what is published is sealed ----


@pytest.mark.own_server
def test_sealed_files_outlive_their_run(new_server, tmp_path):
    server = new_server()
    port = server.servers[0].port
    mlflow.set_tracking_uri(server.uri)
    client, name = MlflowClient(server.uri), unique("sealed")
    mlflow.set_experiment("sealed")
    run_id, info = logged(registered_model_name=name)
    experiment_id = client.get_run(run_id).info.experiment_id
    uri = client.get_model_version_download_uri(name, 1)
    assert uri.startswith("mlflow-artifacts:/_versions/")
    before = {f.path: f.file_size for f in client.list_logged_model_artifacts(info.model_id)}
    (tmp_path / "MLmodel").write_text("changed")
    client.log_model_artifact(info.model_id, str(tmp_path / "MLmodel"))  # of the draft, not of what was published
    assert loads(f"models:/{name}/1")
    client.delete_logged_model(info.model_id)
    client.delete_run(run_id)
    client.set_experiment_tag(experiment_id, "k", "v")
    server.stop_servers()
    collected = server.command("gc", "--older-than", "0s")
    assert collected.returncode == 0, collected.stderr
    server.start_at(port)
    assert loads(f"models:/{name}/1")
    listed = {f.path.partition("/")[2]: f.file_size for f in mlflow.artifacts.list_artifacts(uri)}
    assert listed == before
    client.delete_model_version(name, 1)
    assert mlflow.artifacts.list_artifacts(uri) == []


@pytest.mark.differs("the reference serves what the source holds now")
def test_the_place_of_a_version(client, rest, run, name):
    client.log_dict(run, {"a": 1}, "m/f/a.json")
    client.log_text(run, "0123456789", "m/t.txt")
    client.create_registered_model(name)
    version = client.create_model_version(name, f"runs:/{run}/m", run)
    uri = client.get_model_version_download_uri(name, version.version)
    place = uri.removeprefix("mlflow-artifacts:/")
    proxy = "/api/2.0/mlflow-artifacts/artifacts"
    assert [(f["path"], f["is_dir"]) for f in rest.ok("GET", proxy, params={"path": place})["files"]] == [("f", True), ("t.txt", False)]
    assert rest.ok("GET", proxy, params={"path": place + "/f"})["files"][0]["path"] == "a.json"
    assert rest.ok("GET", proxy, params={"path": place + "/nobody"}) == {}
    whole = rest.send("GET", f"{proxy}/{place}/t.txt")
    assert (whole.text, whole.headers["Content-Length"]) == ("0123456789", "10")
    part = rest.send("GET", f"{proxy}/{place}/t.txt", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.text) == (206, "234")
    cached = rest.send("GET", f"{proxy}/{place}/t.txt", headers={"If-None-Match": whole.headers["ETag"]})
    assert cached.status_code == 304
    for path in (place, place + "/f", place + "/nobody", "_versions/" + "0" * 32 + "/x", "_versions/x"):
        assert rest.send("GET", f"{proxy}/{path}").status_code == 404, path
    for method, path in (("PUT", "/t.txt"), ("PUT", "/new"), ("DELETE", "/t.txt"), ("DELETE", "")):
        reply = rest.send(method, f"{proxy}/{place}{path}", data=b"x")
        assert (reply.status_code, reply.json()["error_code"]) == (403, "PERMISSION_DENIED"), reply.text
    reply = rest.send("POST", f"/api/2.0/mlflow-artifacts/mpu/create/{place}/t.txt", json={"path": "t.txt", "num_parts": 1})
    assert reply.status_code == 403, reply.text
    assert rest.send("DELETE", f"{proxy}/_versions").status_code == 403
    got = rest.send("GET", "/model-versions/get-artifact", params={"name": name, "version": "1", "path": "f/a.json"})
    assert (got.status_code, got.json()) == (200, {"a": 1})


# ---- aliases and stages ----


def test_aliases(client, bare):
    client.set_registered_model_alias(bare, "champion", 1)
    client.set_registered_model_alias(bare, "Best-of_all", "1")
    assert client.get_model_version(bare, 1).aliases == ["Best-of_all", "champion"]
    assert client.get_registered_model(bare).aliases == {"Best-of_all": "1", "champion": "1"}
    client.set_registered_model_alias(bare, "champion", 2)
    assert client.get_model_version_by_alias(bare, "champion").version == "2"
    assert client.get_model_version_by_alias(bare, "latest").version == "2"
    client.delete_registered_model_alias(bare, "champion")
    client.delete_registered_model_alias(bare, "champion")
    refused("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, bare, "champion")
    client.delete_model_version(bare, 1)
    assert client.get_registered_model(bare).aliases == {}
    for bad in ("latest", "LATEST", "v1", "V22", "a b", "a.b", "a/b", "x" * 256):
        refused("INVALID_PARAMETER_VALUE", client.set_registered_model_alias, bare, bad, 2)
    refused("RESOURCE_DOES_NOT_EXIST", client.set_registered_model_alias, bare, "a", 77)


def test_stages(client, bare):
    client.create_model_version(bare, "s3://bucket/3")
    assert client.transition_model_version_stage(bare, 1, "production").current_stage == "Production"
    client.transition_model_version_stage(bare, 2, "Staging")
    assert {v.current_stage: v.version for v in client.get_registered_model(bare).latest_versions} == {
        "Production": "1", "Staging": "2", "None": "3"}  # fmt: skip
    assert [v.version for v in client.get_latest_versions(bare, ["Production", "Archived"])] == ["1"]
    client.transition_model_version_stage(bare, 3, "Production", archive_existing_versions=True)
    assert {v.current_stage: v.version for v in client.get_latest_versions(bare)} == {
        "Archived": "1", "Staging": "2", "Production": "3"}  # fmt: skip
    refused("INVALID_PARAMETER_VALUE", client.transition_model_version_stage, bare, 1, "nowhere")
    refused("INVALID_PARAMETER_VALUE", client.get_latest_versions, bare, ["nowhere"])


@pytest.mark.differs("not an internal error, which clients repeat")
def test_only_active_stages_archive(client, bare):
    refused("INVALID_PARAMETER_VALUE", client.transition_model_version_stage, bare, 1, "None", True)


def at_once(n, call):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return list(pool.map(call, range(n)))


def test_numbers_taken_at_once(uri, client, name):
    client.create_registered_model(name)
    made = at_once(32, lambda i: MlflowClient(uri).create_model_version(name, f"s3://bucket/{i}").version)
    assert sorted(map(int, made)) == list(range(1, 33))


def stale(writes, reads):
    """Reads that no order of the moves explains: of a move that had not begun; of one that another had surely replaced,
    before the read or, as an earlier read saw, before that. Operations are (begin, end, value), each value moved to once."""
    by_value = {value: (begin, end) for begin, end, value in writes}
    for begin, end, value in reads:
        moved, done = by_value[value]
        replaced = (w for w in writes if done < w[0])
        seen = (by_value[r[2]] for r in reads if r[1] < begin)
        if moved > end or any(w[1] < begin for w in replaced) or any(done < w[0] for w in seen):
            yield begin, end, value


@pytest.mark.differs("the reference's SQLite is locked")
def test_aliases_moved_at_once(uri, client, name):
    clients, moves = 64, 4
    client.create_registered_model(name)
    numbers = [client.create_model_version(name, f"s3://bucket/{i}").version for i in range(clients * moves)]
    writes, reads = [], []

    def work(i):
        rest, alias = Rest(uri), {"name": name, "alias": "prod"}
        for number in numbers[i * moves : (i + 1) * moves]:
            begin = time.monotonic()
            rest.ok("POST", "registered-models/alias", json={**alias, "version": number})
            writes.append((begin, time.monotonic(), number))
            begin = time.monotonic()
            got = rest.ok("GET", "registered-models/alias", params=alias)["model_version"]
            reads.append((begin, time.monotonic(), got["version"]))
            assert got["aliases"] == ["prod"]

    at_once(clients, work)
    assert list(stale(writes, reads)) == []
    [at] = [v.version for v in client.search_model_versions(f"name = '{name}'") if v.aliases]
    assert client.get_model_version_by_alias(name, "prod").version == at


# ---- search ----


def test_search_registered_models(client, name):
    for i, tags in enumerate([{"k": "a"}, {"k": "b", "l": "x"}, {}]):
        client.create_registered_model(f"{name} {i}", tags=tags)

    def found(text, **kwargs):
        return [m.name.rsplit(" ")[-1] for m in client.search_registered_models(f"name LIKE '{name}%'{text}", **kwargs)]

    assert found("") == ["0", "1", "2"]
    assert found("", order_by=["name DESC"]) == ["2", "1", "0"]
    assert found(" AND tags.k = 'a'") == ["0"]
    assert found(" AND tags.k != 'a'") == ["1"]
    assert found(" AND tags.k ILIKE '%B%' AND tags.l = 'x'") == ["1"]
    assert found(f" AND name = '{name} 2'") == ["2"]
    assert found(f" AND name IN ('{name} 2', '{name} 0', '{name} 0')") == ["0", "2"]
    client.update_registered_model(f"{name} 1", "x")
    assert found("", order_by=["last_updated_timestamp DESC", "name"])[0] == "1"
    page = client.search_registered_models(f"name LIKE '{name}%'", max_results=2)
    rest = client.search_registered_models(f"name LIKE '{name}%'", max_results=2, page_token=page.token)
    assert [len(page), len(rest), bool(page.token), bool(rest.token)] == [2, 1, True, False]
    refused("INVALID_PARAMETER_VALUE", client.search_registered_models, "tags.k > 'a'")
    refused("INVALID_PARAMETER_VALUE", client.search_registered_models, "nobody = 'a'")
    refused("INVALID_PARAMETER_VALUE", client.search_registered_models, order_by=["nobody"])


def test_search_versions(client, experiment, run, bare):
    client.create_model_version(bare, f"runs:/{run}/x", run_id=run, tags={"k": "v"})

    def found(text, **kwargs):
        return [v.version for v in client.search_model_versions(text, **kwargs)]

    mine = f"name = '{bare}'"
    assert found(mine, order_by=["version_number ASC"]) == ["1", "2", "3"]
    assert found(f"run_id = '{run}'") == ["3"]
    assert found(f"run_id IN ('{run}', '{'0' * 32}')") == ["3"]
    assert found(mine + " AND tags.k = 'v'") == ["3"]
    assert found(mine + " AND version_number > 1", order_by=["version_number DESC"]) == ["3", "2"]
    assert found(mine + " AND source_path LIKE 's3://%'", order_by=["version_number"]) == ["1", "2"]
    assert found(f"name LIKE '{bare}%' AND version_number = '2'") == ["2"]
    assert found("name = 'nobody at all'") == []
    client.set_model_version_tag(bare, 1, "k", "w")
    client.update_model_version(bare, 1, "the newest")
    assert found(mine)[0] == "1"
    token, pages = None, []
    while token is not None or not pages:
        page = client.search_model_versions(mine, max_results=2, order_by=["version_number"], page_token=token)
        pages.append([v.version for v in page])
        token = page.token or None
    assert pages == [["1", "2"], ["3"]]
    client.delete_model_version(bare, 3)
    assert found(f"run_id = '{run}'") == []
    refused("INVALID_PARAMETER_VALUE", client.search_model_versions, "version_number LIKE '1'")
    refused("INVALID_PARAMETER_VALUE", client.search_model_versions, mine, max_results=0)


def test_nothing_of_a_deleted_model_is_found(client, bare):
    client.set_registered_model_alias(bare, "a", 1)
    client.delete_registered_model(bare)
    assert list(client.search_model_versions(f"name = '{bare}'")) == []
    assert [m.name for m in client.search_registered_models(f"name = '{bare}'")] == []
    refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, bare, 1)
    client.create_registered_model(bare)
    assert client.get_registered_model(bare).aliases == {}
    assert client.create_model_version(bare, "s3://bucket/x").version == "1"
