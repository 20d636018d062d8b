# SPDX-License-Identifier: Apache-2.0
"""The peer: the current `mlflow server` with its default settings."""

import base64
import json
import os
import subprocess

from servers import Server


class Peer(Server):
    name = "mlflow"
    start_limit_s = 300
    stop_limit_s = 10  # it often needs longer
    patience_s = 120  # with 64 connections it closes some in the middle; its own client would try again

    def __init__(self, folder, python, db=None):
        super().__init__(folder)
        self.python = python
        self.backend = f"sqlite:///{self.folder}/mlflow.db"
        if db:
            self.backend = db.replace("postgresql:", "postgresql+psycopg2:", 1)

    @property
    def sqlite_file(self):
        return self.folder / "mlflow.db"

    def command(self):
        return [self.python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port),
                "--backend-store-uri", self.backend, "--artifacts-destination", str(self.folder / "artifacts")]

    def environment(self):
        return {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}


def version(python):
    """The peer's version, None when it is not installed."""
    done = subprocess.run([python, "-c", "import mlflow; print(mlflow.__version__)"], text=True, capture_output=True)
    return done.stdout.strip() or None


def has_postgres_driver(python):
    return not subprocess.run([python, "-c", "import psycopg2"], capture_output=True).returncode


def page_token(offset):
    """What its searches give as next_page_token: a jump to a deep page."""
    return base64.b64encode(json.dumps({"offset": offset}).encode()).decode()


CLIENT = """
import sys, time, json
from mlflow import MlflowClient
url, experiment, query, order, times = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])
client, took = MlflowClient(url), []
for _ in range(times + 1):
    t = time.perf_counter()
    rows = client.search_runs([experiment], query, order_by=[order], max_results=100)
    took.append((time.perf_counter() - t) * 1000)
took = sorted(took[1:])
print(json.dumps({"rows": len(rows), "p50_ms": took[len(took) // 2], "p95_ms": took[int(len(took) * .95)]}))
"""


def client_search(python, server, experiment, query, order, times):
    """The same search by the official Python client: the first page, milliseconds."""
    done = subprocess.run([python, "-c", CLIENT, server.url, experiment, query, order, str(times)], text=True,
                          capture_output=True, timeout=1800)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)
