# SPDX-License-Identifier: Apache-2.0
"""Stored bytes change behind our back: `stemma check` names what is damaged and ends with 3, the server never sends it,
and the rest is served as before: of a series all but the points of the damaged block, of a file nothing (an error, or a
connection that breaks off, and never other bytes)."""
import glob
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import subprocess

import pytest
import servers

from ledger import FILES, Api, Ledger
from site_of import wait_for
from versions_load import OPERATOR, Client, Contents

DAMAGED = 3


def log_points(api, run_id, key, first, n):
    metrics = [{"key": key, "value": i + 0.25, "timestamp": 1700000000000 + i, "step": i} for i in range(first, first + n)]
    status, reply = api.post("runs/log-batch", run_id=run_id, metrics=metrics)
    assert status == 200, reply


def new_run(api, name):
    status, reply = api.post("runs/create", experiment_id="0", run_name=name)
    assert status == 200, reply
    return reply["run"]["info"]["run_id"]


def history(api, run_id, key):
    """(status, values or error), all pages."""
    values, token = [], ""
    while True:
        status, reply = api.get("metrics/get-history", run_id=run_id, metric_key=key, max_results=25000,
                                page_token=token)
        if status != 200:
            return status, reply
        values += [m["value"] for m in reply.get("metrics", [])]
        token = reply.get("next_page_token", "")
        if not token:
            return 200, values


def expected(n):
    return [i + 0.25 for i in range(n)]


def is_clean(status, reply):
    assert status == 500, (status, reply)
    assert reply["error_code"] == "DATA_LOSS" and reply["message"], reply


def check_finds(site, *names):
    done = site.command("check")
    assert done.returncode == DAMAGED, done
    for name in names:
        assert re.search(f"^damaged: .*{name}", done.stdout, re.M), (name, done.stdout)
    lines = re.findall("^damaged: .*", done.stdout, re.M)
    told = site.command("check", "--json")
    as_json = json.loads(told.stdout)
    assert told.returncode == DAMAGED and as_json["whole"] is False
    assert [f"damaged: {d['where']}: {d['what']}" for d in as_json["damage"]] == lines
    return len(lines)


def flip(blob, at):
    blob = bytearray(blob)
    blob[at] ^= 0x40
    return bytes(blob)


# ---- points ----

IN_BLOCKS, POINTS = 20000, 20050  # so few more stay in a series' tail


@pytest.fixture
def packed(any_site):
    """Two runs with two series each, packed: blocks and a tail; (site, run, other run)."""
    site = any_site
    server = site.start()
    api = Api(server.port)
    runs = [new_run(api, name) for name in ("hurt", "sound")]
    series = [(run_id, key) for run_id in runs for key in ("a", "b")]
    for one in series:
        for first in range(0, IN_BLOCKS, 1000):
            log_points(api, *one, first, 1000)
    wait_packed(api, IN_BLOCKS * len(series))
    for one in series:
        log_points(api, *one, IN_BLOCKS, POINTS - IN_BLOCKS)
    wait_packed(api, POINTS * len(series))
    api.close()
    site.stop(server)
    site.check()
    return site, *runs


def wait_packed(api, points):
    wait_for(lambda: metric(api, "stemma_points_packed_total") >= points, what="the end of packing")


def metric(api, name):
    text = api.call("GET", "/metrics")[1].decode()
    found = re.search(rf"^{name} (\S+)$", text, re.M)
    assert found, f"no {name} in /metrics"
    return float(found[1])


def block_of(site, run_id, key, last=False):
    """The key of a block's row, its bytes, and the numbers of its points."""
    rows = site.sql(
        "SELECT b.series, b.tier, b.first_step, b.first_time, b.block, b.data, b.n FROM block b JOIN series s"
        " ON s.ws = b.ws AND s.run = b.run AND s.series = b.series WHERE s.run = %s AND s.key = %s"
        " ORDER BY b.first_step", bytes.fromhex(run_id), key)
    assert len(rows) > 1, "too few blocks for this test"
    row = rows[-1 if last else 0]
    return row[:5], bytes(row[5]), range(row[2], row[2] + row[6])


def set_block(site, run_id, at, data):
    changed = site.sql("UPDATE block SET data = %s WHERE run = %s AND series = %s AND tier = %s AND first_step = %s"
                       " AND first_time = %s AND block = %s", data, bytes.fromhex(run_id), *at)
    assert changed == 1


