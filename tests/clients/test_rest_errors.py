# SPDX-License-Identifier: Apache-2.0
"""What the official client never sends: broken bodies, other content types, unknown routes, tricks in paths.

Field by field the requests are compared with the reference in test_compare_reference.py.
"""

import gzip
import json
import socket
import urllib.parse

import pytest
import requests
from rest import error_of, metric

INVALID = (400, "INVALID_PARAMETER_VALUE")
JSON = {"Content-Type": "application/json"}
PROXY = "/api/2.0/mlflow-artifacts/artifacts"


def send_raw(rest, path, body, headers=JSON, method="POST"):
    return rest.send(method, path, data=body, headers=headers)


# ---- content types ----


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"])
def test_json_content_types(rest, kind):
    reply = send_raw(rest, "experiments/search", b'{"max_results": 1}', {"Content-Type": kind})
    assert reply.status_code == 200


@pytest.mark.parametrize(
    "headers, message",
    [
        ({}, "Bad Request. Content-Type header is missing."),
        ({"Content-Type": "text/plain"}, "Bad Request. Content-Type must be one of ['application/json']."),
        ({"Content-Type": "application/jsonx"}, "Bad Request. Content-Type must be one of ['application/json']."),
    ],
)
def test_other_content_types(rest, headers, message):
    reply = send_raw(rest, "experiments/search", b'{"max_results": 1}', headers)
    assert error_of(reply) == (*INVALID, message)


# ---- bodies ----

