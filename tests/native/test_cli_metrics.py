# SPDX-License-Identifier: Apache-2.0
"""Series and their points on the command line: tables, CSV, JSON lines, plots."""

import csv
import io
import json
import math

import pytest
from cli import plain
from conftest import Native, unique
from world import JANUARY


@pytest.fixture(scope="module")
def engine():
    return "sqlite"  # the tests of the API have both


@pytest.fixture(scope="module")
def waves(server):
    """A run with a sine of 5,000 points, a fall over six decades, and values that are no numbers."""
    api = Native(server.uri)
    run = api.ok("POST", "runs", json={"project": api.project(unique("waves"))["name"], "name": "waves"})["id"]
    for start in range(0, 5000, 1000):
        points = [{"key": "sine", "step": i, "time_ms": i, "value": math.sin(i / 400)} for i in range(start, start + 1000)]
        api.ok("POST", f"runs/{run}/log", json={"points": points})
    odd = [{"key": "fall", "step": i, "time_ms": i, "value": 10.0**-i} for i in range(7)]
    odd += [{"key": "odd", "step": i, "time_ms": i, "value": v} for i, v in enumerate(["NaN", "Infinity", "-Infinity", 1])]
    odd += [{"key": "a/b c,\"d\"", "step": 0, "time_ms": 0, "value": 1.5}]
    api.ok("POST", f"runs/{run}/log", json={"points": odd})
    return run


def test_list(cli, world):
    lines = cli.ok("metrics", world.adam).lines
    assert lines[0].split() == ["key", "last", "step", "min", "max", "first", "points"]
    assert lines[1].split() == ["acc", "0.9", "2", "0.5", "0.9", "0.5", "3"]
    listed = cli.ok("metrics", world.adam, "--json").json["items"]
    assert [m["key"] for m in listed] == ["acc", "loss"]
    table = list(csv.DictReader(io.StringIO(cli.ok("metrics", world.adam, "--csv").out)))
    assert table[1]["key"] == "loss" and float(table[1]["min"]) == 0.25


def test_points(cli, world):
    lines = cli.ok("metrics", world.adam, "acc").lines
    assert lines[0].split() == ["step", "time", "value"]
    assert lines[3].split() == ["2", "2026-01-02T12:00:00Z", "0.9"]
    assert [p["value"] for p in cli.ok("metrics", world.adam, "acc", "--json").json["items"]] == [0.5, 0.75, 0.9]


def test_points_as_csv(cli, world):
    table = list(csv.DictReader(io.StringIO(cli.ok("metrics", world.adam, "acc", "--csv").out)))
    assert [(int(p["step"]), int(p["time_ms"]), float(p["value"])) for p in table][2] == (2, JANUARY + 2, 0.9)


def test_points_as_lines(cli, world):
    points = [json.loads(line) for line in cli.ok("metrics", world.adam, "loss", "--jsonl").lines]
    assert points[0] == {"step": 0, "time_ms": JANUARY, "value": 2.0}


def test_streams_are_whole(cli, waves):
    assert len(cli.ok("metrics", waves, "sine", "--csv").lines) == 5001
    assert len(cli.ok("metrics", waves, "sine", "--jsonl", "-n", "10").lines) == 10
    assert len(cli.ok("metrics", waves, "sine", "-n", "0").lines) == 5001
    assert len(cli.ok("metrics", waves, "sine").lines) == 101
    assert len(cli.ok("metrics", waves, "sine", "--json", "-n", "2500").json["items"]) == 2500


def test_several_keys(cli, world):
    lines = cli.ok("metrics", world.adam, "acc", "loss").lines
    assert lines[0].split() == ["key", "step", "time", "value"] and len(lines) == 7
    table = list(csv.DictReader(io.StringIO(cli.ok("metrics", world.adam, "acc", "loss", "--csv").out)))
    assert [row["key"] for row in table] == ["acc"] * 3 + ["loss"] * 3
    assert cli("metrics", world.adam, "acc", "loss", "--jsonl").code == 2


def test_values_that_are_no_numbers(cli, waves):
    assert [line.split()[-1] for line in cli.ok("metrics", waves, "odd").lines[1:]] == ["NaN", "Infinity", "-Infinity", "1"]
    assert cli.ok("metrics", waves, 'a/b c,"d"').lines[1].split()[-1] == "1.5"
    assert '"a/b c,""d"""' in cli.ok("metrics", waves, "--csv").out


def test_what_is_not_there(cli, world):
    assert cli("metrics", world.adam, "nothing").code == 4
    assert cli("metrics", world.adam, "nothing", "--csv").code == 4
    assert cli("metrics", "f" * 32).code == 4


