# SPDX-License-Identifier: Apache-2.0
"""An import is a job: seen while it goes on, at its end, and when its process was killed."""

import contextlib
import http.server
import signal
import threading
import time

import pytest
import requests
import servers
from care_help import Place
from cli import Cli
from conftest import Native
from rest import Rest

RUNS, POINTS = 5, 20
GONE = "its process is gone: the same command again goes on where it was"


class Gate:
    """Stands before a tracker and lets so many histories through; the others wait until it is opened."""

    def __init__(self, uri):
        gate, self.passes, self.open, self.stopped_one = self, 10**9, threading.Event(), threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def pass_on(self):
                if "get-history" in self.path:
                    gate.hold()
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                reply = requests.request(self.command, uri + self.path, data=body, timeout=60,
                                         headers={"Content-Type": self.headers.get("Content-Type") or ""})
                self.send_response(reply.status_code)
                self.send_header("Content-Type", reply.headers.get("Content-Type", ""))
                self.send_header("Content-Length", str(len(reply.content)))
                self.end_headers()
                with contextlib.suppress(OSError):  # who asked may have been killed
                    self.wfile.write(reply.content)

            do_GET = do_POST = pass_on

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hold(self):
        self.passes -= 1
        if self.passes < 0:
            self.stopped_one.set()
            self.open.wait(120)

    def close_behind(self, histories):
        self.passes = histories
        self.open.clear()
        self.stopped_one.clear()

    def let_through(self):
        self.passes = 10**9
        self.open.set()

    def stop(self):
        self.let_through()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def gate():
    """Before a tracker with RUNS runs of POINTS points each. Ours stands in for one: it speaks the same protocol."""
    source = servers.Stemma("sqlite")
    rest = Rest(source.uri)
    experiment = rest.create_experiment("theirs")
    for _ in range(RUNS):
        points = [{"key": "loss", "value": i, "timestamp": i, "step": i} for i in range(POINTS)]
        assert rest.log_batch(rest.create_run(experiment), metrics=points).status_code == 200
    between = Gate(source.uri)
    yield between
    between.stop()
    source.stop()


@pytest.fixture
def place(engine):
    with Place(engine) as p:
        yield p


def imports(lister):
    return [j for j in lister() if j["kind"] == "import"]


def on_folder(place):
    """The jobs as `stemma jobs list` shows them on the folder itself."""
    return Cli(*place.arguments).ok("jobs", "list", "-n", "0", "--json").json["items"]


def eventually(lister, what, seconds=60):
    end = time.monotonic() + seconds
    while True:
        found = imports(lister)
        if found and what(found[0]):
            return found[0]
        assert time.monotonic() < end, found
        time.sleep(0.05)


def told_of(place, job):
    """Its two events, once both have their numbers (with PostgreSQL a moment after their commit)."""
    end = time.monotonic() + 60
    while True:
        told = Cli(*place.arguments).ok("events", "--oldest", "--json", "-n", "0").json["items"]
        found = [(e["kind"], e["payload"]) for e in told if e["object"] == job["id"]]
        if len(found) > 1:
            return found
        assert time.monotonic() < end, found


def stopped_in_the_middle(place, gate):
    """An import that has read two runs, and whose row says so."""
    gate.close_behind(2)
    process = place.popen("import", "mlflow", gate.uri.replace("://", "://anybody:secret@"))
    assert gate.stopped_one.wait(60)
    end = time.monotonic() + 60
    while place.sql("SELECT done FROM job WHERE kind = 'import' AND state = 1") != [(2,)]:
        assert time.monotonic() < end
        time.sleep(0.05)
    return process


def kill(process, gate):
    process.send_signal(signal.SIGKILL)
    process.wait()
    gate.let_through()


def test_an_import_is_in_the_history_of_the_folder(place, gate):
    place.run("import", "mlflow", gate.uri, "--dry-run")
    assert imports(lambda: on_folder(place)) == [], "what writes nothing is no job"
    place.run("import", "mlflow", gate.uri.replace("://", "://anybody:secret@"), "--as", "old")
    job, = imports(lambda: on_folder(place))
    assert (job["state"], job["done"], job["total"], job["unit"]) == ("done", RUNS, RUNS, "runs")
    assert job["argument"] == {"from": "mlflow", "source": gate.uri, "as": "old"}
    assert job["detail"].startswith(f"both sides are equal: {RUNS} runs, {RUNS * POINTS} points, 0 files; of the runs 5 new")
    assert not job["recurring"] and "holder" not in job
    place.run("import", "mlflow", gate.uri, "--as", "old")
    again, before = imports(lambda: on_folder(place))
    assert before == job and "of the runs 0 new, 0 changed, 0 left" in again["detail"]
    shown = Cli(*place.arguments).ok("jobs", "show", again["id"]).lines
    assert f"source    {gate.uri}" in shown and "state     done" in shown
    assert told_of(place, again) == [("job_started", {"kind": "import"}), ("job_ended", {"kind": "import", "failed": False})]


