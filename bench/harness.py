# SPDX-License-Identifier: Apache-2.0
"""What the measures share: the load generator, the servers of a measure, figures, profiles, memory samples."""

import contextlib
import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import threading
import time

import peer as mlflow
import servers


@dataclasses.dataclass
class Scale:
    """How much is measured: by default, and with --quick and --full. Times in seconds."""

    seconds: int = 15  # a measure by time
    long_seconds: int = 600  # the one that shows whether packing and checkpoints keep up
    peer_seconds: int = 15
    fill_runs: int = 100_000  # of the search
    columns: tuple = (100, 70, 30)  # metrics, parameters, tags
    pages: int = 100  # of a search that are followed
    searches: int = 100
    series: int = 1_000_000  # points of the long series
    artifact: int = 2 << 30  # bytes of the long artifact
    files: int = 100_000
    version_files: int = 1_000_000  # of the version of many
    idle: int = 10_000
    packed_points: int = 5_000_000  # for bytes a point
    start_points: int = 100_000_000  # beside the runs, for the start times
    cost_points: int = 100_000_000
    followers: int = 1000  # of a stream of events
    chart_series: int = 200  # in one chart
    chart_points: int = 1_000_000  # of each of them
    backup: int = 2 << 30  # bytes of files that are backed up


SCALES = {
    "quick": Scale(seconds=1, long_seconds=2, peer_seconds=2, fill_runs=200, columns=(12, 10, 5), pages=5, searches=10,
                   series=30_000, artifact=16 << 20, files=200, version_files=2_000, idle=100, packed_points=100_000, start_points=50_000,
                   cost_points=300_000, followers=50, chart_series=20, chart_points=20_000,
                   backup=64 << 20),
    "default": Scale(),
    "full": Scale(seconds=600, peer_seconds=60, searches=300, artifact=4 << 30, packed_points=20_000_000,
                  backup=10 << 30),
}


@dataclasses.dataclass
class Figure:
    """One line of the table. `better` says which way the goal lies; None: no goal of its own."""

    measure: str
    what: str
    unit: str
    stemma: float | None
    peer: float | None = None
    goal: float | None = None
    better: str | None = None  # "more" or "less"
    goal_text: str = ""
    note: str = ""
    detail: dict = dataclasses.field(default_factory=dict)
    profile: list = dataclasses.field(default_factory=list)
    taken: dict = dataclasses.field(default_factory=dict)  # when, on which machine, against what (report.facts)

    @property
    def met(self):
        if self.goal is None or self.stemma is None:
            return None
        return self.stemma >= self.goal if self.better == "more" else self.stemma < self.goal

    @property
    def ratio(self):
        """How many times better than the peer."""
        if not self.stemma or not self.peer:
            return None
        return self.stemma / self.peer if self.better == "more" else self.peer / self.stemma


class Failed(Exception):
    """The load generator found something wrong; its message says what."""


