# SPDX-License-Identifier: Apache-2.0
"""The same commands on a folder that no server has open (--data)."""

import os

import pytest
import servers
from cli import Cli
from conftest import unique


@pytest.fixture(scope="module")
def cli(engine, tmp_path_factory):
    database = servers.Database() if engine == "postgres" else None
    folder = tmp_path_factory.mktemp("local")
    yield Cli("--data", folder / "data", *(["--db", database.url] if database else []), cwd=folder)
    if database:
        database.drop()


def test_projects_and_files(cli, tmp_path):
    name = unique("local")
    cli.ok("projects", "create", name)
    assert name in [p["name"] for p in cli.ok("projects", "list", "--json").json["items"]]
    assert cli.ok("runs", "list", "-p", name, "--json").json == {"items": []}
    assert cli("runs", "show", "latest").code == 4
    assert cli.ok("events", "--json", "-n", "1").json["items"][0]["kind"] == "project_created"


def test_a_server_has_the_folder(engine):
    if engine != "sqlite":
        pytest.skip("with PostgreSQL several may share it")
    server = servers.Stemma(engine)
    try:
        result = Cli("--data", os.path.join(server.folder, "data"))("projects", "list")
        assert result.code != 0 and "--url" in result.err or "in use" in result.err or "has" in result.err
        assert result.out == ""
    finally:
        server.stop()


def test_environment_names_the_folder(cli, tmp_path):
    own = Cli(env={"STEMMA_DATA": str(tmp_path / "data")})
    own.ok("projects", "create", "mine")
    assert (tmp_path / "data").is_dir()
    assert "mine" in own.ok("projects", "list").out
