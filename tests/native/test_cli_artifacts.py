# SPDX-License-Identifier: Apache-2.0
"""Files on the command line: up, down, gone on with after a break, and servers that mean harm."""

import hashlib
import http.server
import io
import json
import os
import pathlib
import tarfile
import threading

import pytest
from cli import Cli, plain
from conftest import unique

RUN = "0" * 31 + "1"


@pytest.fixture(scope="module")
def engine():
    return "sqlite"  # the tests of the API have both


@pytest.fixture
def run(api):
    return api.ok("POST", "runs", json={"project": api.project(unique("files"))["name"], "name": "files"})["id"]


@pytest.fixture
def tree(tmp_path):
    """A folder with files of many kinds."""
    root = tmp_path / "model"
    files = {"weights.bin": os.urandom(3_000_000), "empty": b"", "a/b/c/deep.txt": b"deep", "a/ünï cödé 🦀.txt": b"u",
             "a/100% ?&+.txt": b"odd", "x" * 200 + ".txt": b"long"}  # fmt: skip
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in pathlib.Path(folder).rglob("*") if p.is_file()}


def test_there_and_back(cli, run, tree, tmp_path):
    assert cli.ok("artifacts", "put", run, tree).out == "6 files, 3.0 MB\n"
    listed = cli.ok("artifacts", "list", run, "model", "--json").json["items"]
    assert {f["path"] for f in listed if f["is_dir"]} == {"model/a"}
    assert cli.ok("artifacts", "get", run, "model", "-o", tmp_path / "back").out == f"6 files in {tmp_path}/back\n"
    assert contents(tmp_path / "back") == contents(tree)
    everything = tmp_path / "all"
    cli.ok("artifacts", "get", run, "-o", everything)
    assert contents(everything / "model") == contents(tree)


def test_one_file(cli, run, tmp_path):
    (tmp_path / "one.txt").write_text("hello")
    assert cli.ok("artifacts", "put", run, tmp_path / "one.txt", "--json").json == {"files": 1, "bytes": 5}
    cli.ok("artifacts", "put", run, tmp_path / "one.txt", "folder/two.txt")
    cli.ok("artifacts", "put", run, tmp_path / "one.txt", "folder/")
    here = tmp_path / "here"
    here.mkdir()
    assert cli.ok("artifacts", "get", run, "folder/two.txt", cwd=here).out == "two.txt\n"
    assert (here / "two.txt").read_text() == "hello"
    cli.ok("artifacts", "get", run, "folder/one.txt", "-o", here / "named")
    cli.ok("artifacts", "get", run, "folder/one.txt", "-o", f"{here}/new/folder/")
    assert (here / "named").read_text() == (here / "new/folder/one.txt").read_text() == "hello"
    assert cli.ok("artifacts", "cat", run, "one.txt").out == "hello"
    lines = cli.ok("artifacts", "list", run).lines
    assert lines[0].split() == ["size", "changed", "name"] and lines[1].split()[-1] == "folder/"
    assert lines[2].split()[:2] == ["5", "B"]


def test_what_is_not_there(cli, run, tmp_path):
    assert cli("artifacts", "get", run, "nothing", cwd=tmp_path).code == 4
    assert cli("artifacts", "cat", run, "nothing").code == 4
    assert cli("artifacts", "put", run, tmp_path / "nothing").code == 4
    assert cli("artifacts", "get", "f" * 32, "x", cwd=tmp_path).code == 4
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_refused(cli, run, tmp_path):
    (tmp_path / "a#b").write_text("x")
    result = cli("artifacts", "put", run, tmp_path / "a#b")
    assert result.code == 2 and "a#b: " in result.err


def test_a_file_is_replaced_whole(cli, run, tmp_path):
    (tmp_path / "f").write_bytes(b"new")
    cli.ok("artifacts", "put", run, tmp_path / "f")
    target = tmp_path / "out"
    target.mkdir()
    (target / "f").write_bytes(b"old and longer")
    cli.ok("artifacts", "get", run, "f", cwd=target)
    assert contents(target) == {"f": b"new"}


def test_symbolic_links_are_not_followed_down(cli, run, tree, tmp_path):
    cli.ok("artifacts", "put", run, tree)
    target, outside = tmp_path / "target", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    (target / "a").symlink_to(outside)
    result = cli("artifacts", "get", run, "model", "-o", target)
    assert result.code != 0 and list(outside.iterdir()) == []


def test_links_are_passed_over_up(cli, run, tmp_path):
    folder = tmp_path / "up"
    folder.mkdir()
    (folder / "real").write_text("x")
    (folder / "link").symlink_to("/etc/passwd")
    result = cli.ok("artifacts", "put", run, folder)
    assert "passed over" in result.err and result.out.startswith("1 file,")


