# SPDX-License-Identifier: Apache-2.0
"""The disk fills up under load: what does not fit is refused with 507 in MLflow's shape (a status that clients do not
retry), the server stays up and readable, and works again when there is room. Once with a shim that counts bytes, once
with a real file system that is full."""
import os
import subprocess
import time

import pytest

from ledger import Api, Ledger, Load
from site_of import Site, wait_for


def refusals(ledger):
    """The noted errors, each checked to be clean."""
    for status, body in ledger.errors:
        assert status == 507, (status, body)
        assert body["error_code"] == "RESOURCE_EXHAUSTED" and body["message"], body
    return len(ledger.errors)


def fill(ledger, server, seed, full):
    """Load until refusals come, and for a while beyond; the server is read meanwhile."""
    with Load(ledger, [server.port], seed=seed) as load:
        wait_for(full, what="the end of the space")
        for _ in range(10):
            status, reply = Api(server.port).post("runs/search", experiment_ids=["0"], max_results=10)
            assert status == 200, (status, reply)
            assert Api(server.port).call("GET", "/health") == (200, b"OK")
            time.sleep(0.05)
        assert load.alive, server.tail()
    assert server.process.poll() is None, server.tail()


def works_again(site, ledger, server, seed):
    before = len(ledger.errors), ledger.acked
    with Load(ledger, [server.port], seed=seed):
        time.sleep(0.5)
    assert len(ledger.errors) == before[0], ledger.errors[-1]
    assert ledger.acked > before[1] + 10
    ledger.verify(server.port)
    site.stop(server)
    site.check()


def test_no_space(site):
    faults = site.with_faults()
    server, ledger = site.start(faults), Ledger()
    with Load(ledger, [server.port], seed=1):
        time.sleep(0.5)
    assert not ledger.errors, ledger.errors[0]
    faults.space = 3 << 20
    fill(ledger, server, 2, lambda: refusals(ledger) > 20)
    assert faults.refused
    ledger.verify(server.port)
    faults.space = None
    works_again(site, ledger, server, 3)


def test_start_and_kill_without_space(site):
    """A crash while the disk is full: the server starts on the full disk, and what was acknowledged can be read."""
    faults = site.with_faults()
    server, ledger = site.start(faults), Ledger()
    faults.space = 3 << 20
    fill(ledger, server, 5, lambda: refusals(ledger) > 20)
    site.kill(server)
    server = site.start(faults)
    ledger.verify(server.port)
    faults.space = None
    works_again(site, ledger, server, 6)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MiB."""
    at = str(tmp_path / "disk")
    os.mkdir(at)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", at], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount: {mounted.stderr.strip()}")
    yield at
    subprocess.run(["umount", "-l", at], check=True)


def test_a_full_file_system(small_disk, tmp_path):
    with Site(tmp_path, data=os.path.join(small_disk, "data")) as site:
        server, ledger = site.start(), Ledger()
        fill(ledger, server, 7, lambda: refusals(ledger) > 20)
        refusals(ledger)
        ledger.verify(server.port)
        subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
        works_again(site, ledger, server, 8)
