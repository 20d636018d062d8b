# SPDX-License-Identifier: Apache-2.0
"""Artifacts through the proxy: everything that the fluent API can log, listings, downloads, deletion."""

import hashlib
import json
import os
import pathlib

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.artifacts import download_artifacts, list_artifacts, load_dict, load_image, load_text
from mlflow.exceptions import MlflowException


def listing(client, run, path=None):
    return [(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(run, path)]


@pytest.fixture
def active(experiment):
    with mlflow.start_run() as run:
        yield run.info


def test_a_file(client, run, tmp_path):
    source = tmp_path / "notes.txt"
    source.write_bytes(b"line 1\nline 2\n")
    client.log_artifact(run, source)
    client.log_artifact(run, source, artifact_path="deep/er")
    assert listing(client, run) == [("deep", True, None), ("notes.txt", False, 14)]
    assert listing(client, run, "deep") == [("deep/er", True, None)]
    assert listing(client, run, "deep/er") == [("deep/er/notes.txt", False, 14)]
    got = pathlib.Path(client.download_artifacts(run, "deep/er/notes.txt", tmp_path))
    assert got.read_bytes() == b"line 1\nline 2\n"


def test_an_empty_run_and_a_missing_folder(client, run):
    assert listing(client, run) == []
    assert listing(client, run, "nobody") == []


def test_a_folder(client, run, tmp_path):
    source = tmp_path / "tree"
    files = {"a.txt": b"a", "sub/b.bin": bytes(range(256)), "sub/sub/c": b"", "sub/ü 漢.txt": "ü".encode(), ".hidden": b"h"}
    for name, content in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    client.log_artifacts(run, source, "top")
    assert listing(client, run, "top") == [
        ("top/.hidden", False, 1), ("top/a.txt", False, 1), ("top/sub", True, None)
    ]  # fmt: skip
    (tmp_path / "out").mkdir()
    got = pathlib.Path(client.download_artifacts(run, "top", tmp_path / "out"))
    assert {str(p.relative_to(got)): p.read_bytes() for p in got.rglob("*") if p.is_file()} == files


def test_download_of_everything(client, run, tmp_path):
    for name in ("a.txt", "x/b.txt", "x/y/c.txt"):
        client.log_text(run, name, name)
    got = pathlib.Path(client.download_artifacts(run, ""))
    assert sorted(str(p.relative_to(got)) for p in got.rglob("*.txt")) == ["a.txt", "x/b.txt", "x/y/c.txt"]


def test_text_and_dict(active):
    mlflow.log_text("ein Text – 漢字", "texts/t.txt")
    mlflow.log_dict({"a": [1, 2.5, None], "ü": "ö"}, "d.json")
    mlflow.log_dict({"a": {"b": 1}}, "d.yaml")
    assert load_text(active.artifact_uri + "/texts/t.txt") == "ein Text – 漢字"
    assert load_dict(active.artifact_uri + "/d.json") == {"a": [1, 2.5, None], "ü": "ö"}
    assert "b: 1" in load_text(active.artifact_uri + "/d.yaml")


def test_figure(client, active):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([0, 1], [1, 0])
    mlflow.log_figure(figure, "plots/curve.png")
    plt.close(figure)
    [(path, _, size)] = listing(client, active.run_id, "plots")
    assert path == "plots/curve.png" and size > 1000
    assert load_image(active.artifact_uri + "/plots/curve.png").format == "PNG"


def test_image(active):
    pixels = np.zeros((4, 6, 3), dtype=np.uint8)
    pixels[1, 2] = [255, 0, 7]
    mlflow.log_image(pixels, "i.png")
    assert (np.asarray(load_image(active.artifact_uri + "/i.png").convert("RGB")) == pixels).all()


def test_images_with_steps(client, active):
    for step in range(3):
        mlflow.log_image(np.full((4, 4, 3), step * 40, dtype=np.uint8), key="samples/digit", step=step)
    mlflow.flush_artifact_async_logging()
    names = [path for path, _, _ in listing(client, active.run_id, "images")]
    assert len(names) == 6  # three and their small forms
    assert {int(n.split("step")[1][1:2]) for n in names} == {0, 1, 2}
    assert client.get_run(active.run_id).data.tags.get("mlflow.loggedImages")


def test_table(client, active):
    mlflow.log_table({"question": ["a", "b"], "score": [1, 2]}, "eval/table.json")
    mlflow.log_table(pd.DataFrame({"question": ["c"], "score": [3]}), "eval/table.json")
    frame = mlflow.load_table("eval/table.json", run_ids=[active.run_id])
    assert frame["question"].tolist() == ["a", "b", "c"]
    assert frame["score"].tolist() == [1, 2, 3]
    assert json.loads(client.get_run(active.run_id).data.tags["mlflow.loggedArtifacts"]) == [
        {"path": "eval/table.json", "type": "table"}
    ]


@pytest.mark.parametrize(
    "name", ["ü.txt", "漢字 🙂.txt", "with space.txt", "a+b&c=d.txt", "100%.txt", "quote'\".txt", "semi;colon.txt"]
)
def test_names_keep_every_character(client, run, name, tmp_path):
    (tmp_path / name).write_text(name)
    client.log_artifact(run, tmp_path / name)
    client.log_artifact(run, tmp_path / name, "in a folder ü")
    assert (name, False, len(name.encode())) in listing(client, run)
    assert listing(client, run, "in a folder ü") == [(f"in a folder ü/{name}", False, len(name.encode()))]
    (tmp_path / "out").mkdir()
    got = pathlib.Path(client.download_artifacts(run, "in a folder ü", tmp_path / "out"))
    assert [p.name for p in got.iterdir()] == [name]
    assert (got / name).read_text() == name


def test_overwriting(client, run, tmp_path):
    client.log_text(run, "one", "f.txt")
    client.log_text(run, "three", "f.txt")
    assert listing(client, run) == [("f.txt", False, 5)]
    assert pathlib.Path(client.download_artifacts(run, "f.txt")).read_text() == "three"


def test_a_big_file(client, run, tmp_path):
    source, block = tmp_path / "big.bin", os.urandom(1 << 20)
    with open(source, "wb") as f:
        for i in range(64):
            f.write(block[i:] + block[:i])
    client.log_artifact(run, source)
    assert listing(client, run) == [("big.bin", False, 64 << 20)]
    (tmp_path / "out").mkdir()
    got = client.download_artifacts(run, "big.bin", tmp_path / "out")
    with open(source, "rb") as a, open(got, "rb") as b:
        assert hashlib.file_digest(a, "sha256").digest() == hashlib.file_digest(b, "sha256").digest()


def test_many_small_files(client, run, tmp_path):
    source = tmp_path / "many"
    source.mkdir()
    for i in range(200):
        (source / f"{i:03}.txt").write_text(str(i) * i)
    client.log_artifacts(run, source)
    assert [p for p, _, _ in listing(client, run)] == [f"{i:03}.txt" for i in range(200)]
    got = pathlib.Path(client.download_artifacts(run, ""))
    assert all((got / f"{i:03}.txt").read_text() == str(i) * i for i in range(200))


def test_missing_file(client, run):
    client.log_text(run, "x", "there.txt")
    with pytest.raises((MlflowException, OSError)):
        client.download_artifacts(run, "nobody.txt")


def test_list_and_download_by_uri(active, tmp_path):
    mlflow.log_text("x", "f/x.txt")
    assert [f.path for f in list_artifacts(run_id=active.run_id, artifact_path="f")] == ["f/x.txt"]
    assert [f.path for f in list_artifacts(artifact_uri=f"runs:/{active.run_id}/f")] == ["f/x.txt"]
    got = download_artifacts(artifact_uri=f"runs:/{active.run_id}/f/x.txt", dst_path=str(tmp_path))
    assert pathlib.Path(got).read_text() == "x"


def test_delete(client, active):
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    for name in ("a.txt", "f/b.txt", "f/g/c.txt"):
        mlflow.log_text("x", name)
    repo = get_artifact_repository(active.artifact_uri)
    repo.delete_artifacts("a.txt")
    assert listing(client, active.run_id) == [("f", True, None)]
    repo.delete_artifacts("f/g")
    assert listing(client, active.run_id, "f") == [("f/b.txt", False, 1)]
    repo.delete_artifacts("f")
    assert listing(client, active.run_id) == []


def test_artifacts_of_a_run_that_ended(client, experiment):
    with mlflow.start_run() as run:
        pass
    client.log_text(run.info.run_id, "late", "late.txt")
    assert listing(client, run.info.run_id) == [("late.txt", False, 4)]


def test_same_content_many_times(client, run, experiment):
    for i in range(5):
        client.log_text(run, "the same", f"{i}.txt")
    other = client.create_run(experiment).info.run_id
    client.log_text(other, "the same", "0.txt")
    assert len(listing(client, run)) == 5
    assert pathlib.Path(client.download_artifacts(other, "0.txt")).read_text() == "the same"


def test_run_uri_of_the_fluent_api(active):
    assert mlflow.get_artifact_uri() == active.artifact_uri
    assert mlflow.get_artifact_uri("x/y") == active.artifact_uri + "/x/y"


# ---- what the pages of the user interface and scripts with curl ask for ----


def test_get_artifact(rest, client, run):
    client.log_text(run, "hällo", "page.html")
    reply = rest.send("GET", "/get-artifact", params={"run_id": run, "path": "page.html"})
    assert (reply.status_code, reply.content.decode()) == (200, "hällo")
    assert "attachment" in reply.headers["Content-Disposition"]  # never shown in place
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name, kind", [("a.txt", "text/plain"), ("m.json", "text/plain"), ("a.png", "image/png"),
                                        ("a.unknown-kind", "application/octet-stream"), ("MLmodel", "text/plain")])  # fmt: skip
