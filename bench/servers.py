# SPDX-License-Identifier: Apache-2.0
"""Servers under measurement: Stemma on either engine, and processes as the kernel sees them."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def children(pid):
    """A process and everything below it."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                found += children(int(child))
    return found


def pss_bytes(pid):
    """Proportional set size of a process and its children, file mappings included."""
    total = 0
    for one in children(pid):
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def cpu_seconds(pid):
    total = 0
    for one in children(pid):
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def du_bytes(folder):
    """What the folder occupies on the disk (blocks, not lengths)."""
    seen, total = set(), 0
    for base, _, files in os.walk(folder):
        for name in [base, *(os.path.join(base, f) for f in files)]:
            with contextlib.suppress(OSError):
                st = os.lstat(name)
                if (st.st_dev, st.st_ino) not in seen:
                    seen.add((st.st_dev, st.st_ino))
                    total += st.st_blocks * 512
    return total


class Server:
    """A child process that answers HTTP. Its data lies in `folder`."""

    name = "server"
    start_limit_s = 180
    stop_limit_s = 60
    patience_s = None  # a lost connection is an error

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def start(self, probe="/health"):
        """Starts it; returns the seconds until `probe` was answered with 200."""
        self.port = free_port()
        with open(self.folder.parent / (self.folder.name + ".log"), "ab") as log:
            began = time.perf_counter()
            self.process = subprocess.Popen(self.command(), cwd=self.folder.parent, env=self.environment(), stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        while time.perf_counter() - began < self.start_limit_s:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}: see {log.name}")
            if self.answers(probe):
                return time.perf_counter() - began
            time.sleep(0.001)
        raise RuntimeError(f"{self.name} does not answer {probe}")

    def answers(self, path):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as s:
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n\r\n".encode())
                return s.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=300) as reply:
            return json.load(reply)

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as reply:
            return json.load(reply)

    def stop(self):
        """SIGTERM, then SIGKILL to what is left of its own process group."""
        if not self.process:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(self.stop_limit_s)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self):
        if not self.process:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


class Stemma(Server):
    name = "stemma"

    def __init__(self, folder, binary, db=None):
        super().__init__(folder)
        self.binary, self.db = binary, db

    def command(self):
        extra = ["--db", self.db] if self.db else []
        return [str(self.binary), "serve", "--data", str(self.folder), "--listen", f"127.0.0.1:{self.port}", *extra]

    def environment(self):
        return {k: v for k, v in os.environ.items() if not k.startswith("STEMMA_")}

    def check(self):
        """`stemma check` on the stopped server's data; its last line."""
        extra = ["--db", self.db] if self.db else []
        done = subprocess.run([str(self.binary), "check", "--data", str(self.folder), *extra], text=True,
                              capture_output=True, env=self.environment())
        if done.returncode:
            raise RuntimeError(f"stemma check: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return (done.stdout.strip().splitlines() or [""])[-1]


@contextlib.contextmanager
def postgres():
    """A throw-away PostgreSQL with its defaults (fsync and synchronous_commit on); its URL and data folder."""
    script = ROOT / "tests" / "pg.sh"
    out = subprocess.run([str(script), "start"], check=True, text=True, capture_output=True).stdout.split()
    try:
        yield out[0], pathlib.Path(out[1]) / "data"
    finally:
        subprocess.run([str(script), "stop", out[1]], check=False)


def can_run_postgres():
    return bool(shutil.which("pg_ctl") or list(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")))
