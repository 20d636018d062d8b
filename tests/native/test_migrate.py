# SPDX-License-Identifier: Apache-2.0
"""stemma migrate: SQLite to PostgreSQL and back."""

import os

import pytest
import servers
from care_help import Place, everything, fill

pytestmark = pytest.mark.skipif(not os.environ.get("STEMMA_TEST_PG"), reason="needs PostgreSQL (tests/pg.sh)")


@pytest.fixture
def place():
    with Place("sqlite") as p:
        yield p


@pytest.fixture
def database():
    d = servers.Database()
    yield d
    d.drop()


def move(place, **kwargs):
    return place.run("migrate", "--data", place.data, arguments=[f"--{k}={v}" for k, v in kwargs.items()])


def test_there_and_back(place, database):
    server = place.start()
    fill(server.uri)
    before = everything(server.uri)
    place.stop(server)
    assert "compared" in move(place, to=database.url)

    # The folder knows where its records are now.
    assert "name the database with --db" in place.run("check", code=1)
    there = ["--data", place.data, "--db", database.url]
    assert "whole: 0 damaged" in place.run("check", arguments=there)
    place.database = database
    server = place.start()
    assert everything(server.uri) == before
    fill_one(server.uri)
    after = everything(server.uri)
    place.stop(server)
    place.database = None

    out = place.popen("migrate", "--data", place.data, arguments=[f"--from={database.url}", "--to=sqlite"])
    assert "records in the database of --to already" in out.communicate()[1] and out.returncode == 1
    os.rename(os.path.join(place.data, "stemma.db"), place.path("old.db"))
    move(place, **{"from": database.url, "to": "sqlite"})
    assert "leave --db out" in place.run("check", code=1, arguments=there)
    assert "whole: 0 damaged" in place.run("check")
    server = place.start()
    assert everything(server.uri) == after
    fill_one(server.uri, "another")
    place.stop(server)
    place.run("check")


def fill_one(uri, name="one"):
    from rest import Rest

    rest = Rest(uri)
    run = rest.create_run(rest.create_experiment(name), run_name="later")
    assert rest.log_batch(run, metrics=[{"key": "m", "value": 1, "step": 1, "timestamp": 1}]).status_code == 200


def test_refusals(place, database):
    def fails(code, *words):
        return place.run("migrate", "--data", place.data, code=code, arguments=words)

    assert "needs --to" in fails(2)
    assert "one of --from and --to" in fails(2, "--to", "sqlite")
    assert "no stemma.db" in fails(4, "--to", database.url)
    server = place.start()
    assert fails(1, "--to", database.url)  # a server has the folder
    place.stop(server)
    move(place, to=database.url)
