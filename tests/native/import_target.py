# SPDX-License-Identifier: Apache-2.0
"""What an import writes into: a fixture for the tests of imports."""

import contextlib
import json
import os
import subprocess

import pytest

import servers
from mlflow_sources import MlflowClient


class Target:
    """A data folder (and a database) to import into, and a server on it when asked for."""

    def __init__(self, folder, engine):
        self.folder = str(folder)
        self.database = servers.Database() if engine == "postgres" else None
        self.data = ["--data", os.path.join(self.folder, "data")]
        if self.database:
            self.data += ["--db", self.database.url]

    def run(self, *words, env=None):
        return self.run_only(*words, *self.data, env=env)

    def run_only(self, *words, env=None):
        """A command without the folder: of a server."""
        return subprocess.run(
            [servers.stemma_binary(), *words], cwd=self.folder, capture_output=True, text=True, timeout=300,
            env=servers.fresh_environment(env),
        )  # fmt: skip

    def bring(self, source, *options, code=0, env=None):
        """The report of an import as JSON."""
        done = self.run("import", "mlflow", str(source), "--json", *options, env=env)
        assert done.returncode == code, (done.returncode, done.stdout[-3000:], done.stderr[-3000:])
        return json.loads(done.stdout)

    def refused(self, source, *options):
        done = self.run("import", "mlflow", str(source), *options)
        assert done.returncode not in (0, 3), done.stdout
        return done.stderr

    @contextlib.contextmanager
    def client(self):
        port = servers.free_port()
        command = [servers.stemma_binary(), "serve", *self.data, "--listen", f"127.0.0.1:{port}"]
        server = servers.Server("stemma", command, self.folder, port, servers.fresh_environment())
        try:
            yield MlflowClient(server.uri)
        finally:
            assert server.terminate() == 0, server.tail()

    def close(self):
        checked = self.run("check")
        if self.database:
            self.database.drop()
        assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture
def target(engine, tmp_path):
    (tmp_path / "target").mkdir()
    t = Target(tmp_path / "target", engine)
    yield t
    t.close()
