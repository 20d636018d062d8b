# SPDX-License-Identifier: Apache-2.0
"""One client does long random sequences, and each reply is what the model says (versions_model.py): results and kinds of
errors, and in the end all that is there. A sequence that shows a difference is made as short as it can be before it is told.

STEMMA_SEED=N begins with that seed, STEMMA_MODEL_S=S goes on for about S seconds.
"""
import random

import versions_model
from versions_load import ALL, Client, Contents, seeds, start
from versions_model import EMPTY, draw, setting_up

LENGTH = 250


class Runner:
    """Runs sequences, each in a world of its own."""

    def __init__(self, port, contents):
        self.port, self.contents, self.n = port, contents, 0

    def differs(self, ops):
        """What differs from the model, as a text; None: nothing does."""
        self.n += 1
        client, state, done = Client(self.contents, f"s{self.n}-", [self.port]), EMPTY, []
        try:
            for op in ops:
                state, want = versions_model.step(state, op)
                got = client.do(op)
                done.append(f"{op} -> {got}")
                if got != want:
                    return "\n".join([*done, f"the model says {want}"])
            got, want = client.everything(), versions_model.step(state, ("everything",))[1]
            if got != want:
                return "\n".join([*done, f"in the end there is {got}", f"the model says        {want}"])
            client.verify()
        finally:
            client.close()
        return None


def shortest(ops, differs):
    """The operations without any that the difference does not need: ever smaller pieces are left out, as long as one can be."""
    size = len(ops) // 2
    while size:
        at, before = 0, len(ops)
        while at < len(ops):
            less = ops[:at] + ops[at + size :]
            if differs(less):
                ops = less
            else:
                at += size
        if len(ops) == before:
            size //= 2
    return ops


def test_shortest():
    needed = {7, 40, 41, 93}
    assert set(shortest(list(range(100)), lambda ops: needed <= set(ops))) == needed


def test_sequences(any_site):
    server = start(any_site)
    for seed in seeds(3):
        rng, contents = random.Random(seed), Contents(seed)
        runner = Runner(server.port, contents)
        runner.n = seed * 1_000_000
        ops = setting_up() + [draw(rng, len(contents.files), ALL, i) for i in range(LENGTH)]
        if runner.differs(ops):
            ops = shortest(ops, runner.differs)
            raise AssertionError(f"seed {seed}, {len(ops)} operations:\n{runner.differs(ops)}")
    any_site.stop(server)
    any_site.check()


def test_a_difference_is_noticed_and_made_short(site, monkeypatch):
    """The test can fail: with a model that forgets that a deletion takes aliases away, few operations are left to show it."""
    server, rng, contents = start(site), random.Random(1), Contents(1)
    runner = Runner(server.port, contents)
    monkeypatch.setitem(versions_model.OPS, "delete", lambda world, name, number: (versions_model.version_of(world, name, number), ())[1])
    ops = setting_up() + [draw(rng, len(contents.files), ALL, i) for i in range(60)]
    assert runner.differs(ops)
    ops = shortest(ops, runner.differs)
    assert [op[0] for op in ops] == ["create", "publish", "delete"], ops
