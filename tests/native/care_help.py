# SPDX-License-Identifier: Apache-2.0
"""What the tests of keeping data share: a place (folder, engine) with commands and servers on it, data of every kind,
and everything that can be read of it, to compare."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile

import servers
from rest import Rest

FILES = "/api/2.0/mlflow-artifacts/artifacts/"


class Place:
    """A data folder, with a PostgreSQL database of its own on that engine. `with Place(engine) as p:`"""

    def __init__(self, engine):
        self.engine, self.top = engine, tempfile.mkdtemp(prefix="stemma-care-")
        self.data = os.path.join(self.top, "data")
        self.database = servers.Database() if engine == "postgres" else None
        self.servers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.kill()
        if self.database:
            self.database.drop()
        shutil.rmtree(self.top, ignore_errors=True)

    @property
    def arguments(self):
        return ["--data", self.data] + (["--db", self.database.url] if self.database else [])

    def path(self, name):
        return os.path.join(self.top, name)

    def popen(self, *words, arguments=None):
        command = [servers.stemma_binary(), *words, *(self.arguments if arguments is None else arguments)]
        return subprocess.Popen(
            [str(c) for c in command], env=servers.fresh_environment(), cwd=self.top, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words, code=0, arguments=None):
        """A command that ends with `code`: its output."""
        process = self.popen(*words, arguments=arguments)
        out, errors = process.communicate(timeout=120)
        assert process.returncode == code, f"stemma {words}: {process.returncode}\n{out}{errors}"
        return out if code in (0, 3) else errors

    def json(self, *words, **kwargs):
        return json.loads(self.run(*words, "--json", **kwargs))

    def start(self, env=None):
        port = servers.free_port()
        command = [servers.stemma_binary(), "serve", *self.arguments, "--listen", f"127.0.0.1:{port}"]
        self.servers.append(servers.Server("stemma", command, self.top, port, servers.fresh_environment(env)))
        return self.servers[-1]

    def stop(self, server):
        self.servers.remove(server)
        assert server.terminate() == 0, server.tail()

    def sql(self, statement, *args):
        """Rows, or nothing. Placeholders are %s. On SQLite only while no server has it."""
        if self.database:
            import psycopg2

            link = psycopg2.connect(self.database.url)
        else:
            assert not self.servers
            link = sqlite3.connect(os.path.join(self.data, "stemma.db"))
            statement = statement.replace("%s", "?")
        try:
            with link:
                cursor = link.cursor()
                cursor.execute(statement, args)
                return cursor.fetchall() if cursor.description else None
        finally:
            link.close()

    def forget_leases(self):
        """As if everything had been uploaded hours ago."""
        self.sql("UPDATE object SET leased = 0")


def fill(uri, runs=4):
    """Data of every kind; returns the experiment's id and the runs' ids. The last run is deleted."""
    rest = Rest(uri)
    experiment = rest.create_experiment("care \U0001f4e6 'quoted\"", tags=[{"key": "team", "value": "nlp\nline"}])
    ids = []
    for n in range(runs):
        run = rest.create_run(experiment, run_name=f"run {n}", user_id=f"user{n % 2}")
        ids.append(run)
        points = [
            {"key": key, "value": v, "step": step, "timestamp": 1700000000000 + step}
            for key in ("loss", "acc/top 1")
            for step, v in enumerate([0.1, "NaN", "Infinity", "-Infinity", -0.0, 1e308, n / 3])
        ]
        params = [{"key": "lr", "value": "0.001"}, {"key": "text", "value": f"\u00fc \u4e2d {n}"}]
        assert rest.log_batch(run, metrics=points, params=params, tags=[{"key": "k", "value": "v"}]).status_code == 200
        inputs = {"tags": [{"key": "mlflow.data.context", "value": "train"}],
                  "dataset": {"name": "d", "digest": f"x{n}", "source_type": "http", "source": "{}"}}
        rest.ok("POST", "runs/log-inputs", json={"run_id": run, "datasets": [inputs]})
        put(rest, f"{experiment}/{run}/artifacts/model/weights.bin", bytes([n]) * 200_000)
        put(rest, f"{experiment}/{run}/artifacts/notes.txt", b"the same small file")
        put(rest, f"{experiment}/{run}/artifacts/empty", b"")
    model = rest.ok("POST", "logged-models", json={"experiment_id": experiment, "name": "m", "source_run_id": ids[0],
                                                   "params": [{"key": "a", "value": "b"}]})["model"]["info"]
    points = [{"key": "eval", "value": 0.5, "step": 1, "timestamp": 5, "model_id": model["model_id"],
               "dataset_name": "d", "dataset_digest": "x0"}]
    assert rest.log_batch(ids[0], metrics=points).status_code == 200
    rest.ok("POST", "runs/update", json={"run_id": ids[1], "status": "FINISHED", "end_time": 1700000009999})
    rest.ok("POST", "runs/delete", json={"run_id": ids[-1]})
    return experiment, ids


def put(rest, path, data):
    reply = rest.send("PUT", FILES + path, data=data)
    assert reply.status_code in (200, 201), reply.text


def files_of(rest, path):
    """The files below a path: {path: bytes}."""
    found = {}
    for f in rest.ok("GET", FILES.rstrip("/"), params={"path": path}).get("files", []):
        at = f"{path}/{f['path'].split('/')[-1]}"
        if f["is_dir"]:
            found.update(files_of(rest, at))
        else:
            found[at] = rest.send("GET", FILES + at).content
    return found


def everything(uri):
    """What the API tells about all data, to compare two servers by."""
    rest = Rest(uri)
    experiments = rest.ok("POST", "experiments/search", json={"max_results": 1000, "view_type": "ALL"})["experiments"]
    seen = {"experiments": sorted(experiments, key=lambda x: x["experiment_id"]), "runs": {}}
    for experiment in experiments:
        reply = rest.ok("POST", "runs/search", json={"experiment_ids": [experiment["experiment_id"]],
                                                     "max_results": 1000, "run_view_type": "ALL"})
        for run in reply.get("runs", []):
            run_id = run["info"]["run_id"]
            history = {}
            for metric in run["data"].get("metrics", []):
                got = rest.ok("GET", "metrics/get-history", params={"run_id": run_id, "metric_key": metric["key"]})
                history[metric["key"]] = [json.dumps(m, sort_keys=True) for m in got["metrics"]]
            seen["runs"][run_id] = {
                "run": json.dumps(run, sort_keys=True),
                "history": history,
                "files": files_of(rest, f"{experiment['experiment_id']}/{run_id}/artifacts"),
            }
    return seen


def tree(folder):
    """Every file below a folder: {relative path: bytes}."""
    found = {}
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = f.read()
    return found


def other(engine):
    """The other engine, where the tests have it."""
    if engine == "sqlite":
        return "postgres" if os.environ.get("STEMMA_TEST_PG") else "sqlite"
    return "sqlite"
