# SPDX-License-Identifier: Apache-2.0
"""Files of a run: put, listed, read in parts, deleted, and a folder as a tar archive."""

import hashlib
import io
import os
import pathlib
import tarfile
import urllib.parse

import pytest
import requests

from conftest import problem, unique


@pytest.fixture
def run(server):
    rest = server.uri + "/api/2.0/mlflow/"
    made = requests.post(rest + "experiments/create", json={"name": unique("e")}, timeout=60).json()["experiment_id"]
    return requests.post(rest + "runs/create", json={"experiment_id": made}, timeout=60).json()["run"]["info"]["run_id"]


def url(run, path):
    return f"runs/{run}/files/{urllib.parse.quote(path)}"


def put(api, run, path, data):
    return api.ok("PUT", url(run, path), data=data)


def listed(api, run, folder="", limit=100):
    """The paths of all pages."""
    paths, after = [], ""
    while True:
        page = api.ok("GET", f"runs/{run}/files", params={"path": folder, "limit": limit, "after": after})
        paths += [f["path"] for f in page["items"]]
        if "next" not in page:
            return paths
        after = page["next"]


def tar(api, run, folder=""):
    return api.call("GET", f"runs/{run}/tar", params={"path": folder})


CONTENT = {
    "model/weights.bin": os.urandom(300_000),
    "model/config.json": b'{"a": 1}',
    "model/sub/näme with space.txt": "größe".encode(),
    "top.txt": b"x" * 513,
    "empty": b"",
}


@pytest.fixture
def filled(api, run):
    for path, data in CONTENT.items():
        put(api, run, path, data)
    return run


def test_put_says_what_is_stored(api, run):
    data = os.urandom(100_000)
    f = put(api, run, "a/b.bin", data)
    assert f["path"] == "a/b.bin" and f["size"] == len(data) and not f["is_dir"] and f["modified_us"] > 0
    assert f["digest"] == hashlib.sha256(data).hexdigest()
    assert api.get(url(run, "a/b.bin")).content == data
    put(api, run, "a/b.bin", b"new")
    assert api.get(url(run, "a/b.bin")).content == b"new"


def test_a_stream_of_unknown_length(api, run):
    put(api, run, "s", iter([b"one", b"two" * 1000]))
    assert api.get(url(run, "s")).content == b"one" + b"two" * 1000


def test_lists(api, filled):
    assert listed(api, filled) == ["empty", "model", "top.txt"]
    assert listed(api, filled, "model") == ["model/config.json", "model/sub", "model/weights.bin"]
    assert listed(api, filled, "model", limit=1) == ["model/config.json", "model/sub", "model/weights.bin"]
    one = api.ok("GET", f"runs/{filled}/files", params={"path": "top.txt"})["items"]
    assert [(f["path"], f["size"], f["is_dir"]) for f in one] == [("top.txt", 513, False)]
    assert problem(api.call("GET", f"runs/{filled}/files", params={"path": "none"})) == (404, "NOT_FOUND")
    assert problem(api.get(f"runs/{filled}/files", limit=0)) == (400, "INVALID")


def test_an_empty_run_has_no_files(api, run):
    assert api.ok("GET", f"runs/{run}/files") == {"items": []}
    assert tarfile.open(fileobj=io.BytesIO(tar(api, run).content)).getnames() == []


def test_ranges_and_etag(api, filled):
    path, data = "model/weights.bin", CONTENT["model/weights.bin"]
    whole = api.get(url(filled, path))
    tag = whole.headers["ETag"]
    assert tag == f'"{hashlib.sha256(data).hexdigest()}"' and whole.content == data
    part = api.call("GET", url(filled, path), headers={"Range": "bytes=1000-1999"})
    assert part.status_code == 206 and part.content == data[1000:2000]
    assert api.call("GET", url(filled, path), headers={"If-None-Match": tag}).status_code == 304
    past = api.call("GET", url(filled, path), headers={"Range": f"bytes={len(data)}-"})
    assert problem(past) == (416, "RANGE")
    head = api.call("HEAD", url(filled, path))
    assert head.headers["Content-Length"] == str(len(data)) and not head.content


@pytest.mark.parametrize("name", ["page.html", "picture.svg", "script.js", "odd.xhtml"])
def test_nothing_stored_runs_in_a_page(api, run, name):
    put(api, run, name, b"<script>alert(1)</script>")
    headers = api.get(url(run, name)).headers
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_delete(api, filled):
    assert api.ok("DELETE", url(filled, "top.txt")) == {}
    assert problem(api.get(url(filled, "top.txt"))) == (404, "NOT_FOUND")
    assert api.ok("DELETE", url(filled, "model")) == {}
    assert listed(api, filled) == ["empty"]
    assert api.ok("DELETE", url(filled, "model")) == {}  # nothing is there any more: fine


@pytest.mark.parametrize(
    "path", ["..", "a/../../b", "%2e%2e/x", "a%5Cb", "c:%2Fx", "a%23b", "a%00b", "%252e%252e%252fx", "n" * 256, "a%FFb"]
)
def test_paths_that_are_refused(server, api, run, path):
    """As sent: requests would tidy them."""
    import http.client

    for method in ("GET", "PUT", "DELETE"):
        c = http.client.HTTPConnection(urllib.parse.urlsplit(server.uri).netloc, timeout=60)
        c.request(method, f"/api/v1/runs/{run}/files/{path}", body=b"x" if method == "PUT" else None)
        assert c.getresponse().status in (400, 404), (method, path)
        c.close()
    assert api.ok("GET", f"runs/{run}/files") == {"items": []}


