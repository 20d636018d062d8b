# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL goes away under load, in each of its ways: requests wait or fail cleanly, then go on, and nothing that was
acknowledged is lost or doubled. The cluster is this test's own."""
import os
import pathlib
import signal
import subprocess
import sys
import time
import uuid

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).parents[1] / "native"))

from conftest import need_engine
from ledger import Api, Ledger, Load
from site_of import Database, Site, wait_for
from sse import Stream

PG_SH = pathlib.Path(__file__).parents[1] / "pg.sh"


def pg_sh(*args):
    return subprocess.run([PG_SH, *args], check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def halt(folder):
    """As pg_ctl stop -m fast."""
    pid = int(pathlib.Path(folder, "data/postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGINT)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), what="the end of PostgreSQL")


@pytest.fixture(scope="module")
def cluster():
    need_engine("postgres")
    url, folder = pg_sh("start")
    yield url, folder
    pg_sh("stop", folder)


@pytest.fixture
def pg_site(cluster, tmp_path):
    with Site(tmp_path, Database(cluster[0])) as s:
        yield s


def clean(ledger):
    for status, body in ledger.errors:
        assert status in (503, 504), (status, body)
        assert body["error_code"] in ("TEMPORARILY_UNAVAILABLE", "DEADLINE_EXCEEDED") and body["message"], body
        assert "stemma@" not in body["message"], f"tells the URL: {body}"


def goes_on(site, ledger, server):
    """Without a restart of ours."""
    before, acked = len(ledger.errors), ledger.acked
    with Load(ledger, [server.port], seed=9):
        time.sleep(0.5)
    assert len(ledger.errors) == before, ledger.errors[-1]
    assert ledger.acked > acked + 10
    ledger.verify(server.port)
    site.stop(server)
    site.check()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_restarted_under_load(pg_site, cluster, mode):
    """Fast: it ends all sessions. Immediate: as a crash, with recovery."""
    server, ledger = pg_site.start(), Ledger()
    with Load(ledger, [server.port], seed=1, stubborn=True) as load:
        for _ in range(3):
            time.sleep(0.5)
            pg_sh("restart", cluster[1], mode)
        acked = ledger.acked
        wait_for(lambda: ledger.acked > acked + 20, what="work after the restarts")
        assert load.alive
    clean(ledger)
    goes_on(pg_site, ledger, server)


def test_sessions_ended_one_by_one(pg_site):
    """As an operator or a balancer does it."""
    server, ledger = pg_site.start(), Ledger()
    with Load(ledger, [server.port], seed=2, stubborn=True) as load:
        for _ in range(20):
            time.sleep(0.05)
            pg_site.database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()")
        assert load.alive
    clean(ledger)
    goes_on(pg_site, ledger, server)


def test_gone_for_longer_than_requests_wait(pg_site, cluster):
    """Requests fail within their deadline, /health answers meanwhile, and when PostgreSQL is back so are we."""
    server, ledger = pg_site.start(), Ledger()
    with Load(ledger, [server.port], seed=3):
        time.sleep(0.3)
    assert not ledger.errors, ledger.errors[0]
    halt(cluster[1])
    try:
        started = time.monotonic()
        status, body = Api(server.port).get("runs/get", run_id=next(run.id for run in ledger.runs if run.id))
        assert status == 503 and body["error_code"] == "TEMPORARILY_UNAVAILABLE", (status, body)
        assert time.monotonic() - started < 40
        assert Api(server.port).call("GET", "/health") == (200, b"OK")
    finally:
        pg_sh("restart", cluster[1])
    goes_on(pg_site, ledger, server)


def test_streams_outlive_it(pg_site, cluster):
    """A stream stays open while the database is away, and gives what happens afterwards; jobs go on too."""
    server = pg_site.start()

    def create():
        return requests.post(server.uri + "/api/v1/projects", json={"name": uuid.uuid4().hex}, timeout=60)

    with Stream(server.uri, after=0) as s:
        assert create().status_code == 201
        first = s.take(1)[0]
        for mode in ("fast", "immediate"):
            pg_sh("restart", cluster[1], mode)
            wait_for(lambda: create().status_code == 201, what="a creation")
        mark = create().json()["number"]
        seen = [first] + s.until(lambda e: e["object"] == str(mark))
    assert [n for n, _, _ in seen] == list(range(1, len(seen) + 1))
    job = requests.post(server.uri + "/api/v1/jobs", json={"kind": "check"}, timeout=60).json()["id"]
    wait_for(lambda: requests.get(f"{server.uri}/api/v1/jobs/{job}", timeout=60).json()["state"] == "done")
    pg_site.stop(server)
    pg_site.check()
