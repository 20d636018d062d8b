# SPDX-License-Identifier: Apache-2.0
"""The measures: each function starts what it needs, and adds figures. Their goals are those of the project."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.request

import diff as differences
import many_files as of_many_files
import pages
import push as pushing
import peer as mlflow
from harness import Failed, Figure, MemorySampler, value
from servers import cpu_seconds, du_bytes, pss_bytes

MEASURES = {}


def measure(function):
    MEASURES[function.__name__] = function
    return function


def join(*notes):
    return "; ".join(n for n in notes if n)


# ---- logging ---------------------------------------------------------------------------------------------------------

LATENCIES = ("p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")


def log_points(b, what, goal, engine, goals_of_latency=(), **options):
    with b.stemma(engine) as s:
        mine = b.load("points", s, seconds=b.scale.seconds, **options)
        with b.peer(engine) as p:
            other, note = b.try_load("points", p, seconds=b.scale.peer_seconds, **options)
        note = join(f"all {mine['points_read_back']:,} acknowledged points read back and compared", note)
        figure = b.add(Figure(b.current, what, "points/s", mine["points_per_s"], value(other, "points_per_s"), goal,
                              "more", f">= {goal:,}", note, {"stemma": mine, "mlflow": other}))
        for name, limit in goals_of_latency:
            b.add(Figure(b.current, f"{what}: {name.removesuffix('_ms').replace('p999', 'p99.9')}", "ms", mine[name],
                         value(other, name), limit, "less", f"< {limit} ms"))
        again = min(b.scale.seconds, 10)
        b.explain(figure, s, lambda: b.load("points", s, seconds=again, **{**options, "skip-readback": True}))


@measure
def points(b):
    """log-batch of 1,000 points, 8 connections, SQLite"""
    log_points(b, "log-batch of 1,000 points, 8 connections, SQLite", 1_000_000, "sqlite",
               (("p99_ms", 30), ("p999_ms", 150)), conns=8, batch=1000)


@measure
def points_long(b):
    """log-batch of 1,000 points, 8 connections, SQLite, for ten minutes"""
    what = f"log-batch of 1,000 points, 8 connections, SQLite, for {b.scale.long_seconds} s"
    with b.stemma() as s:
        mine = b.load("points", s, seconds=b.scale.long_seconds, conns=8, batch=1000, **{"readback-runs": 1})
        s.stop()
        whole = s.check()
        note = (f"{mine['points']:,} points; one of the 8 runs read back and compared ({mine['points_read_back']:,} points); "
                f"stemma check: {whole}")
        b.add(Figure(b.current, what, "points/s", mine["points_per_s"], None, 1_000_000, "more", ">= 1,000,000", note,
                     {"stemma": mine}))
        for name, limit in (("p99_ms", 30), ("p999_ms", 150)):
            b.add(Figure(b.current, f"{what}: {name.removesuffix('_ms').replace('p999', 'p99.9')}", "ms", mine[name], None,
                         limit, "less", f"< {limit} ms"))


@measure
def points_postgres(b):
    """the same on PostgreSQL"""
    if b.with_postgres:
        log_points(b, "log-batch of 1,000 points, 8 connections, PostgreSQL", 250_000, "postgres", conns=8, batch=1000)


@measure
def points_small(b):
    """log-batch of 10 points, 64 connections"""
    log_points(b, "log-batch of 10 points, 64 connections", 100_000, "sqlite", conns=64, batch=10)


@measure
def runs(b):
    """runs created, 64 connections"""
    with b.stemma() as s:
        mine = b.load("runs", s, seconds=b.scale.seconds, conns=64)
        with b.peer() as p:
            # A creation that is tried again may be there twice.
            other, note = b.try_load("runs", p, seconds=b.scale.peer_seconds, conns=64, **{"skip-readback": True})
        figure = b.add(Figure(b.current, "runs created, 64 connections", "runs/s", mine["runs_per_s"],
                              value(other, "runs_per_s"), 5000, "more", ">= 5,000",
                              join(f"all {mine['runs_read_back']:,} acknowledged runs found, once each", note),
                              {"stemma": mine, "mlflow": other}))
        again = min(b.scale.seconds, 10)
        b.explain(figure, s, lambda: b.load("runs", s, seconds=again, conns=64, **{"skip-readback": True}))


# ---- search ----------------------------------------------------------------------------------------------------------

QUERIES = [  # name, filter, order. MLflow's grammar has no OR: the in-process benchmark of the search has it.
    ("metric and parameter", "metrics.m000 > 0.5 and params.p00 = 'adam'", "metrics.m001 DESC"),
    ("LIKE and a tag", "metrics.m000 > 0.2 and params.p03 LIKE 'choice-1%' and tags.t00 = 'red'", "metrics.m002 ASC"),
]


def fill(b, s):
    metrics, params, tags = b.scale.columns
    return b.load("fill", s, runs=b.scale.fill_runs, metrics=metrics, params=params, tags=tags, conns=16)


def fill_peer(b, p):
    metrics, params, tags = b.scale.columns
    done = b.load("fill-peer", p, runs=b.scale.fill_runs, metrics=metrics, params=params, tags=tags, db=p.sqlite_file)
    page = p.post("/api/2.0/mlflow/runs/search", {"experiment_ids": [done["experiment"]], "max_results": 1})
    data = page["runs"][0]["data"]
    if len(data["metrics"]) != metrics or len(data["params"]) != params or len(data["tags"]) != tags + 4:
        raise Failed("the peer does not show what was filled into its file")
    return done


def search_peer(b, p, experiment, query):
    """First page and a deep one, three times each: it takes seconds."""
    _, condition, order = query
    if p is None:
        return None, None
    fixed = dict(experiment=experiment, filter=condition, **{"order_by": order}, conns=1, count=3)
    first, _ = b.try_load("search", p, **fixed)
    deep, _ = b.try_load("search", p, **fixed, **{"page_token": mlflow.page_token(100 * (b.scale.pages - 1))})
    return first, deep


def search_one(b, s, experiment, query, engine, limit, others):
    name, condition, order = query
    fixed = dict(experiment=experiment, filter=condition, **{"order_by": order}, conns=1)
    rows = min(100, max(1, b.scale.fill_runs // 100))
    new = b.load("search", s, **fixed, count=1)  # columns that no query named before are made
    first = b.load("search", s, **fixed, count=b.scale.searches, **{"max_results": rows})
    chain = b.load("search", s, **fixed, count=max(1, b.scale.searches // 100), pages=b.scale.pages,
                   **{"max_results": rows})
    first_other, deep_other = others
    if first_other and rows == 100 and first_other["names"] != b.load("search", s, **fixed, count=1)["names"]:
        raise Failed(f"search '{name}': Stemma and its peer find other runs")
    label = f"search of {b.scale.fill_runs:,} runs x {sum(b.scale.columns)} columns, {engine}, {name}"
    figure = b.add(Figure(b.current, f"{label}: first page, p95", "ms", first["first_p95_ms"],
                          value(first_other, "first_p95_ms"), limit, "less", f"< {limit} ms",
                          f"the first query of these columns took {new['first_max_ms']:,.1f} ms",
                          {"stemma": first, "mlflow": first_other}))
    b.add(Figure(b.current, f"{label}: deep pages, p95", "ms", chain.get("deep_p95_ms"),
                 value(deep_other, "first_p95_ms"), limit, "less", f"< {limit} ms",
                 f"pages 2 to {b.scale.pages} by next_page_token; mlflow: page {b.scale.pages}",
                 {"stemma": chain, "mlflow": deep_other}))
    b.explain(figure, s, lambda: b.load("search", s, **fixed, seconds=5))


def python_client(b, s, experiment, p, peer_experiment):
    _, condition, order = QUERIES[0]
    mine = mlflow.client_search(b.python, s, experiment, condition, order, 20)
    other = p and mlflow.client_search(b.python, p, peer_experiment, condition, order, 2)
    b.add(Figure(b.current, "the first search by the Python client, p95", "ms", mine["p95_ms"],
                 value(other, "p95_ms"), None, "less", "", "includes the client's own decoding",
                 {"stemma": mine, "mlflow": other}))


COMMAND = ("metrics.m000 > 0.5 and config.p00 = 'adam'", "metrics.m001 desc")


def command_line(b, s, experiment):
    """`stemma runs search`: from the start of the process to the last byte of its table."""
    where, sort = COMMAND
    command = [str(s.binary), "runs", "search", where, "--url", s.url, "--project", str(experiment), "--sort", sort]
    if subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout.count(b"\n") < 2:
        raise Failed("the command found nothing")
    times = run_times(command, max(10, b.scale.searches // 3))
    nothing = run_times([str(s.binary), "version"], 10)
    b.add(Figure(b.current, f"stemma runs search on {b.scale.fill_runs:,} runs, start of the process to its last byte, "
                 "median", "ms", times[len(times) // 2], None, 50, "less", "< 50 ms",
                 f"p95 {times[int(len(times) * 0.95)]:.1f} ms; a process that does nothing: {min(nothing):.1f} ms"))


def search_engine(b, engine, limit):
    with b.stemma(engine) as s:
        filled = fill(b, s)
        experiment = filled["experiment"]
        b.say(f"  filled at {filled['runs_per_s']:.0f} runs/s")
        cold = b.load("search", s, experiment=experiment, filter=QUERIES[0][1], **{"order_by": QUERIES[0][2]}, count=1)
        b.add(Figure(b.current, f"the very first search after filling, {engine}", "ms", cold["first_max_ms"],
                     note="folds what is pending and makes the first columns"))
        with b.peer() if engine == "sqlite" else contextlib.nullcontext() as p:
            other = fill_peer(b, p)["experiment"] if p else None
            for query in QUERIES:
                search_one(b, s, experiment, query, engine, limit, search_peer(b, p, other, query))
            if b.python:
                python_client(b, s, experiment, p, other)
            if engine == "sqlite":
                command_line(b, s, experiment)
            if engine == "sqlite":
                b.add(Figure(b.current, "memory (PSS) after the search load", "MB", pss_bytes(s.pid) / 1e6,
                             p and pss_bytes(p.pid) / 1e6, 150, "less", "< 150 MB"))
        if engine == "sqlite":
            start_times(b, s, experiment)


@measure
def search(b):
    """100,000 runs x 200 columns: filter, sort, first and deep pages; memory after it; start times with this data"""
    search_engine(b, "sqlite", 20)


@measure
def search_postgres(b):
    """the same search on PostgreSQL"""
    if b.with_postgres:
        search_engine(b, "postgres", 60)


# ---- start -----------------------------------------------------------------------------------------------------------

def start_times(b, s, experiment):
    """On the data of the search, with points beside: until a run of it was answered."""
    points = b.load("points", s, count=b.scale.start_points, conns=8, **{"skip-readback": True})
    page = s.post("/api/2.0/mlflow/runs/search", {"experiment_ids": [experiment], "max_results": 1})
    probe = f"/api/2.0/mlflow/runs/get?run_id={page['runs'][0]['info']['run_id']}"
    load = subprocess.Popen(b.command("points", s, seconds=60, conns=8, **{"skip-readback": True}),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(min(3, b.scale.seconds))
    s.kill()
    load.wait()
    killed = s.start(probe)
    time.sleep(1)
    s.stop()
    clean = s.start(probe)
    note = f"{b.scale.fill_runs:,} runs and {points['points']:,} points; until a run was answered"
    b.add(Figure(b.current, "start after a clean stop", "ms", clean * 1000, None, 100, "less", "< 100 ms", note))
    b.add(Figure(b.current, "start after kill -9 under load", "ms", killed * 1000, None, 1000, "less", "< 1 s", note))


# ---- series ----------------------------------------------------------------------------------------------------------

@measure
def series(b):
    """a series of 1,000,000 points: bulk-interval, and its whole history"""
    n = b.scale.series
    with b.stemma() as s, b.peer() as p:
        made = b.load("points", s, count=n, conns=1, keys=1, batch=1000)
        other = b.load("series-peer", p, count=n, db=p.sqlite_file) if p else None
        fixed = dict(conns=1, run=made["run"], key=made["key"])
        chart = b.load("interval", s, **fixed, count=b.scale.searches, **{"max_results": 2500})
        chart_peer, note = b.try_load("interval", p, conns=1, count=3, **{"max_results": 2500},
                                      **(dict(run=other["run"], key=other["key"]) if other else {}))
        figure = b.add(Figure(b.current, f"bulk-interval of a series of {made['points']:,} points, p95", "ms",
                              chart["p95_ms"], value(chart_peer, "p95_ms"), 10, "less", "< 10 ms", note,
                              {"stemma": chart, "mlflow": chart_peer}))
        b.explain(figure, s, lambda: b.load("interval", s, **fixed, seconds=5, **{"max_results": 2500}))
        whole = b.load("history", s, **fixed, seconds=min(b.scale.seconds, 10), **{"max_results": 25000})
        whole_peer, note = b.try_load("history", p, conns=1, count=1, **{"max_results": 25000},
                                      **(dict(run=other["run"], key=other["key"]) if other else {}))
        figure = b.add(Figure(b.current, f"whole history of {made['points']:,} points in pages of 25,000", "points/s",
                              whole["points_per_s"], value(whole_peer, "points_per_s"), 1_500_000, "more",
                              ">= 1.5 M points/s", join("one connection", note), {"stemma": whole, "mlflow": whole_peer}))
        b.explain(figure, s, lambda: b.load("history", s, **fixed, seconds=5, **{"max_results": 25000}))


# ---- the native API --------------------------------------------------------------------------------------------------

BULK = dict(conns=2, batch=200_000, keys=10)


@measure
def ingest(b):
    """points in bulk, in the compact form of the native API, 2 connections"""
    with b.stemma() as s:
        with MemorySampler(s) as memory:
            mine = b.load("ingest", s, seconds=b.scale.seconds, **BULK, **{"skip-readback": True})
        check = b.load("ingest", s, count=10 * BULK["batch"], seed=2, **BULK)
        with b.peer() as p:
            other, note = b.try_load("points", p, seconds=b.scale.peer_seconds, conns=8, batch=1000,
                                     **{"skip-readback": True})
        note = join(f"durable; frames of 200,000 points, one a request; server memory grew by at most "
                    f"{(memory.highest - memory.before) / 1e6:.0f} MB; {check['points_read_back']:,} points of a shorter "
                    "run read back and compared; MLflow: log-batch of 1,000", note)
        figure = b.add(Figure(b.current, "points in bulk, compact form, SQLite", "points/s", mine["points_per_s"],
                              value(other, "points_per_s"), 1_500_000, "more", ">= 1.5 M points/s", note,
                              {"stemma": mine, "mlflow": other}))
        again = min(b.scale.seconds, 10)
        b.explain(figure, s, lambda: b.load("ingest", s, seconds=again, **BULK, **{"skip-readback": True}))


@measure
def charts(b):
    """many long series in one chart"""
    n, each = b.scale.chart_series, b.scale.chart_points
    with b.stemma() as s, b.peer() as p:
        made = b.load("ingest", s, count=n * each, conns=1, runs=1, keys=n, batch=1000 * n, **{"skip-readback": True})
        until_packed(s)
        fixed = dict(conns=1, run=made["run"], keys=n, buckets=1000)
        mine = b.load("charts", s, **fixed, count=b.scale.searches)
        if mine["points"] != made["points"] or mine["lines"] != n:
            raise Failed(f"the chart holds {mine['points']:,} points of {made['points']:,}")
        other = b.load("series-peer", p, count=each, db=p.sqlite_file) if p else None
        one, note = b.try_load("interval", p, conns=1, count=3, **{"max_results": 1000},
                               **(dict(run=other["run"], key=other["key"]) if other else {}))
        note = join(f"{mine['parts']:,} parts, {mine['received_mb'] / mine['requests']:.1f} MB a reply; MLflow: "
                    f"{n} calls of bulk-interval, one after the other", note)
        peer_ms = value(one, "p50_ms")
        figure = b.add(Figure(b.current, f"chart of {n} series x 1,000 parts of {each:,} points each, p95", "ms",
                              mine["p95_ms"], peer_ms and peer_ms * n, 150, "less", "< 150 ms", note,
                              {"stemma": mine, "mlflow": one}))
        b.explain(figure, s, lambda: b.load("charts", s, **fixed, seconds=5))


# ---- the web interface -----------------------------------------------------------------------------------------------

@measure
def page_runs(b):
    """the web interface on many runs, in a real browser, beside the peer's"""
    pages.in_browser(b, lambda started: pages.page_runs(b, fill, fill_peer, started))


