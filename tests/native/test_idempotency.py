# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key: a creation that is sent again, at once, later or elsewhere, happens once."""

import concurrent.futures
import uuid

import pytest

from conftest import Native, problem, unique


def key():
    return {"Idempotency-Key": uuid.uuid4().hex}


def named(api, name):
    return [p for p in api.all("projects", limit=1000) if p["name"] == name]


def test_a_repeat_gets_the_same_bytes(api):
    headers, body = key(), {"name": unique("p"), "tags": [{"key": "a", "value": "ü"}]}
    first = api.post("projects", body, headers=headers)
    assert first.status_code == 201 and "Idempotency-Replayed" not in first.headers
    api.ok("PATCH", f"projects/{first.json()['number']}", json={"tags": [{"key": "b", "value": "2"}]})
    for _ in range(2):
        again = api.post("projects", body, headers=headers)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
    assert len(named(api, body["name"])) == 1


def test_without_a_key_nothing_is_merged(api):
    name = unique("p")
    assert api.post("projects", {"name": name}).status_code == 201
    assert problem(api.post("projects", {"name": name})) == (400, "EXISTS")


def test_another_body_is_refused(api):
    headers = key()
    assert api.post("projects", {"name": unique("p")}, headers=headers).status_code == 201
    name = unique("p")
    reply = api.post("projects", {"name": name}, headers=headers)
    assert problem(reply) == (422, "KEY_REUSED") and headers["Idempotency-Key"] in reply.json()["detail"]
    assert problem(api.post("jobs", {"kind": "check"}, headers=headers)) == (422, "KEY_REUSED")
    assert not named(api, name)


def test_what_failed_may_be_sent_again(api):
    headers, name = key(), unique("p")
    taken = api.project(name)
    for _ in range(2):
        assert problem(api.post("projects", {"name": name}, headers=headers)) == (400, "EXISTS")
    api.ok("PATCH", f"projects/{taken['number']}", json={"name": unique("other")})
    made = api.post("projects", {"name": name}, headers=headers)
    assert made.status_code == 201
    assert api.post("projects", {"name": name}, headers=headers).content == made.content


def test_keys_of_users_are_apart(api):
    headers = key()
    made = [api.post("projects", {"name": unique("p")}, headers=headers, auth=(user, "x")) for user in ("ann", "bob")]
    assert [m.status_code for m in made] == [201, 201]


def test_runs_take_keys_too(api):
    """Two workers may create runs alike; one that sends its key again gets its own."""
    project = api.project()["number"]
    body = {"project": str(project), "name": "r", "config": [{"key": "lr", "value": "0.1"}]}
    headers = key()
    first, again = (api.post("runs", body, headers=headers) for _ in range(2))
    other = api.post("runs", body, headers=key())
    assert first.status_code == again.status_code == other.status_code == 201
    assert first.content == again.content and first.json()["id"] != other.json()["id"]
    found = api.ok("POST", "runs/search", json={"projects": [str(project)]})["items"]
    assert {r["id"] for r in found} == {first.json()["id"], other.json()["id"]}


def test_jobs_take_keys_too(api):
    headers = key()
    first = api.post("jobs", {"kind": "check"}, headers=headers)
    again = api.post("jobs", {"kind": "check"}, headers=headers)
    assert first.content == again.content
    assert len([j for j in api.all("jobs") if j["id"] == first.json()["id"]]) == 1


@pytest.mark.parametrize("bad", ["", "x" * 256])
def test_bad_keys(api, bad):
    name = unique("p")
    reply = api.post("projects", {"name": name}, headers={"Idempotency-Key": bad})
    assert problem(reply) == (400, "INVALID")
    assert not named(api, name)


def all_at_once(uris, requests_per_key=8, keys=6):
    """Replies by key of the same request sent many times at once."""
    work = [(f"{unique('p')}", key()) for _ in range(keys)]

    def send(i):
        name, headers = work[i % keys]
        while True:
            reply = Native(uris[i % len(uris)]).post("projects", {"name": name}, headers=headers)
            if reply.status_code != 409:
                return name, reply
            assert problem(reply) == (409, "BUSY") and reply.headers["Retry-After"]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(send, range(keys * requests_per_key)))
    for name, _ in work:
        mine = [r for n, r in replies if n == name]
        assert {r.status_code for r in mine} == {201}, [r.text for r in mine]
        assert len({r.content for r in mine}) == 1
        assert len(named(Native(uris[0]), name)) == 1


def test_all_at_once(server):
    all_at_once(server.uris)


def test_all_at_once_on_two_servers(pair):
    all_at_once(pair.uris)


def test_another_server_and_the_next_start_know(engine):
    import servers

    own = servers.Stemma(engine)
    try:
        headers, body = key(), {"name": unique("p")}
        first = Native(own.uri).post("projects", body, headers=headers)
        own.restart()
        again = Native(own.uri).post("projects", body, headers=headers)
        assert (again.status_code, again.content) == (201, first.content)
    finally:
        own.stop()