BROKEN = {
    "half an object": b'{"name": "x"',
    "no JSON": b"name=x",
    "two values": b'{"name": "x"} {"name": "y"}',
    "a trailing comma": b'{"name": "x",}',
    "single quotes": b"{'name': 'x'}",
    "a comment": b'{"name": "x"} // x',
    "unescaped line feed": b'{"name": "a\nb"}',
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_json(rest, name):
    """The reference takes what it can not parse for {} and then misses the name: 400 in both."""
    assert error_of(send_raw(rest, "experiments/create", BROKEN[name]))[:2] == INVALID


@pytest.mark.differs("the reference breaks off")
def test_deep_json(rest):
    body = b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert error_of(send_raw(rest, "experiments/create", body))[:2] == INVALID


@pytest.mark.parametrize("body", [b"", b"{}", b"null"])
def test_no_body_is_an_empty_message(rest, body):
    status, code, message = error_of(send_raw(rest, "experiments/create", body))
    assert (status, code) == INVALID
    assert "Missing value for required parameter 'name'" in message


def test_json_in_a_json_string(rest, run):
    body = json.dumps(json.dumps({"run_id": run, "key": "twice", "value": "encoded"}))
    assert send_raw(rest, "runs/set-tag", body.encode()).status_code == 200


@pytest.mark.differs("the reference takes some of them, or answers 500")
@pytest.mark.parametrize("body", [b'[{"name": "x"}]', b"7", b"true", b'"text"'])
def test_a_body_that_is_no_object(rest, body):
    assert error_of(send_raw(rest, "experiments/create", body))[:2] == INVALID


BAD_TEXT = {
    "a lone byte": b"\xff",
    "cut short": b"\xe6\xbc",
    "overlong": b"\xc0\xaf",
    "a surrogate in UTF-8": b"\xed\xa0\x80",
    "beyond the last character": b"\xf4\x90\x80\x80",
    "an escaped lone surrogate": b"\\ud800",
    "an escaped NUL": b"\\u0000",
    "a NUL": b"\x00",
}


@pytest.mark.differs("the reference answers 500, or stores it")
@pytest.mark.parametrize("name", BAD_TEXT)
def test_text_that_is_not_utf8(rest, run, name):
    body = b'{"run_id": "%s", "key": "t", "value": "a%sb"}' % (run.encode(), BAD_TEXT[name])
    for path in ("runs/set-tag", "runs/log-parameter"):
        assert error_of(send_raw(rest, path, body))[:2] == INVALID
    data = rest.get_run(run)["data"]
    assert "params" not in data and all(t["key"] != "t" for t in data["tags"])


@pytest.mark.differs("the reference stores 0 for them")
@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_bare_numbers_that_json_has_not(rest, run, text):
    body = b'{"run_id": "%s", "key": "m", "value": %s, "timestamp": 1}' % (run.encode(), text.encode())
    assert send_raw(rest, "runs/log-metric", body).status_code == 200
    got = rest.ok("GET", "metrics/get-history", params={"run_id": run, "metric_key": "m", "max_results": 9})
    assert [m["value"] for m in got["metrics"]] == [text]


def test_escapes(rest, run):
    body = b'{"run_id": "%s", "key": "t", "value": "\\ud83d\\ude42 \\u00e4 \\" \\\\ \\/ \\b\\f\\n\\r\\t"}' % run.encode()
    assert send_raw(rest, "runs/set-tag", body).status_code == 200
    assert {"key": "t", "value": '🙂 ä " \\ / \b\f\n\r\t'} in rest.get_run(run)["data"]["tags"]


@pytest.mark.differs("the reference does not inflate bodies")
def test_gzip(rest, run):
    body = gzip.compress(json.dumps({"run_id": run, "metrics": [metric("m", i, i) for i in range(500)]}).encode())
    headers = {**JSON, "Content-Encoding": "gzip"}
    assert send_raw(rest, "runs/log-batch", body, headers).status_code == 200
    reply = rest.send("GET", "metrics/get-history", params={"run_id": run, "metric_key": "m", "max_results": 1000},
                      headers={"Accept-Encoding": "gzip"})  # fmt: skip
    assert len(reply.json()["metrics"]) == 500


@pytest.mark.differs("the reference has no limits")
def test_bodies_beyond_the_limits(rest, run):
    bomb = gzip.compress(b'{"run_id": "' + b"a" * (200 << 20) + b'"}')
    reply = send_raw(rest, "runs/log-batch", bomb, {**JSON, "Content-Encoding": "gzip"})
    assert 400 <= reply.status_code < 500
    huge = b'{"run_id": "' + b"a" * (40 << 20) + b'"}'
    try:
        assert 400 <= send_raw(rest, "runs/log-batch", huge).status_code < 500
    except requests.ConnectionError:
        pass  # closed before all of it was sent
    assert rest.get_run(run)


# ---- routes ----


@pytest.mark.parametrize("path", ["/api/2.0/mlflow/nobody", "/api/1.0/mlflow/experiments/get", "/nobody", "/api", "/api/2.0/mlflow/",
                                  "/api/2.0/mlflow/experiments/get/", "/api/3.0/mlflow/nobody"])  # fmt: skip
def test_unknown_routes_are_404(rest, path):
    reply = rest.send("GET", path)
    assert reply.status_code == 404
    if "json" in reply.headers.get("Content-Type", ""):
        assert reply.json()["error_code"] == "ENDPOINT_NOT_FOUND"


@pytest.mark.parametrize("method, path", [("GET", "runs/create"), ("PUT", "runs/create"), ("DELETE", "experiments/get"),
                                          ("POST", "metrics/get-history")])  # fmt: skip
def test_other_methods_are_405(rest, method, path):
    assert rest.send(method, path, json={}).status_code == 405


def test_every_route_is_there_twice(rest, run):
    for prefix in ("/api", "/ajax-api"):
        reply = rest.send("GET", prefix + "/2.0/mlflow/runs/get", params={"run_id": run})
        assert reply.json()["run"]["info"]["run_id"] == run


@pytest.mark.differs("of the reference all of these are there")
@pytest.mark.parametrize("path", ["traces", "/api/2.0/mlflow/webhooks"])
def test_what_comes_later_says_so(rest, path):
    status, code, message = error_of(rest.send("GET", path))
    assert (status, code) == (501, "NOT_IMPLEMENTED")
    assert message


@pytest.mark.differs("of the reference all of these are there")
@pytest.mark.parametrize("path", ["/api/3.0/mlflow/traces", "/api/2.0/mlflow-artifacts/presigned/x"])
def test_what_clients_probe_is_not_found(rest, path):
    assert error_of(rest.send("GET", path))[:2] == (404, "ENDPOINT_NOT_FOUND")


def test_security_headers(rest, run):
    for path in ("runs/get?run_id=" + run, "runs/get?run_id=nobody", "/health"):
        headers = rest.send("GET", path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "SAMEORIGIN"


def test_health_version_and_info(rest):
    assert rest.send("GET", "/health").text == "OK"
    version = rest.send("GET", "/version").text
    assert [int(p) for p in version.split(".")]
    info = rest.send("GET", "/api/3.0/mlflow/server-info").json()
    assert info["store_type"] == "SqlStore"
    assert rest.send("GET", "/").status_code == 200


@pytest.mark.differs("the reference writes its metrics elsewhere")
def test_prometheus(rest, run):
    reply = rest.send("GET", "/metrics")
    assert reply.status_code == 200
    names = [line.split(" ")[2] for line in reply.text.splitlines() if line.startswith("# TYPE ")]
    assert names and all(n.startswith(("stemma_", "process_")) for n in names)
    assert len(names) == len(set(names))


# ---- paths of artifacts: 400, and nothing is read or written anywhere else ----

TRICKS = [
    "../x", "a/../../x", "..", "a/..", "%2e%2e/x", "%252e%252e/x", "%25252e%25252e/x", "..%2fx", "..%5cx", "a\\..\\x", "a%5c..%5cx",
    "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "C:/x", "C:%5cx", "x#y", "%23", "a/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
]  # fmt: skip


LOOSE = pytest.mark.differs("the reference lists nothing there")


@pytest.mark.parametrize(
    "trick", [pytest.param(t, marks=LOOSE) if "\\" in t or "%5c" in t or t == "%23" else t for t in TRICKS]
)
def test_tricks_in_listings(rest, run, trick):
    for path, params in (("artifacts/list", {"run_id": run, "path": trick}), (PROXY, {"path": trick})):
        status, code, _ = error_of(rest.send("GET", path, params=params))
        assert (status, code) == INVALID, path


# Several slashes in a path are one (so that "//etc/passwd" is the artifact "etc/passwd").
PATH_TRICKS = [t for t in TRICKS if "#" not in t and t[0] != "/"] + [
    "%00", "a%00b", "%ff", "%c0%ae%c0%ae/x", "a" * 5000
]  # fmt: skip


def raw_request(uri, method, target, body=b""):
    """Sends the target as it stands (other libraries would tidy it up): status and body."""
    parts = urllib.parse.urlsplit(uri)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as s:
        head = f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        s.sendall(head.encode("latin-1") + body)
        reply = b""
        while chunk := s.recv(65536):
            reply += chunk
    return int(reply.split(b" ", 2)[1]), reply


@pytest.mark.differs("the reference answers some of them by 500 or 404")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("trick", PATH_TRICKS)
def test_tricks_in_the_path(rest, uri, trick, method):
    target = f"{PROXY}/{urllib.parse.quote(trick, safe='/%:')}"
    status, reply = raw_request(uri, method, target, b"planted" if method == "PUT" else b"")
    assert status in (400, 414), reply[:300]
    assert b"root:" not in reply


@pytest.mark.differs("the reference answers some of them by 500")
@pytest.mark.parametrize("trick", TRICKS + ["a\0b"])
def test_tricks_in_get_artifact(rest, run, trick):
    for method, path in (("GET", "/get-artifact"), ("POST", "/ajax-api/2.0/mlflow/upload-artifact")):
        params = {"run_id": run, "run_uuid": run, "path": trick}
        reply = rest.send(method, path, params=params, data=b"x" if method == "POST" else None)
        assert error_of(reply)[:2] == INVALID


@pytest.mark.differs("the reference reads files of the server's machine below the artifact root that it was told")
def test_no_stored_location_is_opened(rest, tmp_path):
    """An experiment may be kept elsewhere, also in a folder of this machine: the server never looks there."""
    (tmp_path / "secret.txt").write_text("secret")
    for location in (str(tmp_path), f"file://{tmp_path}", "http://127.0.0.1:9/x", "ftp://127.0.0.1/x"):
        at = rest.create_experiment(f"elsewhere {tmp_path} {location}", artifact_location=location)
        run = rest.create_run(at)
        reply = rest.send("GET", "/get-artifact", params={"run_id": run, "path": "../../secret.txt"})
        assert 400 <= reply.status_code <= 501 and "secret" not in reply.text
        reply = rest.send("GET", "artifacts/list", params={"run_id": run})
        assert "secret" not in reply.text
