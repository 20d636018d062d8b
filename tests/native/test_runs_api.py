# SPDX-License-Identifier: Apache-2.0
"""Runs in the native API: every route, what it answers and what bad input gets; and that MLflow's clients see the same."""

import math
import time

import pytest

from conftest import problem, unique
from rest import Rest

MISSING = "0" * 32


@pytest.fixture
def project(api):
    return api.project()["number"]


def pairs(values):
    return [{"key": k, "value": v} for k, v in values.items()]


def begin(api, project, metrics=None, **fields):
    """A run; metrics {key: [values]} are logged at steps 0, 1 ..."""
    for name in ("config", "tags"):
        if name in fields:
            fields[name] = pairs(fields[name])
    run = api.ok("POST", "runs", json={"project": project, **fields})["id"]
    points = [{"key": k, "step": i, "value": v} for k, vs in (metrics or {}).items() for i, v in enumerate(vs)]
    if points:
        assert api.ok("POST", f"runs/{run}/log", json={"points": points}) == {}
    return run


def search(api, project, where="", sort=(), **more):
    body = {"projects": [project], "where": where, "sort": list(sort), **more}
    return api.ok("POST", "runs/search", json=body)


def names_of(page):
    return [run["name"] for run in page["items"]]


def refused(api, path, body, status=400, code="INVALID"):
    reply = api.post(path, body)
    assert problem(reply) == (status, code), reply.text
    return reply.json()


# ---- one run ---------------------------------------------------------------------------------


def test_create_shows_all_that_was_sent(api, project):
    sent = {"project": project, "name": "first", "user": "ann", "start_ms": 1700000000000}
    sent |= {"config": pairs({"lr": "1e-3", "n": 5}), "tags": pairs({"team": "nlp"})}
    reply = api.post("runs", sent)
    assert reply.status_code == 201
    run = reply.json()
    assert run["name"] == "first" and run["user"] == "ann" and run["project"] == project
    assert run["status"] == "running" and not run["deleted"] and "end_ms" not in run
    assert run["config"] == {"lr": "1e-3", "n": "5"}
    assert run["tags"] == {"team": "nlp", "mlflow.runName": "first"}
    assert run["metrics"] == {} and run["datasets"] == [] and run["models_in"] == [] and run["models_out"] == []
    assert run["artifact_uri"].endswith(f"/{run['id']}/artifacts")
    assert abs(run["created_us"] / 1e6 - time.time()) < 3600
    assert api.ok("GET", f"runs/{run['id']}") == run


def test_create_makes_up_what_is_left_out(api, project):
    run = api.ok("POST", "runs", json={"project": str(project)})
    assert run["name"] == run["tags"]["mlflow.runName"] and run["name"]
    assert run["start_ms"] // 1000 > 1700000000


def test_create_by_the_name_of_the_project(api):
    name = unique("by name")
    number = api.project(name)["number"]
    assert api.ok("POST", "runs", json={"project": name})["project"] == number


def test_bad_creations_make_nothing(api, project):
    refused(api, "runs", {})
    refused(api, "runs", {"project": ""})
    refused(api, "runs", {"project": 999999}, 404, "NOT_FOUND")
    refused(api, "runs", {"project": "no such"}, 404, "NOT_FOUND")
    refused(api, "runs", {"project": project, "name": "n" * 501})
    refused(api, "runs", {"project": project, "config": pairs({"": "x"})})
    refused(api, "runs", {"project": project, "config": pairs({"k" * 251: "x"})})
    refused(api, "runs", {"project": project, "config": pairs({"k": "v" * 8001})})
    refused(api, "runs", {"project": project, "config": pairs({"k": "1"}) + pairs({"k": "2"})})
    refused(api, "runs", {"project": project, "start_ms": "soon"})
    refused(api, "runs", {"project": project, "tags": "all"})
    assert problem(api.call("POST", "runs", data=b"{", headers={"Content-Type": "application/json"}))[0] == 400
    assert problem(api.call("POST", "runs", data=b"{}", headers={"Content-Type": "text/plain"}))[0] == 400
    assert search(api, project, view="all")["items"] == []