@measure
def page_charts(b):
    """charts of long series in the web interface, zooms, and a point from the client to its pixel"""
    pages.in_browser(b, lambda started: pages.page_charts(b, until_packed, started))


@measure
def page_live(b):
    """what an open page of running runs costs"""
    pages.in_browser(b, lambda started: pages.page_live(b, started))


# ---- artifacts -------------------------------------------------------------------------------------------------------

def dd_seconds(folder, size):
    target = folder / "dd.tmp"
    began = time.perf_counter()
    subprocess.run(["dd", "if=/dev/zero", f"of={target}", "bs=1M", f"count={size >> 20}", "conv=fsync"], check=True,
                   capture_output=True)
    took = time.perf_counter() - began
    target.unlink()
    return took


def move_artifact(b, server, size):
    with MemorySampler(server) as memory:
        up = b.load("up", server, size=size, path="bench/long.bin", seed=7)
        down = b.load("down", server, path="bench/long.bin")
    b.load("down", server, path="bench/long.bin", size=size, check=True, seed=7)
    return up, down, memory.highest - memory.before


@measure
def artifact(b):
    """an artifact of 2 GiB up and down, beside dd conv=fsync"""
    size = b.scale.artifact
    with b.stemma() as s:
        before = dd_seconds(s.folder.parent, size)
        up, down, grown = move_artifact(b, s, size)
        after = dd_seconds(s.folder.parent, size)
        dd = min(before, after)
        with b.peer() as p:
            up_peer, down_peer, grown_peer = move_artifact(b, p, size) if p else (None, None, None)
        note = (f"dd: {before:.2f} s before, {after:.2f} s after; up {up['wall_s']:.2f} s = {up['mb_per_s']:.0f} MB/s; "
                "read back whole and compared")
        label = f"artifact of {size / 2**30:.3g} GiB"
        figure = b.add(Figure(b.current, f"{label} up, synced, against dd conv=fsync", "x", up["wall_s"] / dd,
                              up_peer and up_peer["wall_s"] / dd, 1.3, "less", "<= 1.3 x", note,
                              {"stemma": up, "mlflow": up_peer, "dd_s": [before, after]}))
        b.explain(figure, s, lambda: b.load("up", s, size=size, path="bench/again.bin", seed=8))
        figure = b.add(Figure(b.current, f"{label} down from the page cache", "GB/s", down["mb_per_s"] / 1000,
                              down_peer and down_peer["mb_per_s"] / 1000, 2, "more", ">= 2 GB/s", "one connection",
                              {"stemma": down, "mlflow": down_peer}))
        b.explain(figure, s, lambda: b.load("down", s, path="bench/long.bin"))
        b.add(Figure(b.current, f"memory (PSS) that moving {label} added at most", "MB", grown / 1e6,
                     grown_peer and grown_peer / 1e6, 16, "less", "flat (< 16 MB)"))


