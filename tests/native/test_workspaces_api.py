# SPDX-License-Identifier: Apache-2.0
"""Workspaces in the native API and the commands: their life, roles in them, and that nothing of one is seen from another,
the bytes that all of them share included."""

import pytest
import servers
from cli import Cli
from objects import OBJECTS, frames, sha

from conftest import Native, problem, unique

OPERATOR = "the-operators-own-token"


@pytest.fixture(scope="module")
def server(engine):
    started = servers.Stemma(engine, env={"STEMMA_TOKEN": OPERATOR})
    yield started
    started.stop()


def within(server, workspace=None, token=OPERATOR):
    api = Native(server.uri)
    api.session.headers["Authorization"] = f"Bearer {token}"
    if workspace:
        api.session.headers["X-MLflow-Workspace"] = workspace
    return api


@pytest.fixture
def api(server):
    return within(server)


@pytest.fixture
def pair_of(api, server):
    """Two new workspaces, each as who operates the server sees it."""
    names = [unique("w") for _ in range(2)]
    for name in names:
        api.ok("POST", "workspaces", json={"name": name})
    return [within(server, name) for name in names]


def test_a_workspace_lives(api, server):
    name = unique("team")
    reply = api.post("workspaces", {"name": name, "description": "d"})
    assert (reply.status_code, reply.json()["name"], reply.json()["description"]) == (201, name, "d")
    made = reply.json()
    assert api.ok("GET", f"workspaces/{name}") == made
    assert api.ok("PATCH", f"workspaces/{name}", json={"description": "new"})["description"] == "new"
    assert name in [w["name"] for w in api.all("workspaces", limit=1)]
    mine = within(server, name)
    assert mine.ok("GET", "whoami")["workspace"] == mine.ok("GET", "server")["workspace"] == name
    assert mine.ok("GET", "projects/0")["artifact_location"] == f"mlflow-artifacts:/workspaces/{name}/0"
    project = mine.project()["number"]
    assert problem(api.call("DELETE", f"workspaces/{name}")) == (400, "STATE")
    assert problem(api.post("workspaces", {"name": name})) == (400, "EXISTS")
    assert problem(api.post("workspaces", {"name": "Not-Like-This"})) == (400, "INVALID")
    assert problem(api.call("DELETE", "workspaces/default")) == (400, "INVALID")
    assert problem(api.get("workspaces/not-there")) == (404, "NOT_FOUND")
    assert problem(within(server, "not-there").get("projects")) == (404, "NOT_FOUND")
    assert project == 1
    empty = unique("empty")
    api.ok("POST", "workspaces", json={"name": empty})
    assert api.ok("DELETE", f"workspaces/{empty}") == {}
    assert problem(within(server, empty).get("projects")) == (404, "NOT_FOUND")


def test_an_upload_outlives_no_workspace(api, server):
    """Its body was still coming when the workspace was deleted: it is refused, not kept where nobody can read it."""
    name = unique("short")
    api.ok("POST", "workspaces", json={"name": name})

    def body():
        yield b"first"
        api.ok("DELETE", f"workspaces/{name}")
        yield b"second"

    reply = within(server, name).session.put(
        f"{server.uri}/api/2.0/mlflow-artifacts/artifacts/file", data=body(), timeout=60)
    assert reply.status_code == 404, reply.text


def test_roles_are_a_workspaces(api, server, pair_of):
    one, two = (a.session.headers["X-MLflow-Workspace"] for a in pair_of)
    user = unique("u")
    secret = pair_of[0].ok("POST", "users", json={"name": user, "role": "writer", "token": True})["secret"]
    in_one, in_two, at_default = (within(server, w, secret) for w in (one, two, None))
    assert in_one.ok("GET", "whoami")["role"] == "writer"
    in_one.project()
    assert problem(in_two.get("projects")) == (404, "NOT_FOUND")  # as if it were not there
    assert problem(at_default.get("projects")) == (403, "FORBIDDEN")
    assert [w["name"] for w in at_default.all("workspaces")] == [one]
    assert problem(at_default.get(f"workspaces/{two}")) == (404, "NOT_FOUND")
    assert at_default.ok("GET", f"workspaces/{one}")["name"] == one
    assert problem(in_one.post("workspaces", {"name": unique("w")})) == (403, "FORBIDDEN")
    # An admin of a workspace gives roles there, and operates nothing.
    pair_of[0].ok("PUT", f"users/{user}/role", json={"role": "admin"})
    friend = api.ok("POST", "users", json={"name": unique("f")})["user"]["name"]
    assert in_one.ok("PUT", f"users/{friend}/role", json={"role": "reader"})["role"] == "reader"
    assert problem(in_two.call("PUT", f"users/{friend}/role", json={"role": "reader"})) == (404, "NOT_FOUND")
    assert problem(in_one.post(f"users/{friend}/tokens", {})) == (403, "FORBIDDEN")


