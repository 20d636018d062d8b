# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments under load, again and again on the same data: whatever was acknowledged is there, nothing is
half there or twice, and `stemma check` calls the data whole. Packing, checkpoints and sealing run meanwhile."""
import random
import time

import pytest

from ledger import Ledger, Load


def round_of_kills(site, ledger, seed):
    """Load, kill, start, verify what this round touched."""
    rng, server = random.Random(seed), site.start()
    before = len(ledger.runs)
    with Load(ledger, [server.port], seed=seed) as load:
        time.sleep(rng.uniform(0.05, 1.2))
        site.kill(server)
        load.stop()
    assert not ledger.errors, ledger.errors[:3]
    if seed % 2:
        site.check()  # the first to open the data is not always the server
    if site.database:
        # The dead server's leases run out after half a minute; here at once, so that packing goes on.
        site.sql("DELETE FROM lease")
    server = site.start()
    ledger.verify(server.port, runs=ledger.runs[before:])
    site.kill(server) if seed % 3 else site.stop(server)


def kills(site, rounds):
    ledger = Ledger()
    for seed in range(rounds):
        round_of_kills(site, ledger, seed)
    server = site.start()
    ledger.verify(server.port)
    site.stop(server)
    site.check("--deep")
    assert site.sql("SELECT count(*) FROM block")[0][0] > 0, "nothing was packed"
    assert ledger.acked_points > rounds * 1000, "this was no load"


def test_ten_kills(any_site):
    kills(any_site, 10)


@pytest.mark.soak
def test_two_hundred_kills(any_site):
    kills(any_site, 200)
