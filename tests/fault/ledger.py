# SPDX-License-Identifier: Apache-2.0
"""A load that remembers what the server promised, and a check that it was kept.

Workers log runs, batches, single metrics, tags and files, each worker to runs of its own and one request at a time. The
ledger holds each request as an Op: when it was sent and when, if ever, it was acknowledged. `Ledger.verify` reads
everything back: what was acknowledged is there, once, with its value; what was not is there whole or not at all; what
was refused, or never sent, is not there.

Time is the position of the shim's journal where there is one (`clock`), so that one load can be verified against disks
that lost power at different moments (`cut`).
"""
import hashlib
import http.client
import json
import math
import random
import threading
import time
import urllib.parse

NEVER, MAY, MUST = range(3)  # what an op means for the data
API = "/api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/artifacts/"
LOST = (OSError, http.client.HTTPException)
SPECIAL = (math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308)


class Api:
    """One connection. `call` returns (status, parsed JSON or bytes); it raises one of LOST when there was no reply."""

    def __init__(self, port, timeout=60):
        self.port, self.timeout, self.link = port, timeout, None

    def send(self, method, path, body=None, headers=None):
        if self.link is None:
            self.link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            self.link.request(method, path, body, headers or {})
            reply = self.link.getresponse()
            return reply.status, reply.getheader("Content-Type", ""), reply.read()
        except LOST:
            self.close()
            raise

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"} if isinstance(body, str) else {}
        status, kind, data = self.send(method, path, body, headers)
        return status, json.loads(data) if kind.startswith("application/json") else data

    def post(self, route, **fields):
        return self.call("POST", API + route, json.dumps(fields))

    def get(self, route, **fields):
        status, _, data = self.send("GET", API + route + "?" + urllib.parse.urlencode(fields, doseq=True))
        return status, json.loads(data)

    def close(self):
        if self.link is not None:
            self.link.close()
            self.link = None


class Op:
    """A request: what it wrote, and what is known about its outcome."""

    __slots__ = ("kind", "points", "params", "tags", "path", "digest", "value", "sent", "acked", "refused")

    def __init__(self, kind, **what):
        self.kind, self.points, self.params, self.tags = kind, {}, {}, {}
        self.path = self.digest = self.value = self.sent = self.acked = None
        self.refused = False
        for name, value in what.items():
            setattr(self, name, value)

    def at(self, cut):
        if self.sent is None or self.refused or (cut is not None and self.sent > cut):
            return NEVER
        return MUST if self.acked is not None and (cut is None or self.acked <= cut) else MAY


class Run:
    def __init__(self, name, create):
        self.name, self.id, self.create, self.ops = name, None, create, []

    def of(self, kind):
        return [op for op in self.ops if op.kind == kind]


def value_key(v):
    """As the API writes it, so that NaN equals NaN."""
    return "NaN" if v != v else "Infinity" if v == math.inf else "-Infinity" if v == -math.inf else repr(float(v))


def point(m):
    """(step, time, value) of a metric in a reply."""
    return m.get("step", 0), m["timestamp"], m["value"] if isinstance(m["value"], str) else repr(float(m["value"]))


def rank(p):
    """The order by which the newest point is found; NaN counts as 0 (design: a point)."""
    v = float(p[2])
    return p[0], p[1], 0.0 if v != v else v


