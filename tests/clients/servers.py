# SPDX-License-Identifier: Apache-2.0
"""Starts and stops what the tests talk to: our server, on SQLite or PostgreSQL, and the reference, `mlflow server`.

Each server gets a free port of the loopback address, a folder of its own and a clean environment. A server that did not
end well (another exit code than 0, data that `stemma check` does not call whole) raises when it is stopped.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / "build/venv/bin"
VENV_OLD = ROOT / "build/venv-old/bin"
START_S, STOP_S = 60, 60


def stemma_binary():
    return pathlib.Path(os.environ.get("STEMMA_BIN", ROOT / "build/release/stemma"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fresh_environment(extra=None):
    """Ours without what would change a server's options."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("STEMMA_", "MLFLOW_"))}
    env.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", GIT_PYTHON_REFRESH="quiet")
    env.update(extra or {})
    return env


class Server:
    """A started process that answers /health, its log in a file."""

    def __init__(self, name, command, cwd, port, env=None):
        self.name, self.command, self.port = name, [str(c) for c in command], port
        self.uri = f"http://127.0.0.1:{port}"
        self.log_path = pathlib.Path(cwd) / f"{name}-{port}.log"
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            self.command, cwd=cwd, env=env, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self.wait_until_healthy()

    def wait_until_healthy(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            try:
                with urllib.request.urlopen(self.uri + "/health", timeout=2) as reply:
                    if reply.read() == b"OK":
                        return
            except OSError:
                pass
            time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"{self.name} did not answer within {START_S} s:\n{self.tail()}")

    def tail(self, n=4000):
        return self.log_path.read_bytes()[-n:].decode(errors="replace")

    def terminate(self):
        """SIGTERM; the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"{self.name} did not stop within {STOP_S} s:\n{self.tail()}") from None

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Database:
    """A PostgreSQL database that lives as long as the object."""

    def __init__(self, url=None):
        import psycopg2

        self.admin_url = url or os.environ.get("STEMMA_TEST_PG")
        if not self.admin_url:
            raise RuntimeError("STEMMA_TEST_PG is not set: run the tests by 'tests/pg.sh run COMMAND'")
        self.name = "t_" + uuid.uuid4().hex
        self.admin = psycopg2.connect(self.admin_url)
        self.admin.autocommit = True
        self.admin.cursor().execute(f"CREATE DATABASE {self.name}")
        parts = urllib.parse.urlsplit(self.admin_url)
        self.url = urllib.parse.urlunsplit(parts._replace(path="/" + self.name))

    def drop(self):
        self.admin.cursor().execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        self.admin.close()


class Stemma:
    """One or more of our servers on one folder (and, on PostgreSQL, one database)."""

    def __init__(self, engine="sqlite", servers=1, options=(), env=None):
        if not stemma_binary().exists():
            raise RuntimeError(f"{stemma_binary()} is not built: run 'make build'")
        self.folder = tempfile.mkdtemp(prefix="stemma-clients-")
        self.database = Database() if engine == "postgres" else None
        self.data = ["--data", os.path.join(self.folder, "data")]
        if self.database:
            self.data += ["--db", self.database.url]
        self.options, self.env = list(options), fresh_environment(env)
        self.servers = []
        try:
            for _ in range(servers):
                self.start()
        except BaseException:
            self.stop(check=False)
            raise

    def start(self):
        self.start_at(free_port())

    def start_at(self, port):
        command = [stemma_binary(), "serve", *self.data, "--listen", f"127.0.0.1:{port}", *self.options]
        self.servers.append(Server("stemma", command, self.folder, port, self.env))

    def command(self, name, *options):
        """Runs `stemma NAME` on the same data."""
        return subprocess.run(
            [stemma_binary(), name, *self.data, *options],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=300,
        )

    @property
    def uri(self):
        return self.servers[0].uri

    @property
    def uris(self):
        return [s.uri for s in self.servers]

    def stop_servers(self):
        codes = [(s, s.terminate()) for s in self.servers]
        self.servers = []
        for server, code in codes:
            if code != 0:
                raise AssertionError(f"the server ended with {code}:\n{server.tail()}")

    def restart(self):
        n = len(self.servers)
        self.stop_servers()
        for _ in range(n):
            self.start()

    def stop(self, check=True):
        try:
            if not check:
                for server in self.servers:
                    server.kill()
                return
            self.stop_servers()
            checked = self.command("check")
            if checked.returncode != 0:
                raise AssertionError(f"stemma check: {checked.returncode}\n{checked.stdout}{checked.stderr}")
        finally:
            if self.database:
                self.database.drop()
            shutil.rmtree(self.folder, ignore_errors=True)


class Reference:
    """`mlflow server` on SQLite, with the artifact proxy, one worker and no jobs."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="stemma-reference-")
        port = free_port()
        env = fresh_environment({"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"})
        env["PATH"] = f"{VENV}:{env['PATH']}"
        command = [VENV / "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", port]
        command += ["--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        command += ["--artifacts-destination", f"{self.folder}/artifacts"]
        self.server = Server("reference", command, self.folder, port, env)
        self.uri, self.uris = self.server.uri, [self.server.uri]

    def stop(self):
        # its parent process starts others: end the whole session
        os.killpg(self.server.process.pid, 15)
        try:
            self.server.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.server.process.pid, 9)
        shutil.rmtree(self.folder, ignore_errors=True)


class Given:
    """A server that somebody else started (--server-url)."""

    def __init__(self, uri):
        self.uri, self.uris = uri.rstrip("/"), [uri.rstrip("/")]

    def stop(self):
        pass


if __name__ == "__main__":  # python servers.py reference: start one, to try things by hand
    server = Reference() if "reference" in sys.argv else Stemma()
    print(server.uri, flush=True)
    try:
        time.sleep(86400)
    except KeyboardInterrupt:
        server.stop()
