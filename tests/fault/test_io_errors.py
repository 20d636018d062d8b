# SPDX-License-Identifier: Apache-2.0
"""A call on a file of the database or of the content fails, for each kind of file and call: the request gets a clean
error, nothing acknowledged is lost, the server stays up, and goes on when the fault has gone. But after a failed sync of
the database nothing is written until a restart, because nobody knows what the disk holds."""
import errno
import json
import os
import shutil
import time

import pytest

import faults as f
from ledger import FILES, Api, Ledger, Load
from powerloss import losses
from site_of import Site, wait_for

CODES = {
    500: ("INTERNAL_ERROR", "DATA_LOSS"),
    503: ("TEMPORARILY_UNAVAILABLE",),
    507: ("RESOURCE_EXHAUSTED",),
}
WAL, DB = "stemma.db-wal", "stemma.db"
PACKS, OBJECTS, TMP = "content/packs/*.pack", "content/objects/*", "content/tmp/*"


def clean(errors, allowed):
    for status, body in errors:
        assert status in allowed, (status, body)
        assert isinstance(body, dict) and body["error_code"] in CODES[status] and body["message"], (status, body)
        assert "/tmp/" not in body["message"], f"tells a path: {body}"


def load_for(ledger, server, seconds, seed, **options):
    with Load(ledger, [server.port], seed=seed, **options) as load:
        time.sleep(seconds)
        alive = load.alive
    assert server.process.poll() is None, server.tail()
    return alive


def works_again(site, ledger, server, seed=9):
    seen = len(ledger.errors)
    load_for(ledger, server, 0.4, seed)
    assert len(ledger.errors) == seen, ledger.errors[-1]
    ledger.verify(server.port)
    site.stop(server)
    site.check("--deep")


# Calls that may fail without stopping writes. `skip` lets some pass, so that work is under way.
PASSING = [
    ("wal write", f.WRITE, WAL, errno.EIO, 5, 3, {503}),
    ("wal torn write", f.WRITE, WAL, errno.EIO, 5, 3, {503}),
    ("wal write, quota", f.WRITE, WAL, errno.EDQUOT, 5, 3, {507}),
    ("pack write", f.WRITE, PACKS, errno.EIO, 3, 3, {503}),
    ("pack torn write", f.WRITE, PACKS, errno.EIO, 3, 3, {503}),
    ("pack write, full", f.WRITE, PACKS, errno.ENOSPC, 3, 3, {507}),
    ("pack sync", f.SYNC, PACKS, errno.EIO, 3, 3, {503}),
    ("upload write", f.WRITE, TMP, errno.EIO, 1, 3, {503}),
    ("upload torn write", f.WRITE, TMP, errno.EIO, 1, 3, {503}),
    ("upload sync", f.SYNC, TMP, errno.EIO, 0, 3, {503}),
    ("upload open", f.OPEN, TMP, errno.EMFILE, 0, 3, {503}),
    ("object rename", f.RENAME, OBJECTS, errno.EIO, 0, 3, {503}),
    ("object folder", f.MKDIR, OBJECTS, errno.ENOSPC, 0, 3, {507}),
    ("object folder sync", f.SYNC, OBJECTS, errno.EIO, 0, 3, {503}),
    ("packs folder sync", f.SYNC, "content/packs", errno.EIO, 0, 1, {503}),
    ("read-only", f.ALL_WRITING | f.OPEN, "content/*", errno.EROFS, 0, -1, {503}),
]


@pytest.mark.parametrize("ops,match,error,skip,count,allowed,torn",
                         [(*p[1:], "torn" in p[0]) for p in PASSING], ids=[p[0] for p in PASSING])
def test_a_failing_call_is_told_and_passes(site, ops, match, error, skip, count, allowed, torn):
    faults = site.with_faults()
    if match == "content/packs":  # a pack is made at the first small upload
        faults.fail(ops, match, error, skip, count, torn)
    server, ledger = site.start(faults), Ledger()
    if match != "content/packs":
        load_for(ledger, server, 0.2, 1, kinds=("batch", "file", "large", "again"))
        assert not ledger.errors, ledger.errors[0]
        faults.fail(ops, match, error, skip, count, torn)
    with Load(ledger, [server.port], seed=2, kinds=("batch", "file", "large", "again")) as load:
        wait_for(lambda: faults.hits(0) >= max(count, 1), what="the failing call")
        time.sleep(0.2)
        faults.clear()
        assert load.alive, server.tail()
    assert ledger.errors
    clean(ledger.errors, allowed)
    ledger.verify(server.port)
    works_again(site, ledger, server)


