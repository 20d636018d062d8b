# SPDX-License-Identifier: Apache-2.0
"""stemma du, and gc with its grace, its hold and its undo."""

import glob
import os
import time

import pytest
from care_help import Place, everything, files_of, fill, put
from rest import Rest

from conftest import Native, problem


@pytest.fixture
def place(engine):
    with Place(engine) as p:
        yield p


@pytest.fixture
def filled(place):
    server = place.start()
    place.experiment, place.runs = fill(server.uri)
    place.told = everything(server.uri)
    place.stop(server)
    place.forget_leases()
    return place


def objects(place):
    return place.json("check")["objects"]


def test_du(filled):
    rows = {r["name"]: r for r in filled.json("du")["items"]}
    mine = rows["care \U0001f4e6 'quoted\""]
    assert (mine["runs"], mine["deleted_runs"], mine["models"]) == (3, 1, 1)
    assert mine["points"] == 4 * 14 + 1 and mine["point_bytes"] > 0
    assert mine["files"] == 12 and mine["file_bytes"] == 4 * (200_000 + 19)
    assert mine["stored_bytes"] == 4 * 200_000 + 19
    users = {r["name"]: r for r in filled.json("du", "--by", "user")["items"]}
    assert users["user0"]["runs"] == 2 and users["user1"]["deleted_runs"] == 1
    assert sum(r["stored_bytes"] for r in users.values()) == mine["stored_bytes"]
    out = filled.run("du")
    assert "quoted" in out and "stored bytes" in out


def test_gc_has_a_grace(filled):
    told = filled.json("gc")
    assert told["runs"] == 0 and told["objects"] == 0


def test_dry_run_changes_nothing(filled):
    told = filled.json("gc", "--dry-run", "--older-than", "0")
    assert told["runs"] == 1 and told["files"] == 3 and told["file_bytes"] == 200_019
    server = filled.start()
    assert everything(server.uri) == filled.told
    filled.stop(server)


def gone(place):
    """The deleted run is freed for real; everything else is as it was."""
    server = place.start()
    now = everything(server.uri)
    assert set(now["runs"]) == set(place.runs[:3])
    assert all(now["runs"][r] == place.told["runs"][r] for r in now["runs"])
    place.stop(server)


def test_gc_and_undo(filled):
    told = filled.json("gc", "--older-than", "0")
    assert told["runs"] == 1 and told["objects"] == 1 and told["removed"] == 0 and told["waiting_bytes"] == 200_000
    gone(filled)
    undone = filled.json("gc", "--undo")
    assert undone["runs"] == 1 and undone["missing"] == 0
    assert filled.json("check")["whole"]
    server = filled.start()
    assert everything(server.uri) == filled.told
    Rest(server.uri).ok("POST", "runs/restore", json={"run_id": filled.runs[3]})
    found = Rest(server.uri).search_runs(filled.experiment, filter="params.lr = '0.001'")["runs"]
    assert len(found) == 4
    filled.stop(server)
    assert "nothing to undo" in filled.run("gc", "--undo", code=4)
    assert filled.json("gc", "--older-than", "0", "--hold", "0")["removed"] == 0  # what came back is used again
    assert objects(filled) == 6


def test_after_the_hold_it_is_gone(filled):
    filled.json("gc", "--older-than", "0")
    assert objects(filled) == 6
    told = filled.json("gc", "--older-than", "0", "--hold", "0")
    assert told["removed"] == 1 and told["removed_bytes"] == 200_000
    assert objects(filled) == 5
    assert not glob.glob(os.path.join(filled.data, "undo/*"))
    assert "nothing to undo" in filled.run("gc", "--undo", code=4)
    assert filled.json("check", "--deep")["whole"]


def test_files_that_came_back_without_bytes_are_told(filled):
    filled.json("gc", "--older-than", "0")
    filled.sql("DELETE FROM object WHERE freed IS NOT NULL")
    assert filled.json("gc", "--undo")["missing"] == 1


def test_undo_takes_the_last_gc(filled):
    filled.json("gc", "--older-than", "0")
    server = filled.start()
    Rest(server.uri).ok("POST", "runs/delete", json={"run_id": filled.runs[0]})
    filled.stop(server)
    assert filled.json("gc", "--older-than", "0")["runs"] == 1
    assert filled.json("gc", "--older-than", "0")["runs"] == 0  # freed nothing: not one to undo
    assert filled.json("gc", "--undo")["runs"] == 1
    assert {r[0] for r in filled.sql("SELECT life FROM run")} == {0, 1}
    assert len(filled.sql("SELECT life FROM run")) == 3
    assert filled.json("gc", "--undo")["runs"] == 1
    assert len(filled.sql("SELECT life FROM run")) == 4
    assert filled.json("check")["whole"]


