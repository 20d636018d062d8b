# SPDX-License-Identifier: Apache-2.0
"""What a page asks first: what this server is and who asks; how it is told that a token is needed; and the OpenAPI page
without a server."""

import json
import subprocess
import time

import pytest
import requests

import servers
from conftest import Native, problem


@pytest.fixture(scope="module")
def guarded(engine):
    """A server that wants a token."""
    started = servers.Stemma(engine, options=["--token", "secret"])
    yield started
    started.stop()


def test_what_the_server_is(api, engine):
    told = api.ok("GET", "server")
    printed = subprocess.run([servers.stemma_binary(), "version"], capture_output=True, text=True, timeout=60).stdout
    assert told["version"] == printed.split()[1] and told["engine"] == engine and told["workspace"] == "default"
    assert told["needs_token"] is False and told["user"] == "" and told["proven"] is False
    assert abs(told["now_us"] / 1e6 - time.time()) < 60


def test_who_asks(server, guarded):
    claimed = Native(server.uri).ok("GET", "server", auth=("ann", ""))
    assert (claimed["user"], claimed["proven"]) == ("ann", False)
    proven = Native(guarded.uri).ok("GET", "server", auth=("ann", "secret"))
    assert (proven["user"], proven["proven"], proven["needs_token"]) == ("ann", True, True)
    bare = Native(guarded.uri).ok("GET", "server", headers={"Authorization": "Bearer secret"})
    assert (bare["user"], bare["proven"]) == ("token", True)


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic dTp3cm9uZw=="])
def test_the_page_asks_for_the_token_itself(guarded, authorization):
    """A browser that is offered Basic puts up its own dialog; no other scheme makes it do so."""
    headers = {"Authorization": authorization} if authorization else {}
    for method, path in (("GET", "server"), ("GET", "projects"), ("POST", "runs/search"), ("GET", "runs/x/files/a")):
        reply = Native(guarded.uri).call(method, path, headers=headers)
        assert problem(reply) == (401, "UNAUTHENTICATED")
        assert reply.headers["WWW-Authenticate"] == 'Bearer realm="stemma"'
        told = "This token is not known here" if authorization else "You are not authenticated. Send a token"
        assert reply.json()["detail"].startswith(told)


def test_the_server_s_own_page_may_change_things(server, api):
    """Its browser says which page asks; another site's is refused."""
    own, other = {"Origin": server.uri}, {"Origin": "https://evil.example"}
    assert api.call("POST", "runs/search", json={}, headers=own).status_code == 200
    assert api.call("POST", "runs/search", json={}, headers=other).status_code == 403


def test_openapi_without_a_server(server):
    printed = subprocess.run(
        [servers.stemma_binary(), "reference", "--openapi"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert json.loads(printed) == requests.get(server.uri + "/api/v1/openapi.json", timeout=60).json()
    assert printed.endswith("}\n")
