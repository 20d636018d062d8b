# SPDX-License-Identifier: Apache-2.0
"""Files that somebody put there to harm who opens them: whichever way their bytes are fetched, a browser saves them under
the name that they have, and if it shows them all the same they run nothing and have no origin."""

import re
import urllib.parse

import pytest
import requests

from conftest import unique

SCRIPT = b"<script>fetch('/api/v1/projects')</script>"
BODIES = {
    "page.html": b"<!doctype html>" + SCRIPT,
    "PAGE.HTML": SCRIPT,
    "old.htm": SCRIPT,
    "page.xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>',
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "feed.xml": b'<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
    "style.xsl": b"<xsl:stylesheet/>",
    "code.js": b"alert(1)",
    "code.mjs": b"alert(1)",
    "worker.wasm": b"\0asm",
    "mail.mht": b"MIME-Version: 1.0",
    "none": SCRIPT,
    "lies.png": SCRIPT,
    "lies.txt": SCRIPT,
    "lies.json": SCRIPT,
    "lies.csv": SCRIPT,
    "paper.pdf": b"%PDF-1.7",
}
NAMES = [
    'quote".html',
    "a;filename=evil.exe",
    "semi; filename*=UTF-8''evil.exe",
    "it's.html",
    "comma, space.svg",
    "größe 中文 🙂.html",
    "right\u202eto-left.exe",
    "<script>.html",
    "&amp;.html",
    ".htaccess",
    "x" * 240 + ".html",
]
# What a browser never runs, whatever is in it.
HARMLESS = re.compile(r"text/(plain|csv|html)|image/(png|svg\+xml)|application/(pdf|octet-stream)")


@pytest.fixture
def run(server):
    rest = server.uri + "/api/2.0/mlflow/"
    made = requests.post(rest + "experiments/create", json={"name": unique("e")}, timeout=60).json()["experiment_id"]
    return requests.post(rest + "runs/create", json={"experiment_id": made}, timeout=60).json()["run"]["info"]


def put(api, run, name, data):
    api.ok("PUT", f"runs/{run['run_id']}/files/{urllib.parse.quote(name)}", data=data)


def ways(server, run, name):
    """The addresses under which the same file is had."""
    path, run_id = urllib.parse.quote(name), run["run_id"]
    root = run["artifact_uri"].removeprefix("mlflow-artifacts:/")
    query = urllib.parse.urlencode({"run_id": run_id, "path": name})
    return [
        f"{server.uri}/api/v1/runs/{run_id}/files/{path}",
        f"{server.uri}/get-artifact?{query}",
        f"{server.uri}/ajax-api/2.0/mlflow/get-artifact?{query}",
        f"{server.uri}/api/2.0/mlflow-artifacts/artifacts/{root}/{path}",
        f"{server.uri}/api/v1/runs/{run_id}/tar?" + urllib.parse.urlencode({"path": name}),
    ]


def fetch_all(server, run, name, **headers):
    replies = [requests.get(w, headers=headers, timeout=60) for w in ways(server, run, name)]
    found = [r for r in replies if r.status_code in (200, 206)]
    assert [r.status_code for r in replies if r not in found] in ([], [404])  # one of get-artifact's two places
    return found


def is_safe(reply):
    h = reply.headers
    return (
        h["Content-Disposition"].startswith("attachment;")
        and h["Content-Security-Policy"] == "sandbox; default-src 'none'"
        and h["X-Content-Type-Options"] == "nosniff"
    )


def test_no_file_runs_in_the_page_s_origin(server, api, run):
    for name, body in BODIES.items():
        put(api, run, name, body)
        replies = fetch_all(server, run, name)
        assert len(replies) >= 4
        for reply in replies:
            assert is_safe(reply), (name, reply.url, reply.headers)
            assert reply.url.partition("?")[0].endswith("/tar") or reply.content == body
            assert HARMLESS.match(reply.headers["Content-Type"]) or "/tar?" in reply.url, (name, reply.headers)


def test_nor_does_a_part_of_it(server, api, run):
    put(api, run, "page.html", BODIES["page.html"])
    parts = [r for r in fetch_all(server, run, "page.html", Range="bytes=15-") if r.status_code == 206]
    assert len(parts) >= 3 and all(is_safe(r) and r.content == SCRIPT for r in parts)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_saved_under_its_own_name(server, api, run, name):
    """RFC 6266: the exact name percent-encoded, and one for old readers in which nothing can end the quotes."""
    put(api, run, name, b"x")
    for reply in fetch_all(server, run, name):
        assert is_safe(reply)
        if "/tar?" in reply.url:
            continue
        found = re.fullmatch(
            r"attachment; filename=\"([A-Za-z0-9._ -]+)\"; filename\*=UTF-8''([A-Za-z0-9._%-]+)",
            reply.headers["Content-Disposition"],
        )
        assert found and urllib.parse.unquote(found[2], errors="strict") == name
        assert len(found[1]) == len(name.encode())


@pytest.mark.parametrize("name", ["line\nfeed", "carriage\rreturn", "nul\0", "back\\slash", "ctrl\x1b[2J", "twice%0d%0a"])
def test_names_that_would_break_a_header(server, api, run, name):
    """Refused, or sent without doing harm."""
    reply = api.call("PUT", f"runs/{run['run_id']}/files/{urllib.parse.quote(name)}", data=b"x")
    assert reply.status_code in (200, 400)
    if reply.status_code == 200:
        for got in fetch_all(server, run, name):
            assert is_safe(got) and "Set-Cookie" not in got.headers
            assert not re.search(r"[\x00-\x1f]", got.headers["Content-Disposition"])