def test_a_run_that_is_not_there(api):
    for run in (MISSING, "nonsense", "%00", "ä"):
        assert problem(api.get(f"runs/{run}"))[0] in (400, 404)
    assert problem(api.get(f"runs/{MISSING}")) == (404, "NOT_FOUND")
    assert problem(api.call("DELETE", f"runs/{MISSING}")) == (404, "NOT_FOUND")
    assert problem(api.call("PATCH", f"runs/{MISSING}", json={"name": "x"})) == (404, "NOT_FOUND")
    refused(api, f"runs/{MISSING}/restore", {}, 404, "NOT_FOUND")
    refused(api, f"runs/{MISSING}/log", {}, 404, "NOT_FOUND")


def test_change_state(api, project):
    run = begin(api, project)
    ended = api.ok("PATCH", f"runs/{run}", json={"status": "crashed", "reason": "out of memory"})
    assert ended["status"] == "crashed" and ended["reason"] == "out of memory" and ended["end_ms"] > 1700000000000
    again = api.ok("PATCH", f"runs/{run}", json={"status": "running"})
    assert "end_ms" not in again and "reason" not in again
    assert api.ok("PATCH", f"runs/{run}", json={"end_ms": 5})["end_ms"] == 5
    assert api.ok("PATCH", f"runs/{run}", json={"status": "finished"})["end_ms"] == 5
    assert api.ok("PATCH", f"runs/{run}", json={})["status"] == "finished"
    reply = api.call("PATCH", f"runs/{run}", json={"status": "asleep"})
    assert problem(reply) == (400, "INVALID") and "crashed" in reply.json()["detail"]


def test_change_is_one_piece(api, project):
    run = begin(api, project, name="old", tags={"keep": "1", "drop": "2"})
    tags = [{"key": "drop", "value": None}, {"key": "never"}, {"key": "new", "value": ""}]
    changed = api.ok("PATCH", f"runs/{run}", json={"name": "new name", "tags": tags})
    assert changed["name"] == "new name"
    assert changed["tags"] == {"keep": "1", "new": "", "mlflow.runName": "new name"}
    bad = {"name": "lost", "tags": pairs({"lost": "1"}), "project": "no such project"}
    assert problem(api.call("PATCH", f"runs/{run}", json=bad)) == (404, "NOT_FOUND")
    assert api.ok("GET", f"runs/{run}") == changed


def test_delete_and_restore(api, project):
    run = begin(api, project)
    for _ in range(2):
        assert api.ok("DELETE", f"runs/{run}")["deleted"]
    assert problem(api.call("PATCH", f"runs/{run}", json={"name": "x"})) == (400, "STATE")
    refused(api, f"runs/{run}/log", {"tags": pairs({"a": "b"})}, 400, "STATE")
    assert search(api, project)["items"] == []
    assert len(search(api, project, view="deleted")["items"]) == 1
    for _ in range(2):
        assert not api.ok("POST", f"runs/{run}/restore", json={})["deleted"]
    assert len(search(api, project)["items"]) == 1


def test_move(api, project):
    other = api.project()["number"]
    run = begin(api, project, {"loss": [1, 0.5]}, config={"lr": "1"})
    before = api.ok("GET", f"runs/{run}")
    moved = api.ok("PATCH", f"runs/{run}", json={"project": other})
    assert moved == {**before, "project": other, "project_name": moved["project_name"]}
    assert moved["project_name"] == api.ok("GET", f"projects/{other}")["name"]
    assert search(api, project)["items"] == []
    assert [r["id"] for r in search(api, other, "metrics.loss < 0.7")["items"]] == [run]
    back = api.ok("PATCH", f"runs/{run}", json={"project": project, "name": "home"})
    assert back["project"] == project
    assert names_of(search(api, project, "config.lr = 1")) == ["home"] and search(api, other)["items"] == []
    api.ok("DELETE", f"projects/{other}")
    assert problem(api.call("PATCH", f"runs/{run}", json={"project": other})) == (400, "STATE")


# ---- logging ---------------------------------------------------------------------------------


