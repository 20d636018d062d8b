# SPDX-License-Identifier: Apache-2.0
"""Repos, versions and refs in the native API: their whole life, pages, addresses, what bad input gets; and that MLflow's
clients see the same."""

import concurrent.futures
import io
import re
import tarfile
import urllib.parse

import pytest
import requests

from conftest import problem, unique, wait_until
from registry import Registry


@pytest.fixture
def registry(api, server):
    return Registry(api, server.uri)


def moved(move):
    return move.get("from"), move.get("to")


# ---- repos ----


def test_a_repo_lives(api):
    name, tags = unique("life"), [{"key": "team", "value": "nlp"}]
    reply = api.post("repos", {"name": name, "kind": "data", "description": "d", "tags": tags})
    assert reply.status_code == 201
    made = reply.json()
    assert (made["name"], made["kind"], made["description"], made["tags"]) == (name, "data", "d", {"team": "nlp"})
    assert api.ok("GET", f"repos/{name}") == made
    new = unique("with space and ü")
    url = "repos/" + urllib.parse.quote(new)
    changed = api.ok("PATCH", f"repos/{name}", json={"name": new, "description": "", "tags": [{"key": "team"}, {"key": "a", "value": "1"}]})
    assert (changed["name"], changed["description"], changed["tags"], changed["id"]) == (new, "", {"a": "1"}, made["id"])
    assert api.ok("GET", url) == changed and api.ok("PATCH", url, json={}) == changed
    assert problem(api.get(f"repos/{name}")) == (404, "NOT_FOUND")
    assert problem(api.call("DELETE", url, json={})) == (400, "INVALID"), "without a reason"
    assert api.ok("DELETE", url, json={"reason": "made by mistake"}) == {}
    assert problem(api.get(url)) == (404, "NOT_FOUND")
    wait_until(lambda: [e["payload"] for e in api.ok("GET", "events", params={"subject": new, "order": "newest"})["items"]
                        if e["kind"] == "repo_deleted"] == [{"reason": "made by mistake"}])  # fmt: skip


@pytest.mark.parametrize("bad", ["", ".", "..", "a/b", "a:b", "a@b", "a\nb", "\x1b[31m", "a\x7f", "x" * 1000])
def test_names_that_no_repo_has(api, bad):
    """No address could carry them, or no terminal show them."""
    name = unique("named")
    api.ok("POST", "repos", json={"name": name})
    assert problem(api.post("repos", {"name": bad})) == (400, "INVALID")
    assert problem(api.call("PATCH", f"repos/{name}", json={"name": bad})) == (400, "INVALID")
    for good in ("...", ".hidden", "a..b"):
        api.ok("POST", "repos", json={"name": good + name})


def test_lists_of_repos(api):
    top = unique("list")
    for i in range(5):
        api.ok("POST", "repos", json={"name": f"{top}-{i}", "kind": "prompt" if i % 2 else "model"})
    names = [r["name"] for r in api.all("repos", limit=2) if r["name"].startswith(top)]
    assert names == [f"{top}-{i}" for i in range(5)]
    prompts = [r["name"] for r in api.all("repos", limit=1, kind="prompt") if r["name"].startswith(top)]
    assert prompts == [f"{top}-1", f"{top}-3"]


def test_mlflow_sees_repos(api, server, registry):
    name = registry.bot(unique("seen"))
    registry.move(name, "champion", 2)
    reply = requests.get(server.uri + "/api/2.0/mlflow/registered-models/get", params={"name": name}, timeout=60)
    model = reply.json()["registered_model"]
    assert model["aliases"] == [{"alias": "champion", "version": "2"}]


def test_mlflow_can_not_delete_what_a_tag_holds(server, registry):
    name = registry.bot(unique("held"))
    registry.move(name, "v1.0", 1, kind="tag")
    for path, body in [
        ("model-versions/delete", {"name": name, "version": "1"}), ("registered-models/delete", {"name": name}),
    ]:  # fmt: skip
        reply = requests.delete(server.uri + "/api/2.0/mlflow/" + path, json=body, timeout=60)
        assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert "v1.0" in reply.json()["message"]


