# SPDX-License-Identifier: Apache-2.0
"""Real trackers of MLflow to import from, and everything that the official client can see of one."""

import math
import os
import pathlib
import shutil
import sqlite3
import tempfile
import uuid

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "1")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")

import logging

logging.getLogger("mlflow").setLevel(logging.ERROR)
logging.getLogger("alembic").setLevel(logging.ERROR)

import mlflow
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
    ViewType,
)

EVERYTHING = ViewType.ALL


def fill(client, location=None):
    """Experiments, runs, points, models, data sets and files of every kind; one of each is deleted."""
    kwargs = (lambda name: {"artifact_location": f"{location}/{name}"}) if location else (lambda name: {})
    first = client.create_experiment("first äö", tags={"team": "a/b", "empty": ""}, **kwargs("one"))
    client.create_experiment("empty one", **kwargs("two"))
    gone = client.create_experiment("gone", **kwargs("three"))
    parent = client.create_run(first, run_name="parent 'quoted' \"twice\"", start_time=1000)
    ids = [parent.info.run_id]
    for i in range(3):
        child = client.create_run(first, tags={"mlflow.parentRunId": ids[0], "n": str(i)}, start_time=2000 + i)
        ids.append(child.info.run_id)
    log(client, ids[0], 3000)
    for i, run in enumerate(ids[1:]):
        log(client, run, 40 + i)
    models(client, first, ids[0])
    files(client, ids[0])
    client.set_terminated(ids[0], "FINISHED", end_time=5000)
    client.set_terminated(ids[1], "FAILED")
    client.set_terminated(ids[2], "KILLED", end_time=1)
    client.delete_run(ids[2])
    lost = client.create_run(gone, run_name="in the bin")
    client.log_metric(lost.info.run_id, "m", 1.0, timestamp=1, step=1)
    client.delete_experiment(gone)
    registry(client, parent.info)
    return first, ids


def log(client, run, n):
    points = [Metric("loss", 1 / (i + 1), 1_700_000_000_000 + i, i) for i in range(n)]
    points += [Metric("a/b c", float(i), 7, -i) for i in range(5)]
    points += [Metric("odd", v, 10 + i, i) for i, v in enumerate([math.nan, math.inf, -math.inf, 1e-300, 0.0])]
    points += [Metric("late", 2.0, 5, 9), Metric("late", 1.0, 6, 3), Metric("late", 3.0, 5, 9)]
    for i in range(0, len(points), 1000):
        client.log_batch(run, metrics=points[i : i + 1000])
    client.log_batch(run, params=[Param("lr", "0.001"), Param("p/q", "x" * 300), Param("text", "ü\n2")],
                     tags=[RunTag("long", "v" * 4000), RunTag("a/b", "1"), RunTag("line", "a\nb")])  # fmt: skip


def models(client, experiment, run):
    model = client.create_logged_model(
        experiment, name="model-1", source_run_id=run, params={"d": "3"}, tags={"k/1": "v"}, model_type="Agent"
    )
    gone = client.create_logged_model(experiment, name="model-gone", source_run_id=run)
    client.log_metric(run, "acc", 0.5, timestamp=70, step=0, model_id=model.model_id,
                      dataset_name="train", dataset_digest="d1")  # fmt: skip
    client.log_metric(run, "acc", 0.75, timestamp=71, step=1, model_id=model.model_id)
    client.log_metric(run, "acc", 0.8, timestamp=72, step=2)
    client.finalize_logged_model(model.model_id, "READY")
    data = Dataset("train", "d1", "local", "{\"uri\": \"x\"}", schema="{}", profile="{\"rows\": 3}")
    more = Dataset("test", "d2", "http", "{}")
    inputs = [DatasetInput(data, [InputTag("mlflow.data.context", "training")]), DatasetInput(more, [])]
    client.log_inputs(run, inputs, [LoggedModelInput(model.model_id)])
    client.log_outputs(run, [LoggedModelOutput(model.model_id, 3)])
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "MLmodel").write_text("flavors: {}")
        client.log_model_artifacts(model.model_id, folder)
    client.delete_logged_model(gone.model_id)


def files(client, run):
    client.log_text(run, "hello", "notes/a b.txt")
    client.log_text(run, "", "empty.txt")
    client.log_text(run, "x" * 200_000, "deep/er/big.bin")


def registry(client, run):
    """Registered models and a prompt, with versions of all sources; one version is deleted, and a whole model is empty."""
    [model] = client.search_logged_models([run.experiment_id])
    mlflow.set_tracking_uri(client.tracking_uri)  # MLflow's stores look logged models up with another client
    client.create_registered_model("bot äö", tags={"team": "a/b", "empty": ""}, description="answers\nletters")
    made = [
        client.create_model_version("bot äö", f"{run.artifact_uri}/deep", run.run_id, tags={"k/1": "v"}, description="first"),
        client.create_model_version("bot äö", f"models:/{model.model_id}", model_id=model.model_id),
        client.create_model_version("bot äö", "s3://elsewhere/weights", run_link="http://ci/7"),
        client.create_model_version("bot äö", f"{run.artifact_uri}/notes", run.run_id),
    ]
    assert [v.version for v in made] in ([1, 2, 3, 4], ["1", "2", "3", "4"])
    client.transition_model_version_stage("bot äö", "1", "Production")
    client.set_registered_model_alias("bot äö", "prod", "1")
    client.set_registered_model_alias("bot äö", "7", "2")
    client.set_registered_model_alias("bot äö", "next", "2")
    client.set_model_version_tag("bot äö", "2", "line", "a\nb")
    client.delete_model_version("bot äö", "4")
    client.copy_model_version("models:/bot äö/1", "a copy")
    client.create_registered_model("empty")
    client.register_prompt("greeting", "Hello {{name}}", commit_message="the first", tags={"t": "1"})
    client.register_prompt("greeting", [{"role": "user", "content": "Hi {{name}}"}])
    client.set_prompt_alias("greeting", "prod", 1)