def test_what_is_there_is_not_fetched_again(cli, run, tree, tmp_path):
    cli.ok("artifacts", "put", run, tree)
    target = tmp_path / "target"
    cli.ok("artifacts", "get", run, "model", "-o", target)
    kept = (target / "weights.bin").stat().st_ino
    (target / "a/b/c/deep.txt").unlink()
    assert "some were there" in cli.ok("artifacts", "get", run, "model", "-o", target).out
    assert contents(target) == contents(tree) and (target / "weights.bin").stat().st_ino == kept


def test_goes_on_where_it_stopped(cli, run, tmp_path):
    data = os.urandom(1_000_000)
    digest = hashlib.sha256(data).hexdigest()
    (tmp_path / "big").write_bytes(data)
    cli.ok("artifacts", "put", run, tmp_path / "big")
    for part in (data[:400_000], data, b""):
        target = tmp_path / f"target{len(part)}"
        target.mkdir()
        (target / f".stemma-{digest}.part").write_bytes(part)
        cli.ok("artifacts", "get", run, "big", cwd=target)
        assert contents(target) == {"big": data}
    target = tmp_path / "wrong"
    target.mkdir()
    (target / f".stemma-{digest}.part").write_bytes(b"x" * 1000)
    result = cli("artifacts", "get", run, "big", cwd=target)
    assert result.code == 1 and "SHA-256 differs" in result.err and contents(target) == {}
    cli.ok("artifacts", "get", run, "big", cwd=target)
    assert contents(target) == {"big": data}


def test_progress_only_on_a_terminal(cli, run, tmp_path):
    with open(tmp_path / "big", "wb") as f:
        f.truncate(400_000_000)  # what takes less than a tenth of a second shows nothing
    shown = cli.terminal("artifacts", "put", run, tmp_path / "big", width=60)
    assert shown.code == 0 and "\rput" not in cli.ok("artifacts", "list", run).err
    assert "% " in shown.out and "MB/s" in shown.out
    assert all(len(plain(part)) < 60 for part in shown.out.replace("\x1b[K", "").split("\r"))
    assert cli.ok("artifacts", "get", run, "big", cwd=tmp_path).err == ""


# ---- a server that means harm ----


class Evil(http.server.BaseHTTPRequestHandler):
    """Answers what the test put into `replies`: path prefix -> (headers, body)."""

    replies, seen = {}, []

    def do_GET(self):
        self.seen.append((self.path, self.headers.get("Range")))
        for prefix, reply in self.replies.items():
            if self.path.startswith(prefix):
                status, headers, body = reply(self) if callable(reply) else reply
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
        self.send_response(404)
        body = b'{"detail":"nothing","code":"NOT_FOUND"}'
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def evil():
    class Handler(Evil):
        replies, seen = {}, []

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Handler.cli = Cli("--url", f"http://127.0.0.1:{server.server_port}")
    yield Handler
    server.shutdown()
    server.server_close()