class Ledger:
    def __init__(self, experiment="0", clock=None):
        self.experiment = experiment
        self.clock = clock or (lambda: 0)
        self.runs = []
        self.errors = []  # (status, body) of replies that were neither success nor expected
        self.lock = threading.Lock()

    @property
    def acked(self):
        return sum((run.create.acked is not None) + sum(op.acked is not None for op in run.ops) for run in self.runs)

    @property
    def acked_points(self):
        return sum(sum(map(len, op.points.values())) for run in self.runs for op in run.ops if op.acked is not None)

    # ---- writing ----

    def attempt(self, op, api, method, path, body):
        """Sends it. (status, reply); (None, None) when there was no reply."""
        if op.sent is None:
            op.sent = self.clock()
        try:
            status, reply = api.call(method, path, body)
        except LOST:
            return None, None
        if 200 <= status < 300:
            op.acked = self.clock()
            op.refused = False
        else:
            # A full disk and bad requests change nothing; of other failures the outcome may be unknown.
            op.refused = status < 500 or status == 507
            with self.lock:
                self.errors.append((status, reply))
        return status, reply

    # ---- reading back ----

    def verify(self, port, cut=None, runs=None):
        api = Api(port)
        found = self.search(api)
        runs = self.runs if runs is None else runs
        for run in self.runs:
            self.verify_created(run, found, cut)
        names = {run.name for run in self.runs}
        assert set(found) <= names, f"runs that nobody made: {set(found) - names}"
        for run in runs:
            if run.name in found:
                self.verify_run(api, run, found[run.name], cut)
        api.close()

    def search(self, api):
        """All runs of the experiment by name; none twice."""
        found, token = {}, ""
        while True:
            status, reply = api.post("runs/search", experiment_ids=[self.experiment], run_view_type="ALL",
                                     max_results=200, page_token=token)
            assert status == 200, (status, reply)
            for run in reply.get("runs", []):
                name = run["info"]["run_name"]
                assert name not in found, f"run {name} is there twice"
                found[name] = run
            token = reply.get("next_page_token", "")
            if not token:
                return found

    def search_one(self, api, run):
        status, reply = api.post("runs/search", experiment_ids=[self.experiment], run_view_type="ALL", max_results=10,
                                 filter=f"attributes.run_id = '{run.id}'")
        assert status == 200, (status, reply)
        assert len(reply.get("runs", [])) == 1, f"a search does not find {run.name}"
        return reply["runs"][0]

    def verify_created(self, run, found, cut):
        state = run.create.at(cut)
        if state == MUST:
            assert run.name in found, f"acknowledged run {run.name} is missing"
            assert found[run.name]["info"]["run_id"] == run.id
        elif state == NEVER:
            assert run.name not in found, f"run {run.name} was never made"

    def verify_run(self, api, run, found, cut):
        run_id = found["info"]["run_id"]
        status, reply = api.get("runs/get", run_id=run_id)
        assert status == 200, (run.name, status, reply)
        run_id, got = reply["run"]["info"]["run_id"], reply["run"]
        series = self.read_series(api, run_id, got)
        self.verify_batches(run, got["data"], series, cut)
        self.verify_counter(run, tags_of(got), cut)
        self.verify_life(run, got["info"], cut)
        self.verify_files(api, run, run_id, cut)
        for part in ("metrics", "params", "tags"):
            a, b = (sorted(map(json.dumps, r["data"].get(part, []))) for r in (got, found))
            assert a == b, f"{run.name}: search and get differ in {part}: {a} {b}"

    def read_series(self, api, run_id, got):
        """The points of each metric; the newest is what the run shows."""
        series = {}
        for newest in got["data"].get("metrics", []):
            key, points, token = newest["key"], [], ""
            while True:
                status, reply = api.get("metrics/get-history", run_id=run_id, metric_key=key, max_results=25000,
                                        page_token=token)
                assert status == 200, (key, status, reply)
                points += [point(m) for m in reply.get("metrics", [])]
                token = reply.get("next_page_token", "")
                if not token:
                    break
            assert len(points) == len(set(points)), f"{key}: points twice"
            assert rank(max(points, key=rank)) == rank(point(newest)), f"{key}: {newest} is not the newest"
            series[key] = set(points)
        return series

    def verify_batches(self, run, data, series, cut):
        params, tags = pairs(data, "params"), {k: v for k, v in pairs(data, "tags").items() if k.startswith("t")}
        left = {key: set(points) for key, points in series.items()}
        for op in run.of("batch"):
            there, total = 0, len(op.params) + len(op.tags)
            for key, points in op.points.items():
                have = points & left.get(key, set())
                there, total = there + len(have), total + len(points)
                if key in left:
                    left[key] -= points
            there += take(op.params, params) + take(op.tags, tags)
            state = op.at(cut)
            allowed = {NEVER: (0,), MUST: (total,), MAY: (0, total)}[state]
            assert there in allowed, f"{run.name}: {there} of {total} of a batch ({('never', 'may', 'must')[state]})"
        extra = {k: v for k, v in left.items() if v} or params or tags
        assert not extra, f"{run.name}: nobody wrote {str(extra)[:300]}"

    def verify_counter(self, run, tags, cut):
        ops = run.of("counter")
        allowed = last_of(ops, cut)
        got = tags.get("counter")
        assert got in {None if op is None else op.value for op in allowed}, f"{run.name}: the counter stands at {got}"

    def verify_life(self, run, info, cut):
        for kind, field, before, after in (("finish", "status", "RUNNING", "FINISHED"),
                                           ("delete", "lifecycle_stage", "active", "deleted")):
            allowed = {before if op is None else after for op in last_of(run.of(kind), cut)}
            assert info[field] in allowed, f"{run.name}: {field} is {info[field]}, not {allowed}"

    def verify_files(self, api, run, run_id, cut):
        by_path = {}
        for op in run.of("file"):
            by_path.setdefault(op.path, []).append(op)
        listed = {}
        for folder in ("", "sub"):
            status, reply = api.get("artifacts/list", run_id=run_id, path=folder)
            assert status == 200, (status, reply)
            listed.update({f["path"]: int(f["file_size"]) for f in reply.get("files", []) if not f["is_dir"]})
        for path, ops in by_path.items():
            allowed = {None if op is None else op.digest for op in last_of(ops, cut)}
            digest, size = read_file(api, f"{FILES}{self.experiment}/{run_id}/artifacts/{path}")
            assert digest in allowed, f"{run.name}: {path} is {digest}, not one of {allowed}"
            assert listed.pop(path, None) == size, f"{run.name}: the list is wrong about {path}"
        assert not listed, f"{run.name}: files that nobody put: {listed}"