def test_log_is_all_or_nothing(api, project):
    run = begin(api, project, config={"lr": "1"})
    body = {
        "points": [{"key": "loss", "step": 3, "time_ms": 7, "value": 2.5}, {"key": "loss", "step": 4, "value": "NaN"}],
        "config": pairs({"lr": "1", "n": "2"}),
        "tags": pairs({"a": "b"}),
    }
    assert api.ok("POST", f"runs/{run}/log", json=body) == {}
    shown = api.ok("GET", f"runs/{run}")
    assert shown["config"] == {"lr": "1", "n": "2"} and shown["tags"]["a"] == "b"
    loss = shown["metrics"]["loss"]
    assert loss["first"] == {"step": 3, "time_ms": 7, "value": 2.5}
    assert loss["last"]["step"] == 4 and loss["last"]["value"] == "NaN"
    assert loss["min"] == loss["max"] == 2.5 and loss["at_most"] == 2
    detail = refused(api, f"runs/{run}/log", {**body, "config": pairs({"x": "1", "n": "3"})}, 400, "EXISTS")["detail"]
    assert "'n' is '2'" in detail
    for bad in (
        {"points": [{"key": "loss"}]},
        {"points": [{"key": "", "value": 1}]},
        {"points": [{"key": "loss", "value": "much"}]},
        {"points": [{"key": "loss", "value": 1, "step": 0.5}]},
        {"points": {"key": "loss", "value": 1}},
        {"points": [{"key": "new", "value": 1}, {"key": "k" * 251, "value": 1}]},
    ):
        refused(api, f"runs/{run}/log", bad)
    assert api.ok("GET", f"runs/{run}") == shown


def test_what_mlflow_logs_is_the_same_run(api, server, project):
    mlflow = Rest(server.uri)
    run = mlflow.create_run(str(project), run_name="by mlflow")
    mlflow.log_batch(run, metrics=[{"key": "loss", "value": 1, "step": 0, "timestamp": 1}], params=pairs({"lr": "0.1"}))
    assert [r["id"] for r in search(api, project, "config.lr < 0.2 and metrics.loss = 1")["items"]] == [run]
    api.ok("PATCH", f"runs/{run}", json={"name": "renamed", "status": "crashed", "reason": "gone"})
    seen = mlflow.get_run(run)["info"]
    assert seen["status"] == "FAILED" and seen["run_name"] == "renamed"
    for text in ("status = 'FAILED'", "status != 'FINISHED'", "status LIKE 'FAIL%'", "status ILIKE 'f%'"):
        assert len(mlflow.search_runs(str(project), filter=f"attributes.{text}").get("runs", [])) == 1, text
    for text in ("status != 'FAILED'", "status = 'RUNNING'", "status LIKE 'RUN%'"):
        assert "runs" not in mlflow.search_runs(str(project), filter=f"attributes.{text}"), text
    # its own grammar still compares texts: "0.1" < "09"
    assert len(mlflow.search_runs(str(project), filter="params.lr = '0.1'")["runs"]) == 1
    assert "runs" not in mlflow.search_runs(str(project), filter="params.lr = '0.10'")


# ---- search ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def zoo(server):
    """A project with runs of all kinds: (number, api)."""
    from conftest import Native

    api = Native(server.uri)
    number = api.project()["number"]
    begin(api, number, {"loss": [3, 1, 2], "acc": [0.1]}, name="a", config={"lr": "1e-4", "opt": "adam"}, start_ms=1000)
    begin(api, number, {"loss": [5, 0.5]}, name="b", config={"lr": "0.01", "opt": "sgd"}, tags={"team": "nlp"}, start_ms=2000)
    begin(api, number, {"loss": ["NaN"]}, name="c", config={"lr": "auto", "opt": "adam"}, tags={"team": "cv"}, start_ms=3000)
    begin(api, number, name="d", config={"lr": "10"}, start_ms=4000)
    done = begin(api, number, name="e", user="eve", start_ms=5000)
    api.ok("PATCH", f"runs/{done}", json={"status": "failed", "end_ms": 65000, "reason": "disk full"})
    return number, api


FOUND = [
    ("", "edcba"),
    ("metrics.loss <= 2", "ba"),
    ("metrics.loss.min <= 1", "ba"),
    ("metrics.loss.max > 4", "b"),
    ("metrics.loss.first = 3", "a"),
    ("metrics.loss is null", "ed"),
    ("not metrics.loss <= 2", ""),
    ("config.lr >= 1e-4", "dba"),
    ("config.lr > 0.001", "db"),
    ("config.lr != 10", "ba"),
    ("config.lr in (0.0001, 0.010)", "ba"),
    ("config.lr = '0.01'", "b"),
    ("config.lr >= '1'", "dca"),
    ("config.opt in ('adam')", "ca"),
    ("config.opt not in ('adam')", "b"),
    ("config.opt ~ '^a' and not (tags.team = 'cv')", ""),
    ("config.opt ~ '^a' and tags.team is null", "a"),
    ("tags.team !~ 'n.p'", "c"),
    ("tags.team like 'n%' or metrics.acc > 0", "ba"),
    ("name in ('a', 'e')", "ea"),
    ("user = 'eve'", "e"),
    ("status = failed", "e"),
    ("status in (running)", "dcba"),
    ("reason ~ 'disk'", "e"),
    ("duration = 60", "e"),
    ("duration = 1m", "e"),
    ("duration > '1 day'", "dcba"),
    ("start <= '1970-01-01T00:00:02'", "ba"),
    ("start = 1970", "edcba"),
    ("start < 1 week ago", "edcba"),
    ("end is null", "dcba"),
    ("created > 1 hour ago", "edcba"),
    ("created < yesterday", ""),
]


