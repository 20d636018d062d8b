# SPDX-License-Identifier: Apache-2.0
"""Event streams and jobs when clients or servers misbehave: thousands that never read, servers that are killed."""
import pathlib
import resource
import socket
import sys
import threading
import time
import uuid

import requests

sys.path.append(str(pathlib.Path(__file__).parents[1] / "native"))

from site_of import wait_for
from sse import Stream

LOST = (OSError, requests.RequestException)


def memory(server):
    """Bytes of the process that are its own."""
    text = pathlib.Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(("Private", "Swap:"))) * 1024


def as_many_files(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    room = hard - 600 if hard != resource.RLIM_INFINITY else n
    return min(n, room)


def open_stream(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(("127.0.0.1", port))
    s.sendall(b"GET /api/v1/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return s


def metric(server, name):
    for line in requests.get(server.uri + "/metrics", timeout=30).text.splitlines():
        if line.startswith(f"stemma_{name} "):
            return int(line.split()[1])
    raise AssertionError(f"no counter {name}")


def create(uri, session, **headers):
    return session.post(uri + "/api/v1/projects", json={"name": uuid.uuid4().hex}, headers=headers, timeout=60)


def test_thousands_that_never_read(site):
    server, n, events = site.start(), as_many_files(5000), 1500
    session = requests.Session()
    create(server.uri, session)
    before = memory(server)
    sleepers = [open_stream(server.port) for _ in range(n)]
    wait_for(lambda: metric(server, "http_streams") == n, what="the last stream")
    idle = (memory(server) - before) / n
    assert idle < 2048, f"a stream that waits costs {idle:.0f} bytes"
    with Stream(server.uri) as reader:
        got = []
        reading = threading.Thread(target=lambda: got.extend(reader.take(events)))
        reading.start()
        began = time.monotonic()
        for _ in range(events):
            assert create(server.uri, session).status_code == 201
        print(f"{events} events among {n} sleepers: {time.monotonic() - began:.1f} s")
        reading.join(60)
        assert len(got) == events, "who reads has suffered"
    numbers = [number for number, _, _ in got]
    assert numbers == list(range(numbers[0], numbers[0] + events))
    grown = memory(server) - before
    print(f"{n} streams: {idle:.0f} bytes each while idle, {grown / 1e6:.0f} MB in all when none reads")
    assert grown < n * (20 << 10) + (64 << 20), f"{grown / 1e6:.0f} MB for {n} that never read"
    for s in sleepers:
        s.close()
    wait_for(lambda: metric(server, "http_streams") == 0, what="the end of the streams")
    site.stop(server)
    site.check()


class Follower:
    """Follows from the start, over reconnects, through any server that answers."""

    def __init__(self, uris, first):
        self.uris, self.turn, self.last = uris, first, 0
        self.seen, self.reconnects, self.stopped, self.error = [], 0, False, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.stopped:
                try:
                    with Stream(self.uris()[self.turn], last=self.last, timeout=5) as s:
                        for number, kind, data in s.blocks:
                            self.seen.append((number, kind, data["object"]))
                            self.last = number
                            if self.stopped:
                                return
                except LOST:
                    pass
                self.reconnects += 1
                self.turn = (self.turn + 1) % 2
                time.sleep(0.02)
        except AssertionError as e:  # a stream that was refused
            self.error = e

    def wait(self, number):
        wait_for(lambda: self.last >= number or self.error, 60, f"event {number} (at {self.last})")
        assert not self.error, self.error

    def stop(self):
        self.stopped = True
        self.thread.join(30)


class Creator:
    """Creates runs under a key, each again and again until it is answered, on any server."""

    def __init__(self, uris, first):
        self.uris, self.turn, self.stopped = uris, first, False
        self.made, self.repeats, self.error = [], 0, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def create_one(self, name):
        headers = {"Idempotency-Key": name}
        while True:
            try:
                reply = requests.post(self.uris()[self.turn] + "/api/v1/runs", json={"project": "0", "name": name},
                                      headers=headers, timeout=20)
                if reply.status_code == 201:
                    return reply.json()["id"]
                assert reply.status_code in (409, 503), f"{reply.status_code} {reply.text}"
            except LOST:
                pass
            self.repeats += 1
            self.turn = (self.turn + 1) % 2
            time.sleep(0.05)

    def run(self):
        try:
            while not self.stopped:
                name = uuid.uuid4().hex
                self.made.append((name, self.create_one(name)))
        except AssertionError as e:
            self.error = e

    def stop(self):
        self.stopped = True
        self.thread.join(60)
        assert not self.error, self.error


def pages(uri, path, **params):
    items = []
    while True:
        page = requests.get(f"{uri}/api/v1/{path}", params={"limit": 1000, **params}, timeout=60).json()
        items += page["items"]
        if "next" not in page:
            return items
        params["after"] = page["next"]


def all_runs(uri):
    """(name, id) of every run of the default project."""
    items, body = [], {"projects": ["0"], "limit": 1000}
    while True:
        page = requests.post(f"{uri}/api/v1/runs/search", json=body, timeout=60).json()
        items += [(r["name"], r["id"]) for r in page["items"]]
        if "next" not in page:
            return items
        body["after"] = page["next"]


def test_every_event_once_while_servers_are_killed(pair):
    alive = [pair.start(), pair.start()]
    uris = lambda: [s.uri for s in alive]
    creators = [Creator(uris, i % 2) for i in range(4)]
    followers = [Follower(uris, i % 2) for i in range(4)]
    for i in range(6):
        time.sleep(1.5)
        dies = i % 2
        pair.kill(alive[dies])
        time.sleep(0.3)
        alive[dies] = pair.start()
    for c in creators:
        c.stop()
    mark = requests.post(alive[0].uri + "/api/v1/projects", json={"name": "the end"}, timeout=60).json()
    end = None

    def sealed():
        nonlocal end
        end = next((e["number"] for e in pages(alive[1].uri, "events") if e["object"] == str(mark["number"])), None)
        return end

    wait_for(sealed, 60, "the last event")
    for f in followers:
        f.wait(end)
        f.stop()
    log = [(e["number"], e["kind"], e["object"]) for e in pages(alive[0].uri, "events")]
    assert [n for n, _, _ in log] == list(range(1, len(log) + 1))
    for f in followers:
        assert f.seen == log[: len(f.seen)] and len(f.seen) >= end
        assert f.reconnects >= 2
    made = [m for c in creators for m in c.made]
    found = all_runs(alive[1].uri)
    assert len({name for name, _ in found}) == len(found), "a key created twice"
    assert sorted(found) == sorted(made)
    print(f"{len(log)} events, {len(made)} creations, {sum(c.repeats for c in creators)} repeats")
    for server in alive:
        pair.stop(server)
    pair.check()


def test_a_job_goes_on_elsewhere(pair):
    import psycopg2

    dies = pair.start()
    requests.post(dies.uri + "/api/v1/projects", json={"name": "p"}, timeout=60)
    link = psycopg2.connect(pair.database.url)
    with link.cursor() as cursor:
        cursor.execute("LOCK TABLE edge, point_log, block IN ACCESS EXCLUSIVE MODE")  # the check waits here
        job = requests.post(dies.uri + "/api/v1/jobs", json={"kind": "check"}, timeout=60).json()["id"]
        look = lambda server: requests.get(f"{server.uri}/api/v1/jobs/{job}", timeout=60).json()
        wait_for(lambda: look(dies)["state"] == "running", what="its begin")
        first = look(dies)["holder"]
        lives = pair.start()
        pair.kill(dies)
        assert look(lives)["state"] == "running"
    link.rollback()
    link.close()
    wait_for(lambda: look(lives)["state"] == "done", 60, "its end on the other server")
    done = look(lives)
    assert done["detail"].startswith("whole") and done["started_us"] > done["created_us"] and first
    turns = pair.sql("SELECT turn FROM job WHERE kind = 'check'")
    assert turns[0][0] >= 2, "it was not begun again"
    pair.stop(lives)
    pair.check()
