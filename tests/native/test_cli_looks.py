# SPDX-License-Identifier: Apache-2.0
"""How output looks: the terminal's width, colours, the pager, locales, and names that mean harm."""

import re

import pytest
from cli import plain
from conftest import Native, unique

HOSTILE = {
    "escape": "\x1b[31mred\x1b[2J",
    "csi": "a\u009b2Jb",
    "osc": "\x1b]0;title\x07",
    "lines": "one\ntwo\r\tthree",
    "right-to-left": "abc\u202edcba",
    "isolate": "a\u2066b\u2069",
    "backspace": "abc\b\b\bxyz",
    "delete": "a\x7fb",
}
GOLDEN_80 = """\
id             name  status    start         duration  user  metrics.acc.max
#############  adam  finished  2026-01-02  1 min 30 s  ann               0.9
#############  sgd   failed    2026-01-02  1 h 00 min  ann               0.6
"""
GOLDEN_40 = """\
id             name  metrics.acc.max
#############  adam              0.9
#############  sgd               0.6
"""
GOLDEN_COMPARE = """\
              #############  #############
name          adam           sgd
status        finished       failed
duration      1 min 30 s     1 h 00 min
config.lr     0.001          0.1
metrics.acc   0.9            0.45 (-0.45, -50%)
metrics.loss  0.25           1.75 (+1.5, +600%)
tags.team     red            blue
"""
HARMLESS = {"emoji": "🦀 crab 🧪", "wide": "漢字テスト", "hebrew": "שלום", "combining": "e\u0301a\u0308"}


@pytest.fixture(scope="module")
def engine():
    return "sqlite"


@pytest.fixture(scope="module")
def hostile(server):
    api = Native(server.uri)
    project = api.project(unique("hostile"))
    for label, name in {**HOSTILE, **HARMLESS, "long": "x" * 500}.items():
        api.ok("POST", "runs", json={"project": str(project["number"]), "name": name, "start_ms": 1767355200000,
                                     "user": name[:200], "tags": [{"key": "label", "value": label}]})  # fmt: skip
    return project["name"]


def shown(cli, *args, **kwargs):
    return plain(cli.terminal(*args, **kwargs).out)


# ---- widths ----


def golden(text, world):
    for run in (world.adam, world.sgd, world.live):
        text = text.replace(run[:13], "#" * 13)
    return text


def test_golden(cli, world):
    args = ["runs", "search", "status != 'running'", "-p", world.name, "--sort", "metrics.acc.max desc"]
    assert golden(shown(cli, *args, width=80), world) == GOLDEN_80
    assert golden(shown(cli, *args, width=40), world) == GOLDEN_40
    assert golden(shown(cli, "runs", "compare", world.adam, world.sgd, width=100), world) == GOLDEN_COMPARE


def rows(text):
    return [line for line in text.splitlines() if line]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_tables_fit(cli, world, hostile, width):
    for project in (world.name, hostile):
        for line in rows(shown(cli, "runs", "list", "-p", project, "--sort", "metrics.acc desc", width=width, height=100)):
            assert columns(line) <= width, line
    for args in (["projects", "list"], ["metrics", world.adam], ["metrics", "plot", world.adam, "acc"], ["events"],
                 ["runs", "compare", world.adam, world.sgd]):  # fmt: skip
        assert all(columns(line) <= width for line in rows(shown(cli, *args, width=width, height=100))), args


def test_forty_columns_keep_what_matters(cli, world):
    lines = rows(shown(cli, "runs", "list", "-p", world.name, width=40))
    assert lines[0].split() == ["id", "name", "status"]
    assert [line.split()[1] for line in lines[1:]] == ["live", "sgd", "adam"]
    assert lines[3].split()[0] == world.adam[:13]


def test_two_hundred_columns_show_all(cli, world):
    lines = rows(shown(cli, "runs", "list", "-p", world.name, "--sort", "metrics.acc.max desc", width=200))
    assert lines[0].split() == ["id", "name", "status", "start", "duration", "user", "metrics.acc.max"]
    assert lines[1].split() == [world.adam, "adam", "finished", "2026-01-02", "1", "min", "30", "s", "ann", "0.9"]
    assert all(len(line) <= 120 for line in lines), "columns are as wide as what is in them"