@pytest.mark.parametrize("where,want", FOUND)
def test_search(zoo, where, want):
    project, api = zoo
    assert "".join(names_of(search(api, project, where))) == want


@pytest.mark.parametrize(
    "sort,want",
    [
        (["name"], "abcde"),
        (["metrics.loss.min desc"], "abced"),
        (["metrics.loss"], "baced"),
        (["config.lr"], "abdce"),
        (["config.lr desc"], "dbace"),
        (["config.opt desc", "name"], "bacde"),
        (["duration"], "edcba"),
        (["status", "name desc"], "edcba"),
    ],
)
def test_sort(zoo, sort, want):
    project, api = zoo
    assert "".join(names_of(search(api, project, sort=sort))) == want


def test_pages(zoo):
    project, api = zoo
    body = {"projects": [project], "sort": ["config.lr desc"], "limit": 2}
    found, after = [], {}
    while True:
        page = api.ok("POST", "runs/search", json={**body, **after})
        found += names_of(page)
        if "next" not in page:
            break
        assert len(page["items"]) == 2
        after = {"after": page["next"]}
    assert "".join(found) == "dbace"
    refused(api, "runs/search", {**body, "after": "garbage"})
    refused(api, "runs/search", {**body, **after, "where": "name = 'a'"})
    for limit in (0, -1, 1001):
        refused(api, "runs/search", {**body, "limit": limit})


def test_count_and_skip(zoo):
    project, api = zoo
    body = {"sort": ["config.lr desc"], "columns": ["name"], "count": True}
    for skip in range(7):
        page = search(api, project, **body, skip=skip, limit=2)
        assert "".join(names_of(page)) == "dbace"[skip : skip + 2] and page["total"] == 5
        assert ("next" in page) == (skip < 3)
    page = search(api, project, **body, skip=2, limit=2)
    last = search(api, project, **body, limit=2, after=page["next"])
    assert names_of(last) == ["e"] and last["total"] == 5, "pages go on by cursors"
    assert search(api, project, "name in ('a', 'b')", count=True)["total"] == 2
    assert "total" not in search(api, project)
    for bad in ({"skip": -1}, {"skip": 1000001}, {"skip": 1, "after": page["next"]}, {"count": 1}, {"skip": "x"}):
        refused(api, "runs/search", {"projects": [project], **body, **bad})


def test_pages_stand_on_the_moment_of_the_first(api):
    """Neither the clock nor a new project makes a cursor another search's."""
    number = api.project()["number"]
    for i in range(5):
        begin(api, number, name=str(i))
    body = {"where": f"created > 1 hour ago and project = {number}", "sort": ["duration", "name"], "limit": 2}
    found, after = [], {}
    for _ in range(3):
        page = api.ok("POST", "runs/search", json={**body, **after})
        found += names_of(page)
        after = {"after": page.get("next")}
        api.project()
    assert sorted(found) == ["0", "1", "2", "3", "4"] and after == {"after": None}
    for bad in (".", "x.y", "-5.AAAA", "1.", "99999999999999999999.AA", "1700000000000.AAAA"):
        refused(api, "runs/search", {**body, "after": bad})


def test_columns(zoo):
    project, api = zoo
    page = search(api, project, "name = 'a'", columns=["config.lr", "metrics.loss.max", "tags.nothing", "status"])
    (run,) = page["items"]
    assert run["config"] == {"lr": "1e-4"} and set(run["metrics"]) == {"loss"} and run["tags"] == {}
    assert "datasets" not in run and run["status"] == "running"
    refused(api, "runs/search", {"columns": ["loss"]})


