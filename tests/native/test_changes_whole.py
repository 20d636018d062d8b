# SPDX-License-Identifier: Apache-2.0
"""A change of several things at once (PATCH) is one change: when a part of it is refused nothing of it is done, and nothing
of it is told."""

import threading

import pytest

from conftest import Native, problem, unique
from registry import Registry
from test_events_api import settle


@pytest.fixture
def registry(api, server):
    return Registry(api, server.uri)


@pytest.fixture
def nothing_changes(api):
    """Sends what must be refused so, and leave no trace."""

    def refused(path, body, expected):
        before, told = api.ok("GET", path), settle(api)
        assert problem(api.call("PATCH", path, json=body)) == expected, body
        assert api.ok("GET", path) == before
        assert settle(api) == told + 1, "an event of what was refused"

    return refused


TAGS = [{"key": "a", "value": "1"}, {"key": "team"}]
LONG = [{"key": "k" * 251, "value": "1"}]


def test_a_repo(api, nothing_changes):
    name = api.ok("POST", "repos", json={"name": unique("whole"), "tags": [{"key": "team", "value": "nlp"}]})["name"]
    taken, free = api.ok("POST", "repos", json={"name": unique("taken")})["name"], unique("free")
    more = {"description": "d", "tags": TAGS}
    nothing_changes(f"repos/{name}", {"name": taken, **more}, (400, "EXISTS"))
    nothing_changes(f"repos/{name}", {"name": "a/b", **more}, (400, "INVALID"))
    nothing_changes(f"repos/{name}", {"name": free, "description": "d" * 1_000_000}, (400, "INVALID"))
    nothing_changes(f"repos/{name}", {"name": free, "description": "d", "tags": TAGS + LONG}, (400, "INVALID"))
    told = settle(api)
    changed = api.ok("PATCH", f"repos/{name}", json={"name": free, **more})
    assert (changed["name"], changed["description"], changed["tags"]) == (free, "d", {"a": "1"})
    assert api.ok("GET", f"repos/{free}") == changed and settle(api) == told + 2
    [event] = [e for e in api.all("events", after=told) if e["kind"] == "repo_renamed"]
    assert (event["object"], event["payload"]) == (free, {"from": name, "to": free})


def test_a_version(api, registry, nothing_changes):
    name = registry.bot(unique("whole"), 1)
    path, more = f"repos/{name}/versions/1", {"description": "d", "tags": TAGS}
    api.ok("PUT", f"repos/{name}/protections", json={"ref": "Production", "require": ["card"]})
    nothing_changes(path, {"stage": "Production", **more}, (400, "STATE"))
    nothing_changes(path, {"stage": "s" * 101, **more}, (400, "INVALID"))
    nothing_changes(path, {"description": "d", "stage": "Staging", "tags": TAGS + LONG}, (400, "INVALID"))
    told = settle(api)
    changed = api.ok("PATCH", path, json={"stage": "Staging", **more})
    assert (changed["description"], changed["stage"], changed["tags"]) == ("d", "Staging", {"a": "1"})
    assert api.ok("GET", path) == changed
    settle(api)
    events = [(e["kind"], e["payload"].get("part")) for e in api.all("events", after=told) if e["object"] == f"{name}/1"]
    assert events == [("version_edited", "description"), ("version_staged", None), ("version_edited", "tag")]


def test_a_prompt_that_is_sealed(cli, tmp_path, nothing_changes):
    """The tag that says what it says does not change, so nothing beside it does."""
    name = unique("prompt")
    (tmp_path / "prompt.txt").write_text("Hello")
    cli.ok("push", tmp_path, name, "--kind", "prompt")
    tags = [{"key": "a", "value": "1"}, {"key": "mlflow.prompt.text", "value": "Bye"}]
    nothing_changes(f"repos/{name}/versions/1", {"description": "d", "stage": "Staging", "tags": tags}, (400, "INVALID"))


def test_a_stage_with_a_rule(api, registry):
    """What is found out about a version for its stage holds while it is changed beside."""
    name = registry.repo(unique("whole"))["name"]
    registry.publish(name, {"README.md": b"a card"})
    api.ok("PUT", f"repos/{name}/protections", json={"ref": "Production", "require": ["card"]})
    changed = api.ok("PATCH", f"repos/{name}/versions/1", json={"description": "d", "stage": "Production", "tags": TAGS})
    assert (changed["description"], changed["stage"], changed["tags"]) == ("d", "Production", {"a": "1"})


def test_a_project(api, nothing_changes):
    name, taken, free = api.project(unique("whole"))["name"], api.project()["name"], unique("free")
    project = api.ok("PATCH", f"projects/{name}", json={"tags": [{"key": "team", "value": "nlp"}]})
    path = f"projects/{project['number']}"
    nothing_changes(path, {"name": taken, "tags": TAGS}, (400, "EXISTS"))
    nothing_changes(path, {"name": free, "tags": [*TAGS, {"key": "none"}]}, (404, "NOT_FOUND"))
    nothing_changes(path, {"name": free, "tags": TAGS + LONG}, (400, "INVALID"))
    told = settle(api)
    changed = api.ok("PATCH", path, json={"name": free, "tags": TAGS})
    assert (changed["name"], changed["tags"]) == (free, {"a": "1"}) and settle(api) == told + 2


def test_nobody_sees_a_half(api, server):
    """Two rename a repo from one name to the other and back, and say in its description and a tag which it is."""
    names = unique("one"), unique("two")
    api.ok("POST", "repos", json={"name": names[0], "description": names[0], "tags": [{"key": "is", "value": names[0]}]})
    told, done, faults = settle(api), threading.Event(), []
    renamed = []

    def rename(at, to):
        mine, body = Native(server.uri), {"name": to, "description": to, "tags": [{"key": "is", "value": to}]}
        for _ in range(150):
            status = mine.call("PATCH", f"repos/{at}", json=body).status_code
            renamed.extend([to] * (status == 200))
            if status not in (200, 404):
                faults.append(status)

    def look():
        mine = Native(server.uri)
        while not done.is_set():
            for name in names:
                reply = mine.get(f"repos/{name}")
                seen = reply.json()
                if reply.status_code == 200 and (seen["description"], seen["tags"]) != (name, {"is": name}):
                    faults.append(seen)

    workers = [threading.Thread(target=rename, args=pair) for pair in (names, names[::-1])]
    watcher = threading.Thread(target=look)
    for t in (*workers, watcher):
        t.start()
    for t in workers:
        t.join()
    done.set()
    watcher.join()
    assert not faults, faults[:3]
    assert len(renamed) > 2 and settle(api) == told + len(renamed) + 1, "an event of each, and of no other"
