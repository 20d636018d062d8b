# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of the native API and of the commands. Each test runs on SQLite and, where STEMMA_TEST_PG names
one (tests/pg.sh), on PostgreSQL. The binary is build/release/stemma, or STEMMA_BIN."""

import os
import pathlib
import sys
import time
import uuid

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).parents[1] / "clients"))

import page
import servers
from cli import Cli
from world import World


class Native:
    """The API of one server. Calls give the reply; `ok` and friends its JSON, or fail."""

    def __init__(self, uri):
        self.uri, self.session = uri + "/api/v1/", requests.Session()

    def call(self, method, path, **kwargs):
        return self.session.request(method, self.uri + path, timeout=60, **kwargs)

    def get(self, path, **params):
        return self.call("GET", path, params=params)

    def post(self, path, body=None, **kwargs):
        return self.call("POST", path, json={} if body is None else body, **kwargs)

    def ok(self, method, path, **kwargs):
        reply = self.call(method, path, **kwargs)
        assert reply.status_code < 300, f"{method} {path}: {reply.status_code} {reply.text[:500]}"
        return reply.json()

    def project(self, name=None):
        return self.ok("POST", "projects", json={"name": name or unique("p")})

    def all(self, path, **params):
        """The items of all pages."""
        items = []
        while True:
            page = self.ok("GET", path, params=params)
            items += page["items"]
            if "next" not in page:
                return items
            params["after"] = page["next"]


def wait_until(holds, seconds=60):
    """On PostgreSQL an event shows a moment after its commit."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def unique(name):
    return f"{name}-{uuid.uuid4().hex[:12]}"


def problem(reply):
    """(status, code) of an error, which has the shape of RFC 9457."""
    assert reply.headers["Content-Type"] == "application/problem+json", reply.text[:300]
    body = reply.json()
    assert body["status"] == reply.status_code and body["detail"]
    return reply.status_code, body["code"]


@pytest.fixture(scope="session", autouse=True)
def held_to_the_page():
    """Whatever tests send to /api/v1 and get must be as /api/v1/openapi.json says (page.py)."""
    with page.watching():
        yield


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def engine(request):
    if request.param == "postgres" and not os.environ.get("STEMMA_TEST_PG"):
        pytest.skip("STEMMA_TEST_PG is not set: run by tests/pg.sh")
    return request.param


@pytest.fixture(scope="module")
def server(engine):
    started = servers.Stemma(engine)
    yield started
    started.stop()


@pytest.fixture
def api(server):
    return Native(server.uri)


@pytest.fixture(scope="module")
def cli(server):
    """The command line, against the server."""
    return Cli("--url", server.uri)


@pytest.fixture(scope="module")
def world(server):
    """Records on the server, for tests that only read."""
    return World(Native(server.uri), unique)


@pytest.fixture(scope="module")
def pair():
    """Two servers on one PostgreSQL."""
    if not os.environ.get("STEMMA_TEST_PG"):
        pytest.skip("STEMMA_TEST_PG is not set: run by tests/pg.sh")
    started = servers.Stemma("postgres", 2)
    yield started
    started.stop()
