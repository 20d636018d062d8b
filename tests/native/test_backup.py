# SPDX-License-Identifier: Apache-2.0
"""stemma backup, restore, and check of a backup."""

import glob
import os
import pathlib
import random
import time

import pytest
from care_help import Place, everything, fill, other

from conftest import Native, problem
from folders import weights


@pytest.fixture
def place(engine):
    with Place(engine) as p:
        yield p


def test_of_a_running_server_into_either_engine(place, engine):
    server = place.start()
    fill(server.uri)
    before = everything(server.uri)
    file = place.path("all.backup")
    told = place.json("backup", file, arguments=["--url", server.uri])
    assert told["bytes"] == os.path.getsize(file) and told["objects"] == 6
    place.stop(server)
    checked = place.json("check", file, arguments=[])
    assert checked["whole"] and checked["rows"] == told["rows"] and checked["objects"] == 6
    for target in {engine, other(engine)}:
        with Place(target) as fresh:
            assert "whole" in fresh.run("restore", file)
            again = fresh.start()
            assert everything(again.uri) == before
            fill_more(again.uri)
            fresh.stop(again)
            assert fresh.json("check", "--deep")["whole"]


def fill_more(uri):
    """A restored server takes new data."""
    api = Native(uri)
    assert api.ok("POST", "projects", json={"name": "new after the restore"})["number"] > 1


def test_of_a_folder_without_a_server(place):
    server = place.start()
    fill(server.uri)
    before = everything(server.uri)
    place.stop(server)
    file = place.path("all.backup")
    place.run("backup", file)
    with Place(place.engine) as fresh:
        fresh.run("restore", file)
        again = fresh.start()
        assert everything(again.uri) == before
        fresh.stop(again)


def started(place):
    """A server was here."""
    place.stop(place.start())


def test_a_second_backup_takes_the_name_of_the_first(place):
    started(place)
    place.run("backup", place.path("b"))
    first = os.path.getsize(place.path("b"))
    server = place.start()
    fill(server.uri)
    place.run("backup", place.path("b"), arguments=["--url", server.uri])
    place.stop(server)
    assert os.path.getsize(place.path("b")) > first
    assert place.json("check", place.path("b"), arguments=[])["whole"]
    assert not glob.glob(place.path("b.*"))


def test_a_backup_keeps_to_a_rate(place):
    server = place.start()
    fill(server.uri)
    arguments = ["--url", server.uri]
    began = time.monotonic()
    place.run("backup", place.path("b"), "--max-rate", "100K", arguments=arguments)
    took = time.monotonic() - began
    assert took >= os.path.getsize(place.path("b")) / 100e3 - 0.1  # so much may be made up for
    assert place.json("check", place.path("b"), arguments=[])["whole"]
    assert "--max-rate takes a number of bytes" in place.run("backup", place.path("b"), "--max-rate", "fast", code=2,
                                                             arguments=arguments)


def test_restore_wants_an_empty_place(place):
    file = place.path("b")
    started(place)
    place.run("backup", file)
    assert "is not empty" in place.run("restore", file, code=1)
    assert "needs --data" in place.run("restore", file, code=2, arguments=[])
    if place.database:  # the folder is new, the database is not
        arguments = ["--data", place.path("new"), "--db", place.database.url]
        assert "not empty" in place.run("restore", file, code=1, arguments=arguments)