def test_what_bad_repos_get(api):
    taken = api.ok("POST", "repos", json={"name": unique("taken")})["name"]
    cases = [
        ({}, "INVALID"), ({"name": ""}, "INVALID"), ({"name": 7}, "INVALID"), ({"name": "a/b"}, "INVALID"),
        ({"name": "a:b"}, "INVALID"), ({"name": "a@b"}, "INVALID"), ({"name": "n" * 257}, "INVALID"),
        ({"name": taken}, "EXISTS"), ({"name": unique("x"), "kind": "car"}, "INVALID"),
    ]  # fmt: skip
    for body, code in cases:
        assert problem(api.post("repos", body)) == (400, code), body
    for params in ({"limit": 0}, {"kind": "car"}):
        assert problem(api.get("repos", **params)) == (400, "INVALID")
    assert problem(api.call("PATCH", f"repos/{taken}", json={"name": "a/b"})) == (400, "INVALID")
    for method in ("GET", "PATCH", "DELETE"):
        assert problem(api.call(method, "repos/none", json={"reason": "x"} if method == "DELETE" else {})) == (404, "NOT_FOUND")
    for path in ("versions", "refs", "moves", "refs/prod/history"):
        assert problem(api.get(f"repos/none/{path}")) == (404, "NOT_FOUND")


# ---- versions ----


def test_a_version_is_read(api, registry):
    name = registry.bot(unique("versions"), 3)
    assert [v["number"] for v in api.all(f"repos/{name}/versions", limit=2)] == [3, 2, 1]
    version = api.ok("GET", f"repos/{name}/versions/2")
    assert version["repo"] == name and version["source"] == "s3://bucket/model" and version["parents"] == []
    assert api.ok("GET", f"repos/{name}/versions/v2") == version
    body = {"description": "second", "stage": "Staging", "tags": [{"key": "a", "value": "1"}]}
    changed = api.ok("PATCH", f"repos/{name}/versions/2", json=body)
    assert (changed["description"], changed["stage"], changed["tags"]) == ("second", "Staging", {"a": "1"})
    assert api.ok("PATCH", f"repos/{name}/versions/2", json={"stage": "", "tags": [{"key": "a"}]})["tags"] == {}
    for bad in ("0", "-1", "4", "x", "99999999999999999999", "v"):
        assert problem(api.get(f"repos/{name}/versions/{bad}")) == (404, "NOT_FOUND"), bad
    assert problem(api.call("PATCH", f"repos/{name}/versions/2", json={"stage": "s" * 101})) == (400, "INVALID")


def test_marks(api, registry):
    name = registry.bot(unique("marks"))
    url = f"repos/{name}/versions/1/mark"
    marks = api.ok("POST", url, json={"mark": "yanked", "reason": "leaks names"})["marks"]
    assert [(m["mark"], m["reason"]) for m in marks] == [("yanked", "leaks names")]
    api.ok("POST", url, json={"mark": "bad", "reason": "loses facts"})
    assert [m["mark"] for m in api.all(f"repos/{name}/versions")[1]["marks"]] == ["yanked", "bad"]
    marks = api.ok("POST", url, json={"mark": "yanked", "set": False})["marks"]
    assert [m["mark"] for m in marks] == ["bad"]
    for body in ({"mark": "yanked"}, {"mark": "deleted", "reason": "x"}, {"reason": "x"}, {"mark": "bad", "reason": "w" * 2001}):
        assert problem(api.post(url, body)) == (400, "INVALID"), body


def test_a_deleted_version_leaves_a_tombstone(api, registry):
    name = registry.bot(unique("tomb"))
    url = f"repos/{name}/versions/1"
    assert problem(api.call("DELETE", url, json={})) == (400, "INVALID")
    assert api.ok("DELETE", url, json={"reason": "never served"}) == {}
    reply = api.get(url)
    assert problem(reply) == (404, "NOT_FOUND") and "never served" in reply.json()["detail"]
    assert [v["number"] for v in api.all(f"repos/{name}/versions")] == [2]
    tomb = api.all(f"repos/{name}/versions", deleted="true")[1]
    assert tomb["deleted"] and tomb["marks"][0]["mark"] == "deleted" and tomb["marks"][0]["reason"] == "never served"