def damage_a_block(site, run_id, sound, at, good, bad, lost):
    """What is served while a block's bytes are others, and that nothing is lost when they are back."""
    set_block(site, run_id, at, bad)
    check_finds(site, f"run {run_id}: series a")
    server = site.start()
    api = Api(server.port)
    assert metric(api, "stemma_corrupt_total") == 0
    rest = [v for i, v in enumerate(expected(POINTS)) if i not in lost]
    assert history(api, run_id, "a")[1][: len(rest)] == rest
    assert metric(api, "stemma_corrupt_total") > 0
    status, reply = api.get("metrics/get-history-bulk-interval", run_ids=[run_id], metric_key="a", max_results=50)
    assert status == 200 and all(p["step"] not in lost and p["value"] == p["step"] + 0.25 for p in reply["metrics"])
    for other, key in ((run_id, "b"), (sound, "a"), (sound, "b")):
        assert history(api, other, key) == (200, expected(POINTS))
    # More points of the damaged series, packed with what lies beside the damage, change nothing about that.
    log_points(api, run_id, "a", POINTS, 1000)
    wait_packed(api, 1000)
    assert history(api, run_id, "a") == (200, rest + expected(POINTS + 1000)[POINTS:])
    api.close()
    site.stop(server)
    check_finds(site, f"run {run_id}: series a")
    set_block(site, run_id, at, good)


