# SPDX-License-Identifier: Apache-2.0
"""Jobs: started, listed, seen to their end."""

import time
import uuid

import pytest

from conftest import Native, problem
from sse import Stream


def wait_for(api, job, states=("done", "failed"), seconds=60):
    end = time.monotonic() + seconds
    while True:
        now = api.ok("GET", f"jobs/{job}")
        if now["state"] in states:
            return now
        assert time.monotonic() < end, now
        time.sleep(0.05)


def test_a_check_runs_to_its_end(server, api):
    made = api.ok("POST", "jobs", json={"kind": "check", "argument": {"deep": True}})
    assert made["state"] in ("waiting", "running") and not made["recurring"]
    assert made["argument"] == {"deep": True}
    done = wait_for(api, made["id"])
    assert (done["state"], done["done"], done["total"], done["unit"]) == ("done", 4, 4, "parts")
    assert done["detail"].startswith("whole: ") and "holder" not in done
    assert done["created_us"] <= done["started_us"] <= done["updated_us"]


def test_its_start_and_end_are_events(server, api):
    with Stream(server.uri) as s:
        made = api.ok("POST", "jobs", json={"kind": "check"})
        seen = s.until(lambda e: e["kind"] == "job_ended" and e["object"] == made["id"])
    started = [e for _, kind, e in seen if kind == "job_started" and e["object"] == made["id"]]
    assert started[0]["payload"] == {"kind": "check"}
    assert seen[-1][2]["payload"] == {"kind": "check", "failed": False}


def test_list(api):
    made = [api.ok("POST", "jobs", json={"kind": "check"})["id"] for _ in range(5)]
    items = api.all("jobs", limit=2)
    ids = [j["id"] for j in items]
    assert len(ids) == len(set(ids))
    recurring = [j["recurring"] for j in items]
    assert recurring == sorted(recurring, reverse=True), "those that run by themselves come first"
    assert [i for i in ids if i in made] == made[::-1]
    assert "clean" in {j["kind"] for j in items if j["recurring"]}


def test_threads_are_shown(server, api):
    """What packs and folds all the time: on the server that does it, with how much waits."""
    run = {"experiment_id": "0", "start_time": 1}
    import requests

    mlflow = server.uri + "/api/2.0/mlflow/runs/"
    run_id = requests.post(mlflow + "create", json=run, timeout=10).json()["run"]["info"]["run_id"]
    end = time.monotonic() + 60
    while True:
        point = {"key": "m", "value": 1, "step": 0, "timestamp": 1}
        requests.post(mlflow + "log-batch", json={"run_id": run_id, "metrics": [point]}, timeout=10)
        shown = {j["kind"]: j for j in api.all("jobs") if j["recurring"]}
        if {"pack", "fold"} <= shown.keys():
            break
        assert time.monotonic() < end, shown
        time.sleep(0.5)
    for kind, unit in (("pack", "records"), ("fold", "runs")):
        job = shown[kind]
        assert (job["state"], job["unit"]) == ("running", unit) and job["holder"]
        assert 0 <= job["done"] <= job["total"]


@pytest.mark.parametrize("body,status", [
    ({}, 400), ({"kind": "none"}, 400), ({"kind": "clean"}, 400), ({"kind": "pack"}, 400),
    ({"kind": "check", "argument": {"depth": 1}}, 400), ({"kind": "check", "argument": "deep"}, 400),
    ({"kind": "check", "argument": {"deep": "x" * 10000}}, 413)])
def test_refusals(api, body, status):
    before = len(api.all("jobs"))
    assert problem(api.post("jobs", body))[0] == status
    assert len(api.all("jobs")) == before


def test_no_such_job(api):
    assert problem(api.get(f"jobs/{uuid.uuid4().hex}")) == (404, "NOT_FOUND")
    assert problem(api.get("jobs/x"))[0] == 404
    assert problem(api.get("jobs", after="x"))[0] == 400


def test_any_server_takes_and_shows_it(pair):
    apis = [Native(u) for u in pair.uris]
    made = [apis[i % 2].ok("POST", "jobs", json={"kind": "check"})["id"] for i in range(6)]
    for job in made:
        assert wait_for(apis[0], job)["state"] == "done"
        assert apis[0].ok("GET", f"jobs/{job}") == apis[1].ok("GET", f"jobs/{job}")