def test_files_of_a_version(api, registry):
    name = unique("files")
    registry.repo(name)
    files = {"config.json": b'{"layers": 2}', "weights/a.bin": bytes(range(256)) * 1000}
    number = registry.publish(name, files)
    url = f"repos/{name}/versions/{number}"
    version = api.ok("GET", url)
    assert version["files"] == 2 and version["content"].startswith("sha256:") and len(version["run"]) == 32
    items = api.all(url + "/files", limit=1)
    assert [(f["path"], f["is_dir"]) for f in items] == [("config.json", False), ("weights", True)]
    assert api.ok("GET", url + "/files", params={"path": "weights"})["items"][0]["path"] == "weights/a.bin"
    whole = api.get(url + "/files/weights/a.bin")
    assert whole.content == files["weights/a.bin"] and "attachment" in whole.headers["Content-Disposition"]
    part = api.call("GET", url + "/files/weights/a.bin", headers={"Range": "bytes=255-257"})
    assert part.status_code == 206 and part.content == b"\xff\x00\x01"
    again = api.call("GET", url + "/files/weights/a.bin", headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304
    with tarfile.open(fileobj=io.BytesIO(api.get(url + "/tar").content)) as tar:
        assert {m.name: tar.extractfile(m).read() for m in tar if m.isfile()} == files
    for path in ("files/none", "files/weights"):
        assert problem(api.get(f"{url}/{path}")) == (404, "NOT_FOUND")
    elsewhere = registry.publish(name)
    assert problem(api.get(f"repos/{name}/versions/{elsewhere}/files"))[0] == 501


# ---- refs ----


def test_refs_move_and_are_sealed(api, registry):
    name = registry.bot(unique("refs"), 3)
    assert moved(registry.move(name, "prod", 1, reason="first", expected=0)) == (None, 1)
    assert moved(registry.move(name, "prod", 2, expected=1)) == (1, 2)
    registry.move(name, "v1.0", 1, kind="tag")
    assert [(r["name"], r["kind"], r["version"]) for r in api.all(f"repos/{name}/refs", limit=1)] == [
        ("prod", "alias", 2), ("v1.0", "tag", 1)]  # fmt: skip
    assert [r["name"] for r in api.all(f"repos/{name}/refs", kind="tag")] == ["v1.0"]
    reply = api.call("PUT", f"repos/{name}/refs/prod", json={"version": 3, "expected": 1})
    assert problem(reply) == (409, "CONFLICT") and "at version 2" in reply.json()["detail"]
    url = f"repos/{name}/refs"
    for ref, body, status, code in [
        ("v1.0", {"version": 2, "kind": "tag"}, 400, "STATE"), ("v1.0", {"version": 2}, 400, "EXISTS"),
        ("prod", {"version": 9}, 404, "NOT_FOUND"), ("prod", {}, 400, "INVALID"), ("7", {"version": 1}, 400, "INVALID"),
        ("latest", {"version": 1}, 400, "INVALID"), ("a b", {"version": 1}, 400, "INVALID"),
        ("prod", {"version": 3, "expected": -1}, 400, "INVALID"), ("prod", {"version": 3, "reason": "w" * 2001}, 400, "INVALID"),
    ]:  # fmt: skip
        assert problem(api.call("PUT", f"{url}/{ref}", json=body)) == (status, code), (ref, body)
    for path in (f"repos/{name}", f"repos/{name}/versions/1"):
        assert problem(api.call("DELETE", path, json={"reason": "x"})) == (400, "STATE")
    assert problem(api.call("DELETE", f"{url}/v1.0", json={})) == (400, "INVALID")
    assert problem(api.call("DELETE", f"{url}/prod", json={"expected": 1})) == (409, "CONFLICT")
    assert api.ok("DELETE", f"{url}/v1.0", json={"reason": "wrong"}) == {}
    assert api.ok("DELETE", f"{url}/prod", json={}) == {}
    assert problem(api.call("DELETE", f"{url}/prod", json={})) == (404, "NOT_FOUND")
    assert api.all(url) == []
    for bad in ("nonsense", "alias", "7:x"):
        assert problem(api.get(url, after=bad)) == (400, "INVALID"), bad


def test_history(api, registry):
    name = registry.bot(unique("history"), 3)
    for number in (1, 2, 3):
        registry.move(name, "prod", number, reason=f"to {number}")
    registry.move(name, "best", 1)
    moves = api.all(f"repos/{name}/refs/prod/history", limit=1)
    assert [moved(m) for m in moves] == [(2, 3), (1, 2), (None, 1)] and moves[0]["reason"] == "to 3"
    assert [m["ref"] for m in api.all(f"repos/{name}/moves", limit=3)] == ["best", "prod", "prod", "prod"]
    for bad in ("x", "1-", "-1", "1-zz"):
        assert problem(api.get(f"repos/{name}/moves", after=bad)) == (400, "INVALID"), bad


def events_of(api, what, count):
    """What is told of an object, oldest first, once `count` events are."""

    def found():
        items = api.ok("GET", "events", params={"subject": re.split("[/@]", what)[0], "limit": 1000})["items"]
        return [e for e in items if e["object"] == what]

    wait_until(lambda: len(found()) >= count)
    return found()


def test_events_tell_why(api, registry):
    name = registry.bot(unique("events"))
    registry.move(name, "prod", 1, reason="good")
    (move,) = events_of(api, f"{name}@prod", 1)
    assert move["kind"] == "ref_moved" and move["payload"]["reason"] == "good" and move["payload"]["kind"] == "alias"
    for body in ({"mark": "bad", "reason": "slow"}, {"mark": "bad", "set": False}):
        api.ok("POST", f"repos/{name}/versions/2/mark", json=body)
    api.ok("DELETE", f"repos/{name}/versions/2", json={"reason": "gone"})
    told = events_of(api, f"{name}/2", 4)
    assert [e["kind"] for e in told] == ["version_created", "version_marked", "version_unmarked", "version_deleted"]
    assert told[1]["payload"] == {"repo": name, "number": "2", "reason": "slow", "mark": "bad"}


def test_rollback(api, registry):
    name = registry.bot(unique("back"), 3)
    for number in (1, 2, 3):
        registry.move(name, "prod", number)
    url = f"repos/{name}/refs/prod/rollback"
    tried = api.ok("POST", url, json={"dry_run": True})
    assert moved(tried) == (3, 2) and "time_us" not in tried
    api.ok("POST", f"repos/{name}/versions/2/mark", json={"mark": "bad", "reason": "slow"})
    assert problem(api.post(url, {})) == (400, "INVALID")
    assert problem(api.post(url, {"reason": "x", "expected": 2})) == (409, "CONFLICT")
    done = api.ok("POST", url, json={"reason": "worse than before", "expected": 3})
    assert moved(done) == (3, 1) and done["reason"] == "worse than before"
    assert problem(api.post(url, {"reason": "again"})) == (400, "STATE")
    assert problem(api.post(f"repos/{name}/refs/none/rollback", {"reason": "x"})) == (404, "NOT_FOUND")


def test_of_several_clients_one_moves_it(api, registry):
    """Each client moves the ref from where it saw it: the successes make a chain, and all others are told."""
    name = registry.bot(unique("race"), 4)
    registry.move(name, "prod", 1)

    def client(number):
        won = 0
        for _ in range(15):
            at = api.ok("GET", "resolve", params={"address": f"{name}@prod"})["version"]["number"]
            if at == number:
                continue
            reply = api.call("PUT", f"repos/{name}/refs/prod", json={"version": number, "expected": at})
            assert reply.status_code == 200 or problem(reply) == (409, "CONFLICT")
            won += reply.status_code == 200
        return won

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        won = sum(pool.map(client, (1, 2, 3, 4)))
    moves = api.all(f"repos/{name}/refs/prod/history")[::-1]
    assert len(moves) == won + 1
    assert all(a["to"] == b["from"] and a["time_us"] < b["time_us"] for a, b in zip(moves, moves[1:]))


# ---- addresses ----


def test_resolve(api, registry):
    name = unique("address")
    registry.repo(name)
    number = registry.publish(name, {"a": b"1"})
    registry.publish(name)
    registry.move(name, "prod", number, reason="good")
    registry.move(name, "v1.0", number, kind="tag")

    def means(address):
        found = api.ok("GET", "resolve", params={"address": address})
        return found["by"], found["version"]["number"]

    digest = api.ok("GET", f"repos/{name}/versions/1")["content"]
    assert means(name) == means(f"{name}@latest") == means(f"default/{name}@{{now}}") == ("latest", 2)
    assert means(f"{name}@v1") == ("number", 1) and means(f"{name}@v1.0") == ("tag", 1)
    assert means(f"{name}@{digest[:20]}") == ("digest", 1)
    registry.stage(name, 1, "Production")
    assert means(f"{name}@Production") == means(f"{name}@production") == ("stage", 1)
    found = api.ok("GET", "resolve", params={"address": f"{name}@prod@{{today}}"})
    assert found["by"] == "alias" and found["move"]["reason"] == "good" and found["at_us"] > found["move"]["time_us"]
    for address, status, says in [
        (f"{name}@prdo", 404, "Did you mean 'prod'?"), (f"{name}@prod@{{yesterday}}", 404, "had no ref 'prod' at"),
        (f"{name}@9", 404, "no version 9"), ("none@prod", 404, "no repo 'none'"), (f"team/{name}", 404, "no workspace"),
        (f"{name}:1", 400, "follows '@'"), (f"{name}@prod@{{soon}}", 400, "can not be read"), ("", 400, "address"),
    ]:  # fmt: skip
        reply = api.get("resolve", address=address)
        assert problem(reply)[0] == status and says in reply.json()["detail"], (address, reply.text)
