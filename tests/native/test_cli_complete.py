# SPDX-License-Identifier: Apache-2.0
"""Completion in a real bash."""

import shutil
import subprocess
import time

import pytest
from cli import Cli

pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="bash is not there")


@pytest.fixture(scope="module")
def engine():
    return "sqlite"


@pytest.fixture(scope="module")
def complete(server):
    """complete("stemma runs sh"): what bash offers at the end of the line."""
    cli = Cli(env={"STEMMA_URL": server.uri})
    script = cli.ok("completion", "bash").out

    def run(line, env=None):
        words = line.split(" ")
        body = f"""{script}
compopt() {{ :; }}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_stemma
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        words[0] = cli.command()[0]
        done = subprocess.run(["bash", "-c", body, "bash", *words], env=cli.environment(env), capture_output=True, timeout=60)
        assert done.stderr == b"", done.stderr
        return done.stdout.decode().splitlines()

    return run


def test_commands(complete):
    assert complete("stemma ru") == ["run", "rule", "runs"]
    assert {"list", "search", "show", "watch"} <= set(complete("stemma runs "))
    assert complete("stemma runs sh") == ["show"]
    assert "runs" in complete("stemma help ") and complete("stemma help runs wa") == ["watch"]
    assert complete("stemma zzz") == [""]


def test_options(complete):
    assert sorted(complete("stemma runs list --col")) == ["--color", "--columns"]
    assert complete("stemma runs list --color ") == ["auto", "always", "never"]
    assert complete("stemma runs list --view d") == ["deleted"]


def test_names_from_the_server(complete, world):
    assert complete(f"stemma runs list --project {world.name[:8]}") == [world.name]
    assert complete(f"stemma runs show {world.adam[:20]}") == [world.adam]
    assert complete(f"stemma runs compare {world.adam} {world.sgd[:20]}") == [world.sgd]
    assert "latest" in complete("stemma runs show ")
    assert complete(f"stemma metrics {world.adam} l") == ["loss"]
    assert "acc" in complete(f"stemma metrics plot {world.adam} {world.sgd} a")
    assert complete(f"stemma runs list -p {world.name} --sort metrics.lo") == ["metrics.loss"]
    assert complete(f"stemma runs list -p {world.name} --columns conf") == ["config."]


def test_hostile_names_are_never_evaluated(complete, api, tmp_path):
    mark = tmp_path / "mark"
    for name in (f"evil$(touch {mark})", f"evil`touch {mark}`", f"evil;touch {mark}", "evil\nnewline", "evil two words"):
        api.project(name)
    offered = complete("stemma runs list -p evil")
    assert not mark.exists() and len(offered) == 4
    assert "evil\\ two\\ words" in offered and all("newline" not in name for name in offered)


def test_no_server_no_wait(complete):
    began = time.monotonic()
    assert complete("stemma runs show 01", env={"STEMMA_URL": "http://127.0.0.1:9"}) == [""]
    assert complete("stemma runs sho", env={"STEMMA_URL": "http://127.0.0.1:9"}) == ["show"]
    assert time.monotonic() - began < 20


def test_repos(complete, server):
    cli = Cli(env={"STEMMA_URL": server.uri})
    cli.ok("repos", "create", "offered-bot")
    for line in ("stemma show off", "stemma repos show off", "stemma rollback off"):
        assert complete(line) == ["offered-bot"], line