def test_check_names_damage(place):
    server = place.start()
    fill(server.uri)
    place.run("backup", place.path("b"), arguments=["--url", server.uri])
    place.stop(server)
    with open(place.path("b"), "rb") as f:
        whole = f.read()
    rng = random.Random(7)
    for at in [3, 40, 200, len(whole) - 10, len(whole) // 2] + [rng.randrange(32, len(whole)) for _ in range(8)]:
        bad = bytearray(whole)
        bad[at] ^= 0x40
        with open(place.path("bad"), "wb") as f:
            f.write(bad)
        # In the first bytes it can not even be told that it is one of ours.
        out = place.run("check", place.path("bad"), code=2 if at < 16 else 3, arguments=[])
        assert "damaged" in out or at < 16, (at, out)
        with Place(place.engine) as fresh:
            fresh.run("restore", place.path("bad"), code=2 if at < 16 else 1)
            if os.path.exists(fresh.data):  # what is there of it is no data folder
                assert "run it again" in fresh.run("check", code=1)
    for n in (0, 31, 100, len(whole) // 2, len(whole) - 1):
        with open(place.path("bad"), "wb") as f:
            f.write(whole[:n])
        place.run("check", place.path("bad"), code=2 if n < 32 else 3, arguments=[])
    with open(place.path("bad"), "wb") as f:
        f.write(whole + b"x")
    place.run("check", place.path("bad"), code=3, arguments=[])


def test_a_damaged_restore_can_be_mended(place):
    server = place.start()
    fill(server.uri)
    before = everything(server.uri)
    place.run("backup", place.path("b"), arguments=["--url", server.uri])
    place.stop(server)
    with open(place.path("b"), "rb") as f:
        whole = f.read()
    with Place(other(place.engine)) as fresh:
        with open(place.path("cut"), "wb") as f:
            f.write(whole[: len(whole) * 3 // 4])
        assert "cut off" in fresh.run("restore", place.path("cut"), code=1)
        assert "whole" in fresh.run("restore", place.path("b"))
        server = fresh.start()
        assert everything(server.uri) == before
        fresh.stop(server)


def test_an_object_that_is_lost_is_named(place):
    server = place.start()
    fill(server.uri)
    place.stop(server)
    os.unlink(glob.glob(os.path.join(place.data, "content/objects/*/*/*"))[0])
    place.run("backup", place.path("b"))
    out = place.run("check", place.path("b"), code=3, arguments=[])
    assert "could not be read when the backup was made" in out
    with Place(place.engine) as fresh:
        fresh.run("restore", place.path("b"), code=3)


def test_a_part_of_a_large_file_is_lost(place):
    """The file is lost with it, and nothing else is: all the rest is restored."""
    server = place.start()
    (folder := pathlib.Path(place.path("weights"))).mkdir()
    (folder / "data.bin").write_bytes(weights(9 << 20))
    (folder / "small").write_bytes(b"small")
    place.run("push", "weights", "bot", "--kind", "model", arguments=["--url", server.uri])
    place.stop(server)
    largest = max(pathlib.Path(place.data, "content").rglob("*"), key=lambda p: p.stat().st_size)
    with open(largest, "r+b") as f:
        f.seek(largest.stat().st_size // 2)
        f.write(bytes(1000))
    place.run("backup", place.path("b"))
    with Place(place.engine) as fresh:
        told = fresh.run("restore", place.path("b"), code=3)
        assert "something that it is made of is not in the store" in told
        again = fresh.start()
        api = Native(again.uri)
        assert api.get("repos/bot/versions/1/files/small").content == b"small"
        assert api.get("repos/bot/versions/1/files/data.bin").status_code == 404
        fresh.stop(again)


def test_errors(place):
    assert "there is no file" in place.run("restore", place.path("nothing"), code=4)
    assert "there is no file" in place.run("check", place.path("nothing"), code=4, arguments=[])
    with open(place.path("text"), "w") as f:
        f.write("hello " * 100)
    assert "not a backup" in place.run("restore", place.path("text"), code=2)
    out = place.run("backup", place.path("b"), code=5, arguments=["--url", "http://127.0.0.1:9"])
    assert out and not os.path.exists(place.path("b"))
    assert "there is no data" in place.run("backup", place.path("b"), code=4)
    started(place)
    place.run("backup", os.path.join(place.top, "no/such/folder/b"), code=1)
    place.run("backup", code=2)


def test_needs_the_right_to_operate(place):
    server = place.start({"STEMMA_TOKEN": "secret"})
    assert Native(server.uri).post("backup").status_code == 401
    assert "token" in place.run("backup", place.path("b"), code=1, arguments=["--url", server.uri]).lower()
    place.run("backup", place.path("b"), arguments=["--url", server.uri, "--token", "secret"])
    place.stop(server)


def test_du_refuses_what_it_does_not_know(place):
    server = place.start()
    assert problem(Native(server.uri).get("du", by="moon"))[0] == 400
    place.stop(server)
