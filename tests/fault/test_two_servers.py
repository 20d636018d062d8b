# SPDX-License-Identifier: Apache-2.0
"""Two servers on one PostgreSQL and one content folder, under load, while one of them is killed and started again: what
one acknowledged the other shows at once, whole, and both show the same."""
import concurrent.futures
import random
import threading
import time

import pytest

from ledger import Api, Ledger, Load


class Other:
    """After some of the acknowledgements that one server gave, asks another for all of that run."""

    def __init__(self, ledger, ports, share):
        self.ledger, self.ports, self.share, self.checks = ledger, ports, share, 0
        self.own = threading.local()

    def __call__(self, worker, run):
        if run is None or run.id is None or random.random() > self.share:
            return
        if not hasattr(self.own, "apis"):
            self.own.apis = [Api(port) for port in self.ports]
        for api in self.own.apis:
            status, reply = api.get("runs/get", run_id=run.id)
            assert status == 200, f"an acknowledged run is not on {api.port}: {status} {reply}"
            found = self.ledger.search_one(api, run)
            self.ledger.verify_run(api, run, found, None)
        self.checks += 1


def test_each_write_is_seen_on_the_other_at_once(pair):
    ports = [pair.start().port, pair.start().port]
    ledger = Ledger()
    watch = Other(ledger, ports, share=0.1)
    deadline = time.monotonic() + 60
    with Load(ledger, ports, workers=4, seed=1, watch=watch):
        while watch.checks <= 20 and not ledger.errors and time.monotonic() < deadline:
            time.sleep(0.1)
    assert not ledger.errors, ledger.errors[0]
    assert watch.checks > 20
    for port in ports:
        ledger.verify(port)


def kills_of_one(site, rounds):
    """A load on the one that lives, which must not suffer, and one on the one that is killed."""
    lives, dies = site.start(), site.start()
    steady, shaken = Ledger(), Ledger()
    shaken.experiment = Api(lives.port).post("experiments/create", name="shaken")[1]["experiment_id"]
    watch = Other(steady, [lives.port], share=0.02)
    with Load(steady, [lives.port], workers=3, seed=1, watch=watch) as load:
        for seed in range(rounds):
            with Load(shaken, [dies.port], workers=3, seed=100 + seed) as other:
                time.sleep(random.Random(seed).uniform(0.2, 0.8))
                site.kill(dies)
                other.stop()
            shaken.verify(lives.port)  # the other's word holds
            dies = site.start()
        assert load.alive
    assert not steady.errors and not shaken.errors, (steady.errors + shaken.errors)[0]
    for ledger in (steady, shaken):
        for server in (lives, dies):
            ledger.verify(server.port)
        assert ledger.acked_points > rounds * 500, "this was no load"
    for server in (lives, dies):
        site.stop(server)
    site.check("--deep")


def test_one_of_two_is_killed(pair):
    kills_of_one(pair, 5)


@pytest.mark.soak
def test_one_of_two_is_killed_often(pair):
    kills_of_one(pair, 100)


def test_both_start_at_once_on_nothing(pair):
    """They race to make the tables and the first rows."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        started = [f.result() for f in [pool.submit(pair.start) for _ in range(2)]]
    for server in started:
        status, reply = Api(server.port).get("experiments/get", experiment_id="0")
        assert status == 200 and reply["experiment"]["name"] == "Default"
