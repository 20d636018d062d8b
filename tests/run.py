#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests: what `make test` calls.

    tests/run.py                     every stage
    tests/run.py --only unit,fuzz    the stages whose names begin so, with what they need
    tests/run.py --list              the stages

A stage is a build or a run of tests. Stages run in order, two at a time where they do not need both cores. What a stage
prints goes to build/test-logs/<stage>.log; here appear one line a stage, the failed tests with the end of their output,
and last of all one line `N passed, N failed`. A stage that ran no test has failed.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build/test-logs"
PYTEST = [ROOT / "build/venv/bin/python", "-m", "pytest"]
CORES = 2
STAGE_S = 1200
FUZZ_S = 6


class Failed(Exception):
    """A stage could not do its work; the text says why."""


class Stage:
    """run(stage) returns (tests passed, {name of a failed test: its output})."""

    def __init__(self, name, run, needs=(), cores=CORES, on_request=False, build=False, env=None):
        self.name, self.run, self.needs, self.cores = name, run, needs, cores
        self.on_request, self.build, self.env = on_request, build, env or {}
        self.state, self.passed, self.failures, self.seconds = "waiting", 0, {}, 0.0
        self.log_path = LOGS / f"{name}.log"

    def command(self, *args, **env):
        """Runs a command with its output appended to the log; the exit status."""
        with open(self.log_path, "ab") as log:
            log.write(("\n$ " + " ".join(map(str, args)) + "\n").encode())
            log.flush()
            process = subprocess.Popen(
                [str(a) for a in args], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, **self.env, **env}, start_new_session=True,
            )  # fmt: skip
            try:
                return process.wait(STAGE_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()
                raise Failed(f"did not end within {STAGE_S} s") from None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""


# ---- builds ----


def build(preset, *targets):
    def run(stage):
        if stage.command("tools/build.sh", preset, *targets) != 0:
            raise Failed("does not build")
        return 0, {}

    return run


# ---- cmocka under ctest ----

CTEST_LINE = re.compile(r"^ *\d+/\d+ Test +#\d+: (\S+) \.*[ *]*(.*?) +[\d.]+ sec", re.M)
CMOCKA_LINE = re.compile(r"\[ +(OK|FAILED|ERROR) +\] ([A-Za-z_]\w*)")


def outputs_by_program(log):
    """The part of ctest's verbose output of each program, by its number."""
    out = {}
    for number, line in re.findall(r"^(\d+): (.*)$", log, re.M):
        out.setdefault(number, []).append(line)
    return out


def unit(preset, *which, jobs=CORES + 1):  # they wait for disks too
    def run(stage):
        stage.command("ctest", "--test-dir", f"build/{preset}", "-V", "-j", jobs, *which)
        log = stage.log()
        numbers = dict(re.findall(r"^\s*Start +(\d+): (\S+)", log, re.M))
        outputs, passed, failures = outputs_by_program(log), 0, {}
        for number, program in numbers.items():
            lines = outputs.get(number, [])
            results = CMOCKA_LINE.findall("\n".join(lines))
            passed += sum(r == "OK" for r, _ in results)
            bad = {name for r, name in results if r != "OK"}
            failures.update({f"{program}.{name}": "\n".join(lines) for name in bad})
        for program, result in CTEST_LINE.findall(log):
            if result != "Passed" and not any(f.startswith(program + ".") for f in failures):
                number = next((n for n, p in numbers.items() if p == program), "")
                failures[program] = f"{result}\n" + "\n".join(outputs.get(number, []))
        return passed, failures

    return run


# ---- pytest ----


def pytest(folder, *args, only=None):
    def run(stage):
        with tempfile.NamedTemporaryFile(suffix=".xml") as report:
            status = stage.command(*PYTEST, folder, *args, f"--junitxml={report.name}")
            try:
                cases = xml.etree.ElementTree.parse(report.name).iter("testcase")
            except xml.etree.ElementTree.ParseError:
                raise Failed(f"pytest ended with {status}") from None
            passed, failures = 0, {}
            for case in cases:
                problems = [c for c in case if c.tag in ("failure", "error")]
                if problems:
                    name = f"{case.get('classname')}.{case.get('name')}"
                    failures[name] = "\n".join(p.text or p.get("message", "") for p in problems)
                elif not any(c.tag == "skipped" for c in case):
                    passed += 1
        if status not in (0, 1) or (status == 1 and not failures):
            raise Failed(f"pytest ended with {status}")
        return passed, failures

    return run


# ---- the native API: its tests, and whether they exercised all of its page ----

SEEN = LOGS / "native-seen"


def native(stage):
    shutil.rmtree(SEEN, ignore_errors=True)
    SEEN.mkdir()
    return pytest("tests/native", *WAITING)(stage)


def lines(stage, *command):
    """A command that prints `ok: NAME` and `FAILED: NAME` lines, what failed with indented lines below it."""
    stage.command(*command)
    log = stage.log()
    failures = {m[1]: m[2] for m in re.finditer(r"^FAILED: (.*)\n((?:    .*\n)*)", log, re.M)}
    return len(re.findall(r"^ok: ", log, re.M)), failures


def native_page(stage):
    """Each operation of the OpenAPI page succeeded in some native test of this run."""
    return lines(stage, PYTEST[0], "tests/native/page.py", SEEN)


# ---- fuzzers ----


def fuzz(stage):
    """Each fuzzer replays its corpus and then looks further for a few seconds; what it finds is kept beside the log."""
    passed, failures = 0, {}
    for source in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c")):
        name = source.stem
        binary, corpus = ROOT / "build/fuzz" / name, ROOT / "tests/fuzz/corpus" / name.removeprefix("fuzz_")
        before = len(stage.log())
        if not corpus.is_dir() or not any(corpus.iterdir()):
            failures[name] = f"no corpus: {corpus} is empty"
            continue
        common = ["-rss_limit_mb=2048", "-timeout=20", f"-artifact_prefix={LOGS}/{name}-"]
        with tempfile.TemporaryDirectory() as new:
            ok = stage.command(binary, *common, "-runs=0", corpus) == 0
            ok = ok and stage.command(binary, *common, f"-max_total_time={FUZZ_S}", "-max_len=65536", new, corpus) == 0
        if ok:
            passed += 1
        else:
            failures[name] = stage.log()[before:]
    return passed, failures


# ---- the web interface's sources ----


def web_source(stage):
    """Types, rules and formatting of web/, and the tests of what in it needs no browser."""
    checks = {"types": ["npx", "tsc", "--noEmit"], "rules": ["npx", "biome", "check", "."], "pure": ["node", "test.mjs"]}
    failures = {}
    for name, command in checks.items():
        before = len(stage.log())
        if stage.command("env", "-C", "web", *command) != 0:
            failures[name] = stage.log()[before:]
    return len(checks) - len(failures), failures


# ---- what is generated, and the rules of the code base ----


GENERATED = {
    "docs/reference.md": [ROOT / "build/release/stemma", "reference"],
    "web/src/api/schema.d.ts": [ROOT / "tools/schema.sh"],
}


def docs(stage):
    """What is generated says what the tables in the code say."""
    failures = {}
    for name, command in GENERATED.items():
        printed = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if printed.returncode != 0 or (ROOT / name).read_text() != printed.stdout:
            failures[name] = f"is not what the code says: run 'make reference'\n{printed.stderr}"
    return len(GENERATED) - len(failures), failures


def lint(stage):
    return lines(stage, sys.executable, "tools/lint.py")


CLIENTS = ["-n", "2", "--dist", "loadfile"]
WAITING = ["-n", "3", "--dist", "loadfile"]  # for disks, kills, leases and time, more than for a core
ALONE = "--ignore=tests/clients/test_compare_reference.py"  # once is enough for the slow comparison

STAGES = [
    Stage("build-release", build("release", "all", "http_echo"), build=True),
    Stage("clients-sqlite", pytest("tests/clients", *CLIENTS), ["build-release"]),
    Stage("native", native, ["build-release"], env={"STEMMA_PAGE_SEEN": str(SEEN)}),
    Stage("native-page", native_page, ["native"], cores=1),
    Stage("web-source", web_source, ["build-release"], cores=1),
    Stage("web", pytest("tests/web", *CLIENTS), ["build-release"]),
    Stage("build-asan", build("asan", "all"), build=True),
    Stage("unit-asan", unit("asan"), ["build-asan"]),
    Stage("clients-two", pytest("tests/clients", *CLIENTS, ALONE, "--engine=postgres", "--servers=2"), ["build-asan"],
          env={"STEMMA_BIN": str(ROOT / "build/asan/stemma")}),
    Stage("build-tsan", build("tsan", "threaded"), build=True),
    Stage("unit-tsan", unit("tsan", "-L", "threaded"), ["build-tsan"]),
    Stage("build-fuzz", build("fuzz", "all"), build=True),
    Stage("fault", pytest("tests/fault", *WAITING), ["build-release"], cores=1),
    Stage("fuzz", fuzz, ["build-fuzz"], cores=1),
    Stage("docs", docs, ["build-release"], cores=1),
    Stage("lint", lint, ["build-release"], cores=1),
    Stage("package", pytest("tests/package"), ["build-release"], cores=1),
    # clients-two is on PostgreSQL too.
    Stage("clients-postgres", pytest("tests/clients", *CLIENTS, ALONE, "--engine=postgres"), ["build-release"],
          on_request=True),
    # What asan builds is debug with more in it, and its unit tests are these.
    Stage("unit-release", unit("release"), ["build-release"], on_request=True),
    Stage("build-debug", build("debug", "all"), build=True, on_request=True),
    Stage("unit-debug", unit("debug"), ["build-debug"], on_request=True),
    Stage("soak", pytest("tests/fault", "-m", "soak"), ["build-release"], on_request=True, env={"STEMMA_SOAK": "1"}),
]  # fmt: skip


# ---- the run ----


def selected(only):
    names = [n for n in only.split(",") if n]
    unknown = [n for n in names if not any(s.name.startswith(n) for s in STAGES)]
    if unknown:
        sys.exit(f"tests/run.py: no stage is called {', '.join(unknown)}: see --list")
    chosen = {s.name for s in STAGES if (any(s.name.startswith(n) for n in names) if names else not s.on_request)}
    for stage in reversed(STAGES):
        if stage.name in chosen:
            chosen.update(stage.needs)
    return [s for s in STAGES if s.name in chosen]


def run_stage(stage):
    started = time.monotonic()
    stage.log_path.write_text("")
    try:
        stage.passed, stage.failures = stage.run(stage)
        if not stage.build and not stage.passed and not stage.failures:
            raise Failed("ran no test")
    except Failed as e:
        stage.failures = {stage.name: f"{e}\n{stage.log()}"}
    except Exception as e:  # a fault of this program or of the machine: the stage has failed, the others go on
        stage.failures = {stage.name: f"{type(e).__name__}: {e}\n{stage.log()}"}
    stage.seconds = time.monotonic() - started


def report(stage):
    result = "FAILED" if stage.failures else "ok"
    counts = "" if stage.build else f"{stage.passed} tests" + (f", {len(stage.failures)} bad" if stage.failures else "")
    print(f"{stage.name:18} {result:7} {stage.seconds:6.1f} s  {counts}", flush=True)


def run_all(stages):
    """Starts stages in order as cores become free; a stage waits for what it needs, and is not run when that failed."""
    done = threading.Condition()
    free = CORES
    state = {s.name: s for s in stages}

    def work(stage):
        nonlocal free
        run_stage(stage)
        with done:
            stage.state = "done"
            free += stage.cores
            report(stage)
            done.notify_all()

    with done:
        while any(s.state != "done" for s in stages):
            for stage in stages:
                if stage.state != "waiting":
                    continue
                needs = [state[n] for n in stage.needs]
                if any(n.failures for n in needs):
                    stage.state, stage.failures = "done", {stage.name: "not run: what it needs has failed"}
                    report(stage)
                elif all(n.state == "done" for n in needs) and free >= stage.cores:
                    stage.state = "running"
                    free -= stage.cores
                    threading.Thread(target=work, args=[stage], daemon=True).start()
                elif stage.cores == CORES and all(n.state == "done" for n in needs):
                    break  # it is next: what comes later does not overtake it
            if any(s.state != "done" for s in stages):
                done.wait(1)


def show_failures(stages):
    for stage in stages:
        for name, output in stage.failures.items():
            tail = "\n".join("    " + line[:400] for line in output.strip().splitlines()[-25:])
            print(f"\n{stage.name}: {name}\n{tail}")
        if stage.failures:
            print(f"    (all of it: {stage.log_path.relative_to(ROOT)})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="stages, by the beginning of their names, with commas")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print("\n".join(s.name + (" (only on request)" if s.on_request else "") for s in STAGES))
        return 0
    stages = selected(options.only)
    if "STEMMA_TEST_PG" not in os.environ and any(s.name.startswith(("unit", "clients", "native", "fault", "soak")) for s in stages):
        pg = str(ROOT / "tests/pg.sh")  # one throw-away PostgreSQL for all of them
        os.execv(pg, [pg, "run", sys.executable, *sys.argv])
    LOGS.mkdir(parents=True, exist_ok=True)
    run_all(stages)
    show_failures(stages)
    failed = sum(len(s.failures) for s in stages)
    print(f"{sum(s.passed for s in stages)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
