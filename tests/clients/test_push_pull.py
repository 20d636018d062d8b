# SPDX-License-Identifier: Apache-2.0
"""What the command line pushes loads in MLflow, and what MLflow registers is pulled by the command line."""

import json
import os
import pathlib
import struct
import subprocess
import time
import typing

import mlflow
import pytest
import servers
from conftest import unique
from rest import Rest

pytestmark = pytest.mark.differs("the commands are Stemma's")


class Told(typing.NamedTuple):
    out: str
    err: str


def stemma(uri, cwd, *words):
    env = servers.fresh_environment({"XDG_CACHE_HOME": str(cwd / "cache")})
    done = subprocess.run([servers.stemma_binary(), *map(str, words), "--url", uri], cwd=cwd, env=env, capture_output=True,
                          text=True, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return Told(done.stdout, done.stderr)


def files_of(folder):
    folder = pathlib.Path(folder)
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_pushed_version_loads_in_mlflow(uri, client, tmp_path):
    name = unique("pushed")
    source = tmp_path / "model"
    (source / "data").mkdir(parents=True)
    (source / "data/weights.bin").write_bytes(os.urandom(200_000))
    (source / "config.json").write_text("{}")
    stemma(uri, tmp_path, "push", source, name, "-m", "by hand")
    assert client.get_model_version(name, "1").description == "by hand"
    client.set_registered_model_alias(name, "prod", "1")
    for model in (f"models:/{name}/1", f"models:/{name}@prod"):
        assert files_of(mlflow.artifacts.download_artifacts(model)) == files_of(source)


def test_a_version_of_chunks_loads_in_mlflow(uri, client, tmp_path):
    """And what MLflow sends whole is the same file to who pushes."""
    name = unique("large")
    source = tmp_path / "model"
    source.mkdir()
    (source / "weights.bin").write_bytes(os.urandom(11 << 20))
    stemma(uri, tmp_path, "push", source, name)
    assert files_of(mlflow.artifacts.download_artifacts(f"models:/{name}/1")) == files_of(source)
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(source), "model")
    assert files_of(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/model")) == files_of(source)
    client.create_registered_model(f"{name}-again")
    client.create_model_version(f"{name}-again", f"runs:/{run.info.run_id}/model", run.info.run_id)
    stemma(uri, tmp_path, "pull", f"{name}-again@1", "out")
    assert files_of(tmp_path / "out") == files_of(source)


def safetensors(path, tensors):
    header, at = {}, 0
    for name, data in tensors.items():
        header[name] = {"dtype": "U8", "shape": [len(data)], "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(tensors.values()))


def cut(uri):
    """What came whole is cut, behind the requests: now, and to its end."""
    rest = Rest(uri)
    job = rest.send("POST", "/api/v1/jobs", json={"kind": "cut"}).json()
    end = time.monotonic() + 60
    while job["state"] not in ("done", "failed"):
        assert time.monotonic() < end, job
        time.sleep(0.05)
        job = rest.ok("GET", f"/api/v1/jobs/{job['id']}")
    assert job["state"] == "done", job


def test_what_mlflow_sent_whole_shares_its_tensors(uri, client, tmp_path):
    """It is cut into chunks later, where a push cuts: the same tensors in another file, in another order, are there."""
    name = unique("tuned")
    tensors = {f"layer.{i}": os.urandom(2_000_000 + i) for i in range(4)}
    folders = [tmp_path / "logged", tmp_path / "pushed"]
    for folder, names in zip(folders, (list(tensors), list(tensors)[::-1])):
        folder.mkdir()
        safetensors(folder / f"{folder.name}.safetensors", {n: tensors[n] for n in names})
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(folders[0]), "model")
    client.create_registered_model(name)
    client.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id)
    cut(uri)
    for source in (f"models:/{name}/1", f"runs:/{run.info.run_id}/model"):
        assert files_of(mlflow.artifacts.download_artifacts(source)) == files_of(folders[0])
    sent = json.loads(stemma(uri, tmp_path, "push", folders[1], f"{name}-pushed", "--json").out)["sent"]
    assert sent["bytes"] < 1000, sent
    stemma(uri, tmp_path, "pull", f"{name}-pushed@1", "out")
    assert files_of(tmp_path / "out") == files_of(folders[1])
    used = {r["name"]: r for r in json.loads(stemma(uri, tmp_path, "du", "--by", "repo", "--json").out)["items"]}
    mine = [used[n] for n in (name, f"{name}-pushed")]
    assert sum(r["file_bytes"] for r in mine) > 16_000_000 > 8_100_000 > sum(r["stored_bytes"] for r in mine)


def test_a_registered_version_is_pulled(uri, client, tmp_path):
    name = unique("registered")
    with mlflow.start_run() as run:
        mlflow.log_text("weights", "model/data/w.txt")
        mlflow.log_dict({"a": 1}, "model/config.json")
    client.create_registered_model(name)
    client.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id)
    stemma(uri, tmp_path, "pull", f"{name}@1", "out")
    expected = files_of(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/model"))
    assert files_of(tmp_path / "out") == expected and "data/w.txt" in expected
