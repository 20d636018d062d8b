# SPDX-License-Identifier: Apache-2.0
"""The web interface as the server hands it out: its headers, caching and packing, and that it needs no token. Whether it
was bundled or is the plain page of a build without Node makes no difference here."""

import gzip
import http.client
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import pytest
import requests

import servers

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def guarded(engine):
    """A server that wants a token."""
    started = servers.Stemma(engine, options=["--token", "secret"])
    yield started
    started.stop()


def fetch(server, path, method="GET", **headers):
    """(status, headers, body) as sent: requests would unpack the body."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.uri).netloc, timeout=60)
    try:
        connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def assets(server):
    text = fetch(server, "/")[2].decode()
    links = re.findall(r'(?:src|href)="([^"#]*)"', text)
    return ["/" + x.removeprefix("./") for x in links if x.startswith("./assets/")]


def test_the_shell_needs_no_token_and_what_it_shows_does(guarded):
    assert fetch(guarded, "/")[0] == 200
    assert assets(guarded) and all(fetch(guarded, a)[0] == 200 for a in assets(guarded))
    assert fetch(guarded, "/api/v1/projects")[0] == 401
    assert fetch(guarded, "/api/v1/projects", Authorization="Bearer secret")[0] == 200


def test_no_link_of_the_page_is_absolute(server):
    """So it works below any path of a proxy."""
    text = fetch(server, "/")[2].decode()
    for link in re.findall(r'(?:src|href|action)="([^"]*)"', text):
        assert link.startswith(("./assets/", "data:", "#", "api/v1/", "health", "metrics")), link


def test_headers_of_the_page(server):
    status, headers, body = fetch(server, "/")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert body.lstrip().lower().startswith(b"<!doctype html>")
    assert headers["Cache-Control"] == "no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'" and policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"] and "*" not in headers["Content-Security-Policy"]


def test_the_page_holds_no_script_and_no_style_of_its_own(server):
    """Its policy would not run them."""
    text = fetch(server, "/")[2].decode()
    assert re.findall(r"<script[^>]*>(?=[^<])", text) == [] and "<style" not in text
    assert not re.search(r"\s(style|on\w+)=", text)


def test_assets_are_kept_for_ever(server):
    for path in assets(server):
        status, headers, body = fetch(server, path)
        assert status == 200 and body, path
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert headers["X-Content-Type-Options"] == "nosniff"
        kind = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
        assert headers["Content-Type"] == kind[path.rpartition(".")[2]]


def test_packed_for_who_takes_it(server):
    for path in ["/", *assets(server)]:
        _, plain_headers, plain = fetch(server, path, Accept_Encoding="identity")
        _, headers, body = fetch(server, path, Accept_Encoding="br, gzip;q=0.5")
        assert "Content-Encoding" not in plain_headers
        assert plain_headers.get("Vary") == headers.get("Vary")
        if "Content-Encoding" not in headers:  # too small to gain
            assert body == plain and len(plain) < 1000
            continue
        assert headers["Vary"] == "Accept-Encoding" and headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(body) == plain and len(body) < len(plain)
        assert headers["ETag"] != plain_headers["ETag"]  # other bytes
        assert "Content-Encoding" not in fetch(server, path, Accept_Encoding="gzip;q=0")[1]
    assert fetch(server, "/", Accept_Encoding="gzip")[1]["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_not_sent_again(server, encoding):
    for path in ["/", *assets(server)]:
        tag = fetch(server, path, Accept_Encoding=encoding)[1]["ETag"]
        status, headers, body = fetch(server, path, Accept_Encoding=encoding, If_None_Match=tag)
        assert status == 304 and not body and headers["ETag"] == tag and headers["Cache-Control"]
        assert fetch(server, path, Accept_Encoding=encoding, If_None_Match='"other"')[0] == 200


def test_head(server):
    for path in ["/", *assets(server)]:
        _, headers, body = fetch(server, path)
        status, head, nothing = fetch(server, path, method="HEAD")
        assert status == 200 and nothing == b"" and int(head["Content-Length"]) == len(body)
        assert head["ETag"] == headers["ETag"]


@pytest.mark.parametrize("path", ["x.js", "index.html", "..%2findex.html", "%2e%2e", "", "a/b", "%00", "%ff", "x" * 300])
def test_an_asset_that_is_not_there(server, path):
    status, headers, _ = fetch(server, "/assets/" + path)
    assert status in (400, 404) and "immutable" not in headers.get("Cache-Control", "")
    assert not headers["Content-Type"].startswith("text/html")


def test_only_read(server):
    for method in ("POST", "PUT", "DELETE"):
        assert fetch(server, "/", method)[0] == 405
        assert fetch(server, assets(server)[0], method)[0] == 405


def test_a_foreign_name_gets_no_page(server):
    assert requests.get(server.uri + "/", headers={"Host": "evil.example"}, timeout=60).status_code == 403


# ---- the build -------------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path):
    """What tools/web.sh needs of the sources."""
    for part in ("tools/web.sh", "src/api/web/plain"):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    return tmp_path


def bundle(tree):
    done = subprocess.run([tree / "tools/web.sh"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr, (tree / "build/web/bundle.c").stat().st_mtime_ns


def node(tree, script):
    """A page whose build is this script."""
    (tree / "web/node_modules").mkdir(parents=True, exist_ok=True)
    (tree / "web/build.mjs").write_text(script)


WRITES = """
import { mkdirSync, writeFileSync } from "node:fs";
const out = process.argv[3];
mkdirSync(out + "/assets", { recursive: true });
writeFileSync(out + "/index.html", "<!doctype html>" + "x".repeat(1000));
writeFileSync(out + "/assets/app-1.js", "1");
"""


def test_a_build_without_node_has_a_plain_page(tree):
    said, made = bundle(tree)
    assert "no Node" in said
    assert "built without its web interface" in (tree / "build/web/dist/index.html").read_text()
    assert bundle(tree) == ("", made)  # once


@pytest.mark.skipif(not shutil.which("node"), reason="without Node nothing is bundled")
def test_the_page_is_bundled_when_it_has_changed(tree):
    _, plain = bundle(tree)
    node(tree, WRITES)
    _, made = bundle(tree)
    assert made != plain and bundle(tree)[1] == made
    rows = (tree / "build/web/bundle.c").read_text()
    assert '"assets/app-1.js", "text/javascript; charset=utf-8"' in rows and "web_n_files = 2" in rows
    assert (tree / "build/web/packed/index.html").stat().st_size < 100
    (tree / "web/src.ts").write_text("changed")
    assert bundle(tree)[1] != made


@pytest.mark.skipif(not shutil.which("node"), reason="without Node nothing is bundled")
def test_two_builds_at_once(tree):
    node(tree, WRITES)
    both = [subprocess.Popen([tree / "tools/web.sh"]) for _ in range(2)]
    assert [p.wait(120) for p in both] == [0, 0]
    assert sorted(os.listdir(tree / "build")) == ["web", "web.lock"]


@pytest.mark.skipif(not shutil.which("node"), reason="without Node nothing is bundled")
def test_a_page_that_does_not_build_fails_the_build(tree):
    bundle(tree)
    node(tree, "throw new Error('does not build')")
    done = subprocess.run([tree / "tools/web.sh"], capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "does not build" in done.stderr
    assert (tree / "build/web/bundle.c").exists() and sorted(os.listdir(tree / "build")) == ["web", "web.lock"]