def pairs(data, part):
    got = [(p["key"], p["value"]) for p in data.get(part, [])]
    assert len(got) == len(dict(got)), f"{part} twice: {got}"
    return dict(got)


def tags_of(run):
    return pairs(run["data"], "tags")


def take(wanted, got):
    """How many of the wanted pairs are there; they are taken out."""
    n = 0
    for key, value in wanted.items():
        if key in got:
            assert got.pop(key) == value, f"{key} has another value"
            n += 1
    return n


def last_of(ops, cut):
    """Of ops that overwrite each other: those that may have been the last. None: nothing was written."""
    allowed = [None]
    for op in ops:
        state = op.at(cut)
        if state == MUST:
            allowed = [op]
        elif state == MAY:
            allowed.append(op)
    return allowed


def read_file(api, path):
    status, kind, body = api.send("GET", path)
    if status == 404:
        return None, None
    assert status == 200, (path, status, body[:300])
    return hashlib.sha256(body).hexdigest(), len(body)


class Worker(threading.Thread):
    """Logs until stopped. `stubborn`: a request without a success is sent again, as the official client does; else a
    lost connection ends the worker, and a refusal is noted and passed over."""

    MIX = (("batch", 34), ("big", 16), ("counter", 10), ("file", 22), ("large", 3), ("again", 5), ("remove", 2),
           ("finish", 4))
    names_lock, names = threading.Lock(), 0

    def __init__(self, ledger, ports, seed, stubborn=False, pause=0.0, kinds=None, watch=None):
        super().__init__(daemon=True)
        self.ledger, self.stubborn, self.pause = ledger, stubborn, pause
        self.apis = [Api(port) for port in ports]
        self.rng = random.Random(seed)
        self.mix = [m for m in self.MIX if kinds is None or m[0] in kinds]
        self.watch = watch  # called after each acknowledgement with (worker, run)
        self.halt = threading.Event()
        self.serial, self.made, self.run_ = 0, None, None
        self.failure = None

    def run(self):
        try:
            while not self.halt.is_set() and self.step():
                if self.pause:
                    time.sleep(self.pause)
        except BaseException as e:  # told by Load.stop
            self.failure = e
        finally:
            for api in self.apis:
                api.close()

    def step(self):
        """False when the server is gone."""
        if self.run_ is None:
            return self.new_run()
        kind = self.rng.choices([m[0] for m in self.mix], [m[1] for m in self.mix])[0]
        if kind == "finish":
            return self.finish()
        op, method, path, body = getattr(self, "make_" + kind)()
        self.run_.ops.append(op)
        return self.deliver(op, method, path, body)[0] is not None

    def deliver(self, op, method, path, body, again=True):
        """Until it was acknowledged, when stubborn. (None, None): the server is gone, or the test is over."""
        while True:
            status, reply = self.ledger.attempt(op, self.rng.choice(self.apis), method, path, body)
            if status is not None and status < 300 and self.watch:
                self.watch(self, self.run_)
            if not self.stubborn or (status is not None and status < 300):
                return status, reply
            if not again or self.halt.is_set():
                return None, None
            time.sleep(0.05)

    def new_run(self):
        with Worker.names_lock:
            Worker.names += 1
            name = f"run {Worker.names}"
        run = Run(name, Op("create"))
        self.ledger.runs.append(run)
        body = json.dumps({"experiment_id": self.ledger.experiment, "run_name": name, "start_time": 1})
        # Not sent again: creations are not merged.
        status, reply = self.deliver(run.create, "POST", API + "runs/create", body, again=False)
        if status == 200:
            run.id = reply["run"]["info"]["run_id"]
            self.run_, self.made = run, []
        return status is not None or (self.stubborn and not self.halt.is_set())

    def post(self, op, route, **fields):
        return op, "POST", API + route, json.dumps({"run_id": self.run_.id, **fields})

    def next_serial(self):
        self.serial += 1
        return self.serial

    def make_batch(self, n=None):
        n = self.rng.randint(1, 40) if n is None else n
        op, first = Op("batch"), self.next_serial()
        metrics = []
        for i in range(n):
            key = self.rng.choice(("loss", "accuracy", "lr"))
            value = self.rng.choice(SPECIAL) if self.rng.random() < 0.02 else self.rng.gauss(0, 1)
            m = {"key": key, "value": value, "timestamp": 1700000000000 + first * 1000 + i, "step": first * 1000 + i}
            metrics.append(m)
            op.points.setdefault(key, set()).add((m["step"], m["timestamp"], value_key(value)))
        if n < 1000:
            op.params = {f"p{first}.{i}": str(self.rng.random()) for i in range(self.rng.randint(0, 3))}
            op.tags = {f"t{first}.{i}": str(self.rng.random()) for i in range(self.rng.randint(0, 3))}
        return self.post(op, "runs/log-batch", metrics=metrics,
                         params=[{"key": k, "value": v} for k, v in op.params.items()],
                         tags=[{"key": k, "value": v} for k, v in op.tags.items()])

    def make_big(self):
        return self.make_batch(1000)

    def make_counter(self):
        op = Op("counter", value=str(self.next_serial()))
        return self.post(op, "runs/set-tag", key="counter", value=op.value)

    def put(self, path, data):
        op = Op("file", path=path, digest=hashlib.sha256(data).hexdigest())
        return op, "PUT", f"{FILES}{self.ledger.experiment}/{self.run_.id}/artifacts/{path}", data

    def make_file(self, size=None):
        size = self.rng.randint(0, 20000) if size is None else size
        # One in five is content that others put too.
        data = b"the same " * 50 if self.rng.random() < 0.2 else self.rng.randbytes(size)
        path = f"{self.rng.choice(('', 'sub/'))}f{self.next_serial()}"
        self.made.append(path)
        return self.put(path, data)

    def make_large(self):
        return self.make_file(self.rng.randint(65537, 600000))

    def make_again(self):
        path = self.rng.choice(self.made) if self.made else "f0"
        return self.put(path, self.rng.randbytes(self.rng.randint(1, 90000)))

    def make_remove(self):
        op, _, path, _ = self.put(self.made.pop() if self.made else "f0", b"")
        op.digest = None
        return op, "DELETE", path, None

    def finish(self):
        run, self.run_ = self.run_, None
        op = Op("finish")
        run.ops.append(op)
        body = json.dumps({"run_id": run.id, "status": "FINISHED", "end_time": 2})
        status = self.deliver(op, "POST", API + "runs/update", body)[0]
        if status == 200 and self.rng.random() < 0.3:
            op = Op("delete")
            run.ops.append(op)
            status = self.deliver(op, "POST", API + "runs/delete", json.dumps({"run_id": run.id}))[0]
        return status is not None


class Load:
    """with Load(ledger, [port]) as load: ...   so many workers; stopped, and their failures told, at the end."""

    def __init__(self, ledger, ports, workers=6, seed=0, **options):
        self.ledger = ledger
        self.workers = [Worker(ledger, ports, seed * 1000 + i, **options) for i in range(workers)]

    def __enter__(self):
        for w in self.workers:
            w.start()
        return self

    def __exit__(self, kind, *_):
        self.stop(raises=kind is None)

    @property
    def alive(self):
        return any(w.is_alive() for w in self.workers)

    def stop(self, raises=True):
        for w in self.workers:
            w.halt.set()
        for w in self.workers:
            w.join(120)
            assert not w.is_alive(), "a worker hangs"
            if raises and w.failure:
                raise w.failure