class Bench:
    def __init__(self, binary, load, python, work, scale, with_peer, with_postgres, with_perf, say):
        self.binary, self.load_binary, self.python = binary, load, python
        self.work, self.scale, self.say = pathlib.Path(work), scale, say
        self.with_peer, self.with_postgres, self.with_perf = with_peer, with_postgres, with_perf
        self.figures = []
        self.folders = 0

    # ---- servers

    def folder(self, name):
        self.folders += 1
        return self.work / f"{self.folders:02}-{name}" / name

    @contextlib.contextmanager
    def stemma(self, engine="sqlite", keep=False):
        """A running server with empty data. `engine` may be "postgres"."""
        with contextlib.ExitStack() as stack:
            url = None
            if engine == "postgres":
                url, pg_folder = stack.enter_context(servers.postgres())
            server = servers.Stemma(self.folder("stemma"), self.binary, url)
            if url:
                server.pg_folder = pg_folder
            with server:
                yield server
            if not keep:
                shutil.rmtree(server.folder.parent, ignore_errors=True)

    @contextlib.contextmanager
    def second(self, server):
        """Another server on the same PostgreSQL database and content folder."""
        other = servers.Stemma(server.folder, self.binary, server.db)
        with other:
            yield other

    @contextlib.contextmanager
    def peer(self, engine="sqlite"):
        """The peer with empty data, or None when it is not measured."""
        if not self.with_peer or (engine == "postgres" and not mlflow.has_postgres_driver(self.python)):
            yield None
            return
        with contextlib.ExitStack() as stack:
            url = stack.enter_context(servers.postgres())[0] if engine == "postgres" else None
            server = mlflow.Peer(self.folder("mlflow"), self.python, url)
            with server:
                server.get("/api/2.0/mlflow/experiments/get?experiment_id=0")  # its workers are up
                yield server
            shutil.rmtree(server.folder.parent, ignore_errors=True)

    # ---- load

    def command(self, name, server, **options):
        words = [str(self.load_binary), name, "--json", "--port", str(server.port), "--pid", str(server.pid)]
        for key, value in options.items():
            if value is True:
                words.append(f"--{key}")
            elif value not in (None, False, ""):
                words += [f"--{key}", str(value)]
        return words

    def load(self, name, server, **options):
        """Runs one command of b_load; its result. Raises Failed when it found something wrong."""
        done = subprocess.run(self.command(name, server, **options), text=True, capture_output=True)
        if done.returncode:
            raise Failed(f"b_load {name} against {server.name}: {done.stderr.strip()[-1000:]}")
        return json.loads(done.stdout)

    def try_load(self, name, server, **options):
        """The same for a peer, whose failure is a note and not ours: (result or None, note)."""
        if server is None:
            return None, ""
        try:
            result = self.load(name, server, patience=server.patience_s, **options)
            lost = result.get("reconnects")
            return result, f"the peer closed {lost} connections in the middle" if lost else ""
        except Failed as e:
            return None, f"the peer failed: {str(e)[-200:]}"

    # ---- figures

    def add(self, figure):
        if self.scale is SCALES["quick"]:  # too small to be judged
            figure.goal = None
        self.figures.append(figure)
        goal = f", goal {figure.goal_text or figure.goal}" if figure.goal is not None else ""
        other = f", mlflow {figure.peer:,.4g}" if figure.peer is not None else ""
        mine = "-" if figure.stemma is None else f"{figure.stemma:,.4g}"
        self.say(f"  {figure.what}: {mine} {figure.unit}{other}{goal}"
                 f"{'' if figure.met is None else ': met' if figure.met else ': MISSED'}")
        return figure

    def explain(self, figure, server, again):
        """When the goal is missed: `again()` is run under perf, and the figure gets the profile of the server."""
        if figure.met is not False or not self.with_perf or not shutil.which("perf"):
            return
        data = self.work / "perf.data"
        perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "499", "-g", "-o", str(data), "-p",
                                 str(server.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.3)
            again()
        finally:
            perf.send_signal(2)
            perf.wait()
        text = subprocess.run(["perf", "report", "-i", str(data), "--stdio", "--no-children", "-g", "none", "--percent-limit", "0.8"],
                              text=True, capture_output=True).stdout
        for line in text.splitlines():
            found = re.match(r"\s+([\d.]+)%\s+\S+\s+(\S+)\s+\[(.)\]\s+(\S+)", line)
            if found and len(figure.profile) < 20:
                share, where, ring, symbol = found.groups()
                figure.profile.append([float(share), "kernel" if ring == "k" else where, symbol])
        data.unlink(missing_ok=True)


class MemorySampler(threading.Thread):
    """The highest PSS of a server while a block runs."""

    def __init__(self, server, every=0.05):
        super().__init__(daemon=True)
        self.server, self.every, self.ended = server, every, threading.Event()
        self.before = self.highest = servers.pss_bytes(server.pid)

    def run(self):
        while not self.ended.wait(self.every):
            self.highest = max(self.highest, servers.pss_bytes(self.server.pid))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def value(result, name):
    return None if result is None else result[name]
