# SPDX-License-Identifier: Apache-2.0
"""A team that outgrew one machine: docs/operations.md, "From one machine to several", step by step, with a client that
logs before, between and after."""

import os

import pytest
import requests
import servers
from care_help import Place
from conftest import Native

pytestmark = pytest.mark.skipif(not os.environ.get("STEMMA_TEST_PG"), reason="needs PostgreSQL (tests/pg.sh)")


def points(api, run):
    return [p["value"] for p in api.all(f"runs/{run}/points", key="loss", limit=2)]


def log(api, run, step):
    body = {"points": [{"key": "loss", "step": step, "time_ms": 1700000000000 + step, "value": 1 / step}]}
    assert api.ok("POST", f"runs/{run}/log", json=body) == {}


def test_from_one_machine_to_two_servers():
    with Place("sqlite") as place:
        # One machine, SQLite.
        server = place.start()
        one = Native(server.uri)
        run = one.ok("POST", "runs", json={"project": one.project("base")["number"], "name": "long"})["id"]
        for step in (1, 2, 3):
            log(one, run, step)
        one.ok("PUT", f"runs/{run}/files/model.bin", data=b"w" * 300_000)

        # 1. a backup while it runs; 2. the server stops; 3. the records move, the content stays
        place.run("backup", place.path("before.backup"), arguments=["--url", server.uri])
        place.stop(server)
        place.run("check", place.path("before.backup"), arguments=[])
        place.database = servers.Database()
        place.run("migrate", arguments=["--data", place.data, "--to", place.database.url])

        # 4. whole? 5. two servers; a forgotten --db is refused
        assert "whole: 0 damaged" in place.run("check", "--deep")
        place.run("serve", code=1, arguments=["--data", place.data, "--listen", "127.0.0.1:0"])
        a, b = place.start(), place.start()
        for uri in (a.uri, b.uri):
            there = Native(uri)
            assert points(there, run) == [1, 1 / 2, 1 / 3]
            assert there.get(f"runs/{run}/files/model.bin").content == b"w" * 300_000
            assert there.ok("GET", "projects/base")["name"] == "base"

        # What one acknowledges the other shows; when one is lost the other goes on, with the file too.
        log(Native(a.uri), run, 4)
        assert points(Native(b.uri), run)[-1] == 1 / 4
        Native(a.uri).ok("PUT", f"runs/{run}/files/more.bin", data=b"m" * 100_000)
        a.kill()
        with pytest.raises(requests.ConnectionError):
            Native(a.uri).get("projects")
        log(Native(b.uri), run, 5)
        assert Native(b.uri).get(f"runs/{run}/files/more.bin").content == b"m" * 100_000
        found = Native(b.uri).ok("POST", "runs/search", json={"projects": ["base"], "where": "metrics.loss < 0.21"})
        assert [r["id"] for r in found["items"]] == [run]

        # And one of them again, as an upgrade does it.
        a = place.start()
        assert points(Native(a.uri), run) == [1 / n for n in (1, 2, 3, 4, 5)]
        place.stop(a)
        place.stop(b)
        assert "whole: 0 damaged" in place.run("check", "--deep")


def test_back_before_anything_new():
    """The source of a move is only read: without the note of where the records are it serves again."""
    with Place("sqlite") as place:
        server = place.start()
        name = Native(server.uri).project("kept")["name"]
        place.stop(server)
        place.database = servers.Database()
        place.run("migrate", arguments=["--data", place.data, "--to", place.database.url])
        place.database.drop()
        place.database = None
        os.unlink(os.path.join(place.data, "records"))
        server = place.start()
        assert Native(server.uri).ok("GET", f"projects/{name}")["name"] == name
        place.stop(server)
        assert "whole: 0 damaged" in place.run("check", "--deep")
