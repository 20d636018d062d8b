# SPDX-License-Identifier: Apache-2.0
"""Hints about runs that changed, beside the live events, on both engines and across servers."""

import queue
import statistics
import threading
import time

import pytest

from conftest import Native, problem
from sse import Stream


class Hints:
    """Collects the hints of a stream in a thread."""

    def __init__(self, uri, **params):
        self.stream = Stream(uri, moved="true", **params)
        self.got, self.events = queue.Queue(), []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            for _, kind, data in self.stream.blocks:
                if kind == "moved":
                    self.got.put((time.monotonic(), data))
                else:
                    self.events.append(kind)
        except Exception:  # closed
            pass

    def until(self, run, seconds=5):
        """When the next hint came that tells of the run."""
        end = time.monotonic() + seconds
        while True:
            at, data = self.got.get(timeout=max(0.01, end - time.monotonic()))
            if data.get("all") or run in data["runs"]:
                return at

    def drain(self, seconds):
        time.sleep(seconds)
        found = []
        while not self.got.empty():
            found.append(self.got.get()[1])
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()


def begin(api, project):
    return api.ok("POST", "runs", json={"project": str(project)})["id"]


def log(api, run, step=1):
    api.ok("POST", f"runs/{run}/log", json={"points": [{"key": "loss", "step": step, "time_ms": step, "value": 1}]})


def quiet(hints):
    """Waits until the hints of what was made before are over."""
    while hints.drain(0.35):
        pass


@pytest.fixture
def place(api):
    number = api.project()["number"]
    return number, begin(api, number), begin(api, number)


CHANGES = {
    "points": lambda api, run: log(api, run),
    "config": lambda api, run: api.ok("POST", f"runs/{run}/log", json={"config": [{"key": "lr", "value": 1}]}),
    "tags": lambda api, run: api.ok("PATCH", f"runs/{run}", json={"tags": [{"key": "t", "value": "v"}]}),
    "state": lambda api, run: api.ok("PATCH", f"runs/{run}", json={"status": "finished"}),
    "console": lambda api, run: api.ok("POST", f"runs/{run}/console",
                                       json={"lines": [{"time_us": 1, "stream": "out", "text": "x"}]}),
    "file": lambda api, run: api.ok("PUT", f"runs/{run}/files/a/b.txt", data=b"x"),
    "file away": lambda api, run: api.ok("DELETE", f"runs/{run}/files/a"),
}  # fmt: skip


def test_every_change_is_told_and_only_of_who_changed(server, api, place):
    project, run, other = place
    with Hints(server.uri, project=project) as hints:
        quiet(hints)
        for what, change in CHANGES.items():
            change(api, run)
            hints.until(run)
            rest = hints.drain(0.15)
            assert all(h == {"project": project, "runs": [run]} for h in rest), what
        log(api, other)
        hints.until(other)
        assert "run_ended" in hints.events and hints.stream.last


def test_hints_of_other_projects_and_runs_are_not_sent(server, api, place):
    project, run, other = place
    elsewhere = begin(api, api.project()["number"])
    with Hints(server.uri, project=project, run=[run, elsewhere]) as hints, Hints(server.uri, project=project) as both:
        quiet(hints)
        for r in (other, elsewhere):
            log(api, r)
        both.until(other)
        assert hints.drain(0.4) == []
        log(api, run)
        hints.until(run)


def test_who_did_not_ask_gets_none(server, api, place):
    project, run, _ = place
    with Stream(server.uri, project=project) as s:
        log(api, run)
        time.sleep(0.3)
        api.ok("PATCH", f"runs/{run}", json={"status": "failed"})
        seen = s.until(lambda d: d.get("kind") == "run_ended")
        assert all(kind != "moved" for _, kind, _ in seen)


def test_many_runs_are_all(server, api):
    project = api.project()["number"]
    runs = [begin(api, project) for _ in range(520)]
    time.sleep(2.5)  # folded
    with Hints(server.uri, project=project) as hints:
        quiet(hints)
        lines = [f'{{"run": "{r}", "key": "k", "step": 1, "time_ms": 1, "value": 1}}' for r in runs]
        reply = api.call("POST", "ingest", data="\n".join(lines), headers={"Content-Type": "application/x-ndjson"})
        assert reply.status_code == 200, reply.text
        told = hints.drain(1)
        assert {"project": project, "all": True} in told
        assert all("all" in h or len(h["runs"]) <= 500 for h in told)


def test_hints_are_coalesced(server, api, place):
    project, run, _ = place
    with Hints(server.uri, project=project) as hints:
        quiet(hints)
        start = time.monotonic()
        for i in range(100):
            log(api, run, i)
        took = time.monotonic() - start
        assert 1 <= len(hints.drain(0.3)) <= (took + 0.4) / 0.1 + 1


def test_refusals(api, place):
    project, run, _ = place
    for params, status in (({"moved": "true"}, 400), ({"project": project, "run": run}, 400), ({"moved": "maybe"}, 400),
                           ({"project": project, "moved": "true", "run": "no-id"}, 404)):  # fmt: skip
        reply = api.call("GET", "events/stream", params=params, stream=True)
        assert problem(reply)[0] == status, params


def latencies(api, run, hints, n=40):
    quiet(hints)
    took = []
    for i in range(n):
        time.sleep(0.003 * (i % 40))
        log(api, run, i)
        took.append(-time.monotonic() + hints.until(run))
    return took


def test_hints_come_soon(server, api, place):
    project, run, _ = place
    with Hints(server.uri, project=project) as hints:
        took = latencies(api, run, hints)
        print(f"median {statistics.median(took) * 1000:.0f} ms, worst {max(took) * 1000:.0f} ms")
        assert statistics.median(took) < 0.2


def test_hints_reach_the_other_server(pair):
    apis = [Native(u) for u in pair.uris]
    project = apis[0].project()["number"]
    run = begin(apis[0], project)
    with Hints(pair.uris[1], project=project) as hints:
        took = latencies(apis[0], run, hints)
        print(f"median {statistics.median(took) * 1000:.0f} ms, worst {max(took) * 1000:.0f} ms")
        assert statistics.median(took) < 0.5
        CHANGES["console"](apis[0], run)
        hints.until(run)
        CHANGES["file"](apis[0], run)
        hints.until(run)


def test_hundreds_watch(server, api, place):
    project, run, _ = place
    streams = [Stream(server.uri, project=project, moved="true", **({"run": run} if i % 2 else {})) for i in range(300)]
    log(api, run)
    for s in streams:
        hint = s.until(lambda d: d.get("all") or run in d.get("runs", []))[-1]
        assert hint[1] == "moved"
        s.close()
