# SPDX-License-Identifier: Apache-2.0
"""What the command line pushes loads in MLflow, and what MLflow registers is pulled by the command line."""

import os
import pathlib
import subprocess

import mlflow
import pytest
import servers
from conftest import unique

pytestmark = pytest.mark.differs("the commands are Stemma's")


def stemma(uri, cwd, *words):
    env = servers.fresh_environment({"XDG_CACHE_HOME": str(cwd / "cache")})
    done = subprocess.run([servers.stemma_binary(), *map(str, words), "--url", uri], cwd=cwd, env=env, capture_output=True,
                          text=True, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


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
