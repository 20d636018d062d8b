# SPDX-License-Identifier: Apache-2.0
"""Runs and projects on the command line, on both engines."""

import csv
import io
import json
import signal

import pytest
from conftest import unique
from world import World


@pytest.fixture
def scratch(api):
    """A project of the test's own, with three runs."""
    return World(api, unique)


def names(result):
    return [run["name"] for run in result.json["items"]]


# ---- lists ----


def test_list_as_json(cli, world):
    result = cli.ok("runs", "list", "-p", world.name, "--json")
    assert names(result) == ["live", "sgd", "adam"]
    assert result.json["items"][2]["config"]["lr"] == "0.001"
    assert "next" not in result.json


def test_list_pages(cli, world):
    first = cli.ok("runs", "list", "-p", world.name, "--json", "-n", "2").json
    assert len(first["items"]) == 2
    rest = cli.ok("runs", "list", "-p", world.name, "--json", "-n2", "--after", first["next"]).json
    assert [r["name"] for r in rest["items"]] == ["adam"]


def test_count(cli, world):
    assert cli.ok("runs", "list", "-p", world.name, "--count").out == "3\n"
    assert cli.ok("runs", "search", "name in ('sgd', 'adam')", "-p", world.name, "--count", "--json").json == {"total": 2}
    assert cli.ok("runs", "search", "name = 'nobody'", "--count").out == "0\n"


def test_table(cli, world):
    lines = cli.ok("runs", "list", "-p", world.name, "--sort", "metrics.acc.max desc").lines
    assert lines[0].split() == ["id", "name", "status", "start", "duration", "user", "metrics.acc.max"]
    assert lines[1].split() == [world.adam, "adam", "finished", "2026-01-02T12:00:00Z", "1", "min", "30", "s", "ann", "0.9"]
    assert [line.split()[1] for line in lines[1:]] == ["adam", "sgd", "live"]


def test_csv(cli, world):
    out = cli.ok("runs", "list", "-p", world.name, "--csv", "--columns", "name,metrics.loss,config.lr,tags.team,start").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert rows[2] == {"name": "adam", "metrics.loss": "0.25", "config.lr": "0.001", "tags.team": "red",
                       "start": "2026-01-02T12:00:00.000000Z"}  # fmt: skip
    assert rows[0]["metrics.loss"] == "" and rows[0]["tags.team"] == ""


def test_search(cli, world):
    where = "metrics.acc.max > 0.55 and config.lr < 0.05"
    assert names(cli.ok("runs", "search", where, "-p", world.name, "--json")) == ["adam"]
    assert names(cli.ok("runs", "search", "status = 'running'", "-p", str(world.number), "--json")) == ["live"]
    nothing = cli.ok("runs", "search", "name = 'nobody'", "-p", world.name)
    assert nothing.out == ""


def test_search_of_several_projects(cli, world, scratch):
    found = cli.ok("runs", "search", "name = 'adam'", "-p", world.name, "-p", scratch.name, "--json").json["items"]
    assert {r["id"] for r in found} == {world.adam, scratch.adam}


@pytest.mark.parametrize("where", ["metrics.acc >", "metrics.acc.max > 0.5 and config.lr ==== 3", "'ä' = ) x"])
def test_errors_point_at_the_place(cli, world, where):
    result = cli("runs", "search", where, "-p", world.name)
    assert result.code == 2 and result.out == ""
    shown, caret = result.err.splitlines()[-2:]
    assert shown == "    " + where and caret.strip() == "^" and 4 <= len(caret) - 1 <= len(shown)


def test_project_of_the_environment(cli, world, scratch):
    env = {"STEMMA_PROJECT": world.name}
    assert {r["project"] for r in cli.ok("runs", "list", "--json", env=env).json["items"]} == {world.number}
    other = cli.ok("runs", "list", "--json", "-p", scratch.name, env=env).json["items"]
    assert {r["project"] for r in other} == {scratch.number}, "the command line wins"


# ---- one run ----


def test_show(cli, world):
    out = cli.ok("runs", "show", world.adam).out
    assert f"id        {world.adam}" in out and "status    finished" in out and "duration  1 min 30 s" in out
    assert any(line.split() == ["lr", "0.001"] for line in out.splitlines())
    assert any(line.split() == ["acc", "0.9", "2", "0.5", "0.9", "0.5"] for line in out.splitlines())
    assert cli.ok("runs", "show", world.adam, "--json").json["metrics"]["acc"]["max"] == 0.9