@measure
def files(b):
    """100,000 artifacts of 4 kB, 64 connections"""
    with b.stemma() as s:
        mine = b.load("files", s, count=b.scale.files, size=4096, conns=64, path="bench/files")
        with b.peer() as p:
            other, note = b.try_load("files", p, seconds=b.scale.peer_seconds, size=4096, conns=64, path="bench/files")
        figure = b.add(Figure(b.current, f"{mine['files']:,} artifacts of 4 kB, 64 connections", "files/s",
                              mine["files_per_s"], value(other, "files_per_s"), 3000, "more", ">= 3,000",
                              join("every file read back and compared", note), {"stemma": mine, "mlflow": other}))
        b.explain(figure, s, lambda: b.load("files", s, seconds=5, size=4096, conns=64, path="bench/again", seed=2,
                                            **{"skip-readback": True}))


# ---- differences -----------------------------------------------------------------------------------------------------

@measure
def diff(b):
    """what changed between two large files of weights: three tensors, and all"""
    differences.diff(b)


# ---- push and pull ---------------------------------------------------------------------------------------------------

@measure
def push(b):
    """a folder with one large file as a version, again, changed, and back"""
    pushing.push(b)


@measure
def many_files(b):
    """a version of a million files: push of one that changed, diff, list of a folder"""
    of_many_files.many_files(b)