def artifact(api, server, run, method, **kwargs):
    return api.session.request(method, f"{server.uri}/api/v1/runs/{run}/files/f.txt", timeout=30, **kwargs)


def test_nothing_is_seen_from_another(server, pair_of):
    one, two = pair_of
    run = one.ok("POST", "runs", json={"project": "0", "name": "secret"})["id"]
    one.ok("POST", f"runs/{run}/log", json={"points": [{"key": "loss", "step": 1, "value": 0.5}]})
    assert artifact(one, server, run, "PUT", data=b"secret").status_code < 300
    one.ok("POST", "repos", json={"name": "bot"})
    mlflow = f"{server.uri}/api/2.0/mlflow/"
    made = one.session.post(mlflow + "model-versions/create", json={"name": "bot", "source": "s3://b/m"}, timeout=30)
    assert made.status_code == 200
    one.ok("PUT", "repos/bot/refs/prod", json={"version": 1})
    gone = (404, "NOT_FOUND")
    for path in (f"runs/{run}", f"runs/{run}/series", f"runs/{run}/points?key=loss", f"runs/{run}/files", f"runs/{run}/console",
                 "repos/bot", "repos/bot/versions", "repos/bot/versions/1", "repos/bot/refs", "resolve?address=bot@prod"):  # fmt: skip
        assert one.get(path).status_code == 200, path
        assert problem(two.get(path)) == gone, path
    assert artifact(one, server, run, "GET").content == b"secret"
    assert artifact(two, server, run, "GET").status_code == 404
    assert problem(two.post(f"runs/{run}/log", {"points": [{"key": "a", "step": 1, "value": 1}]})) == gone
    assert problem(two.call("DELETE", f"runs/{run}")) == gone
    assert two.ok("POST", "runs/search", json={})["items"] == []
    assert two.all("events") == [] and two.all("repos") == []
    for path in (f"mlflow/runs/get?run_id={run}", "mlflow/registered-models/get?name=bot", "mlflow/model-versions/get?name=bot&version=1",
                 f"mlflow-artifacts/artifacts/workspaces/{one.session.headers['X-MLflow-Workspace']}/0/{run}/artifacts/f.txt"):  # fmt: skip
        url = f"{server.uri}/api/2.0/{path}"
        assert one.session.get(url, timeout=30).status_code == 200, path
        assert two.session.get(url, timeout=30).status_code == 404, path


def test_nothing_is_measured_on_data_of_another(server, pair_of):
    """By its address it is not there, and the lineage of neither tells of it."""
    one, two = pair_of
    for api, name, kind in ((one, "exam", "data"), (two, "bot", "model")):
        file = {"path": "f", "size": len(name), "sha256": send(api, name.encode())}
        tree = api.ok("POST", "trees", json={"put": [file]})["tree"]
        api.ok("POST", f"repos/{name}/versions", json={"tree": tree, "kind": kind})
    workspace = one.session.headers["X-MLflow-Workspace"]
    for data in ("exam@1", f"{workspace}/exam@1"):
        body = {"suite": "s", "scores": [{"name": "a", "value": 1}], "data": data}
        assert problem(two.post("repos/bot/versions/1/evaluations", body)) == (404, "NOT_FOUND")
    assert two.ok("GET", "repos/bot/versions/1/evaluations")["items"] == []
    assert len(one.ok("GET", "lineage?of=exam@1")["nodes"]) == 1


def send(api, data):
    """POST objects: one of these bytes; its digest."""
    api.ok("POST", "objects", data=frames(data), headers=OBJECTS)
    return sha(data)


def test_bytes_of_another_can_not_be_asked_for(api, pair_of):
    one, two = pair_of
    data = unique("weights").encode()
    digest = send(one, data)
    for other in (two, api):  # the default workspace is one like others
        assert other.ok("POST", "objects/missing", json={"digests": [digest]})["missing"] == [digest]
        assert problem(other.get(f"objects/{digest}")) == (404, "NOT_FOUND")
        file = {"path": "w", "size": len(data), "sha256": digest}
        assert problem(other.post("trees", {"put": [file]})) == (404, "NOT_FOUND")
    assert one.ok("POST", "objects/missing", json={"digests": [digest]})["missing"] == []
    tree = one.ok("POST", "trees", json={"put": [file]})["tree"]
    assert problem(two.get(f"trees/{tree}")) == (404, "NOT_FOUND")
    assert problem(two.post("trees", {"base": tree})) == (404, "NOT_FOUND")
    assert problem(two.post("repos/stolen/versions", {"tree": tree})) == (404, "NOT_FOUND")
    one.ok("POST", "repos/bot/versions", json={"tree": tree, "kind": "model"})
    assert one.get(f"objects/{digest}").content == data
    assert problem(two.get(f"objects/{digest}")) == (404, "NOT_FOUND")
    assert send(two, data) == digest  # who has the bytes may send them, and has them then
    assert two.get(f"objects/{digest}").content == data