def test_projects_by_name_and_all(api):
    one, two = api.project(), api.project()
    a, b = begin(api, one["number"]), begin(api, two["number"])
    ids = lambda **body: {r["id"] for r in api.ok("POST", "runs/search", json=body)["items"]}  # noqa: E731
    assert ids(projects=[one["name"], two["number"]]) == {a, b}
    assert ids(projects=[one["name"]]) == {a}
    assert {a, b} <= ids(limit=1000)
    assert ids(where=f"project = '{two['name']}'") == {b}
    assert ids(where=f"project in ({one['number']})") == {a}
    refused(api, "runs/search", {"projects": ["no such"]}, 404, "NOT_FOUND")
    assert refused(api, "runs/search", {"where": "project = 'no such'"}, 404, "NOT_FOUND")["at"] == 10


@pytest.mark.parametrize(
    "where,at",
    [
        ("loss < 1", 0),
        ("metrics.loss < ", 15),
        ("name = 'a' and (status = done)", 25),
        ("name ~ '('", 7),
        ("(" * 5000, None),
        ("name = '\u00e9' and x = 1", 16),
        ("name = 'a' or " * 300 + "name = 'a'", None),
    ],
)
def test_errors_have_a_place(zoo, where, at):
    project, api = zoo
    answer = refused(api, "runs/search", {"projects": [project], "where": where})
    assert answer["at"] == at or at is None
    assert "'where'" in answer["detail"]


def test_bad_searches(zoo):
    project, api = zoo
    answer = refused(api, "runs/search", {"projects": [project], "sort": ["name", "loss desc"]})
    assert answer["at"] == 0 and "sort[1]" in answer["detail"]
    refused(api, "runs/search", {"sort": ["dataset.name"]})
    refused(api, "runs/search", {"sort": ["name"] * 17})
    refused(api, "runs/search", {"where": "x" * 20001})
    refused(api, "runs/search", {"view": "hidden"})
    slow = "config.opt ~ '(a+)+$' or name ~ '(x+x+)+y'"
    assert api.post("runs/search", {"projects": [project], "where": slow}).status_code in (200, 504)


# ---- many runs -------------------------------------------------------------------------------


def test_bulk(api, project):
    runs = [begin(api, project, name=str(i)) for i in range(5)]
    answer = api.ok("POST", "runs/bulk", json={"act": "tag", "runs": [*runs, MISSING, "x"], "key": "k", "value": "v"})
    assert answer["done"] == 5 and [f["run"] for f in answer["failed"]] == [MISSING, "x"]
    assert all(f["detail"] for f in answer["failed"])
    assert len(search(api, project, "tags.k = 'v'")["items"]) == 5
    assert api.ok("POST", "runs/bulk", json={"act": "untag", "runs": runs[:2], "key": "k"}) == {"done": 2, "failed": []}
    assert len(search(api, project, "tags.k is null")["items"]) == 2
    other = api.project()
    assert api.ok("POST", "runs/bulk", json={"act": "move", "runs": runs[:3], "project": other["name"]})["done"] == 3
    assert sorted(names_of(search(api, other["number"]))) == ["0", "1", "2"]
    assert api.ok("POST", "runs/bulk", json={"act": "delete", "runs": runs})["done"] == 5
    assert search(api, project)["items"] == []
    answer = api.ok("POST", "runs/bulk", json={"act": "tag", "runs": runs, "key": "k"})
    assert answer["done"] == 0 and len(answer["failed"]) == 5
    assert api.ok("POST", "runs/bulk", json={"act": "restore", "runs": runs})["done"] == 5
    assert sorted(names_of(search(api, project))) == ["3", "4"]


def test_bad_bulks(api, project):
    run = begin(api, project)
    refused(api, "runs/bulk", {})
    refused(api, "runs/bulk", {"act": "delete"})
    refused(api, "runs/bulk", {"act": "delete", "runs": []})
    refused(api, "runs/bulk", {"act": "explode", "runs": [run]})
    refused(api, "runs/bulk", {"act": "tag", "runs": [run]})
    refused(api, "runs/bulk", {"act": "move", "runs": [run]})
    refused(api, "runs/bulk", {"act": "move", "runs": [run], "project": "no such"}, 404, "NOT_FOUND")
    refused(api, "runs/bulk", {"act": "delete", "runs": [run] * 1001})
    assert not api.ok("GET", f"runs/{run}")["deleted"]


# ---- groups, names, values -------------------------------------------------------------------


