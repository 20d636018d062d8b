# SPDX-License-Identifier: Apache-2.0
"""Users, tokens and roles: over the API, by the commands, on a folder; what a token opens and when it stops to."""

import time

import pytest
import requests
import servers
from cli import Cli
from sse import Stream

from conftest import Native, problem, unique

OPERATOR = "the-operators-own-token"


@pytest.fixture(scope="module")
def server(engine):
    started = servers.Stemma(engine, env={"STEMMA_TOKEN": OPERATOR})
    yield started
    started.stop()


def with_token(uri, token):
    api = Native(uri)
    api.session.headers["Authorization"] = f"Bearer {token}"
    return api


@pytest.fixture
def api(server):
    return with_token(server.uri, OPERATOR)


def make(api, role="none", name=None):
    """(name, an API with the user's token)."""
    made = api.ok("POST", "users", json={"name": name or unique("u"), "role": role, "token": True, "label": "test"})
    return made["user"]["name"], with_token(api.uri.removesuffix("/api/v1/"), made["secret"])


def test_a_user_lives(api):
    name = unique("ann@example.org")
    made = api.ok("POST", "users", json={"name": name, "role": "writer"})
    assert made == {"user": {"name": name, "enabled": True, "role": "writer", "created_us": made["user"]["created_us"]}}
    assert api.ok("GET", f"users/{name}") == made["user"]
    assert api.ok("PUT", f"users/{name}/role", json={"role": "admin"})["role"] == "admin"
    assert api.ok("PATCH", f"users/{name}", json={"enabled": False})["enabled"] is False
    assert [u for u in api.all("users", limit=1) if u["name"] == name] == [{**made["user"], "enabled": False, "role": "admin"}]
    assert problem(api.post("users", {"name": name})) == (400, "EXISTS")
    for bad in ("with space", ".", ".."):
        assert problem(api.post("users", {"name": bad})) == (400, "INVALID")
    assert problem(api.get("users/nobody")) == (404, "NOT_FOUND")
    assert problem(api.call("PUT", f"users/{name}/role", json={"role": "king"})) == (400, "INVALID")


def test_a_token_lives(api, server):
    name, _ = make(api, "reader")
    reply = api.post(f"users/{name}/tokens", {"label": "ci"})
    token = reply.json()
    assert (reply.status_code, reply.headers["Cache-Control"]) == (201, "no-store")
    assert token["secret"].startswith("stm_") and len(token["secret"]) == 68
    mine = with_token(server.uri, token["secret"])
    assert mine.ok("GET", "whoami") == {
        "user": name, "proven": True, "workspace": "default", "role": "reader", "operates": False}  # fmt: skip
    listed = api.all(f"users/{name}/tokens", limit=1)
    assert [t["label"] for t in listed] == ["test", "ci"] and "used_us" in listed[1]
    assert not any(k in t for t in listed for k in ("secret", "hash"))
    assert api.ok("DELETE", f"users/{name}/tokens/{token['id']}") == {}
    assert problem(mine.get("whoami")) == (401, "UNAUTHENTICATED")
    assert problem(api.call("DELETE", f"users/{name}/tokens/{token['id']}")) == (404, "NOT_FOUND")
    assert problem(api.call("DELETE", f"users/{name}/tokens/x")) == (404, "NOT_FOUND")


def test_a_token_expires(api, server):
    name, _ = make(api, "reader")
    us = time.time_ns() // 1000
    assert problem(api.post(f"users/{name}/tokens", {"expires_us": us - 1})) == (400, "INVALID")
    token = api.ok("POST", f"users/{name}/tokens", json={"expires_us": us + 700_000})
    mine = with_token(server.uri, token["secret"])
    assert mine.get("whoami").status_code == 200
    deadline = time.monotonic() + 20
    while mine.get("whoami").status_code == 200:  # what the server remembers of it does not outlive it
        assert time.monotonic() < deadline
    assert "expired" in mine.get("whoami").json()["detail"]


def follow(uri, token=None, **params):
    return Stream(uri, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=30, **params)


def secret_of(mine):
    return mine.session.headers["Authorization"].split()[1]