def test_a_failure_is_told(place, gate):
    with_name = place.start()
    assert Native(with_name.uri).project("mine")["number"] == 1
    place.stop(with_name)
    assert "--on-clash" in place.run("import", "mlflow", gate.uri, code=1)
    job, = imports(lambda: on_folder(place))
    assert job["state"] == "failed" and "--on-clash" in job["detail"]


def test_killed_then_finished_by_the_same_command(place, gate):
    process = stopped_in_the_middle(place, gate)
    kill(process, gate)
    lost = eventually(lambda: on_folder(place), lambda j: j["state"] != "running")
    assert (lost["state"], lost["detail"]) == ("failed", GONE) and "holder" not in lost
    assert lost["done"] == 2 and lost["unit"] == "runs", "how far it was"
    place.run("import", "mlflow", gate.uri)
    done, before = imports(lambda: on_folder(place))
    assert (done["state"], done["done"]) == ("done", RUNS) and "both sides are equal" in done["detail"]
    assert before == lost
    assert told_of(place, lost) == [("job_started", {"kind": "import"}), ("job_ended", {"kind": "import", "failed": True})]


def test_on_sqlite_the_loss_shows_at_once(gate):
    """Whoever opens the folder knows that nobody else has it."""
    with Place("sqlite") as place:
        process = stopped_in_the_middle(place, gate)
        kill(process, gate)
        job, = imports(lambda: on_folder(place))
        assert (job["state"], job["detail"]) == ("failed", GONE)


@pytest.fixture
def shared():
    """A database and a folder that several processes may have at once."""
    with Place("postgres") as p:
        yield p


needs_postgres = pytest.mark.skipif("not __import__('os').environ.get('STEMMA_TEST_PG')",
                                    reason="STEMMA_TEST_PG is not set: run by tests/pg.sh")


@needs_postgres
def test_a_server_shows_it_while_it_goes_on(shared, gate):
    api = Native(shared.start().uri)
    process = stopped_in_the_middle(shared, gate)
    at_work = eventually(lambda: api.all("jobs"), lambda j: j["done"] == 2)
    assert (at_work["state"], at_work["unit"]) == ("running", "runs") and at_work["holder"]
    assert at_work["detail"] == f"2 runs, {2 * POINTS} points" and at_work["argument"]["source"] == gate.uri
    time.sleep(12)  # longer than a lease: it is renewed while nothing moves
    still, = imports(lambda: api.all("jobs"))
    assert still["state"] == "running" and still["updated_us"] > at_work["updated_us"]
    gate.let_through()
    assert process.wait(60) == 0, process.communicate()
    assert eventually(lambda: api.all("jobs"), lambda j: j["state"] == "done")["done"] == RUNS


@needs_postgres
def test_a_server_tells_that_it_was_killed_and_does_not_run_it(shared, gate):
    api = Native(shared.start().uri)
    process = stopped_in_the_middle(shared, gate)
    eventually(lambda: api.all("jobs"), lambda j: j["state"] == "running" and j["done"] == 2)
    asked = gate.passes
    process.send_signal(signal.SIGKILL)
    process.wait()
    lost = eventually(lambda: api.all("jobs"), lambda j: j["state"] == "failed")
    assert lost["detail"] == GONE and lost["done"] == 2
    assert gate.passes == asked, "no server opens what the user named"
    gate.let_through()
    shared.run("import", "mlflow", gate.uri)
    assert [j["state"] for j in imports(lambda: api.all("jobs"))] == ["done", "failed"]


@needs_postgres
def test_one_that_stood_still_is_running_again(shared, gate):
    api = Native(shared.start().uri)
    process = stopped_in_the_middle(shared, gate)
    eventually(lambda: api.all("jobs"), lambda j: j["state"] == "running")
    process.send_signal(signal.SIGSTOP)
    eventually(lambda: api.all("jobs"), lambda j: j["detail"] == GONE)
    process.send_signal(signal.SIGCONT)
    eventually(lambda: api.all("jobs"), lambda j: j["state"] == "running" and j["done"] == 2)
    gate.let_through()
    assert process.wait(60) == 0
    job, = imports(lambda: api.all("jobs"))
    assert job["state"] == "done" and "both sides are equal" in job["detail"]


def test_nobody_starts_one_on_a_server(api):
    reply = api.post("jobs", {"kind": "import", "argument": {"source": "http://127.0.0.1:1"}})
    assert reply.status_code == 400 and "there is no job 'import' to start" in reply.json()["detail"]
