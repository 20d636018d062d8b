# SPDX-License-Identifier: Apache-2.0
"""The power goes at random moments under load. A kill keeps the page cache, so the shim writes down what was synced and
what was not; powerloss.py builds disks from it, each with another part of the unsynced missing or torn; a server starts
on each and must hold all that was acknowledged before that moment.

The last disk of a session is the first of the next, with a server that finds what a loss left behind."""
import os
import random
import shutil
import time

import pytest

from faults import Faults
from ledger import Api, Ledger, Load
from powerloss import losses
from site_of import Site


def session(site, folder, seed, seconds):
    """One server's life under the shim, ended by a kill, in an experiment of its own."""
    beside = os.path.join(folder, f"session{seed}")
    os.mkdir(beside)
    faults = Faults(site.data, beside, journal=True)
    server = site.start(faults)
    status, reply = Api(server.port).post("experiments/create", name=f"session {seed}")
    assert status == 200, reply
    ledger = Ledger(reply["experiment_id"], clock=lambda: faults.position)
    ready = faults.position
    with Load(ledger, [server.port], workers=4, seed=seed, pause=0.002) as load:
        time.sleep(seconds)
        site.kill(server)
        load.stop()
    assert not ledger.errors, ledger.errors[:3]
    return faults, ledger, ready


def try_losses(site, folder, older, seed, seconds, count, lie=False):
    """A session, and disks after losses in it; one of them in its beginning, where it may be making its tables. `older`
    are the ledgers of the sessions before, to which this one's is added. Returns the disk of the last loss."""
    base = os.path.join(folder, f"base{seed}")
    shutil.copytree(site.data, base)
    faults, ledger, ready = session(site, folder, seed, seconds)
    rng, end = random.Random(seed), faults.position
    cuts = [rng.randrange(ready + 1), end] + [rng.randrange(ready, end + 1) for _ in range(count - 2)]
    for cut, data, mood in losses(faults.journal, base, cuts, folder, seed, lie):
        try:
            verify_loss(Site(folder, data=data), older, ledger, cut)
        except (AssertionError, RuntimeError) as e:
            raise AssertionError(f"power lost at {cut} of {end} (ready at {ready}), mood {mood}: {data}") from e
        if cut < end:
            shutil.rmtree(data)
    shutil.rmtree(base)
    os.unlink(faults.journal)
    older.append(ledger)
    return data


def verify_loss(lost, older, ledger, cut):
    with lost:
        server = lost.start()
        ledger.verify(server.port, cut=cut)
        for settled in older:
            settled.verify(server.port)
        lost.kill(server)
        lost.check()


def power_losses(site, folder, sessions, seconds, count):
    ledgers = []
    for seed in range(sessions):
        last = try_losses(site, folder, ledgers, seed, seconds, count)
        shutil.rmtree(site.data)
        os.rename(last, site.data)
    assert sum(ledger.acked_points for ledger in ledgers) > sessions * 1000, "this was no load"


def test_power_losses(site, tmp_path):
    power_losses(site, str(tmp_path), sessions=2, seconds=1.5, count=6)


def test_a_disk_that_lies_is_noticed(site, tmp_path):
    """The test can fail: on a disk whose syncs do nothing, acknowledged writes are lost, and the ledger says so."""
    with pytest.raises(AssertionError, match="power lost"):
        try_losses(site, str(tmp_path), [], 1, 1, 8, lie=True)


@pytest.mark.soak
def test_many_power_losses(site, tmp_path):
    power_losses(site, str(tmp_path), sessions=40, seconds=4, count=25)