# ---- backup ----------------------------------------------------------------------------------------------------------

def beside(b, server, seconds, **options):
    """Points at a rate, in the background: call the result to wait for what came of it."""
    words = b.command("points", server, seconds=seconds, **{**options, "skip-readback": True})
    process = subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ended():
        out, errors = process.communicate()
        if process.returncode:
            raise Failed(f"b_load points beside a backup: {errors.strip()[-1000:]}")
        return json.loads(out)

    return ended


def written_bytes(folder):
    """What the disk under a folder has written since the machine started; None where the kernel does not say."""
    device = os.stat(folder).st_dev
    try:
        fields = pathlib.Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text().split()
    except FileNotFoundError:
        return None
    return int(fields[6]) * 512


def timed_backup(b, server, target, *options):
    """Seconds, bytes."""
    began = time.perf_counter()
    words = [b.binary, "backup", target, "--url", server.url, "--json", *options]
    done = subprocess.run(words, text=True, capture_output=True)
    if done.returncode:
        raise Failed(f"stemma backup: {done.stderr.strip()[-1000:]}")
    return time.perf_counter() - began, json.loads(done.stdout)["bytes"]


def backup_beside(b, server, target, seconds, load_options, *options):
    """A backup while points are logged: MB/s, what the disk wrote in all (MB/s, or None), what the load says."""
    load = beside(b, server, seconds, **load_options)
    before = written_bytes(target.parent)
    took, size = timed_backup(b, server, target, *options)
    written = (written_bytes(target.parent) - before) / took / 1e6 if before is not None else None
    return size / took / 1e6, written, load()


