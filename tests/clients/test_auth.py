# SPDX-License-Identifier: Apache-2.0
"""The token, where the server may listen without one, and the checks of Host and Origin."""

import os
import subprocess
import sys

import pytest
import requests
import servers

pytestmark = pytest.mark.own_server
TOKEN = "s3cret-token-for-tests"
CREATE = "/api/2.0/mlflow/experiments/create"
SEARCH = "/api/2.0/mlflow/experiments/search"


@pytest.fixture(scope="module")
def guarded():
    server = servers.Stemma(env={"STEMMA_TOKEN": TOKEN})
    yield server
    server.stop()


def client_says(uri, **env):
    """What the official client gets, in a process of its own: the name of experiment 0, or the error."""
    code = (
        "import mlflow\ntry: print(mlflow.MlflowClient().get_experiment('0').name)\n"
        "except mlflow.MlflowException as e: print(e)"
    )
    env = {**servers.fresh_environment(), "MLFLOW_TRACKING_URI": uri, **env}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)
    return done.stdout.strip().splitlines()[-1]


def test_the_official_client_with_the_token(guarded):
    assert client_says(guarded.uri, MLFLOW_TRACKING_TOKEN=TOKEN) == "Default"
    assert client_says(guarded.uri, MLFLOW_TRACKING_USERNAME="ann", MLFLOW_TRACKING_PASSWORD=TOKEN) == "Default"


def test_the_official_client_without_it(guarded):
    assert "set MLFLOW_TRACKING_TOKEN" in client_says(guarded.uri)
    for env in ({"MLFLOW_TRACKING_TOKEN": "wrong"}, {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "x"}):
        assert "This token is not known here" in client_says(guarded.uri, **env)


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}",
                                   f"Token {TOKEN}", "Basic", "Basic ====", "Basic " + "A" * 5000, f"Basic {TOKEN}"])  # fmt: skip
def test_headers_that_do_not_pass(guarded, value):
    headers = {"Authorization": value} if value is not None else {}
    reply = requests.get(guarded.uri + SEARCH, params={"max_results": 1}, headers=headers, timeout=30)
    assert reply.status_code == 401
    assert reply.json()["error_code"] == "UNAUTHENTICATED"
    assert "Basic" in reply.headers["WWW-Authenticate"]
    assert TOKEN not in reply.text


def test_health_needs_no_token(guarded):
    assert requests.get(guarded.uri + "/health", timeout=30).text == "OK"


@pytest.mark.parametrize("path", ["/metrics", "/get-artifact", "/api/2.0/mlflow-artifacts/artifacts/x",
                                  "/ajax-api/2.0/mlflow/runs/get"])  # fmt: skip
def test_everything_else_does(guarded, path):
    assert requests.get(guarded.uri + path, timeout=30).status_code == 401


def test_a_refused_upload_leaves_nothing(guarded):
    url = guarded.uri + "/api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/f"
    assert requests.put(url, data=b"x" * 100_000, timeout=30).status_code == 401
    reply = requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    assert reply.status_code == 404


def test_the_token_is_in_no_log(guarded):
    requests.get(guarded.uri + SEARCH, params={"max_results": 1}, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    assert TOKEN not in guarded.servers[0].tail(1 << 20)


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_no_listening_beyond_loopback_without_a_token(tmp_path, listen):
    done = subprocess.run(
        [servers.stemma_binary(), "serve", "--data", tmp_path / "data", "--listen", listen],
        env=servers.fresh_environment(), capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode != 0
    assert "STEMMA_TOKEN" in done.stderr
    assert not os.path.exists(tmp_path / "data")


# ---- Host and Origin ----


@pytest.mark.parametrize("host, allowed", [
    ("localhost", True), ("localhost:5000", True), ("127.0.0.1:1234", True), ("[::1]:5000", True), ("192.168.1.7:5000", True),
    ("10.0.0.1", True), ("172.16.0.1", True), ("172.32.0.1", False), ("evil.example", False), ("evil.example:5000", False),
    ("localhost.evil.example", False), ("127.0.0.1.evil.example", False),
])  # fmt: skip
def test_host(uri, host, allowed):
    reply = requests.get(uri + SEARCH, params={"max_results": 1}, headers={"Host": host}, timeout=30)
    assert reply.status_code == (200 if allowed else 403)
    if not allowed:
        assert "Invalid Host header" in reply.text


def test_probes_need_no_known_host(uri):
    for path in ("/health", "/version"):
        assert requests.get(uri + path, headers={"Host": "probe.example"}, timeout=30).status_code == 200


def test_allowed_hosts():
    server = servers.Stemma(options=["--allowed-hosts", "ml.example,*.lab.example"])
    try:
        for host, status in {"ml.example": 200, "ml.example:8080": 200, "a.lab.example": 200, "other.example": 403}.items():
            reply = requests.get(server.uri + SEARCH, params={"max_results": 1}, headers={"Host": host}, timeout=30)
            assert (host, reply.status_code) == (host, status)
    finally:
        server.stop()


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
@pytest.mark.parametrize("origin, allowed", [
    (None, True), ("http://localhost:3000", True), ("http://127.0.0.1", True), ("http://[::1]:5", True),
    ("https://evil.example", False), ("http://localhost.evil.example", False), ("null", False),
])  # fmt: skip
def test_origin(uri, prefix, origin, allowed):
    headers = {"Origin": origin} if origin else {}
    url = uri + prefix + "/2.0/mlflow/experiments/search"
    reply = requests.post(url, json={"max_results": 1}, headers=headers, timeout=30)
    assert reply.status_code == (200 if allowed else 403)
    if not allowed:
        assert "Cross-origin request blocked" in reply.text


@pytest.mark.parametrize("origin, may_read", [("http://localhost:3000", True), ("https://evil.example", False)])
def test_what_pages_of_other_origins_may_read(uri, origin, may_read):
    """CORS: a browser hands a reply to the page only if we name its origin; it asks first before it sends JSON."""
    url = uri + "/api/2.0/mlflow/experiments/search"
    asked = requests.options(url, timeout=30, headers={
        "Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"})  # fmt: skip
    read = requests.get(uri + "/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Origin": origin}, timeout=30)
    assert (asked.status_code, read.status_code) == (204, 200)
    for reply in (asked, read):
        assert reply.headers.get("Access-Control-Allow-Origin") == (origin if may_read else None)
        assert "Access-Control-Allow-Credentials" not in reply.headers  # only for origins that the operator named
    assert asked.headers.get("Access-Control-Allow-Headers") == ("content-type" if may_read else None)
    assert ("POST" in asked.headers.get("Access-Control-Allow-Methods", "")) == may_read


def test_a_page_elsewhere_can_not_post_a_form(uri):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
        headers = {"Content-Type": kind} if kind else {}
        reply = requests.post(uri + CREATE, data='{"name": "by a form"}', headers=headers, timeout=30)
        assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert "Content-Type" in reply.json()["message"]
