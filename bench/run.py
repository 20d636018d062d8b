#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Stemma and, in the same run, the current `mlflow server`; writes docs/benchmarks.md and bench/results.json.

    bench/run.py                  every measure, 15 s each where time decides
    bench/run.py --only points,runs
    bench/run.py --full           ten minutes each, 100 M points
    bench/run.py --quick          a minute in all, without the peer: does everything work? judges and writes nothing
    bench/run.py --list
"""

import argparse
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

import peer as mlflow
import report
import servers
from harness import SCALES, Bench, Failed
from measures import MEASURES

ROOT = pathlib.Path(__file__).resolve().parent.parent


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default="", help="names of measures, separated by commas")
    p.add_argument("--list", action="store_true", help="the names of the measures")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--full", action="store_true")
    p.add_argument("--build", default=str(ROOT / "build" / "release"), help="folder of stemma and b_load")
    p.add_argument("--python", default=str(ROOT / "build" / "venv" / "bin" / "python"), help="a Python that has mlflow")
    p.add_argument("--work", default=None, help="where the data lie meanwhile (a folder on the disk to be measured)")
    p.add_argument("--peer", action=argparse.BooleanOptionalAction, default=None,
                   help="measure the peer too (default: unless --quick)")
    p.add_argument("--no-postgres", action="store_true")
    p.add_argument("--no-perf", action="store_true", help="no profiles of missed goals")
    p.add_argument("--docs", action=argparse.BooleanOptionalAction, default=None,
                   help="write docs/benchmarks.md (default: when every measure is run); with --only, the figures of the "
                        "other measures stay as they were on this machine")
    return p.parse_args()


def main():
    a = arguments()
    if a.list:
        for name, function in MEASURES.items():
            print(f"{name:16} {function.__doc__}")
        return 0
    names = [n for n in a.only.split(",") if n] or list(MEASURES)
    unknown = [n for n in names if n not in MEASURES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; see --list", file=sys.stderr)
        return 2
    build = pathlib.Path(a.build)
    binary, load = build / "stemma", build / "b_load"
    for needed in (binary, load):
        if not needed.exists():
            print(f"{needed} is not there: make bench builds it", file=sys.stderr)
            return 2
    python = a.python if pathlib.Path(a.python).exists() else None
    with_peer = python and (a.peer if a.peer is not None else not a.quick)
    peer_version = mlflow.version(python) if with_peer else None
    scale = "quick" if a.quick else "full" if a.full else "default"
    if a.work:
        pathlib.Path(a.work).mkdir(parents=True, exist_ok=True)
    work = tempfile.mkdtemp(prefix="stemma-bench-", dir=a.work)
    b = Bench(binary, load, python, work, SCALES[scale], bool(peer_version),
              not a.no_postgres and servers.can_run_postgres(), not a.no_perf and not a.quick,
              lambda text: print(text, flush=True))
    taken = report.facts(scale, binary, peer_version, work)
    failures = []
    kept = report.kept(ROOT, names) if a.only and not a.quick else []
    docs = a.docs if a.docs is not None else not a.only and not a.quick
    began = time.monotonic()
    try:
        for name in names:
            b.current = name
            print(f"{name}: {MEASURES[name].__doc__} [{time.monotonic() - began:.0f} s]", flush=True)
            try:
                MEASURES[name](b)
            except (Failed, RuntimeError, OSError) as e:
                traceback.print_exc()
                failures.append((name, str(e)[-500:]))
            for figure in b.figures:
                figure.taken = taken
            if not a.quick:
                figures = sorted(kept + b.figures, key=lambda f: list(MEASURES).index(f.measure))
                report.write(ROOT, figures, failures, docs)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    missed = [f for f in b.figures if f.met is False]
    print(f"{len(b.figures)} figures, {len(missed)} goals missed, {len(failures)} measures failed")
    for name, text in failures:
        print(f"failed: {name}: {text}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