def test_undo_after_rebuild(filled):
    """The place in the search columns may be another's then."""
    filled.json("gc", "--older-than", "0")
    filled.run("rebuild")
    server = filled.start()
    put(Rest(server.uri), f"{filled.experiment}/other", b"x")
    Rest(server.uri).create_run(filled.experiment, run_name="takes the next slot")
    Rest(server.uri).search_runs(filled.experiment, order_by=["params.lr"])
    filled.stop(server)
    filled.json("gc", "--undo")
    filled.run("rebuild")
    assert filled.json("check")["whole"]


def test_bad_options(place):
    assert "takes a time" in place.run("gc", "--hold", "soon", code=2)
    place.stop(place.start())
    place.run("du", "--by", "moon", code=2)


def ended(api, kind, argument=None):
    """A job, started and waited for."""
    body = {"kind": kind} if argument is None else {"kind": kind, "argument": argument}
    job = api.ok("POST", "jobs", json=body)
    until = time.monotonic() + 60
    while job["state"] not in ("done", "failed"):
        assert time.monotonic() < until, job
        time.sleep(0.05)
        job = api.ok("GET", f"jobs/{job['id']}")
    return job


def test_gc_as_a_job_of_a_running_server(filled):
    server = filled.start()
    api = Native(server.uri)
    assert "freed 0 runs" in ended(api, "gc")["detail"]
    assert "would free 1 runs" in ended(api, "gc", {"older_than_s": 0, "dry_run": True})["detail"]
    assert everything(server.uri) == filled.told
    assert "freed 1 runs" in ended(api, "gc", {"older_than_s": 0})["detail"]
    assert "brought back 1 runs" in ended(api, "gc_undo")["detail"]
    assert everything(server.uri) == filled.told
    nothing = ended(api, "gc_undo")
    assert nothing["state"] == "failed" and "nothing to undo" in nothing["detail"]
    assert problem(api.post("jobs", {"kind": "gc", "argument": {"hold_s": -1}}))[0] == 400
    assert problem(api.post("jobs", {"kind": "gc", "argument": {"all": True}}))[0] == 400
    filled.stop(server)
    assert filled.json("check")["whole"]


# ---- projects -------------------------------------------------------------------------------


def model_of(rest, model):
    return rest.ok("GET", f"logged-models/{model}")["model"]


@pytest.fixture
def binned(place):
    """A deleted project with all that can be in one: three runs that went with it, one of which was taken out of the
    bin again, one that was deleted before, a logged model and a file of no run; one of its runs has moved to another
    project."""
    server = place.start()
    rest = Rest(server.uri)
    place.experiment, place.runs = fill(server.uri, runs=5)
    place.name = rest.ok("GET", "experiments/get", params={"experiment_id": place.experiment})["experiment"]["name"]
    place.other, place.moved = rest.create_experiment("other"), place.runs[0]
    Native(server.uri).ok("PATCH", f"runs/{place.moved}", json={"project": place.other})
    made = {"experiment_id": place.experiment, "name": "kept", "params": [{"key": "a", "value": "b"}]}
    place.model = rest.ok("POST", "logged-models", json=made)["model"]["info"]["model_id"]
    put(rest, f"{place.experiment}/models/{place.model}/artifacts/weights", b"w" * 100_000)
    put(rest, f"{place.experiment}/notes/loose", b"of no run" * 10)
    rest.search_runs(place.experiment, filter="params.lr = '0.001'")
    rest.ok("POST", "experiments/delete", json={"experiment_id": place.experiment})
    rest.ok("POST", "runs/restore", json={"run_id": place.runs[1]})
    place.told, place.model_told = everything(server.uri), model_of(rest, place.model)
    place.stop(server)
    place.forget_leases()
    return place


COUNTS = {"runs": 4, "models": 2, "projects": 1, "files": 4 * 3 + 2, "file_bytes": 4 * 200_019 + 100_000 + 90}


def counts(told):
    return {k: told[k] for k in COUNTS}


def test_du_knows_whose_a_models_files_are(binned):
    row = next(r for r in binned.json("du")["items"] if r["name"] == binned.name)
    assert (row["runs"], row["deleted_runs"], row["models"]) == (1, 3, 2)
    assert row["files"] == COUNTS["files"] and row["file_bytes"] == COUNTS["file_bytes"]


def test_gc_of_a_project_has_a_grace(binned):
    assert counts(binned.json("gc")) == dict.fromkeys(COUNTS, 0)


def test_dry_run_of_a_project(binned):
    assert counts(binned.json("gc", "--dry-run", "--older-than", "0")) == COUNTS
    server = binned.start()
    assert everything(server.uri) == binned.told
    binned.stop(server)