# ---- plots ----


def drawing(text):
    """The lines of the drawing, without legend and axes."""
    return [line[14:] for line in plain(text).splitlines() if len(line) > 13 and line[13] in "┤│|"]


def test_plot_in_a_file(cli, waves):
    out = cli.ok("metrics", "plot", waves, "sine").out
    art = drawing(out)
    assert out.splitlines()[0].endswith("sine") and len(art) == 20
    assert all("\u2800" <= c <= "\u28ff" or c == " " for c in "".join(art))
    assert "0.999" in out.splitlines()[1] or "1 ┤" in out.splitlines()[1]
    assert out.splitlines()[-1].split() == ["0", "4999"]
    columns = list(zip(*(line.ljust(65) for line in art)))
    assert all(any(c != " " for c in column) for column in columns), "a line without a gap"


def test_plot_without_utf8(cli, waves):
    out = cli.ok("metrics", "plot", waves, "sine", env={"LC_ALL": "C"}).out
    assert out.isascii() and set("".join(drawing(out))) == {" ", "a"}


def test_plot_shows_single_peaks(cli, server, api):
    run = api.ok("POST", "runs", json={"project": api.project()["name"], "name": "peak"})["id"]
    points = [{"key": "k", "step": i, "time_ms": i, "value": 100.0 if i == 777 else 0.0} for i in range(1000)]
    api.ok("POST", f"runs/{run}/log", json={"points": points})
    assert any(c != " " for c in drawing(cli.ok("metrics", "plot", run, "k").out)[0])


def test_plot_of_several_lines(cli, world):
    out = cli.ok("metrics", "plot", world.adam, world.sgd, "acc", "loss").out
    assert out.splitlines()[0].startswith("a  ") and len([li for li in out.splitlines() if "  " + world.adam[:13] in li]) == 2
    assert set("".join(drawing(out))) >= {"a", "b", "c", "d"}
    colored = cli.terminal("metrics", "plot", world.adam, world.sgd, "acc").out
    assert "\x1b[36m" in colored and "\x1b[33m" in colored


def test_plot_with_a_log_axis(cli, waves):
    out = cli.ok("metrics", "plot", waves, "fall", "--log-y", "--height", "13").out
    art = drawing(out)
    assert len(art) == 13 and "1e-06" in out
    assert all(line.strip() for line in art), "a straight line from corner to corner"


def test_plot_of_a_range(cli, waves):
    out = cli.ok("metrics", "plot", waves, "sine", "--start", "100", "--end", "200").out
    assert out.splitlines()[-1].split() == ["100", "200"]
    assert cli("metrics", "plot", waves, "sine", "--start", "x").code == 2


def test_by_time(cli, api):
    run = api.ok("POST", "runs", json={"project": api.project()["name"], "name": "backwards"})["id"]
    points = [{"key": "k", "step": i, "time_ms": 1_700_000_000_000 - 60_000 * i, "value": float(i)} for i in range(100)]
    api.ok("POST", f"runs/{run}/log", json={"points": points})
    assert cli.ok("metrics", run, "k", "--csv", "--by", "time").out.splitlines()[1].startswith("99,")
    assert cli.ok("metrics", run, "k", "--csv").out.splitlines()[1].startswith("0,")
    by_step, by_time = (cli.ok("metrics", "plot", run, "k", "--by", order).out for order in ("step", "time"))
    assert "2023-11-14" in by_time.splitlines()[-1]
    assert drawing(by_step)[0][0] == " " != drawing(by_time)[0][0], "what rises by step falls by time"
    half = cli.ok("metrics", "plot", run, "k", "--by", "time", "--start", "1699997000000").out
    assert "22:" in half.splitlines()[-1]
    for words in (["metrics", run, "k"], ["metrics", "plot", run, "k"]):
        assert cli(*words, "--by", "value").code == 2
    assert cli("metrics", "plot", run, "k", "--by", "time", "--start", "x").code == 2


def test_plot_of_nothing(cli, waves, world):
    assert "nothing to draw" in cli.ok("metrics", "plot", waves, "nothing").out
    assert cli("metrics", "plot", world.adam, world.sgd).code == 2
    assert drawing(cli.ok("metrics", "plot", waves, "odd").out)


@pytest.mark.parametrize("width, height", [(20, 6), (40, 10), (200, 60)])
def test_plot_fits(cli, waves, width, height):
    result = cli.terminal("metrics", "plot", waves, "sine", width=width, height=height)
    lines = plain(result.out).splitlines()
    assert result.code == 0 and (width < 30 or max(map(len, lines)) <= width) and len(lines) <= max(height, 6)