def test_group(zoo):
    project, api = zoo
    body = {"projects": [project], "by": ["config.opt"], "of": ["metrics.loss.max", "config.lr", "duration"]}
    adam, none, sgd = sorted(api.ok("POST", "runs/group", json=body)["items"], key=lambda g: g["by"].get("config.opt", "b"))
    assert adam["by"] == {"config.opt": "adam"} and adam["count"] == 2
    assert adam["of"]["metrics.loss.max"] == {"count": 1, "mean": 3, "min": 3, "max": 3}
    assert adam["of"]["config.lr"]["count"] == 1 and adam["of"]["duration"]["count"] == 2
    assert none["by"] == {} and none["count"] == 2 and none["of"]["config.lr"]["mean"] == 10
    assert sgd["of"]["config.lr"]["max"] == 0.01
    (everything,) = api.ok("POST", "runs/group", json={**body, "by": ["project"], "where": "metrics.loss < 9"})["items"]
    assert everything["by"] == {"project": str(project)}
    loss = everything["of"]["metrics.loss.max"]
    assert loss["count"] == 2 and loss["mean"] == 4 and math.isclose(loss["deviation"], math.sqrt(2))
    by_status = api.ok("POST", "runs/group", json={"projects": [project], "by": ["status", "user"]})["items"]
    assert [g["count"] for g in by_status] == [4, 1] and by_status[1]["by"] == {"status": "failed", "user": "eve"}
    assert by_status[0]["of"] == {}


def test_bad_groups(zoo):
    project, api = zoo
    refused(api, "runs/group", {"projects": [project]})
    refused(api, "runs/group", {"projects": [project], "by": []})
    refused(api, "runs/group", {"projects": [project], "by": ["dataset.name"]})
    refused(api, "runs/group", {"projects": [project], "by": ["nonsense"]})
    refused(api, "runs/group", {"projects": [project], "by": ["name"] * 9})
    refused(api, "runs/group", {"projects": [project], "by": ["name"], "of": ["name"]})
    refused(api, "runs/group", {"projects": [project], "by": ["name"], "where": "name"})


def test_names(zoo):
    project, api = zoo
    answer = api.ok("GET", "names", params={"project": project})
    kinds = {k: [n["name"] for n in answer["items"] if n["kind"] == k] for k in ("attribute", "metric", "config", "tag")}
    assert kinds["metric"] == ["acc", "loss"] and kinds["config"] == ["lr", "opt"]
    assert kinds["tag"] == ["mlflow.runName", "team"] and "duration" in kinds["attribute"]
    assert answer["all"] and answer["looked_at"] == 5
    (loss,) = api.ok("GET", "names", params={"project": project, "kind": "metric", "prefix": "lo"})["items"]
    assert loss == {"name": "loss", "kind": "metric", "runs": 3}
    cut = api.ok("GET", "names", params={"project": project, "kind": "config", "limit": 1})
    assert [n["name"] for n in cut["items"]] == ["lr"] and not cut["all"]
    assert problem(api.get("names")) == (400, "INVALID")
    assert problem(api.get("names", project="no such")) == (404, "NOT_FOUND")
    assert problem(api.get("names", project=project, kind="colour")) == (400, "INVALID")


def test_values(zoo):
    project, api = zoo
    answer = api.ok("GET", "values", params={"project": project, "field": "config.opt"})
    assert answer == {"items": [{"value": "adam", "runs": 2}, {"value": "sgd", "runs": 1}], "all": True}
    answer = api.ok("GET", "values", params={"project": project, "field": "config.opt", "prefix": "s"})
    assert answer["items"] == [{"value": "sgd", "runs": 1}]
    answer = api.ok("GET", "values", params={"project": project, "field": "status", "prefix": "run"})
    assert answer["items"] == [{"value": "running", "runs": 4}]
    answer = api.ok("GET", "values", params={"project": project, "field": "name", "limit": 2})
    assert len(answer["items"]) == 2 and not answer["all"]
    reply = api.get("values", project=project, field="colour")
    assert problem(reply) == (400, "INVALID") and reply.json()["at"] == 0
    assert problem(api.get("values", project=project)) == (400, "INVALID")


def test_replies_have_their_shape(zoo):
    """What the OpenAPI page says of a run is what a run is."""
    project, api = zoo
    page = api.ok("GET", "openapi.json")
    schema = page["components"]["schemas"]["Run"]
    for run in search(api, project)["items"]:
        assert set(schema.get("required", [])) <= set(run) <= set(schema["properties"])
