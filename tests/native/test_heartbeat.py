# SPDX-License-Identifier: Apache-2.0
"""Signs of life: a run that promised some and gives none is crashed, once, also with two servers; it comes back with the
next one; what a client says wins. And `stemma run`, killed with SIGKILL, leaves such a run."""

import os
import signal
import time

import pytest
import servers
import wrapped
from conftest import Native, problem
from wrapped import sh

GRACE = ["--beat-grace", "1s"]


@pytest.fixture(scope="module")
def server(engine):
    started = servers.Stemma(engine, options=GRACE)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def pair():
    if not os.environ.get("STEMMA_TEST_PG"):
        pytest.skip("STEMMA_TEST_PG is not set: run by tests/pg.sh")
    started = servers.Stemma("postgres", 2, options=GRACE)
    yield started
    started.stop()


@pytest.fixture
def run(api):
    return api.ok("POST", "runs", json={"project": 0})["id"]


def beat(api, run, every_s=0.1, **more):
    return api.ok("POST", f"runs/{run}/beat", json={"every_s": every_s, **more})


def get(api, run):
    return api.ok("GET", f"runs/{run}")


def crashed(api, run):
    return wrapped.wait_for(lambda: get(api, run)["status"] == "crashed" and get(api, run))


def test_crash_and_return(api, run):
    beat(api, run, **{"from": "a test"})
    silent = api.ok("POST", "runs", json={"project": 0})["id"]  # promises nothing
    seen = crashed(api, run)
    assert "no sign of life since" in seen["reason"] and "a test" in seen["reason"] and seen["end_ms"]
    assert get(api, silent)["status"] == "running"
    assert api.ok("POST", "runs/search", json={"projects": [0], "where": f"status = 'crashed' and id = '{run}'"})["items"]
    beat(api, run)
    seen = get(api, run)
    assert seen["status"] == "running" and "reason" not in seen and "end_ms" not in seen
    crashed(api, run)


def test_who_gives_signs_lives(api, run):
    for _ in range(20):
        beat(api, run)
        time.sleep(0.1)
    assert get(api, run)["status"] == "running"


def test_what_a_client_says_wins(api, run):
    beat(api, run)
    api.ok("PATCH", f"runs/{run}", json={"status": "finished"})
    other = api.ok("POST", "runs", json={"project": 0})["id"]
    beat(api, other)
    crashed(api, other)  # the sweep went over both
    assert get(api, run)["status"] == "finished"
    api.ok("PATCH", f"runs/{other}", json={"status": "failed"})
    beat(api, other)
    assert get(api, other)["status"] == "failed"


def test_promise_taken_back(api, run):
    beat(api, run)
    beat(api, run, 0)
    other = api.ok("POST", "runs", json={"project": 0})["id"]
    beat(api, other)
    crashed(api, other)
    assert get(api, run)["status"] == "running"


def test_bad_input(api, run):
    for body in ({}, {"every_s": -1}, {"every_s": 0.01}, {"every_s": 1e9}, {"every_s": "NaN"}, {"every_s": "x"},
                 {"every_s": 1, "from": "x" * 201}):  # fmt: skip
        assert problem(api.post(f"runs/{run}/beat", body)) == (400, "INVALID"), body
    assert problem(api.post(f"runs/{'0' * 32}/beat", {"every_s": 1})) == (404, "NOT_FOUND")
    api.ok("DELETE", f"runs/{run}")
    assert problem(api.post(f"runs/{run}/beat", {"every_s": 1})) == (400, "STATE")


def test_two_servers_find_it_once(pair):
    import psycopg2

    apis = [Native(uri) for uri in pair.uris]
    runs = [apis[i % 2].ok("POST", "runs", json={"project": 0})["id"] for i in range(10)]
    for i, run in enumerate(runs):
        beat(apis[(i + 1) % 2], run)
    for i, run in enumerate(runs):
        crashed(apis[i % 2], run)
    with psycopg2.connect(pair.database.url) as db, db.cursor() as rows:
        rows.execute("SELECT object, count(*) FROM event WHERE user_name = 'heartbeat' GROUP BY object")
        assert dict(rows.fetchall()) == {run: 1 for run in runs}


def test_servers_that_were_away_crash_nothing(engine):
    own = servers.Stemma(engine, options=GRACE)
    try:
        api = Native(own.uri)
        run = api.ok("POST", "runs", json={"project": 0})["id"]
        beat(api, run)
        own.stop_servers()
        time.sleep(1.5)
        own.start()
        api = Native(own.uri)
        assert get(api, run)["status"] == "running"
        beat(api, run, 60)
        assert get(api, run)["status"] == "running"
    finally:
        own.stop()


def test_killed_wrapper(server, api):
    process = wrapped.start(server.uri, sh("echo hello; exec sleep 100"))
    assert process.stdout.readline() == b"hello\n"
    line = process.stderr.readline()
    while b"/runs/" not in line:
        line = process.stderr.readline()
    run = wrapped.run_id(line)
    wrapped.wait_for(lambda: wrapped.texts(api, run) == ["hello"])
    os.kill(process.pid, signal.SIGKILL)
    wrapped.end(process)
    # It promised a sign every 10 s: this test does not wait for that, but takes its place.
    beat(api, run)
    assert "no sign of life" in crashed(api, run)["reason"]
