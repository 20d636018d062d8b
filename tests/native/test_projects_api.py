# SPDX-License-Identifier: Apache-2.0
"""Projects in the native API: their whole life, pages, what bad input gets; and that MLflow's clients see the same."""

import time

import requests

from conftest import problem, unique, wait_until


def names(api, **params):
    return [p["name"] for p in api.all("projects", **params)]


def test_create_read_and_list(api):
    name = unique("created")
    reply = api.post("projects", {"name": name, "tags": [{"key": "team", "value": "nlp"}]})
    assert reply.status_code == 201
    made = reply.json()
    assert (made["name"], made["tags"], made["deleted"]) == (name, {"team": "nlp"}, False)
    assert made["created_ms"] == made["updated_ms"] > 1_600_000_000_000
    assert api.ok("GET", f"projects/{made['number']}") == made
    assert api.ok("GET", f"projects/{name}") == made
    assert name in names(api)


def test_mlflow_sees_it(api, server):
    made = api.project()
    reply = requests.get(server.uri + "/api/2.0/mlflow/experiments/get", params={"experiment_id": made["number"]}, timeout=60)
    assert reply.json()["experiment"]["name"] == made["name"]


def test_rename_and_tags(api):
    made, name = api.project(), unique("renamed")
    url = f"projects/{made['number']}"
    changed = api.ok("PATCH", url, json={"name": name, "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": ""}]})
    assert changed["name"] == name and changed["tags"] == {"a": "1", "b": ""}
    changed = api.ok("PATCH", url, json={"tags": [{"key": "a", "value": None}, {"key": "b"}, {"key": "c", "value": "3"}]})
    assert changed["tags"] == {"c": "3"} and changed["name"] == name
    assert api.ok("PATCH", url, json={}) == changed
    assert problem(api.get(f"projects/{made['name']}")) == (404, "NOT_FOUND")


def test_the_bin(api):
    made = api.project()
    url = f"projects/{made['number']}"
    assert api.ok("DELETE", url)["deleted"]
    assert made["name"] not in names(api) and made["name"] in names(api, view="deleted")
    assert made["name"] in names(api, view="all")
    assert api.ok("GET", url)["deleted"]
    assert not api.ok("POST", url + "/restore")["deleted"]
    assert made["name"] in names(api)


def test_pages_have_each_once(api):
    made = [api.project()["name"] for _ in range(7)]
    paged = api.all("projects", limit=3)
    of_them = [p["name"] for p in paged]
    assert len(of_them) == len(set(of_them)) and set(made) <= set(of_them)
    times = [p["created_ms"] for p in paged]
    assert times == sorted(times, reverse=True), "the newest first"


def activity(api, number):
    (found,) = [p for p in api.all("projects", **{"with": "activity", "view": "all"}) if p["number"] == number]
    return found["activity"]


def log(api, run):
    api.ok("POST", f"runs/{run}/log", json={"points": [{"key": "k", "step": 1, "time_ms": 1, "value": time.time()}]})


def test_activity(api):
    number = api.project()["number"]
    fresh = activity(api, number)
    assert (fresh["runs"], fresh["running"]) == (0, 0) and abs(fresh["changed_us"] / 1e6 - time.time()) < 60
    one, two, three = (api.ok("POST", "runs", json={"project": str(number)})["id"] for _ in range(3))
    api.ok("PATCH", f"runs/{two}", json={"status": "finished"})
    api.ok("DELETE", f"runs/{three}")
    now = activity(api, number)
    assert (now["runs"], now["running"]) == (2, 1) and now["changed_us"] >= fresh["changed_us"]
    time.sleep(2.5)  # what was marked is folded, and then again: the time of the last log stays
    before = time.time()
    log(api, one)
    assert abs(activity(api, number)["changed_us"] / 1e6 - before) < 1
    time.sleep(3)
    assert abs(activity(api, number)["changed_us"] / 1e6 - before) < 1
    assert "activity" not in api.ok("GET", "projects")["items"][0]


def test_changed_last_comes_first(api):
    first, second, third = (api.project()["number"] for _ in range(3))
    run = api.ok("POST", "runs", json={"project": str(first)})["id"]
    numbers = [p["number"] for p in api.all("projects", sort="changed", limit=2)]
    order = [n for n in numbers if n in (first, second, third)]
    assert order[0] == first and len(set(numbers)) == len(numbers)
    time.sleep(0.01)
    other = api.ok("POST", "runs", json={"project": str(second)})["id"]
    wait_until(lambda: api.ok("GET", "projects", params={"sort": "changed"})["items"][0]["number"] == second)
    assert run and other
    for bad in ({"sort": "size"}, {"with": "everything"}):
        assert problem(api.get("projects", **bad))[0] == 400


def test_refusals(api):
    taken = api.project()["name"]
    cases = [
        ({}, 400, "INVALID"), ({"name": ""}, 400, "INVALID"), ({"name": 7}, 400, "INVALID"),
        ({"name": "n" * 501}, 400, "INVALID"), ({"name": taken}, 400, "EXISTS"),
        ({"name": unique("x"), "tags": {}}, 400, "INVALID"), ({"name": unique("x"), "tags": [{"value": "v"}]}, 400, "INVALID"),
    ]  # fmt: skip
    for body, status, code in cases:
        assert problem(api.post("projects", body)) == (status, code), body
    for params in ({"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"view": "some"}, {"after": "nonsense"}):
        assert problem(api.get("projects", **params))[0] == 400, params
    for path in ("projects/999999999", "projects/no such", "projects/99999999999999999999"):
        assert problem(api.get(path)) == (404, "NOT_FOUND"), path
    for name in ("n" * 501, ""):
        assert problem(api.call("PATCH", f"projects/{taken}", json={"name": name})) == (400, "INVALID")
    assert problem(api.call("PUT", f"projects/{taken}", json={}))[0] == 405
    assert problem(api.get("nothing/here"))[0] == 404