def test_a_failed_checkpoint_loses_nothing(site):
    """Writes into the database file itself fail: the log keeps all, and is moved later."""
    faults = site.with_faults()
    server, ledger = site.start(faults), Ledger()
    faults.fail(f.WRITE, DB, errno.EIO)
    load_for(ledger, server, 0.5, 3)
    wait_for(lambda: faults.hits(0), what="an idle checkpoint")
    load_for(ledger, server, 0.5, 4)
    assert not ledger.errors, ledger.errors[0]
    ledger.verify(server.port)
    faults.clear()
    works_again(site, ledger, server)


@pytest.mark.parametrize("match", [WAL, DB])
def test_after_a_failed_sync_nothing_is_written_until_a_restart(site, tmp_path, match):
    faults = site.with_faults(journal=True)
    base = tmp_path / "base"
    shutil.copytree(site.data, base)
    server, ledger = site.start(faults), Ledger(clock=lambda: faults.position)
    load_for(ledger, server, 0.3, 5)
    assert not ledger.errors, ledger.errors[0]
    faults.fail(f.SYNC, match, errno.EIO, count=1)
    # A checkpoint, which syncs the database file, comes when nobody writes.
    if match == WAL:
        load_for(ledger, server, 0.3, 6)
    wait_for(lambda: faults.hits(0), what="the failing sync")
    faults.clear()
    time.sleep(0.1)
    settled, seen = ledger.acked, len(ledger.errors)
    assert load_for(ledger, server, 0.3, 7)
    assert ledger.acked == settled, "written after a failed sync"
    refused = ledger.errors[seen:]
    assert refused and all("start stemma again" in body["message"] for _, body in refused), refused[:1]
    clean(ledger.errors, {503})
    ledger.verify(server.port)  # it can be read
    site.kill(server)
    power_goes(site, faults, base, ledger, str(tmp_path))
    server = site.start()
    works_again(site, ledger, server)


def power_goes(site, faults, base, ledger, folder):
    """What was acknowledged does not depend on the sync that failed."""
    for cut, data, mood in losses(faults.journal, base, [faults.position] * 4, folder, 5):
        with Site(folder, data=data) as lost:
            ledger.verify(lost.start().port, cut=cut)


def test_a_failed_sync_of_a_pack_and_the_power(site, tmp_path):
    """A pack whose sync failed is given up: what is acknowledged later does not lie in it."""
    faults = site.with_faults(journal=True)
    base = tmp_path / "base"
    shutil.copytree(site.data, base)
    server, ledger = site.start(faults), Ledger(clock=lambda: faults.position)
    for seed in range(4):
        faults.fail(f.SYNC, PACKS, errno.EIO, skip=5, count=1)
        load_for(ledger, server, 0.3, seed, kinds=("file", "again", "large", "batch"))
        assert faults.hits(0)
        faults.clear()
    clean(ledger.errors, {503})
    site.kill(server)
    power_goes(site, faults, base, ledger, str(tmp_path))


READS = [("database", "stemma.db*"), ("pack", PACKS), ("object", OBJECTS)]


@pytest.mark.parametrize("match", [r[1] for r in READS], ids=[r[0] for r in READS])
def test_failing_reads(site, match):
    """Reads that fail give errors, never other bytes; when the fault has gone all is readable."""
    server, ledger = site.start(), Ledger()
    load_for(ledger, server, 0.6, 8)
    assert not ledger.errors, ledger.errors[0]
    site.kill(server)  # nothing is cached
    faults = site.with_faults()
    server = site.start(faults)
    faults.fail(f.READ, match, errno.EIO)
    files = [(run, op) for run in ledger.runs for op in run.of("file") if run.id]
    errors, api = [], Api(server.port)
    for run, op in files[-300:]:
        status, kind, body = api.send("GET", f"{FILES}0/{run.id}/artifacts/{op.path}")
        if status not in (200, 404):
            errors.append((status, json.loads(body)))
    for run in ledger.runs[-50:]:
        if run.id:
            status, reply = api.get("runs/get", run_id=run.id)
            if status != 200:
                errors.append((status, reply))
    assert faults.hits(0), "nothing was read"
    assert errors, "no read failed"
    clean(errors, {500, 503})
    assert Api(server.port).call("GET", "/health") == (200, b"OK")
    faults.clear()
    works_again(site, ledger, server)
