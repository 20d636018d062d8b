# SPDX-License-Identifier: Apache-2.0
"""A server that is killed in the middle of a long body: what could be read is there after it, whole frames of it, and
sending the body again brings all of it, once."""

import socket
import time
import urllib.parse

import pytest
import requests

import formats
import servers
from conftest import Native

FRAME, FRAMES = 8_000, 20  # 1.3 MB: the first is read before the handler begins


def frames_of(run):
    for i in range(FRAMES):
        points = [(s, 1700000000000 + s, float(s % 1000)) for s in range(i * FRAME, (i + 1) * FRAME)]
        yield formats.frame(formats.payload([formats.series(run, "k", points)]))


def start_sending(uri, parts):
    """A chunked body that does not end."""
    parts_of = urllib.parse.urlsplit(uri)
    s = socket.create_connection((parts_of.hostname, parts_of.port), timeout=60)
    head = f"POST /api/v1/ingest HTTP/1.1\r\nHost: {parts_of.netloc}\r\nContent-Type: {formats.POINTS_TYPE}\r\n"
    s.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
    for part in parts:
        s.sendall(b"%x\r\n" % len(part) + part + b"\r\n")
    return s


def steps(api, run):
    reply = api.call("GET", f"runs/{run}/points", params={"key": "k"}, headers={"Accept": "text/csv"})
    if reply.status_code == 404:
        return []
    return [int(x.split(",")[0]) for x in reply.text.splitlines()[1:]]


@pytest.fixture
def own(engine):
    server = servers.Stemma(engine)
    yield server
    server.stop()


def test_killed_within_a_body(own):
    made = requests.post(own.uri + "/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}, timeout=60).json()
    run, api = made["run"]["info"]["run_id"], Native(own.uri)
    body = list(frames_of(run))
    with start_sending(own.uri, [formats.POINTS_MAGIC, *body]):
        seen, until = [], time.monotonic() + 60
        while not seen and time.monotonic() < until:
            seen = steps(api, run)
        own.servers[0].kill()
    assert seen
    own.servers = []
    own.start()
    api = Native(own.uri)
    left = steps(api, run)
    assert left == list(range(len(left))) and len(left) >= len(seen) and len(left) % FRAME == 0
    for _ in range(2):
        reply = api.call(
            "POST", "ingest", data=formats.POINTS_MAGIC + b"".join(body), headers={"Content-Type": formats.POINTS_TYPE}
        )
        assert reply.json() == {"points": FRAME * FRAMES, "runs": 1, "parts": FRAMES}
    assert steps(api, run) == list(range(FRAME * FRAMES))
