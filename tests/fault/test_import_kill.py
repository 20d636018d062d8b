# SPDX-License-Identifier: Apache-2.0
"""kill -9 in the middle of an import, again and again: the next one goes on, and the proof is that of an import that
nobody disturbed. The data is whole after every kill."""
import json
import pathlib
import sqlite3
import subprocess
import time
import uuid

import servers

SCHEMA = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, artifact_location TEXT, lifecycle_stage TEXT);
CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, user_id TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
  lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER);
CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN,
  PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
CREATE INDEX m ON metrics (run_uuid);
CREATE INDEX p ON params (run_uuid);
CREATE INDEX t ON tags (run_uuid);
INSERT INTO experiments VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active'), (3, 'three', '', 'active');
"""
REGISTRY = """
CREATE TABLE registered_models (name TEXT, creation_time BIGINT, last_updated_time BIGINT, description TEXT);
CREATE TABLE model_versions (name TEXT, version INTEGER, creation_time BIGINT, last_updated_time BIGINT, description TEXT,
  user_id TEXT, current_stage TEXT, source TEXT, run_id TEXT, status TEXT);
CREATE TABLE registered_model_aliases (alias TEXT, version INTEGER, name TEXT);
"""
RUNS, POINTS, FILES = 300, 2000, 60
MODELS, VERSIONS = 60, 5


def make_source(folder):
    path = folder / "mlflow.db"
    db = sqlite3.connect(path)
    db.executescript(SCHEMA)
    for i in range(RUNS):
        run = uuid.uuid4().hex
        uri = f"mlflow-artifacts:/3/{run}/artifacts"
        db.execute("INSERT INTO runs VALUES (?, 'r', 'u', 'FINISHED', 1, 2, 'active', ?, 3)", (run, uri))
        db.executemany("INSERT INTO params VALUES (?, 'v', ?)", ((f"p{j}", run) for j in range(10)))
        db.executemany(
            "INSERT INTO metrics VALUES (?, ?, ?, ?, ?, 0)", (("loss", j / 7, j, run, j) for j in range(POINTS)))
        if i < FILES:
            files = folder / "mlartifacts" / "3" / run / "artifacts"
            files.mkdir(parents=True)
            (files / "a.txt").write_text(run * 50)
    register(db)
    db.commit()
    db.close()
    return path


def register(db):
    """Models whose versions are the files of the runs, and of each an alias."""
    db.executescript(REGISTRY)
    uris = db.execute("SELECT artifact_uri, run_uuid FROM runs").fetchmany(MODELS)
    for i, (uri, run) in enumerate(uris):
        db.execute("INSERT INTO registered_models VALUES (?, 5, 6, 'd')", (f"model {i}",))
        for number in range(1, VERSIONS + 1):
            db.execute("INSERT INTO model_versions VALUES (?, ?, 5, 6, 'd', 'u', 'None', ?, ?, 'READY')",
                       (f"model {i}", number, uri, run))  # fmt: skip
        db.execute("INSERT INTO registered_model_aliases VALUES ('prod', 3, ?)", (f"model {i}",))


def command(site, source):
    data = ["--data", site.data, *(["--db", site.database.url] if site.database else [])]
    return [str(servers.stemma_binary()), "import", "mlflow", str(source), "--json", *map(str, data)]


def whole(arguments, env=None):
    began = time.monotonic()
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, env=env)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(done.stdout), time.monotonic() - began


def test_killed_imports_go_on(any_site, tmp_path):
    source = make_source(tmp_path)
    env = servers.fresh_environment()
    undisturbed = [str(servers.stemma_binary()), "import", "mlflow", str(source), "--json", "--data",
                   str(tmp_path / "other")]  # fmt: skip
    want, seconds = whole(undisturbed, env)
    assert want["equal"] and want["proof"]["points"]["here"]["count"] == RUNS * POINTS
    assert want["proof"]["versions"]["here"]["count"] == MODELS * VERSIONS
    any_site.stop(any_site.start())  # so that there is something to check after the first kill
    killed = 0
    for part in (0.1, 0.3, 0.5, 0.7, 0.4, 0.8, 0.9):
        process = subprocess.Popen(command(any_site, source), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        try:
            process.wait(max(0.05, seconds * part))
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.wait()
        any_site.check()
    assert killed > 1
    got, _ = whole(command(any_site, source), env)
    assert got["proof"] == want["proof"] and got["equal"]
    assert not list(pathlib.Path(any_site.data).glob("import-*"))
    any_site.check("--deep")