def test_numbers_are_right_aligned(cli, world):
    lines = rows(shown(cli, "metrics", world.adam, width=80))
    assert [line.index(word) + len(word) for line, word in zip(lines, ("last", "0.9", "0.25"))] == [len("key   last")] * 3


def test_a_pipe_is_not_cut(cli, hostile):
    out = cli.ok("runs", "search", "tags.label = 'long'", "-p", hostile).out
    assert "x" * 500 in out and "\x1b" not in out


def columns(line):
    import unicodedata

    width = 0
    for c in line:
        if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Cf"):
            continue
        width += 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return width


# ---- hostile names ----

FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("options", [["--columns", "name,user"], ["--json"], ["--csv"]])
def test_hostile_names_move_no_cursor(cli, hostile, label, options):
    args = ["runs", "search", f"tags.label = '{label}'", "-p", hostile, *options]
    out = cli.terminal(*args, width=200, env={"NO_COLOR": "1"}).out
    assert not FORBIDDEN.search(out), ascii(out)
    if "--json" not in options:
        piped = cli.ok(*args).out
        assert "--csv" in options or not FORBIDDEN.search(piped)
    show = cli.terminal("runs", "show", "latest", "-p", hostile, width=200, env={"NO_COLOR": "1"}).out
    assert not FORBIDDEN.search(show)


def test_hostile_names_of_who_uses_how_much(cli, api):
    name = unique("\x1b[31m\x07\nü")
    api.ok("POST", "runs", json={"project": api.project(name)["name"]})
    for shows in (cli.terminal("du", width=200, env={"NO_COLOR": "1"}), cli.ok("du")):
        (line,) = [line for line in shows.out.splitlines() if name[-12:] in line]
        assert line.startswith("\\x1b[31m\\x07\\nü-") and not FORBIDDEN.search(shows.out), shows
    assert name in [r["name"] for r in cli.ok("du", "--json").json["items"]]


def test_json_on_a_terminal_is_the_same_json(cli, hostile):
    import json

    on_terminal = cli.terminal("runs", "list", "-p", hostile, "--json", width=40)
    assert json.loads(on_terminal.out) == cli.ok("runs", "list", "-p", hostile, "--json").json
    assert {r["name"] for r in json.loads(on_terminal.out)["items"]} >= set(HOSTILE.values())


def test_hostile_names_in_errors(cli, api):
    name = unique("\x1b[2J")
    api.project(name)
    result = cli("projects", "create", "--", name)
    assert result.code == 1 and "\x1b" not in result.err and "\\x1b[2J" in result.err
    assert "\x1b" not in cli("projects", "show", "\x1b[31mx").err


@pytest.mark.parametrize("label", HARMLESS)
def test_harmless_names_stay(cli, hostile, label):
    out = cli.terminal("runs", "search", f"tags.label = '{label}'", "-p", hostile, width=100).out
    assert HARMLESS[label] in out


def test_cut_at_a_character(cli, hostile):
    for width in range(30, 60):
        out = cli.terminal("runs", "search", "tags.label = 'wide' or tags.label = 'emoji' or tags.label = 'long'",
                           "-p", hostile, "--columns", "name,id", width=width)  # fmt: skip
        out.out.encode()  # no broken UTF-8
        assert "\ufffd" not in out.out


def test_ascii_where_the_locale_is_not_utf8(cli, hostile, world):
    env = {"LC_ALL": "C"}
    out = cli.terminal("runs", "list", "-p", hostile, width=60, height=100, env=env).out
    assert out.isascii() and "\\u6f22" in out
    assert cli.ok("runs", "list", "-p", hostile, env=env).out.isascii()
    assert cli.ok("metrics", "plot", world.adam, "acc", env=env).out.isascii()
    unknown = cli.terminal("runs", "list", "-p", hostile, width=100, env={"LC_ALL": "xx_XX.UTF-8"}).out
    assert HARMLESS["wide"] in unknown