def fill_for_backup(b, server):
    piece = 256 << 20 if b.scale.backup >= 1 << 30 else 16 << 20
    for i in range(b.scale.backup // piece):
        b.load("up", server, size=piece, path=f"bench/weights-{i}.bin", seed=i + 1)
    b.load("files", server, count=b.scale.files // 20, size=4096, conns=64, path="bench/small", **{"skip-readback": True})
    b.load("points", server, count=b.scale.packed_points, conns=8, batch=1000, **{"skip-readback": True})


def backup_of(b, what, engine):
    paced = {"conns": 4, "threads": 4, "batch": 1000}
    with b.stemma(engine) as s:
        fill_for_backup(b, s)
        target = s.folder.parent / "all.backup"
        whole = b.load("points", s, seconds=5, **paced, **{"skip-readback": True})
        paced["pause"] = int(4 * 1000 / whole["points_per_s"] * 1e6)  # as long again as a batch takes: half the load
        alone = b.load("points", s, seconds=max(min(b.scale.seconds // 2, 15), 3), **paced, **{"skip-readback": True})
        disk = b.scale.backup / dd_seconds(s.folder.parent, b.scale.backup) / 1e6
        quiet, size = timed_backup(b, s, target)
        rate, written, during = backup_beside(b, s, target, max(int(quiet * 1.5), 3), paced)
        disk = max(disk, b.scale.backup / dd_seconds(s.folder.parent, b.scale.backup) / 1e6)
        checked = subprocess.run([b.binary, "check", target, "--json"], text=True, capture_output=True)
        if checked.returncode:
            raise Failed(f"the backup is not whole: {checked.stdout[-500:]}")
        slow = int(disk / 3)
        slow_rate, _, slow_during = backup_beside(b, s, target, max(int(size / slow / 1e6), 3), paced, "--max-rate", f"{slow}M")
        target.unlink()
    note = (f"{size / 2**30:.3g} GiB, {size / quiet / 1e6:.0f} MB/s without logging; dd conv=fsync: {disk:.0f} MB/s; "
            f"then read whole and checked")
    if written:
        note += f"; with what logging wrote the disk took {written:.0f} MB/s meanwhile"
    b.add(Figure(b.current, f"{what} while points are logged at half load", "MB/s", rate, None, None, "more", "", note,
                 {"stemma": during, "dd_mb_per_s": disk, "quiet_s": quiet, "disk_mb_per_s": written}))
    for name, at, load in (("it", rate, during), (f"one with --max-rate {slow}M", slow_rate, slow_during)):
        b.add(Figure(b.current, f"{what}: p99 of logging during {name} against before", "x", load["p99_ms"] / alone["p99_ms"],
                     None, 2, "less", "< 2 x", f"at {at:.0f} MB/s; {alone['p99_ms']:.1f} ms before, {load['p99_ms']:.1f} ms during "
                     f"it; {alone['points_per_s']:,.0f} and {load['points_per_s']:,.0f} points/s", {"before": alone, "during": load}))


@measure
def backup(b):
    """a backup of everything beside dd, while points are logged at half load"""
    backup_of(b, "backup, SQLite", "sqlite")


@measure
def backup_postgres(b):
    """the same on PostgreSQL"""
    if b.with_postgres:
        backup_of(b, "backup, PostgreSQL", "postgres")


# ---- events ----------------------------------------------------------------------------------------------------------

def follow(b, what, server, **options):
    done = b.load("follow", server, conns=b.scale.followers, rate=20, seconds=min(b.scale.seconds, 15), **options)
    b.add(Figure(b.current, f"{what}: p99", "ms", done["p99_ms"], None, 300, "less", "< 300 ms",
                 f"{done['streams']:,} streams, {done['events']:,} events, each got by each once and in order; "
                 f"p50 {done['p50_ms']:.0f} ms, longest {done['max_ms']:.0f} ms", {"stemma": done}))


@measure
def events(b):
    """an event from its transaction to 1,000 clients that follow, SQLite"""
    with b.stemma() as s:
        follow(b, "an event until all who follow have it, SQLite", s)


@measure
def events_postgres(b):
    """the same on PostgreSQL, and across two servers"""
    if not b.with_postgres:
        return
    with b.stemma("postgres") as s:
        follow(b, "an event until all who follow have it, PostgreSQL", s)
        with b.second(s) as other:
            follow(b, "the same, made on another server", s, **{"write-port": other.port})


# ---- versions ----------------------------------------------------------------------------------------------------------

def verified_per_s(server):
    """Events a second of a check of the whole chain, asked of the server: the median of five."""
    rates = []
    for _ in range(5):
        n, after, began = 0, 0, time.perf_counter()
        while after is not None:
            with urllib.request.urlopen(f"{server.url}/api/v1/events/verify?after={after}&limit=1000000", timeout=600) as reply:
                step = json.load(reply)
            if step["damaged"]:
                raise Failed(f"the event log is not whole: {step['damage'][:3]}")
            n, after = n + step["events"], step.get("next")
        rates.append(n / (time.perf_counter() - began))
    return sorted(rates)[2], n


def move_alias(b, what, engine, goal):
    with b.stemma(engine) as s:
        done = b.load("moves", s, seconds=b.scale.seconds, conns=64)
        note = f"all {done['moves_read_back']:,} moves found, once each, each where the one before it ended"
        b.add(Figure(b.current, what, "moves/s", done["moves_per_s"], None, goal, "more", f">= {goal:,}" if goal else "", note,
                     {"stemma": done}))
        b.add(Figure(b.current, f"{what}: p99", "ms", done["p99_ms"], None, None, "less", ""))
        if engine == "sqlite":
            rate, n = verified_per_s(s)
            b.add(Figure(b.current, "events verified", "events/s", rate, None, 500_000, "more", ">= 500,000",
                         f"the chain of {n:,} events, by a server that runs"))


@measure
def moves(b):
    """one alias moved by 64 clients at once, SQLite; and the chain of its events checked"""
    move_alias(b, "moves of one alias by 64 clients, SQLite", "sqlite", 5000)


@measure
def moves_postgres(b):
    """the same on PostgreSQL"""
    if b.with_postgres:
        move_alias(b, "moves of one alias by 64 clients, PostgreSQL", "postgres", None)


# ---- memory ----------------------------------------------------------------------------------------------------------

def settled_pss(server):
    time.sleep(2)
    return pss_bytes(server.pid) / 1e6


@contextlib.contextmanager
def idle_connections(b, server, n):
    held = subprocess.Popen(b.command("idle", server, conns=n, seconds=0) + ["--seconds", "0"], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    line = held.stdout.readline()
    try:
        if held.poll() or "open" not in line:
            raise Failed(f"idle: {held.stderr.read()[-500:]}")
        yield json.loads(line)["open"]
    finally:
        held.communicate("")


def memory_of(b, server):
    empty = settled_pss(server)
    try:
        with idle_connections(b, server, b.scale.idle) as n:
            return empty, settled_pss(server) - empty, n
    except Failed as e:
        b.say(f"  {server.name}: {e}")
        return empty, None, 0


@measure
def memory(b):
    """idle memory, empty; 10,000 idle connections"""
    with b.stemma() as s:
        empty, more, n = memory_of(b, s)
        with b.peer() as p:
            empty_peer, more_peer, _ = memory_of(b, p) if p else (None, None, 0)
        b.add(Figure(b.current, "idle memory (PSS), empty", "MB", empty, empty_peer, 15, "less", "< 15 MB"))
        b.add(Figure(b.current, f"memory that {n:,} idle connections add", "MB", more, more_peer, 20, "less",
                     "< 20 MB", "each asked one thing before; without the kernel's own buffers"))


# ---- space and cost --------------------------------------------------------------------------------------------------

def bytes_a_point(b, server, count):
    """Of the whole folder, after a clean stop, less what an empty one takes."""
    server.stop()
    empty = du_bytes(server.folder)
    server.start()
    made = b.load("points", server, count=count, conns=8, keys=10, batch=1000, seconds=b.scale.peer_seconds)
    server.stop()
    return (du_bytes(server.folder) - empty) / made["points"], made


@measure
def space(b):
    """bytes a point after packing"""
    with b.stemma() as s:
        mine, made = bytes_a_point(b, s, b.scale.packed_points)
        whole = s.check()
        s.start()
        with b.peer() as p:
            other = None
            if p:
                other, _ = bytes_a_point(b, p, min(b.scale.packed_points, 20_000))
                p.start()
        b.add(Figure(b.current, "bytes a point after packing, du of the folder", "bytes", mine, other, 4.5, "less",
                     "<= 4.5", f"{made['points']:,} points of loss curves born as float32, 1 % noise, time jitter of "
                     f"20 ms, 10 series a step; stemma check: {whole}"))


def until_packed(server):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with urllib.request.urlopen(server.url + "/metrics", timeout=60) as reply:
            if "\nstemma_pack_backlog_records 0\n" in reply.read().decode():
                return
        time.sleep(0.1)
    raise Failed("packing does not come to an end")


@measure
def cost(b):
    """what a point costs, packing included, on 10^5 to 10^8 points"""
    sizes = [n for n in (100_000, 1_000_000, 10_000_000) if n < b.scale.cost_points] + [b.scale.cost_points]
    steps = []
    with b.stemma() as s:
        for n in sizes:
            times = max(1, 1_000_000 // n)  # the kernel counts CPU in hundredths of a second
            before, points = cpu_seconds(s.pid), 0
            for _ in range(times):
                points += b.load("points", s, count=n, conns=8, batch=1000, **{"skip-readback": True})["points"]
                until_packed(s)
            steps.append({"points": n, "times": times, "cpu_us": 1e6 * (cpu_seconds(s.pid) - before) / points})
    text = "; ".join(f"{x['points']:,}: {x['cpu_us']:.2f} us of CPU" for x in steps)
    b.add(Figure(b.current, f"cost of a point on {sizes[-1]:,}, against {sizes[0]:,}", "x",
                 steps[-1]["cpu_us"] / steps[0]["cpu_us"], None, 1.25, "less", "flat (< 1.25 x)",
                 f"{text}; until all are packed", {"steps": steps}))


# ---- moving in -------------------------------------------------------------------------------------------------------


def bring(b, p):
    """`stemma import mlflow` of the peer's file into an empty folder: (seconds, report)."""
    folder = b.folder("import")
    folder.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    done = subprocess.run([b.binary, "import", "mlflow", p.sqlite_file, "--data", folder, "--json"], text=True,
                          capture_output=True)
    seconds = time.monotonic() - began
    shutil.rmtree(folder.parent, ignore_errors=True)
    if done.returncode:
        raise Failed(f"stemma import mlflow: {done.stderr.strip()[-1000:]}")
    return seconds, json.loads(done.stdout)


def export_import(b, p):
    """The peer's own way, mlflow-export-import (python -m pip install mlflow-export-import tabulate shortuuid): out of one
    server and into another. Seconds, or None when it is not installed or fails; and why."""
    module = "mlflow_export_import.bulk"
    if subprocess.run([b.python, "-c", f"import {module}.export_experiments"], capture_output=True).returncode:
        return None, "mlflow-export-import is not installed"
    folder = b.folder("export")
    with b.peer() as q:
        began = time.monotonic()
        for name, server, words in (("export_experiments", p, ["--experiments", "all", "--output-dir", folder]),
                                    ("import_experiments", q, ["--input-dir", folder])):
            done = subprocess.run([b.python, "-m", f"{module}.{name}", *words], text=True, capture_output=True,
                                  env={**q.environment(), "MLFLOW_TRACKING_URI": server.url})
            if done.returncode:
                return None, f"mlflow-export-import failed: {done.stderr.strip()[-200:]}"
        return time.monotonic() - began, "mlflow-export-import gives runs new ids"


def import_file(b, runs, limit, with_tool):
    with b.peer() as p:
        if not p:
            return
        made = b.load("history-peer", p, experiment="0", runs=runs, count=1000, metrics=10, params=20, tags=5,
                      db=p.sqlite_file)
        seconds, report = bring(b, p)
        if report["proof"]["points"]["here"]["count"] != made["points"]:
            raise Failed("the import did not bring every point")
        other, note = export_import(b, p) if with_tool else (None, "")
        goal = f"< {limit} s" if limit else ""
        b.add(Figure(b.current, f"an MLflow file of {runs:,} runs and {made['points']:,} points brought over and proved",
                     "s", seconds, other, limit, "less", goal, join("both sides counted and summed, equal", note)))


def run_times(command, times):
    took = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)


@measure
def wrapping(b):
    """what `stemma run -- true` takes more than `true`"""
    times = max(10, b.scale.searches)
    with b.stemma() as s:
        bare = run_times(["true"], times)
        wrapped = run_times([str(s.binary), "run", "--quiet", "--url", s.url, "--", "true"], times)
    middle = times // 2
    b.add(Figure(b.current, "stemma run -- true against true, median", "ms", wrapped[middle] - bare[middle], None, 30, "less",
                 "< 30 ms", f"in the folder of a git repository; {times} times each; a run made, its source, machine and end "
                 f"noted; p95 {wrapped[int(times * 0.95)] - bare[int(times * 0.95)]:.1f} ms"))


@measure
def move(b):
    """an MLflow file of 10,000 runs and 10 M points brought over; a small one also by MLflow's own tool"""
    import_file(b, max(100, b.scale.fill_runs // 10), 60, False)
    import_file(b, 100, None, True)
