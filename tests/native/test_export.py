# SPDX-License-Identifier: Apache-2.0
"""stemma export and import, and the recipe of docs/export.md that makes Parquet of an export."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import servers
from care_help import Place, everything, fill, other, tree
from objects import OBJECTS, entry, frames

from conftest import Native

DOC = pathlib.Path(servers.ROOT) / "docs/export.md"


@pytest.fixture
def place(engine):
    with Place(engine) as p:
        yield p


@pytest.fixture
def exported(place):
    """A place with data, exported to `out`, and what its server told."""
    server = place.start()
    fill(server.uri)
    place.told = everything(server.uri)
    place.stop(server)
    place.out = place.path("out")
    place.run("export", place.out)
    return place


def lines(folder, name):
    packed = os.path.join(folder, name + ".ndjson.zst")
    text = subprocess.run(["zstd", "-dc", packed], capture_output=True, check=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def test_says_what_is_there(exported):
    out = exported.out
    assert json.load(open(os.path.join(out, "export.json")))["stemma_export"] == 1
    runs = lines(out, "runs")
    assert len(runs) == 4 and [r["life"] for r in runs].count("deleted") == 1
    assert {r["status"] for r in runs} == {"running", "finished"}
    assert {p["text"] for p in lines(out, "params") if p["key"] == "lr"} == {"0.001"}
    points = lines(out, "points")
    assert len(points) == 4 * 14 + 1
    assert [p for p in points if "model" in p][0]["dataset_name"] == "d"
    assert {str(p["value"]) for p in points} >= {"NaN", "Infinity", "-Infinity", "-0.0", "0.1", "1e+308"}
    files = {k for k in tree(out) if k.startswith("files/") and k.endswith("notes.txt")}
    assert len(files) == 4
    assert [e["number"] for e in lines(out, "events")] == list(range(1, len(lines(out, "events")) + 1))


def test_import_gives_the_same_and_exports_the_same(exported, engine):
    for target in {engine, other(engine)}:
        with Place(target) as fresh:
            fresh.run("import", exported.out)
            assert fresh.json("check", "--deep")["whole"]
            fresh.run("export", fresh.path("again"))
            assert tree(fresh.path("again")) == tree(exported.out)
            server = fresh.start()
            assert everything(server.uri) == exported.told
            fresh.stop(server)


def test_versions_come_along_and_users_do_not(place, engine):
    server = place.start()
    api, files = Native(server.uri), {"config.json": b"{}", "w/a.bin": os.urandom(200_000), "run.sh": b"#!/bin/sh"}
    first, second = publish(api, "bot", files), publish(api, "bot", files | {"README.md": b"# bot"})
    publish(api, "bot", {"gone": b"deleted, so it has no bytes any more"})
    publish(api, "other", files)
    api.ok("POST", "repos", json={"name": "exam", "kind": "data"})
    exam = publish(api, "exam", {"questions.txt": b"why?"}, "data")
    for number, value in ((1, "NaN"), (1, 0.1), (3, 1)):
        body = {"suite": "s", "scores": [{"name": "a", "value": value}], "data": "exam@1"}
        api.ok("POST", f"repos/bot/versions/{number}/evaluations", json=body)
    api.ok("POST", "repos/bot/versions/1/evaluations/2/withdraw", json={"reason": "wrong"})
    api.ok("DELETE", "repos/bot/versions/3", json={"reason": "wrong"})
    for number in (1, 2):
        api.ok("PUT", "repos/bot/refs/prod", json={"version": number, "reason": "better"})
    api.ok("PUT", "repos/bot/refs/v1.0", json={"version": 1, "kind": "tag"})
    asked = [f"repos/bot/{what}" for what in ("versions?deleted=true", "refs", "moves", "versions/1/evaluations")]
    asked += ["lineage?of=exam@1"]
    told = [api.ok("GET", what) for what in asked]
    assert "evaluated-on" in [e["link"] for e in told[-1]["edges"]]
    place.stop(server)
    secret = place.run("user", "add", "ann", "--role", "admin").strip()
    place.run("export", place.path("out"))
    out = tree(place.path("out"))
    assert not {"token", "user_account", "role"} & {n.split(".")[0] for n in out} and secret.startswith("stm_")
    assert [s["value"] for s in lines(place.path("out"), "evaluation_scores")] == ["NaN", "0.1"]
    contents = lines(place.path("out"), "contents")
    assert {c["content"] for c in contents} == {v["content"].removeprefix("sha256:") for v in (first, second, exam)}
    assert len(contents) == 8 and len([n for n in out if n.startswith("objects/")]) == 5, "each file once"
    assert [c["path"] for c in contents if c.get("executable")] == ["run.sh"] * 2
    for target in {engine, other(engine)}:
        with Place(target) as fresh:
            fresh.run("import", place.path("out"))
            assert fresh.json("check", "--deep")["whole"]
            fresh.run("export", fresh.path("again"))
            assert tree(fresh.path("again")) == out
            server = fresh.start()
            api = Native(server.uri)
            assert [api.ok("GET", what) for what in asked] == told
            for repo, number in (("bot", 1), ("bot", 2), ("other", 1)):
                assert api.ok("GET", f"repos/{repo}/versions/{number}/verify?bytes=true")["damaged"] == 0
            assert {p: api.get(f"repos/other/versions/1/files/{p}").content for p in files} == files
            fresh.stop(server)


def publish(api, repo, files, kind="model"):
    """A version of these files."""
    api.ok("POST", "objects", data=frames(*files.values()), headers=OBJECTS)
    made = api.ok("POST", "trees", json={"put": [entry(p, d, p.endswith(".sh")) for p, d in files.items()]})
    return api.ok("POST", f"repos/{repo}/versions", json={"tree": made["tree"], "kind": kind})["version"]


def test_into_what_is_there(exported):
    assert "not empty" in exported.run("export", exported.out, code=1)
    assert not [n for n in os.listdir(exported.top) if n.endswith(".part")]
    assert "is not empty" in exported.run("import", exported.out, code=1)
    assert "needs --data" in exported.run("import", exported.out, code=2, arguments=[])
    with Place("sqlite") as fresh:
        assert "not an export" in fresh.run("import", exported.data, code=4)


def test_what_is_wrong_is_named(exported):
    def broken(change):
        folder = exported.path("broken")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(exported.out, folder)
        change(folder)
        with Place("sqlite") as fresh:
            return fresh.popen("import", folder).communicate()[1]

    def rewrite(folder, name, change):
        packed = os.path.join(folder, name + ".ndjson.zst")
        text = subprocess.run(["zstd", "-dc", packed], capture_output=True, check=True).stdout
        subprocess.run(["zstd", "-qf", "-o", packed], input=change(text), check=True)

    assert "runs.ndjson.zst, line 1: it is not a JSON object" in broken(
        lambda f: rewrite(f, "runs", lambda t: b"x" + t))
    assert "its 'run' is not of the right kind" in broken(
        lambda f: rewrite(f, "runs", lambda t: re.sub(rb'"run":"..', b'"run":"zz', t)))
    assert "points.ndjson.zst, line 1" in broken(lambda f: rewrite(f, "points", lambda t: t.replace(b'"step":', b'"s":')))
    assert "can not be the path of a file" in broken(
        lambda f: rewrite(f, "artifacts", lambda t: t.replace(b'notes.txt', b'..', 1)))
    assert "does not have the digest" in broken(change_a_file)
    assert "cut off" in broken(cut)


def change_a_file(folder):
    path = next(p for p in tree(folder) if p.endswith("notes.txt"))
    with open(os.path.join(folder, path), "ab") as f:
        f.write(b"x")


def cut(folder):
    path = os.path.join(folder, "points.ndjson.zst")
    os.truncate(path, os.path.getsize(path) // 2)


def test_the_recipe_for_parquet(exported):
    code = re.search(r"```python\n(.*?)```", DOC.read_text(), re.S)[1]
    script = exported.path("to_parquet.py")
    with open(script, "w") as f:
        f.write(code)
    done = subprocess.run([servers.VENV / "python", script, exported.out, exported.path("parquet")],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    check = "import pyarrow.parquet as p, sys, glob; print({f.split('/')[-1]: p.read_table(f).num_rows for f in glob.glob(sys.argv[1] + '/*')})"
    done = subprocess.run([servers.VENV / "python", "-c", check, exported.path("parquet")], capture_output=True, text=True)
    assert "'points.parquet': 57" in done.stdout and "'runs.parquet': 4" in done.stdout, done.stdout + done.stderr