def test_content_types(rest, client, run, name, kind):
    client.log_text(run, "{}", name)
    info = client.get_run(run).info
    path = info.artifact_uri.removeprefix("mlflow-artifacts:/")
    reply = rest.send("GET", f"/api/2.0/mlflow-artifacts/artifacts/{path}/{name}")
    assert reply.headers["Content-Type"].split(";")[0] == kind
    assert "attachment" in reply.headers["Content-Disposition"]


def test_upload_artifact(rest, client, run):
    params = {"run_uuid": run, "path": "up/x.json"}
    path = "/ajax-api/2.0/mlflow/upload-artifact"
    assert rest.send("POST", path, params=params, data=b'{"a": 1}').status_code == 200
    assert listing(client, run, "up") == [("up/x.json", False, 8)]
    for bad in ({"run_uuid": run}, {"path": "x"}):
        assert rest.send("POST", path, params=bad, data=b"x").status_code == 400
    assert rest.send("POST", path, params=params, data=b"").status_code == 400


@pytest.mark.differs("the reference streams without ranges, lengths and tags")
def test_ranges_and_tags(rest, client, run):
    client.log_text(run, "0123456789", "r.txt")
    url = "/api/2.0/mlflow-artifacts/artifacts/" + client.get_run(run).info.artifact_uri.removeprefix("mlflow-artifacts:/")
    whole = rest.send("GET", url + "/r.txt")
    assert whole.headers["Content-Length"] == "10" and whole.headers["Accept-Ranges"] == "bytes"

    def part(spec, **headers):
        reply = rest.send("GET", url + "/r.txt", headers={"Range": spec, **headers})
        return reply.status_code, reply.headers.get("Content-Range"), reply.text

    assert part("bytes=2-5") == (206, "bytes 2-5/10", "2345")
    assert part("bytes=7-") == (206, "bytes 7-9/10", "789")
    assert part("bytes=-3") == (206, "bytes 7-9/10", "789")
    assert part("bytes=8-100") == (206, "bytes 8-9/10", "89")
    assert part("bytes=10-")[:2] == (416, "bytes */10")
    tag = whole.headers["ETag"]
    assert part("bytes=0-0", **{"If-Range": tag}) == (206, "bytes 0-0/10", "0")
    assert part("bytes=0-0", **{"If-Range": '"other"'})[0] == 200
    unchanged = rest.send("GET", url + "/r.txt", headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    head = rest.send("HEAD", url + "/r.txt")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "10", b"")


def test_missing_file_over_http_is_404(rest):
    reply = rest.send("GET", "/api/2.0/mlflow-artifacts/artifacts/0/nobody/artifacts/nobody.txt")
    assert reply.status_code == 404