# ---- colours ----


def test_colours(cli, world):
    args = ["runs", "list", "-p", world.name]
    assert "\x1b[32mfinished" in cli.terminal(*args).out
    assert "\x1b" not in cli.terminal(*args, env={"NO_COLOR": "1"}).out
    assert "\x1b" not in cli.terminal(*args, env={"TERM": "dumb"}).out
    assert "\x1b" not in cli.terminal(*args, "--color", "never").out
    assert "\x1b" in cli.terminal(*args, "--color", "always", env={"NO_COLOR": "1"}).out
    assert "\x1b" not in cli.ok(*args).out
    assert "\x1b[32mfinished" in cli.ok(*args, "--color=always").out
    assert "\x1b" not in cli.ok(*args, "--color", "always", "--json").out


# ---- pager ----


def test_pager_when_longer_than_the_screen(cli, hostile):
    env = {"PAGER": "sed 's/^/paged: /'"}
    args = ["runs", "list", "-p", hostile, "--columns", "id"]
    long = cli.terminal(*args, height=8, env=env)
    assert long.code == 0 and all(line.startswith("paged: ") for line in rows(long.out))
    assert len(rows(long.out)) == len(HOSTILE) + len(HARMLESS) + 2
    assert "paged" not in cli.terminal(*args, height=50, env=env).out
    assert "paged" not in cli.terminal(*args, "--no-pager", height=8, env=env).out
    assert "paged" not in cli.terminal(*args, height=8, env={"PAGER": ""}).out
    assert "paged" not in cli.ok(*args, env=env).out


def test_pager_that_is_left_early(cli, hostile):
    for pager in ("head -1", "true", "false", "no-such-pager"):
        assert cli.terminal("runs", "list", "-p", hostile, height=5, env={"PAGER": pager}).code == 0


def test_less_is_the_pager(cli, hostile):
    result = cli.terminal("runs", "list", "-p", hostile, height=6, env={"PAGER": None}, until="id", then=b"q")
    assert result.code == 0


def test_no_pager_is_there(cli, hostile, tmp_path):
    result = cli.terminal("runs", "list", "-p", hostile, height=6, env={"PAGER": None, "PATH": str(tmp_path)})
    assert result.code == 0 and len(rows(result.out)) == len(HOSTILE) + len(HARMLESS) + 2


def test_a_reader_that_goes_away(cli, hostile):
    process = cli.spawn("runs", "list", "-p", hostile, "--json", stdout=-1, stderr=-1)
    process.stdout.close()
    assert process.wait(60) == 0 and process.stderr.read() == b""
    process.stderr.close()


def test_a_full_disk(cli, world):
    with open("/dev/full", "wb") as full:
        process = cli.spawn("runs", "list", "-p", world.name, stdout=full, stderr=-1)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and b"cannot write the output" in err


def test_none(cli, world):
    assert shown(cli, "runs", "search", "name = 'nobody'", "-p", world.name) == "(none)\n"


def test_more_is_said(cli, world):
    assert "the first 2; more with --limit" in shown(cli, "runs", "list", "-p", world.name, "-n", "2")
    assert "the first" not in shown(cli, "runs", "list", "-p", world.name, "-n", "3")
    assert "the first" not in cli.ok("runs", "list", "-p", world.name, "-n", "2").out


def test_relative_times(cli, api):
    import time

    project = api.project(unique("times"))
    now = int(time.time() * 1000)
    for name, ago in (("secs", 20_000), ("mins", 190_000), ("hours", 2 * 3600_000 + 5000), ("days", 3 * 86400_000 + 5000)):
        api.ok("POST", "runs", json={"project": str(project["number"]), "name": name, "start_ms": now - ago})
    out = shown(cli, "runs", "list", "-p", project["name"], "--columns", "name,start")
    assert re.search(r"secs\s+\d\d s ago", out) and re.search(r"mins\s+3 min ago", out)
    assert re.search(r"hours\s+2 h ago", out) and re.search(r"days\s+3 d ago", out)