def test_a_stream_ends_with_what_opened_it(api, server):
    """A token that is revoked or expires, a user who is disabled or loses the role: not the streams of others."""
    users = {what: make(api, "reader") for what in ("revoked", "disabled", "no role", "demoted")}
    more = api.ok("POST", f"users/{users['demoted'][0]}/tokens", json={"expires_us": time.time_ns() // 1000 + 1_500_000})
    streams = {what: follow(server.uri, secret_of(mine)) for what, (_, mine) in users.items()}
    streams["expired"] = follow(server.uri, more["secret"])
    streams["operator"] = follow(server.uri, OPERATOR)
    name = users["revoked"][0]
    api.ok("DELETE", f"users/{name}/tokens/{api.all(f'users/{name}/tokens')[0]['id']}")
    api.ok("PATCH", f"users/{users['disabled'][0]}", json={"enabled": False})
    api.ok("PUT", f"users/{users['no role'][0]}/role", json={"role": "none"})
    api.ok("PUT", f"users/{users['demoted'][0]}/role", json={"role": "writer"})
    for what in ("revoked", "disabled", "no role", "expired"):
        streams[what].to_end()
    last = str(api.project()["number"])
    for what in ("demoted", "operator"):
        streams[what].until(lambda e: e["kind"] == "project_created" and e["object"] == last)
        streams[what].close()


def test_a_stream_ends_with_the_role_in_its_workspace(api, server):
    team, (name, mine) = unique("team")[:30], make(api, "reader")
    api.ok("POST", "workspaces", json={"name": team})
    here = {"X-MLflow-Workspace": team}
    api.ok("PUT", f"users/{name}/role", json={"role": "reader"}, headers=here)
    both = [Stream(server.uri, headers={"Authorization": f"Bearer {secret_of(mine)}", **more}, timeout=30) for more in ({}, here)]
    api.ok("PUT", f"users/{name}/role", json={"role": "none"}, headers=here)
    both[1].to_end()
    last = str(api.project()["number"])
    both[0].until(lambda e: e["object"] == last)
    both[0].close()


def test_what_roles_open(api):
    """One route of each permission; t_api_routes walks all."""
    repo, roles = unique("r"), ["none", "reader", "writer", "maintainer", "admin"]
    api.ok("POST", "repos", json={"name": repo})
    tries = {
        "none": lambda u: u.get("server"),
        "reader": lambda u: u.post("runs/search", {}),
        "writer": lambda u: u.call("PATCH", f"repos/{repo}", json={"description": "d"}),
        "maintainer": lambda u: u.call("DELETE", "repos/no-such-repo", json={"reason": "tried"}),
        "admin": lambda u: u.get("users"),
    }
    for role in roles:
        name, mine = make(api, role)
        for least, attempt in tries.items():
            reply = attempt(mine)
            if roles.index(role) >= roles.index(least):
                assert reply.status_code in (200, 404), (role, least, reply.text)
                continue
            assert problem(reply) == (403, "FORBIDDEN")
            assert f"the role {least}" in reply.json()["detail"] and f"'{name}' there is {role}" in reply.json()["detail"]
        assert mine.ok("GET", "whoami")["operates"] == (role == "admin")


def test_a_tag_takes_a_maintainer_an_alias_does_not(api, server):
    repo = unique("sealed")
    (_, writer), (_, maintainer) = make(api, "writer"), make(api, "maintainer")
    writer.ok("POST", "repos", json={"name": repo})
    external = {"name": repo, "source": "s3://bucket/model"}
    made = writer.session.post(f"{server.uri}/api/2.0/mlflow/model-versions/create", json=external, timeout=30)
    assert made.status_code == 200, made.text
    writer.ok("PUT", f"repos/{repo}/refs/prod", json={"version": 1})
    writer.ok("PUT", f"repos/{repo}/refs/v1.0", json={"version": 1, "kind": "tag"})
    assert writer.ok("DELETE", f"repos/{repo}/refs/prod") == {}
    away = {"json": {"reason": "a test"}}
    assert problem(writer.call("DELETE", f"repos/{repo}/refs/v1.0", **away)) == (403, "FORBIDDEN")
    assert [r["name"] for r in writer.all(f"repos/{repo}/refs")] == ["v1.0"]
    assert maintainer.ok("DELETE", f"repos/{repo}/refs/v1.0", **away) == {}


def test_what_is_refused_says_what_helps(api, server):
    """The command that is told gives the role where it lacks, and the variable is the one that commands read."""
    team, (name, mine) = unique("team"), make(api, "reader")
    api.ok("POST", "workspaces", json={"name": team})
    secret = mine.session.headers["Authorization"].removeprefix("Bearer ")
    operator, user = (Cli("--url", server.uri, env={"STEMMA_TOKEN": token}) for token in (OPERATOR, secret))
    operator.ok("user", "role", name, "reader", "--workspace", team)
    for where in ([], ["--workspace", team]):
        refused = user("repos", "create", "bot", *where)
        assert refused.code == 1 and "An admin can give it: stemma user role " in refused.err, refused
        operator.ok(*refused.err.split("it: stemma ")[1].split())
        user.ok("repos", "create", "bot", *where)
    nobody = Cli("--url", server.uri)("repos", "list")
    assert nobody.code == 1 and "set STEMMA_TOKEN" in nobody.err and "MLFLOW" not in nobody.err, nobody
    theirs = requests.get(server.uri + "/api/2.0/mlflow/experiments/get", params={"experiment_id": "0"}, timeout=60)
    assert theirs.status_code == 401 and "set MLFLOW_TRACKING_TOKEN" in theirs.text


def test_events_name_the_user_and_no_secret(api, server):
    name, mine = make(api, "writer")
    secret = mine.session.headers["Authorization"].split()[1]
    project = mine.project()["number"]
    deadline, made = time.monotonic() + 20, None
    while not made:  # PostgreSQL: sealed a moment later
        assert time.monotonic() < deadline
        events = api.ok("GET", "events", params={"order": "newest", "limit": 50})["items"]
        made = next((e for e in events if e["kind"] == "project_created" and e["object"] == str(project)), None)
    assert (made["user"], made["proven"]) == (name, True)
    about = [(e["kind"], e.get("payload", {}).get("role")) for e in events if e["object"] == name]
    assert about[::-1] == [("user_created", None), ("role_set", "writer"), ("token_made", None)]
    assert secret[4:] not in str(events) and secret[4:] not in server.servers[0].tail(1 << 20)


def test_basic_carries_a_token_too(api, server):
    name, mine = make(api, "reader")
    secret = mine.session.headers["Authorization"].split()[1]
    for user, status in ((name, 200), ("", 200), ("somebody-else", 401)):
        reply = requests.get(server.uri + "/api/v1/whoami", auth=(user, secret), timeout=30)
        assert (user, reply.status_code) == (user, status)
    assert requests.get(server.uri + "/api/v1/whoami", auth=(secret, ""), timeout=30).status_code == 401


def test_the_first_user_closes_an_open_server(engine):
    server = servers.Stemma(engine)
    try:
        cli, anybody = Cli("--url", server.uri), follow(server.uri)
        assert cli.ok("whoami", "--json").json == {
            "user": "", "proven": False, "workspace": "default", "role": "admin", "operates": True}  # fmt: skip
        secret = cli.ok("user", "add", "ann", "--role", "admin").out.strip()
        closed = cli("projects", "list")
        assert closed.code == 1 and "not authenticated" in closed.err
        anybody.to_end()  # who followed without a token is closed out too
        ann = Cli("--url", server.uri, env={"STEMMA_TOKEN": secret})
        assert "role      admin" in ann.ok("whoami").out
        more = ann.ok("token", "add", "ann", "--label", "more", "--expires", "1h").out.strip()
        tokens = ann.ok("token", "list", "ann", "--json").json["items"]
        assert [t["label"] for t in tokens] == ["", "more"] and tokens[1]["expires_us"] > tokens[1]["created_us"]
        assert "never" in ann.ok("token", "list", "ann").out
        assert ann.ok("token", "revoke", "ann", tokens[0]["id"]).out == "revoked\n"
        assert ann("whoami").code == 1
        ann = Cli("--url", server.uri, env={"STEMMA_TOKEN": more})
        ann.ok("user", "add", "bob", "--json")
        assert "none" in ann.ok("user", "list").out
        assert ann.ok("user", "role", "bob", "writer", "--json").json["role"] == "writer"
        assert "no" in ann.ok("user", "disable", "bob").out and "yes" in ann.ok("user", "enable", "bob").out
        assert ann("user", "role", "nobody", "writer").code == 4
        server.stop_servers()
        # The folder itself opens to whoever may read it: that is how one gets in who lost every token.
        folder = Cli(*server.data, cwd=server.folder)
        assert len(folder.ok("user", "list", "--json").json["items"]) == 2
        again = folder.ok("token", "add", "ann").out.strip()
        server.start()
        assert Cli("--url", server.uri, env={"STEMMA_TOKEN": again}).ok("whoami", "--json").json["user"] == "ann"
    finally:
        server.stop()


def test_other_servers_know_it_within_a_second_or_two(pair):
    """The last one here: it closes the pair of servers that tests share."""
    first = Native(pair.uris[0])
    made = first.ok("POST", "users", json={"name": "ann", "role": "admin", "token": True})
    both = [with_token(uri, made["secret"]) for uri in pair.uris]
    deadline = time.monotonic() + 20
    while Native(pair.uris[1]).get("server").status_code == 200:
        assert time.monotonic() < deadline
    assert [a.ok("GET", "whoami")["user"] for a in both] == ["ann", "ann"]
    stream = follow(pair.uris[1], made["secret"])
    token = both[0].all("users/ann/tokens")[0]["id"]
    both[0].ok("DELETE", f"users/ann/tokens/{token}")
    assert both[0].get("whoami").status_code == 401
    while both[1].get("whoami").status_code == 200:
        assert time.monotonic() < deadline
    stream.to_end()


def test_people_approve_and_maintainers_move(api):
    repo = unique("released")
    (_, as_ann), (bob, as_bob), (_, as_eve) = make(api, "writer"), make(api, "writer"), make(api, "maintainer")
    as_ann.ok("POST", "repos", json={"name": repo})
    run = as_ann.ok("POST", "runs", json={"project": "0"})["id"]
    as_ann.ok("PUT", f"runs/{run}/files/model/config.json", data=b"{}")
    body = {"name": repo, "source": f"runs:/{run}/model", "run_id": run}
    created = as_ann.session.post(as_ann.uri.replace("/api/v1/", "/api/2.0/mlflow/model-versions/create"), json=body, timeout=60)
    assert created.status_code == 200
    asked = {"ref": "prod", "approvals": 1}
    assert problem(as_ann.call("PUT", f"repos/{repo}/protections", json=asked))[0] == 403
    as_eve.ok("PUT", f"repos/{repo}/protections", json=asked)
    move = {"version": 1}
    assert problem(as_ann.call("PUT", f"repos/{repo}/refs/prod", json=move)) == (403, "FORBIDDEN")
    early = as_eve.call("PUT", f"repos/{repo}/refs/prod", json=move)
    assert problem(early) == (400, "STATE") and "0 of 1 approvals" in early.json()["detail"]
    approve = f"repos/{repo}/versions/1/approve"
    own = as_ann.post(approve, {"ref": "prod"})
    assert problem(own) == (400, "STATE") and "others approve it" in own.json()["detail"]
    ready = as_bob.ok("POST", approve, json={"ref": "prod", "reason": "fewer refusals"})
    assert ready["ready"] and [(a["user"], a["reason"]) for a in ready["approvals"]] == [(bob, "fewer refusals")]
    assert as_bob.ok("POST", approve, json={"ref": "prod", "withdraw": True})["ready"] is False
    as_bob.ok("POST", approve, json={"ref": "prod"})
    as_eve.ok("PUT", f"repos/{repo}/refs/prod", json=move)
    for method, path in (("DELETE", "refs/prod"), ("POST", "refs/prod/rollback")):
        assert problem(as_ann.call(method, f"repos/{repo}/{path}", json={"reason": "mine"})) == (403, "FORBIDDEN")