def test_names_of_runs(cli, world):
    assert cli.ok("runs", "show", "latest", "-p", world.name, "--json").json["id"] == world.live
    assert cli.ok("runs", "show", world.sgd[:24], "--json").json["id"] == world.sgd
    assert cli.ok("runs", "show", world.sgd[:24].upper(), "--json").json["id"] == world.sgd
    many = cli("runs", "show", world.sgd[:6])
    assert many.code == 2 and "the beginning of several runs" in many.err and world.sgd in many.err
    assert cli("runs", "show", "f" * 32).code == 4
    assert cli("runs", "show", "f" * 10).code == 4
    assert cli("runs", "show", "adam").code == 2
    assert cli("runs", "show", "abc").code == 2


def test_latest_of_an_empty_project(cli, api):
    assert cli("runs", "show", "latest", "-p", api.project()["name"]).code == 4


def test_unknown_project(cli):
    assert cli("runs", "list", "-p", "no such project").code == 4


# ---- compare ----


def test_compare_shows_differences(cli, world):
    lines = cli.ok("runs", "compare", world.adam, world.sgd).lines
    assert lines[0].split() == [world.adam, world.sgd]
    rows = {line.split()[0]: line for line in lines[1:]}
    assert "layers" not in "".join(rows) and "user" not in rows
    assert rows["config.lr"].split() == ["config.lr", "0.001", "0.1"]
    assert "0.45 (-0.45, -50%)" in rows["metrics.acc"]
    assert "1.75 (+1.5, +600%)" in rows["metrics.loss"]
    assert rows["tags.team"].split() == ["tags.team", "red", "blue"]


def test_compare_all(cli, world):
    out = cli.ok("runs", "compare", world.adam, world.sgd, "--all").out
    assert "config.layers" in out and "user" in out
    table = list(csv.reader(io.StringIO(cli.ok("runs", "compare", world.adam, world.live, "--csv").out)))
    assert ["metrics.loss", "0.25", ""] in table
    assert len(cli.ok("runs", "compare", world.adam, world.sgd, "--json").json["items"]) == 2


# ---- changes ----


def test_tag(cli, scratch):
    assert cli.ok("runs", "tag", scratch.adam, scratch.sgd, "stage=best", "empty=").out == "2 runs tagged\n"
    tags = cli.ok("runs", "show", scratch.sgd, "--json").json["tags"]
    assert tags["stage"] == "best" and tags["empty"] == ""
    cli.ok("runs", "tag", scratch.sgd, "--remove", "stage", "--remove", "empty")
    tags = cli.ok("runs", "show", scratch.sgd, "--json").json["tags"]
    assert "stage" not in tags and "empty" not in tags
    assert cli("runs", "tag", scratch.sgd).code == 2


def test_delete_needs_a_yes(cli, scratch):
    refused = cli("runs", "delete", scratch.adam)
    assert refused.code == 2 and "--yes" in refused.err
    assert cli.ok("runs", "delete", scratch.adam, scratch.sgd, "--yes").out == "2 runs moved to the bin\n"
    assert names(cli.ok("runs", "list", "-p", scratch.name, "--json")) == ["live"]
    assert len(names(cli.ok("runs", "list", "-p", scratch.name, "--json", "--view", "deleted"))) == 2
    assert cli.ok("runs", "restore", scratch.adam).out == "1 run brought back from the bin\n"
    assert len(names(cli.ok("runs", "list", "-p", scratch.name, "--json"))) == 2


def test_delete_asks_on_a_terminal(cli, scratch):
    no = cli.terminal("runs", "delete", scratch.adam, keys=b"n\n")
    assert f"delete run {scratch.adam}? [y/N]" in no.out and "nothing was done" in no.out and no.code == 1
    yes = cli.terminal("runs", "delete", scratch.adam, keys=b"y\n")
    assert yes.code == 0 and "1 run moved to the bin" in yes.out


def test_where_shows_a_count_first(cli, scratch):
    asked = cli.terminal("runs", "delete", "--where", "config.layers = 2", "-p", scratch.name, keys=b"y\n")
    assert "delete 2 runs? [y/N]" in asked.out and asked.code == 0
    assert cli.ok("runs", "restore", "--where", "name = 'sgd'", "-p", scratch.name, "-y").out.startswith("1 run ")
    wrong = cli("runs", "delete", "--where", "config.layers = = 2", "-p", scratch.name, "-y")
    assert wrong.code == 2 and wrong.err.endswith("^\n")
    assert cli("runs", "delete", "-y").code == 2
    assert cli.ok("runs", "delete", "--where", "name = 'nobody'", "-p", scratch.name).out == "0 runs moved to the bin\n"