def test_damaged_blocks(packed):
    site, run_id, sound = packed
    at, good, lost = block_of(site, run_id, "a")
    for bad in (
        flip(good, 0),
        flip(good, len(good) // 2),
        flip(good, len(good) - 1),
        good[: len(good) // 2],
        b"",
        block_of(site, run_id, "b", last=True)[1],  # whole, but not what its row says
    ):
        damage_a_block(site, run_id, sound, at, good, bad, lost)
    server = site.start()
    assert history(Api(server.port), run_id, "a") == (200, expected(POINTS + 1000)), "nothing was lost meanwhile"
    site.stop(server)
    site.check()


@pytest.mark.parametrize("column", ["head", "data"])
def test_a_damaged_record(any_site, column):
    """A batch that is not packed yet."""
    site = any_site
    for attempt in range(20):  # until a kill comes before the packer
        server = site.start()
        api = Api(server.port)
        run_id, sound = new_run(api, f"hurt {attempt}"), new_run(api, f"sound {attempt}")
        log_points(api, sound, "a", 0, 100)
        log_points(api, run_id, "a", 0, 100)
        site.kill(server)
        rows = site.sql(f"SELECT {column} FROM point_log WHERE run = %s", bytes.fromhex(run_id))
        if rows:
            break
    data = bytes(rows[0][0])
    site.sql(f"UPDATE point_log SET {column} = %s WHERE run = %s", flip(data, len(data) // 2), bytes.fromhex(run_id))
    check_finds(site, f"run {run_id}: a record")
    server = site.start()
    api = Api(server.port)
    assert history(api, run_id, "a") == (200, [])
    assert metric(api, "stemma_corrupt_total") > 0
    assert history(api, sound, "a") == (200, expected(100))
    log_points(api, sound, "a", 100, 1000)
    assert history(api, sound, "a") == (200, expected(1100))
    api.close()
    site.stop(server)
    site.sql(f"UPDATE point_log SET {column} = %s WHERE run = %s", data, bytes.fromhex(run_id))
    server = site.start()
    assert history(Api(server.port), run_id, "a") == (200, expected(100))
    site.stop(server)
    site.check()


@pytest.mark.parametrize("column", ["summary", "tail"])
def test_a_damaged_series(packed, column):
    """A summary is derived: the points do not need it. The tail holds a series' newest points."""
    site, run_id, sound = packed
    data, in_blocks = site.sql(
        f"SELECT {column}, (SELECT sum(n) FROM block b WHERE b.run = s.run AND b.series = s.series) FROM series s"
        " WHERE run = %s AND key = 'a'", bytes.fromhex(run_id))[0]
    data = bytes(data)
    changed = site.sql(f"UPDATE series SET {column} = %s WHERE run = %s AND key = 'a'", flip(data, len(data) // 2),
                       bytes.fromhex(run_id))
    assert changed == 1
    check_finds(site, f"run {run_id}: series a")
    server = site.start()
    api = Api(server.port)
    there = POINTS if column == "summary" else int(in_blocks)
    assert history(api, run_id, "a") == (200, expected(there))
    for other, key in ((run_id, "b"), (sound, "a"), (sound, "b")):
        assert history(api, other, key) == (200, expected(POINTS))
    site.stop(server)


# ---- objects ----


def put_file(api, name, data):
    status, reply = api.call("PUT", f"{FILES}0/{name}", data)
    assert status == 200, reply


def get_file(api, name, **headers):
    """(status, body); the body is None when the connection broke off within it."""
    try:
        status, _, body = api.send("GET", f"{FILES}0/{name}", headers=headers)
        return status, body
    except http.client.IncompleteRead:
        return 0, None
    except OSError:
        return 0, None


def never_other_bytes(got, data):
    status, body = got
    if status == 200:
        assert body == data, "other bytes were served"
    return status


@pytest.fixture
def files(site):
    """Small and large files; (site, {name: bytes})."""
    rng = random.Random(3)
    files = {f"small{i}": rng.randbytes(3000) for i in range(20)}
    files.update({"large": rng.randbytes(5 << 20), "large2": rng.randbytes(300000), "larger": rng.randbytes(70000)})
    server = site.start()
    api = Api(server.port)
    for name, data in files.items():
        put_file(api, name, data)
    api.close()
    site.stop(server)
    site.check("--deep")
    return site, files


def content(site, pattern):
    found = glob.glob(os.path.join(site.data, "content", pattern), recursive=True)
    assert found, pattern
    return found


def change_file(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def serves(site, files, bad):
    """All but `bad`."""
    server = site.start()
    api = Api(server.port)
    for name, data in files.items():
        status = never_other_bytes(get_file(api, name), data)
        assert (status == 200) == (name not in bad), (name, status)
    return server, api


def test_a_damaged_record_of_a_pack(files):
    site, files = files
    pack = max(content(site, "packs/*.pack"), key=os.path.getsize)
    with open(pack, "rb") as f:
        whole = f.read()
    at = whole.index(files["small7"])
    change_file(pack, at + 1500, b"x" if whole[at + 1500 : at + 1501] != b"x" else b"y")
    digest = hashlib.sha256(files["small7"]).hexdigest()
    assert check_finds(site, f"object {digest}") == 1
    server, api = serves(site, files, {"small7"})
    status, reply = api.call("GET", f"{FILES}0/small7")
    is_clean(status, reply)
    # The same content put again mends it.
    put_file(api, "small7", files["small7"])
    assert get_file(api, "small7") == (200, files["small7"])
    api.close()
    site.stop(server)
    site.check("--deep")


@pytest.mark.parametrize("at", [0, 100000, (5 << 20) - 1], ids=["first", "second", "last"])
def test_a_damaged_block_of_a_large_file(files, at):
    site, files = files
    digest = hashlib.sha256(files["large"]).hexdigest()
    path = content(site, f"objects/*/*/{digest}.*")[0]
    change_file(path, at, flip(files["large"][at : at + 1], 0))
    assert check_finds(site, f"object {digest}") == 1
    server, api = serves(site, files, {"large"})
    # What does not touch the damaged block is served, what does is not.
    block = at // 65536 * 65536
    good = 131072 if block < 131072 else 0
    status, body = get_file(api, "large", Range=f"bytes={good}-{good + 65535}")
    assert status == 206 and body == files["large"][good : good + 65536]
    status, body = get_file(api, "large", Range=f"bytes={block}-{block + 99}")
    assert status == 500 or body is None, status
    site.stop(server)


@pytest.mark.parametrize("how", ["short", "empty", "gone", "trailer", "checksums"])
def test_a_damaged_file_of_an_object(files, how):
    site, files = files
    digest = hashlib.sha256(files["large2"]).hexdigest()
    path = content(site, f"objects/*/*/{digest}.*")[0]
    size = os.path.getsize(path)
    if how in ("short", "empty"):
        os.truncate(path, size - 30 if how == "short" else 0)
    elif how == "gone":
        os.unlink(path)
    else:
        change_file(path, size - (3 if how == "trailer" else 60), b"\xff\x00\xff")
    check_finds(site, f"object {digest}")
    server, api = serves(site, files, {"large2"})
    is_clean(*api.call("GET", f"{FILES}0/large2"))
    put_file(api, "large2", files["large2"])
    assert get_file(api, "large2") == (200, files["large2"])
    api.close()
    site.stop(server)
    site.check("--deep")


@pytest.mark.parametrize("how", ["gone", "short", "header"])
def test_a_damaged_pack(files, how):
    site, files = files
    for pack in content(site, "packs/*.pack"):
        if how == "gone":
            os.unlink(pack)
        elif how == "short":
            os.truncate(pack, 40)
        else:
            change_file(pack, 9, b"\xff" * 8)
    found = check_finds(site, "object")
    small = {name for name in files if name.startswith("small")}
    assert found == len(small) or how == "header"
    server = site.start()
    api = Api(server.port)
    for name, data in files.items():
        status = never_other_bytes(get_file(api, name), data)
        assert status == 200 or name in small, name
    put_file(api, "new", b"a new small file")
    assert get_file(api, "new") == (200, b"a new small file")
    site.stop(server)


def test_bytes_of_another_object(files):
    """A whole file, under the name of another."""
    site, files = files
    one, two = (content(site, f"objects/*/*/{hashlib.sha256(files[n]).hexdigest()}.*")[0] for n in ("large2", "larger"))
    shutil.copyfile(one, two)
    check_finds(site, f"object {hashlib.sha256(files['larger']).hexdigest()}")
    server, _ = serves(site, files, {"larger"})
    site.stop(server)


# ---- the rest ----


TAMPERED = [  # what is done, and the event at which it is found
    (["UPDATE event SET object = 'another' WHERE number = 3"], 3),
    (["UPDATE event SET user_name = 'eve' WHERE number = 5"], 5),
    (["DELETE FROM event WHERE number = 2"], 2),
    (["UPDATE event SET number = -1 WHERE number = 2", "UPDATE event SET number = 2 WHERE number = 4",
      "UPDATE event SET number = 4 WHERE number = -1"], 2),
]  # fmt: skip


def test_tampered_events(any_site):
    """The log is chained: who changes, removes or reorders the past is found with the place, by a server at work too."""
    site = any_site
    server, ledger = site.start(), Ledger()
    api = Api(server.port)
    for i in range(5):
        status, reply = api.post("experiments/create", name=f"experiment {i}")
        assert status == 200, reply
    api.close()
    if site.database:
        wait_for(lambda: site.sql("SELECT count(*) FROM event_pending")[0][0] == 0, what="the sealer")
    site.stop(server)
    site.check()
    before = site.sql("SELECT * FROM event")
    for statements, at in TAMPERED:
        for statement in statements:
            assert site.sql(statement) == 1
        check_finds(site, f"event {at} of workspace")
        server = site.start()
        told = subprocess.run([servers.stemma_binary(), "verify", "--url", server.uri], capture_output=True, text=True,
                              env=servers.fresh_environment(), timeout=60)  # fmt: skip
        assert told.returncode == DAMAGED and re.search(f"^damaged: event {at}: ", told.stdout, re.M), (statements, told)
        told = subprocess.run([servers.stemma_binary(), "verify", "--json", "--url", server.uri], capture_output=True, text=True,
                              env=servers.fresh_environment(), timeout=60)  # fmt: skip
        assert ("event", str(at)) in [(d["of"], d["where"]) for d in json.loads(told.stdout)["damage"]], (statements, told)
        site.stop(server)
        put_back(site, "event", before)
        site.check()


def put_back(site, table, rows):
    site.sql(f"DELETE FROM {table}")
    for row in rows:
        site.sql(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})", *row)


def test_what_is_named_and_not_there(any_site):
    """Rows that agree with themselves, and name what is gone: a version's content, a page's file, a ref's place."""
    site = any_site
    server = site.start(STEMMA_TOKEN=OPERATOR)
    client = Client(Contents(1), "", [server.port])
    for op in [("create", "bot", False), ("publish", "bot", 0, False, "ann"), ("set", "bot", "prod", "alias", 1, None)]:
        assert client.do(op)[0] == "ok"
    client.close()
    site.stop(server)
    site.check("--deep")
    before = {table: site.sql(f"SELECT * FROM {table}") for table in ("object", "ref")}
    parent = bytes(site.sql("SELECT parent FROM object_link LIMIT 1")[0][0]).hex()
    for statement, name in [
        ("DELETE FROM object WHERE digest IN (SELECT content FROM version)", "version bot@1: its content"),
        ("DELETE FROM object WHERE digest IN (SELECT child FROM object_link LIMIT 1)", f"object {parent}: something"),
        ("UPDATE ref SET moved_us = moved_us - 1", "ref bot@prod: it is not where"),
    ]:  # fmt: skip
        assert site.sql(statement) == 1
        check_finds(site, name)
        for table, rows in before.items():
            put_back(site, table, rows)
        site.check()


def test_a_damaged_page_of_the_database(site):
    """The engine's own structures: found, and told as what it is."""
    server = site.start()
    api = Api(server.port)
    for i in range(300):
        new_run(api, f"run {i}")
    api.close()
    site.stop(server)
    site.check()
    root = site.sql("SELECT rootpage FROM sqlite_schema WHERE name = 'run'")[0][0]
    change_file(os.path.join(site.data, "stemma.db"), (root - 1) * 8192, b"\xee" * 64)
    done = site.command("check")
    assert done.returncode != 0 and ("malformed" in done.stdout + done.stderr or "damaged: database" in done.stdout), done
    server = site.start()
    status, reply = Api(server.port).post("runs/search", experiment_ids=["0"], max_results=1000)
    assert status >= 500 or len(reply.get("runs", [])) == 300, (status, str(reply)[:300])
    assert Api(server.port).call("GET", "/health") == (200, b"OK")
    site.kill(server)
