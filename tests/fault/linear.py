# SPDX-License-Identifier: Apache-2.0
"""Is a history linearizable? The search of Wing and Gong with the memory of Lowe: it looks for an order of the operations in
which a sequential model gives each its reply, and in which none comes before one that had ended when it began. What was tried
once (which operations, and the state behind them) is not tried again."""
import math


class Call:
    """One operation of a history. `reply` None: none came, so it may have happened until `ended`, or not at all."""

    __slots__ = ("op", "reply", "began", "ended", "who")

    def __init__(self, op, reply, began, ended=math.inf, who=""):
        self.op, self.reply, self.began, self.ended, self.who = op, reply, began, ended, who

    def __repr__(self):
        return f"{self.who} [{self.began}..{self.ended}] {self.op} -> {self.reply}"


class TooHard(Exception):
    """The search was given up: nothing is known."""


def may_be_next(calls, done, low):
    """Those that are not done and began before any other such one ended."""
    out, first_end = [], math.inf
    for i in range(low, len(calls)):
        if done >> i & 1:
            continue
        if calls[i].began > first_end:
            break
        first_end = min(first_end, calls[i].ended)
        out.append(i)
    return [i for i in out if calls[i].began <= first_end]


def explain(history, state, step, limit=300_000):
    """None: some order explains all replies. Else a text: how far the best attempt came, and what stood there."""
    calls = sorted(history, key=lambda c: c.began)
    needed = sum(1 << i for i, c in enumerate(calls) if c.reply is not None)
    tried, best, stack = set(), (-1, 0, state), [(0, 0, state)]
    while stack:
        done, low, now = stack.pop()
        if done & needed == needed:
            return None
        if (done, now) in tried:
            continue
        if len(tried) == limit:
            raise TooHard(f"after {limit} states, {bin(best[1]).count('1')} of {len(calls)} operations")
        tried.add((done, now))
        best = max(best, (bin(done).count("1"), done, now), key=lambda b: b[0])
        while done >> low & 1:
            low += 1
        for i in reversed(may_be_next(calls, done, low)):
            after, reply = step(now, calls[i].op)
            if calls[i].reply is None:
                stack.append((done | 1 << i, low, now))  # it never happened
                if after != now:
                    stack.append((done | 1 << i, low, after))
            elif reply == calls[i].reply:
                stack.append((done | 1 << i, low, after))
    return told(calls, step, *best)


def told(calls, step, n, done, state):
    stuck = [f"  {calls[i]}; in this state: {step(state, calls[i].op)[1]}" for i in may_be_next(calls, done, 0)]
    before = [f"  {c}" for i, c in enumerate(calls) if done >> i & 1][-12:]
    return "\n".join([f"no order explains this: {n} of {len(calls)} operations are, the last of them", *before,
                      "then none of these fits:", *stuck, f"the state there: {state}"])  # fmt: skip