def test_move(cli, api, scratch):
    other = api.project()
    assert cli.ok("runs", "move", scratch.live, "--to", other["name"]).out == "1 run moved\n"
    assert names(cli.ok("runs", "list", "-p", other["name"], "--json")) == ["live"]
    assert cli("runs", "move", scratch.adam).code == 2
    assert cli("runs", "move", scratch.adam, "--to", "no such project").code != 0


def test_some_that_fail(cli, scratch):
    result = cli("runs", "tag", scratch.adam, "f" * 32, "a=b", "--json")
    assert result.code == 1, result
    assert result.json["done"] == 1 and result.json["failed"][0]["run"] == "f" * 32


# ---- watch ----


def test_watch_an_ended_run(cli, world):
    well = cli.ok("runs", "watch", world.adam)
    assert well.out.endswith("finished  acc=0.9@2  loss=0.25@2\n")
    assert cli("runs", "watch", world.sgd).code == 1


def test_watch_as_json(cli, world):
    assert cli.ok("runs", "watch", world.adam, "--json").json["status"] == "finished"


def test_watch_follows(cli, api, scratch):
    process = cli.spawn("runs", "watch", scratch.live, stdout=-1, stderr=-1)
    first = process.stdout.readline().decode()
    assert first.endswith("running  acc=0.25@0\n")
    api.ok("POST", f"runs/{scratch.live}/log", json={"points": [{"key": "acc", "step": 9, "time_ms": 1, "value": 0.75}]})
    assert process.stdout.readline().decode().endswith("running  acc=0.75@9\n")
    api.ok("PATCH", f"runs/{scratch.live}", json={"status": "finished"})
    out, err = process.communicate(timeout=60)
    assert out.decode().endswith("finished  acc=0.75@9\n") and err == b"" and process.returncode == 0


def test_watch_ends_with_ctrl_c(cli, world):
    on_pipe = cli.spawn("runs", "watch", world.live, stdout=-1, stderr=-1)
    on_pipe.stdout.readline()
    on_pipe.send_signal(signal.SIGINT)
    assert on_pipe.wait(60) == 0
    on_pipe.communicate()
    on_terminal = cli.terminal("runs", "watch", world.live, until="acc", then=b"\x03")
    assert on_terminal.code == 0


# ---- projects ----


def test_projects(cli):
    name = unique("cli")
    made = cli.ok("projects", "create", name, "owner=ann", "--json").json
    assert made["tags"] == {"owner": "ann"}
    assert cli("projects", "create", name).code == 1
    listed = cli.ok("projects", "list", "--json", "-n", "0").json["items"]
    assert name in [p["name"] for p in listed]
    lines = cli.ok("projects", "list").lines
    assert lines[0].split() == ["number", "name", "runs", "running", "changed", "created"]
    (line,) = [line for line in lines if name in line]
    assert line.split()[-4:-2] == ["0", "0"]
    cli.ok("projects", "tag", name, "owner=bob", "x=y")
    cli.ok("projects", "tag", name, "--remove", "x")
    assert cli.ok("projects", "show", name, "--json").json["tags"] == {"owner": "bob"}
    assert "number    " + str(made["number"]) in cli.ok("projects", "show", name).out
    cli.ok("projects", "rename", name, name + " new")
    assert cli("projects", "show", name).code == 4
    assert cli("projects", "delete", name + " new").code == 2
    cli.ok("projects", "delete", name + " new", "--yes")
    deleted = cli.ok("projects", "list", "--view", "deleted", "--json").json["items"]
    assert made["number"] in [p["number"] for p in deleted]
    cli.ok("projects", "restore", str(made["number"]))
    assert cli.ok("projects", "show", str(made["number"]), "--json").json["deleted"] is False


def test_project_names_of_every_kind(cli):
    for name in ("a/b c", "ünï %41 ?&#", "-dash", "100%"):
        name = unique(name)
        number = cli.ok("projects", "create", "--json", "--", name).json["number"]
        assert cli.ok("projects", "show", "--json", "--", name).json["number"] == number
        assert json.loads(cli.ok("runs", "list", "--json", f"--project={name}").out) == {"items": []}


def test_a_project_named_by_dots(cli):
    """MLflow's clients may name one so, and HTTP clients take such a part out of an address."""
    for name in (".", ".."):
        cli.ok("projects", "create", name)
        assert cli.ok("projects", "show", name, "--json").json["name"] == name
        cli.ok("projects", "delete", name, "--yes")
        assert name not in [p["name"] for p in cli.ok("projects", "list", "--json").json["items"]]


def test_wrong_view(cli):
    assert cli("projects", "list", "--view", "some").code == 2
    assert cli("runs", "list", "--view", "some").code == 2
