# SPDX-License-Identifier: Apache-2.0
"""bench/results.json and docs/benchmarks.md out of the figures."""

import dataclasses
import json
import os
import pathlib
import platform
import subprocess
import time

from harness import Figure


def first_line(command):
    try:
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        return (done.stdout.strip() or done.stderr.strip()).splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def machine(work):
    cpu = next((line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) / 1e6
    release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    filesystem = first_line(["stat", "-f", "-c", "%T", str(work)])
    return {"cpu": cpu, "cores": os.cpu_count(), "memory_gb": round(memory, 1), "filesystem": filesystem,
            "system": release.get("PRETTY_NAME", "").strip('"'), "kernel": platform.release()}


def number(x, unit):
    if x is None:
        return "-"
    if unit.endswith("/s") and x >= 100:
        return f"{x:,.0f}"
    return f"{x:,.3g}" if x < 1000 else f"{x:,.0f}"


def row(figure):
    verdict = {True: "met", False: "**missed**", None: ""}[figure.met]
    ratio = f"{figure.ratio:,.3g} x" if figure.ratio else "-"
    return (f"| {figure.what} | {number(figure.stemma, figure.unit)} {figure.unit} | "
            f"{number(figure.peer, figure.unit)} | {ratio} | {figure.goal_text} | {verdict} |")


def profile_table(figure):
    lines = [f"### {figure.what}", "", "| share | where | function |", "|---|---|---|"]
    return [*lines, *(f"| {share:.1f} % | {where} | `{symbol}` |" for share, where, symbol in figure.profile), ""]


def latency_rows(figures):
    for figure in figures:
        for who in ("stemma", "mlflow"):
            result = figure.detail.get(who) if figure.detail else None
            if isinstance(result, dict) and "p999_ms" in result:
                cells = " | ".join(f"{result[k]:,.2f}" for k in ("p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms"))
                yield f"| {figure.what} | {who} | {cells} |"


def table(figures):
    """The figures of one machine and day, under what they were taken on."""
    t = figures[0].taken
    m = t["machine"]
    return [
        f"- Machine: {m['cpu']}, {m['cores']} cores, {m['memory_gb']} GB, {m['filesystem']}; {m['system']}, Linux {m['kernel']}",
        f"- Stemma: {t['stemma']}; {t['date']}, {t['scale']} scale",
        f"- Peer: {t['peer']}",
        f"- SQLite {t['sqlite']}; {t['postgres']}", "",
        "| measure | Stemma | mlflow | ratio | goal | |", "|---|---|---|---|---|---|",
        *map(row, figures), "",
    ]


def by_taken(figures):
    """Lists of figures that were taken alike, the most figures first."""
    groups = {}
    for figure in figures:
        groups.setdefault(json.dumps(figure.taken, sort_keys=True), []).append(figure)
    return sorted(groups.values(), key=len, reverse=True)


def markdown(figures, failures):
    missed = [f for f in figures if f.met is False]
    out = [
        "# Benchmarks", "",
        "Made by `bench/run.py`. Do not edit: run it again with `make bench`,",
        "or `build/venv/bin/python bench/run.py --only points,search --docs` for some of it; `--full` takes ten minutes a",
        "measure, `--quick` a minute in all. Load generator and server share the machine; where a peer stands beside a figure,",
        "both servers ran in the same run.", "",
        "Ratio says how many times better Stemma is. Every acknowledged point, run and file was read back and compared "
        "unless the notes say otherwise.", "",
    ]
    for group in by_taken(figures):
        out += table(group)
    if failures:
        out += ["## Measures that failed", "", *(f"- {name}: {text}" for name, text in failures), ""]
    notes = [f for f in figures if f.note]
    if notes:
        out += ["## Notes", "", *(f"- {f.what}: {f.note}" for f in notes), ""]
    latencies = list(latency_rows(figures))
    if latencies:
        out += ["## Latencies (ms)", "", "| measure | server | p50 | p95 | p99 | p99.9 | max |",
                "|---|---|---|---|---|---|---|", *latencies, ""]
    if missed:
        out += ["## Goals missed", "", "Where the server's time went in the measures that missed (perf, cpu-clock).", ""]
        for figure in missed:
            out += profile_table(figure) if figure.profile else [f"### {figure.what}", "", "No profile was taken.", ""]
    return "\n".join(out).rstrip() + "\n"


def kept(root, but):
    """What bench/results.json has of other measures; each figure says on which machine it was taken."""
    path = root / "bench" / "results.json"
    old = json.loads(path.read_text()) if path.exists() else {"figures": []}
    names = {f.name for f in dataclasses.fields(Figure)}
    return [Figure(**{k: v for k, v in row.items() if k in names}) for row in old["figures"] if row["measure"] not in but]


def write(root, figures, failures, docs):
    rows = [{**dataclasses.asdict(f), "met": f.met, "ratio": f.ratio} for f in figures]
    text = json.dumps({"figures": rows, "failures": failures}, indent=1, default=str)
    (root / "bench" / "results.json").write_text(text + "\n")
    if docs:
        (root / "docs").mkdir(exist_ok=True)
        (root / "docs" / "benchmarks.md").write_text(markdown(figures, failures))


def facts(scale, binary, peer_version, work):
    return {
        "date": time.strftime("%Y-%m-%d"),
        "scale": scale,
        "machine": machine(work),
        "stemma": first_line([str(binary), "version"]),
        "peer": f"mlflow server {peer_version}, default settings" if peer_version else "not measured",
        "sqlite": first_line(["pkg-config", "--modversion", "sqlite3"]),
        "postgres": next((first_line([str(p), "-V"]) for p in
                          sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))[-1:]), "no PostgreSQL"),
    }
