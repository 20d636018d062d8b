# SPDX-License-Identifier: Apache-2.0
"""Keeping data under faults: backup, restore, migrate, export, import and gc are killed at random moments, again and
again, and the last try ends well with nothing lost; a full disk leaves no half file under the final name."""
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "native"))

import servers
from care_help import Place, everything, files_of, fill, put, tree
from faults import Faults
from rest import Rest
from site_of import Database

KILLS = 6


@pytest.fixture
def place(engine):
    with Place(engine) as p:
        server = p.start()
        p.experiment, p.runs = fill(server.uri, runs=12)
        rest = Rest(server.uri)
        for i in range(150):
            put(rest, f"{p.experiment}/{p.runs[i % 12]}/artifacts/more/{i}", os.urandom(30_000 + 900 * i))
        p.told = everything(server.uri)
        p.stop(server)
        p.forget_leases()
        yield p


def whole_run(place, words, arguments):
    """How long the command takes, roughly: kills fall into it."""
    begun = time.monotonic()
    place.run(*words, arguments=arguments)
    return time.monotonic() - begun


def killed(place, words, seconds, rng, arguments=None):
    process = place.popen(*words, arguments=arguments)
    time.sleep(rng.uniform(0.002, max(seconds, 0.02)))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode != 0


def killed_until_it_ends(place, words, seconds, rng, arguments=None):
    """Killed some times; then it may end."""
    for _ in range(KILLS):
        if not killed(place, words, seconds, rng, arguments):
            return
        if os.path.exists(place.data) and not os.path.exists(os.path.join(place.data, "unfinished")):
            if "content" in os.listdir(place.data) and words[0] != "migrate":
                return  # killed on its way out
    place.run(*words, arguments=arguments)


def same(place, told):
    assert place.json("check", "--deep")["whole"]
    server = place.start()
    assert everything(server.uri) == told
    place.stop(server)


def test_backup(place):
    rng, file = random.Random(1), place.path("b")
    seconds = whole_run(place, ["backup", place.path("first")], None)
    for _ in range(KILLS):
        killed(place, ["backup", file], seconds, rng)
        if os.path.exists(file):
            assert place.json("check", file, arguments=[])["whole"]
    place.run("backup", file)
    assert place.json("check", file, arguments=[])["whole"]
    same(place, place.told)


def test_restore(place):
    rng = random.Random(2)
    place.run("backup", place.path("b"))
    with Place(place.engine) as fresh:
        seconds = whole_run(fresh, ["restore", place.path("b")], None)
    with Place(place.engine) as fresh:
        killed_until_it_ends(fresh, ["restore", place.path("b")], seconds, rng)
        same(fresh, place.told)


def test_export_and_import(place):
    rng, out = random.Random(3), place.path("out")
    seconds = whole_run(place, ["export", place.path("first")], None)
    for _ in range(KILLS):
        killed(place, ["export", out], seconds, rng)
        assert not os.path.exists(out) or tree(out) == tree(place.path("first"))
    if not os.path.exists(out):
        place.run("export", out)
    assert tree(out) == tree(place.path("first"))
    with Place(place.engine) as fresh:
        killed_until_it_ends(fresh, ["import", out], seconds, rng)
        same(fresh, place.told)


def gc_until_it_ends(place, seconds, rng):
    for _ in range(KILLS):
        killed(place, ["gc", "--older-than", "0"], seconds, rng)
        assert place.json("check")["whole"]
    place.run("gc", "--older-than", "0")


def undo_until(place, back, rng):
    """A gc that ended before its kill is one of its own."""
    for _ in range(2):
        killed(place, ["gc", "--undo"], 0.1, rng)
    for _ in range(KILLS + 1):
        if back():
            break
        place.run("gc", "--undo")


def test_gc(place):
    """What several killed gcs freed comes back with one undo."""
    server = place.start()
    for run in place.runs[3:9]:
        Rest(server.uri).ok("POST", "runs/delete", json={"run_id": run})
    told = everything(server.uri)
    place.stop(server)
    place.forget_leases()
    rng = random.Random(4)
    gc_until_it_ends(place, 0.15, rng)
    assert len(place.sql("SELECT run FROM run")) == 5
    undo_until(place, lambda: len(place.sql("SELECT run FROM run")) == 12, rng)
    same(place, told)


def test_gc_of_a_project(place):
    """The same for a deleted project: its runs, its files, its tags, and at last its name."""
    server = place.start()
    rest = Rest(server.uri)
    for i in range(60):
        put(rest, f"{place.experiment}/loose/{i}", os.urandom(100))
    rest.search_runs(place.experiment, filter="params.lr = '0.001'")
    rest.ok("POST", "experiments/delete", json={"experiment_id": place.experiment})
    told, loose = everything(server.uri), files_of(rest, f"{place.experiment}/loose")
    place.stop(server)
    place.forget_leases()
    rng = random.Random(7)
    gc_until_it_ends(place, 0.25, rng)
    for table in ("run", "model", "dataset", "project_tag", "run_mark", "project_moved", "column_head", "column_chunk", "artifact"):
        assert place.sql(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert place.sql("SELECT project FROM project") == [(0,)]
    undo_until(place, lambda: len(place.sql("SELECT run FROM run")) == 12, rng)
    same(place, told)
    server = place.start()
    assert files_of(Rest(server.uri), f"{place.experiment}/loose") == loose
    place.stop(server)


@pytest.mark.skipif(not os.environ.get("STEMMA_TEST_PG"), reason="needs PostgreSQL")
def test_migrate():
    database, rng = Database(), random.Random(5)
    with Place("sqlite") as place:
        server = place.start()
        fill(server.uri, runs=12)
        told = everything(server.uri)
        place.stop(server)
        words = ["migrate", "--data", place.data, "--to", database.url]
        killed_until_it_ends(place, words, 0.4, rng, arguments=[])
        place.database = database
        same(place, told)


def full(place, words, folder, space, arguments=None):
    """The command with a disk that fills up under `folder`: it fails, and says why."""
    faults = Faults(folder, place.top)
    faults.space = space
    env = servers.fresh_environment(faults.environment())
    command = [servers.stemma_binary(), *words, *(place.arguments if arguments is None else arguments)]
    done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and ("full" in done.stderr or "No space" in done.stderr), (done.returncode, done.stderr)


def test_full_disk(place):
    files, rng = place.path("files"), random.Random(6)
    os.mkdir(files)
    for space in (0, 100, rng.randrange(1 << 20), 4 << 20):
        full(place, ["backup", os.path.join(files, "b")], files, space)
        assert os.listdir(files) == []
        full(place, ["export", os.path.join(files, "out")], files, space)
        assert os.listdir(files) == []
    place.run("backup", place.path("b"))
    if place.engine == "sqlite":
        os.mkdir(place.path("new"))
        target = ["--data", place.path("new")]
        full(place, ["restore", place.path("b")], place.path("new"), 3 << 20, arguments=target)
        place.data = place.path("new")
        place.run("restore", place.path("b"))
        same(place, place.told)