def archive(*entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info, data in entries:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def entry(name, data=b"evil", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, data


def listing(*names):
    items = [{"path": n, "is_dir": False, "size": 4, "digest": hashlib.sha256(b"evil").hexdigest()} for n in names]
    return 200, {}, json.dumps({"items": items}).encode()


HARMFUL = {
    "parent": entry("../evil"),
    "absolute": entry("/tmp/stemma-evil"),
    "within": entry("a/../../evil"),
    "link": entry("link", b"", tarfile.SYMTYPE, "/tmp"),
    "hard link": entry("link", b"", tarfile.LNKTYPE, "../evil"),
    "device": entry("null", b"", tarfile.CHRTYPE),
    "fifo": entry("fifo", b"", tarfile.FIFOTYPE),
    "control": entry("a\x1b[2J"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_archives_write_nothing_outside(evil, tmp_path, name):
    target = tmp_path / "in/target"
    target.parent.mkdir()
    evil.replies[f"/api/v1/runs/{RUN}/tar"] = (200, {}, archive(entry("fine"), HARMFUL[name], entry("more")))
    evil.replies[f"/api/v1/runs/{RUN}/files?"] = listing("fine", "more")
    result = evil.cli("artifacts", "get", RUN, "-o", target)
    assert result.code == 1 and "refused" in result.err, result
    assert contents(tmp_path) in ({"in/target/fine": b"evil"}, {}) and "\x1b" not in result.err


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../evil", "..", ".", "a//b", ""])
def test_listings_write_nothing_outside(evil, tmp_path, name):
    evil.replies[f"/api/v1/runs/{RUN}/files?"] = listing("fine", name)
    evil.replies[f"/api/v1/runs/{RUN}/files/"] = (200, {}, b"evil")
    target = tmp_path / "in/target"
    target.parent.mkdir()
    evil.cli("artifacts", "get", RUN, "-o", target)
    assert set(contents(tmp_path)) <= {"in/target/fine", "in/target/evil", "in/target/b"}


TREE = hashlib.sha256(b"tree").hexdigest()


@pytest.mark.parametrize("repo,tree,folder,says", [
    ("bot", TREE, (), None),
    ("../evil", TREE, ("out",), None),
    ("../evil", TREE, (), "name a folder"),
    ("/tmp/stemma-evil", TREE, (), "name a folder"),
    ("..", TREE, (), "name a folder"),
    (".", TREE, (), "name a folder"),
    ("", TREE, (), "name a folder"),
    (".evil", TREE, (), "name a folder"),
    ("bot", "/../../evil", (), "no digest"),
    ("bot", "/../../evil", ("out",), "no digest"),
    ("bot", TREE[:63] + "/", (), "no digest"),
    ("bot", TREE + "0", (), "no digest"),
])  # fmt: skip
def test_versions_are_pulled_into_the_folder_only(evil, tmp_path, repo, tree, folder, says):
    version = {"repo": repo, "number": 1, "tree": tree, "marks": []}
    evil.replies["/api/v1/resolve?"] = (200, {}, json.dumps({"version": version}).encode())
    evil.replies["/api/v1/trees/"] = (200, {}, b'{"items":[]}')
    here = tmp_path / "in/here"
    here.mkdir(parents=True)
    result = evil.cli("pull", "bot", *folder, cwd=here)
    assert (result.code == 0) == (says is None) and (says or "") in result.err, result
    made = set() if says else {f"in/here/{folder[0] if folder else repo}"}
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")} == {"in", "in/here"} | made


def test_archives_that_are_damaged_or_cut(evil, tmp_path):
    whole = archive(entry("one"), entry("two"), entry("three"))
    evil.replies[f"/api/v1/runs/{RUN}/files?"] = listing("one", "two", "three")
    evil.replies[f"/api/v1/runs/{RUN}/files/"] = (200, {}, b"evil")
    damaged = bytearray(whole)
    damaged[1024 + 10] ^= 1
    for i, body in enumerate((bytes(damaged), b"\xff" * 2048, whole[:700], whole[:1500])):
        target = tmp_path / str(i)
        evil.replies[f"/api/v1/runs/{RUN}/tar"] = (200, {}, body)
        result = evil.cli("artifacts", "get", RUN, "-o", target)
        cut = i > 1
        assert result.code == (0 if cut else 1), result
        assert set(contents(target).values()) <= {b"evil"} and (not cut or len(contents(target)) == 3)


def test_bytes_that_are_not_what_was_stored(evil, tmp_path):
    digest = hashlib.sha256(b"something else").hexdigest()
    evil.replies[f"/api/v1/runs/{RUN}/files/"] = (200, {"ETag": f'"{digest}"'}, b"evil")
    result = evil.cli("artifacts", "get", RUN, "f", cwd=tmp_path)
    assert result.code == 1 and "SHA-256 differs" in result.err and contents(tmp_path) == {}


def test_a_connection_that_breaks(evil, tmp_path):
    data = os.urandom(500_000)
    etag = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"'}

    def reply(handler):
        asked = handler.headers.get("Range")
        at = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        handler.close_connection = True
        piece = data[at : at + 200_000]
        return 206 if asked else 200, {**etag, "Content-Length": str(len(data) - at)}, piece

    evil.replies[f"/api/v1/runs/{RUN}/files/"] = reply
    evil.cli.ok("artifacts", "get", RUN, "f", cwd=tmp_path)
    assert contents(tmp_path) == {"f": data}
    assert [r for _, r in evil.seen] == [None, "bytes=200000-", "bytes=400000-"]


def test_a_file_that_changed_meanwhile(evil, tmp_path):
    old, new = b"o" * 100_000, b"n" * 100_000
    first = True

    def reply(handler):
        nonlocal first
        data = old if first else new
        sent = data[:50_000] if first else data
        first, handler.close_connection = False, True
        tag = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "Content-Length": str(len(data))}
        return 200, tag, sent

    evil.replies[f"/api/v1/runs/{RUN}/files/"] = reply
    evil.cli.ok("artifacts", "get", RUN, "f", cwd=tmp_path)
    assert contents(tmp_path) == {"f": new}


def test_a_server_that_is_none(evil):
    evil.replies["/api/v1/projects"] = (200, {}, b"<html>")
    result = evil.cli("projects", "list")
    assert result.code == 5 and "no list" in result.err and result.out == ""
    evil.replies["/api/v1/projects"] = (500, {}, b"<html>\x1b[2J")
    assert "is it a Stemma" in evil.cli("projects", "list", "--json").err