def test_a_folder_is_no_file(api, filled):
    assert problem(api.get(url(filled, "model"))) == (404, "NOT_FOUND")
    assert problem(api.call("PUT", url(filled, "model"), data=b"x")) == (409, "CONFLICT")
    assert problem(api.call("PUT", url(filled, "top.txt/below"), data=b"x")) == (409, "CONFLICT")


def test_a_run_in_the_bin_is_only_read(server, api, filled):
    requests.post(server.uri + "/api/2.0/mlflow/runs/delete", json={"run_id": filled}, timeout=60)
    assert api.get(url(filled, "top.txt")).content == CONTENT["top.txt"]
    assert problem(api.call("PUT", url(filled, "x"), data=b"x")) == (400, "STATE")
    assert problem(api.call("DELETE", url(filled, "top.txt"))) == (400, "STATE")


# ---- tar -------------------------------------------------------------------------------------------------------------


def read_tar(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as t:
        return {m.name: (m, t.extractfile(m).read() if m.isfile() else None) for m in t.getmembers()}


def test_a_tar_holds_everything(api, filled):
    reply = tar(api, filled)
    assert reply.headers["Content-Type"] == "application/x-tar"
    assert f"{filled}.tar" in reply.headers["Content-Disposition"]
    got = read_tar(reply.content)
    assert {n: d for n, (m, d) in got.items() if m.isfile()} == CONTENT
    assert {n for n, (m, _) in got.items() if m.isdir()} == {"model", "model/sub"}
    assert all(m.mtime > 1_600_000_000 and not m.issym() for m, _ in got.values())
    assert len(reply.content) % 512 == 0 and reply.content.endswith(bytes(1024))


def test_a_tar_of_a_folder_and_of_a_file(api, filled):
    got = read_tar(tar(api, filled, "model").content)
    assert set(got) == {"config.json", "sub", "sub/näme with space.txt", "weights.bin"}
    assert set(read_tar(tar(api, filled, "model/config.json").content)) == {"config.json"}
    assert problem(tar(api, filled, "none")) == (404, "NOT_FOUND")
    assert problem(tar(api, filled, "../x")) == (400, "INVALID")


def test_long_names_and_many_files(api, run):
    long = ["d" * 90 + "/" + "f" * 90, "e" * 120 + "/x", "/".join(["n" * 60] * 5), "u/" + "ü" * 60, "n" * 255]
    many = [f"many/{i:03}" for i in range(205)]
    for path in long + many:
        put(api, run, path, path.encode())
    got = read_tar(tar(api, run).content)
    assert {n for n, (m, _) in got.items() if m.isfile()} == set(long + many)
    assert all(d == n.encode() for n, (m, d) in got.items() if m.isfile())


def test_a_tar_breaks_off_where_a_file_is_damaged(server, api, run):
    put(api, run, "a", os.urandom(3 << 20))
    broken = put(api, run, "b", os.urandom(3 << 20))
    stored = list(pathlib.Path(server.folder).rglob(broken["digest"] + ".*"))
    assert len(stored) == 1
    with open(stored[0], "r+b") as f:
        f.seek(2 << 20)
        was = f.read(1)
        f.seek(2 << 20)
        f.write(bytes([was[0] ^ 0xFF]))
    try:
        with pytest.raises(requests.exceptions.RequestException):
            tar(api, run)
    finally:  # the server's folder is checked at its end
        with open(stored[0], "r+b") as f:
            f.seek(2 << 20)
            f.write(was)


# ---- an operator's folder --------------------------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path, engine):
    import servers
    from conftest import Native

    root = tmp_path / "shared"
    root.mkdir()
    server = servers.Stemma(engine, options=["--artifact-root", root.as_uri()])
    rest = server.uri + "/api/2.0/mlflow/"
    made = requests.post(rest + "runs/create", json={"experiment_id": "0"}, timeout=60).json()["run"]["info"]
    below = pathlib.Path(urllib.parse.urlsplit(made["artifact_uri"]).path)
    yield Native(server.uri), made["run_id"], below
    server.stop()


def test_files_beneath_an_operators_folder(shared):
    api, run, folder = shared
    assert api.ok("GET", f"runs/{run}/files") == {"items": []}
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"abc")
    (folder / "sub/b.txt").write_bytes(b"x" * 70000)
    (folder / "link").symlink_to("/etc/passwd")
    assert listed(api, run, limit=1) == ["a.txt", "sub"]
    assert listed(api, run, "sub") == ["sub/b.txt"]
    assert api.get(url(run, "a.txt")).content == b"abc"
    assert problem(api.get(url(run, "link")))[0] == 404
    got = read_tar(tar(api, run).content)
    assert {n: d for n, (_, d) in got.items()} == {"a.txt": b"abc", "sub": None, "sub/b.txt": b"x" * 70000}
    assert set(read_tar(tar(api, run, "sub").content)) == {"b.txt"}
    assert problem(api.call("PUT", url(run, "new"), data=b"x"))[0] == 501  # only clients write there