def shown(value):
    return repr(value)


def everything(client):
    """What the client tells of the whole tracker, without where files lie."""
    out = {}
    for e in client.search_experiments(view_type=EVERYTHING):
        out["experiment", e.experiment_id] = (e.name, e.lifecycle_stage, e.creation_time, e.last_update_time, e.tags)
        for r in client.search_runs([e.experiment_id], run_view_type=EVERYTHING, max_results=1000):
            # A search leaves out the models that a run read; the run itself tells them.
            out["run", r.info.run_id] = one_run(client, client.get_run(r.info.run_id))
            if r.info.lifecycle_stage == "active" and e.lifecycle_stage == "active":
                out["files", r.info.run_id] = tree(client, r.info.run_id)
        if e.lifecycle_stage == "active":
            for m in client.search_logged_models([e.experiment_id]):
                out["model", m.model_id] = one_model(client, m)
    for only in ("", "tags.`mlflow.prompt.is_prompt` = 'true'"):
        for r in client.search_registered_models(only):
            out["registered", r.name] = (r.creation_timestamp, r.last_updated_timestamp, r.description or "", r.tags,
                                         {k: str(v) for k, v in r.aliases.items()})  # fmt: skip
            for v in client.search_model_versions(f"name = '{r.name}'" + (f" AND {only}" if only else "")):
                # A search leaves out the aliases; prompts are found by nothing else.
                whole = [] if only else sorted(client.get_model_version(r.name, v.version).aliases)
                out["version", r.name, int(v.version)] = (*one_version(v), whole)
    return out


def one_version(v):
    return (v.creation_timestamp, v.last_updated_timestamp, v.description or "", v.user_id or "", v.current_stage, v.source,
            v.run_id or None, v.run_link or "", v.status, v.tags)  # fmt: skip


def one_run(client, r):
    info, data = r.info, r.data
    history = {
        key: sorted((m.step, m.timestamp, shown(m.value)) for m in client.get_metric_history(info.run_id, key))
        for key in data.metrics
    }
    inputs = sorted(
        (d.dataset.name, d.dataset.digest, d.dataset.source_type, d.dataset.source, d.dataset.schema,
         d.dataset.profile, sorted((t.key, t.value) for t in d.tags))
        for d in r.inputs.dataset_inputs
    )  # fmt: skip
    return {
        "info": (info.run_name, info.experiment_id, info.user_id, info.status, info.start_time, info.end_time,
                 info.lifecycle_stage),
        "params": data.params,
        "tags": data.tags,
        "metrics": {k: shown(v) for k, v in data.metrics.items()},
        "history": history,
        "inputs": inputs,
        "models": (sorted(m.model_id for m in r.inputs.model_inputs),
                   sorted((m.model_id, m.step) for m in r.outputs.model_outputs)),
    }  # fmt: skip


def one_model(client, m):
    points = sorted((x.key, x.step, x.timestamp, shown(x.value), x.run_id, x.dataset_name or "", x.dataset_digest or "")
                    for x in m.metrics or [])  # fmt: skip
    listed = sorted((f.path, f.is_dir, f.file_size or 0) for f in client.list_logged_model_artifacts(m.model_id))
    return (m.name, m.experiment_id, m.model_type or "", m.source_run_id, str(m.status), m.creation_timestamp,
            m.last_updated_timestamp, m.params, m.tags, points, listed)  # fmt: skip


def tree(client, run, path=None):
    out = {}
    for f in client.list_artifacts(run, path):
        if f.is_dir:
            out.update(tree(client, run, f.path))
        else:
            with tempfile.TemporaryDirectory() as folder:
                got = client.download_artifacts(run, f.path, folder)
                out[f.path] = (f.file_size or 0, pathlib.Path(got).read_bytes())
    return out


class Rows:
    """An MLflow SQLite file written row by row, for what would take MLflow's own client too long."""

    def __init__(self, path, template):
        shutil.copy(template, path)
        self.path = str(path)
        self.db = sqlite3.connect(self.path)

    def experiment(self, number, name):
        self.db.execute(
            "INSERT INTO experiments(experiment_id, name, artifact_location, lifecycle_stage, creation_time,"
            " last_update_time, workspace) VALUES(?,?,'s3://elsewhere/x','active',1,2,'default')", (number, name))

    def run(self, number, points=0, uri="s3://elsewhere/x/y", name="r"):
        run = uuid.uuid4().hex
        self.db.execute(
            "INSERT INTO runs(run_uuid, name, source_type, user_id, status, start_time, lifecycle_stage,"
            " artifact_uri, experiment_id) VALUES(?,?,'UNKNOWN','u','RUNNING',5,'active',?,?)", (run, name, uri, number))
        self.db.execute("INSERT INTO params VALUES('p',?,?)", ("v" * 200, run))
        self.db.execute("INSERT INTO tags VALUES('mlflow.runName',?,?)", (name, run))
        self.points(run, points)
        return run

    def points(self, run, n, first=0, key="loss"):
        self.db.executemany(
            "INSERT INTO metrics(key, value, timestamp, run_uuid, step, is_nan) VALUES(?,?,?,?,?,0)",
            ((key, i * 0.5, 1000 + i, run, i) for i in range(first, first + n)))

    def done(self):
        self.db.commit()
        self.db.close()
        return self.path