def test_commands(server, tmp_path):
    cli = Cli("--url", server.uri, env={"STEMMA_TOKEN": OPERATOR})
    team = unique("team")
    assert cli.ok("workspace", "create", team, "-m", "for tests").out == f"created {team}\n"
    assert team in cli.ok("workspace", "list").out
    assert cli.ok("whoami", "--workspace", team, "--json").json["workspace"] == team
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(team.encode() * 1000)
    assert "bot@1" in cli.ok("push", folder, f"{team}/bot").out
    assert cli("show", "bot").code == 4 and cli.ok("show", f"{team}/bot", "--json").json["version"]["number"] == 1
    cli.ok("alias", f"{team}/bot@1", "prod", "-m", "first")
    assert "prod" in cli.ok("refs", f"{team}/bot").out and "prod" in cli.ok("history", f"{team}/bot@prod").out
    cli.ok("pull", f"{team}/bot@prod", tmp_path / "back")
    assert (tmp_path / "back" / "weights.bin").read_bytes() == team.encode() * 1000
    assert cli.ok("repos", "show", f"{team}/bot", "--json").json["name"] == "bot"
    assert cli("show", "nowhere/bot").code == 4
    # The same folder pushed elsewhere: what the server has from another workspace is sent again.
    assert cli.ok("push", folder, "bot", "--json").json["sent"]["objects"] == 1
    env = {"STEMMA_WORKSPACE": team}
    child = "env | grep -E '^(STEMMA|MLFLOW)_WORKSPACE=' | sort"
    shown = cli.ok("run", "--quiet", "--", "sh", "-c", child, env=env).out.split()
    assert shown == [f"MLFLOW_WORKSPACE={team}", f"STEMMA_WORKSPACE={team}"]
    assert len(cli.ok("runs", "list", "--json", env=env).json["items"]) == 1
    assert cli("workspace", "delete", team).code == 1
    cli.ok("workspace", "create", f"{team}-2")
    assert cli.ok("workspace", "delete", f"{team}-2").out == f"deleted {team}-2\n"


def test_what_the_server_writes_itself(server, pair_of):
    """Releases and prompts are sealed out of texts that nobody sent: beside other workspaces too, and in the default one."""
    for at in (within(server), *pair_of):
        bot, release = unique("bot"), unique("release")
        at.ok("POST", "repos", json={"name": bot})
        made = at.session.post(f"{server.uri}/api/2.0/mlflow/model-versions/create", json={"name": bot, "source": "s3://b/m"}, timeout=30)
        assert made.status_code == 200
        pinned = at.ok("POST", f"repos/{release}/releases", json={"pins": [f"{bot}@1"]})
        assert [p["repo"] for p in pinned["parents"]] == [bot]
        assert [f["path"] for f in at.ok("GET", f"repos/{release}/versions/1/files")["items"]] == ["release.json"]


def test_background_work_serves_all(api, server, pair_of):
    """Points of each are packed and found, runs of each are folded, gc frees what each has in its bin."""
    for at in pair_of:
        run = at.ok("POST", "runs", json={"project": "0"})["id"]
        points = [{"key": "loss", "step": i, "value": i / 10} for i in range(3000)]
        at.ok("POST", f"runs/{run}/log", json={"points": points})
        found = at.ok("POST", "runs/search", json={"where": "metrics.loss.max > 299"})["items"]
        assert [r["id"] for r in found] == [run]
        at.ok("DELETE", f"runs/{run}")
    server.stop_servers()
    freed = server.command("gc", "--older-than", "0s", "--hold", "0", "--json")
    checked = server.command("check", "--json")
    server.start()
    assert freed.returncode == 0 and checked.returncode == 0, freed.stderr + checked.stderr
    for at in pair_of:
        at = within(server, at.session.headers["X-MLflow-Workspace"])
        assert at.ok("POST", "runs/search", json={"view": "all"})["items"] == []
        assert within(server).ok("DELETE", "workspaces/" + at.session.headers["X-MLflow-Workspace"]) == {}
