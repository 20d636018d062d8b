# SPDX-License-Identifier: Apache-2.0
"""The same commands on a folder that no server has open (--data)."""

import json
import os
import signal

import pytest
import servers
from cli import Cli
from conftest import unique


@pytest.fixture(scope="module")
def cli(engine):
    """On what a server made and left."""
    server = servers.Stemma(engine)
    server.stop_servers()
    yield Cli(*server.data, cwd=server.folder)
    server.stop()


@pytest.fixture(scope="module")
def another():
    server = servers.Stemma()
    yield server
    server.stop()


def test_projects_and_files(cli, tmp_path):
    name = unique("local")
    cli.ok("projects", "create", name)
    assert name in [p["name"] for p in cli.ok("projects", "list", "--json").json["items"]]
    assert cli.ok("runs", "list", "-p", name, "--json").json == {"items": []}
    assert cli("runs", "show", "latest").code == 4
    assert cli.ok("events", "--json", "-n", "1").json["items"][0]["kind"] == "project_created"


def test_events_are_followed_where_others_write(cli, engine):
    """A folder with SQLite is the command's alone; with PostgreSQL servers and other commands write too."""
    if engine == "sqlite":
        result = cli("events", "--follow")
        assert result.code == 2 and result.out == ""
        assert "nobody writes" in result.err and "'stemma serve'" in result.err and "--url" in result.err
        return
    cli.ok("projects", "create", unique("before"))
    process = cli.spawn("events", "--follow", "-n", "1", "--json", stdout=-1, stderr=-1)
    try:
        assert json.loads(process.stdout.readline())["kind"] == "project_created"
        name = unique("others")
        cli.ok("projects", "create", name)
        # The one before was perhaps not numbered yet when its command ended: then it comes now.
        assert name in (json.loads(process.stdout.readline())["project_name"] for _ in range(2))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def test_runs_name_their_project(cli):
    name = unique("named")
    number = cli.ok("projects", "create", name, "--json").json["number"]
    cli.ok("run", "--quiet", "-p", name, "--sample", "0", "--", "true")
    assert name in cli.ok("runs", "list").lines[1].split()
    assert f"project   {name}" in cli.ok("runs", "show", "latest").lines
    run = cli.ok("runs", "list", "--json").json["items"][0]
    assert (run["project"], run["project_name"]) == (number, name)


def test_a_server_has_the_folder(engine):
    if engine != "sqlite":
        pytest.skip("with PostgreSQL several may share it")
    server = servers.Stemma(engine)
    try:
        result = Cli("--data", os.path.join(server.folder, "data"))("projects", "list")
        assert result.code != 0 and result.err and result.out == ""
    finally:
        server.stop()


def test_environment_names_the_folder(cli, engine):
    if engine == "sqlite":
        own = Cli(env={"STEMMA_DATA": cli.base[1]})
        own.ok("projects", "create", "mine")
        assert "mine" in own.ok("projects", "list").out


def test_the_command_line_wins(cli, another):
    """What is asked of a copy never reaches the server that the environment names, and the other way round."""
    name = unique("copy")
    cli.ok("repos", "create", name, env={"STEMMA_URL": another.uri})
    assert name in cli.ok("repos", "list", env={"STEMMA_URL": another.uri}).out
    assert name not in Cli("--url", another.uri, env={"STEMMA_DATA": cli.base[1]}).ok("repos", "list").out
    assert name not in Cli(env={"STEMMA_URL": another.uri, "STEMMA_DATA": cli.base[1]}).ok("repos", "list").out
    both = cli("repos", "delete", name, "--yes", "--url", another.uri)
    assert both.code == 2 and "say one of them" in both.err, both
    assert name in cli.ok("repos", "list").out


def test_no_data_there(tmp_path):
    result = Cli("--data", tmp_path / "typo")("projects", "list")
    assert result.code == 4 and "there is no data" in result.err and list(tmp_path.iterdir()) == []