def test_gc_frees_a_project_and_its_name(binned):
    assert counts(binned.json("gc", "--older-than", "0")) == COUNTS
    assert binned.json("check")["whole"]
    assert [r["name"] for r in binned.json("du")["items"]] == ["other"]
    server = binned.start()
    rest, now = Rest(server.uri), everything(server.uri)
    assert now["runs"] == {binned.moved: binned.told["runs"][binned.moved]}  # with its data set, too
    kept = files_of(rest, binned.experiment)
    assert len(kept) == 3 and all(binned.moved in path for path in kept)
    assert rest.get("experiments/get", experiment_id=binned.experiment).status_code == 404
    assert rest.get(f"logged-models/{binned.model}").status_code == 404
    assert int(rest.create_experiment(binned.name)) > int(binned.other)
    last = [e for e in Native(server.uri).all("events") if e["kind"] == "gc_freed"][-1]
    assert (last["kind"], last["object"], last["project"]) == ("gc_freed", binned.experiment, int(binned.experiment))
    binned.stop(server)
    assert counts(binned.json("gc", "--older-than", "0")) == dict.fromkeys(COUNTS, 0)


def test_a_project_comes_back(binned):
    binned.json("gc", "--older-than", "0")
    undone = binned.json("gc", "--undo")
    assert (undone["runs"], undone["models"], undone["projects"], undone["missing"]) == (4, 2, 1, 0)
    assert binned.json("check", "--deep")["whole"]
    server = binned.start()
    rest = Rest(server.uri)
    assert everything(server.uri) == binned.told
    assert model_of(rest, binned.model) == binned.model_told
    rest.ok("POST", "experiments/restore", json={"experiment_id": binned.experiment})
    assert len(rest.search_runs(binned.experiment, filter="params.lr = '0.001'")["runs"]) == 4
    loose = f"{binned.experiment}/notes"
    assert list(files_of(rest, loose).values()) == [b"of no run" * 10]
    binned.stop(server)
    assert counts(binned.json("gc", "--older-than", "0"))["projects"] == 0  # it is in use again


def test_an_undo_of_a_project_whose_name_is_taken(binned):
    binned.json("gc", "--older-than", "0")
    server = binned.start()
    taken = Rest(server.uri).create_experiment(binned.name)
    binned.stop(server)
    told = binned.run("gc", "--undo", code=1)
    assert f"project {taken} has its name now. Rename that one and undo again" in told
    assert binned.sql("SELECT count(*) FROM run") == [(1,)]  # nothing has come back without its project
    server = binned.start()
    Rest(server.uri).ok("POST", "experiments/update", json={"experiment_id": taken, "new_name": "new"})
    binned.stop(server)
    assert binned.json("gc", "--undo")["projects"] == 1
    server = binned.start()
    now = everything(server.uri)
    assert now["runs"] == binned.told["runs"]
    assert [e for e in now["experiments"] if e["experiment_id"] != taken] == binned.told["experiments"]
    binned.stop(server)
    assert binned.json("check")["whole"]


def test_a_restored_project_stays(binned):
    server = binned.start()
    Rest(server.uri).ok("POST", "experiments/restore", json={"experiment_id": binned.experiment})
    binned.told = everything(server.uri)
    binned.stop(server)
    assert counts(binned.json("gc", "--older-than", "0")) == dict.fromkeys(COUNTS, 0)
    server = binned.start()
    assert everything(server.uri) == binned.told
    binned.stop(server)


def test_gc_of_a_project_as_a_job(binned):
    server = binned.start()
    api = Native(server.uri)
    job = ended(api, "gc", {"older_than_s": 0})
    assert "freed 4 runs, 2 models, 1 projects, 14 files" in job["detail"]
    assert (job["done"], job["unit"]) == (7, "runs, models and projects")
    assert set(everything(server.uri)["runs"]) == {binned.moved}
    assert "brought back 4 runs, 2 models and 1 projects" in ended(api, "gc_undo")["detail"]
    assert everything(server.uri) == binned.told
    binned.stop(server)
    assert binned.json("check")["whole"]


def test_default_is_never_freed(place):
    server = place.start()
    rest = Rest(server.uri)
    rest.create_run("0")
    model = rest.ok("POST", "logged-models", json={"experiment_id": "0"})["model"]["info"]["model_id"]
    rest.ok("POST", "experiments/delete", json={"experiment_id": "0"})
    place.stop(server)
    told = place.json("gc", "--older-than", "0")
    assert (told["runs"], told["models"], told["projects"]) == (1, 0, 0)
    server = place.start()
    Rest(server.uri).ok("POST", "experiments/restore", json={"experiment_id": "0"})
    assert model_of(Rest(server.uri), model)["info"]["model_id"] == model
    place.stop(server)
