# SPDX-License-Identifier: Apache-2.0
"""What needs no server: help, wrong words, options, the manual page."""

import re
import shutil
import subprocess

import pytest
from cli import Cli


@pytest.fixture
def cli():
    return Cli()


def test_overview_shows_groups_once(cli):
    out = cli.ok("help").out
    assert len(re.findall(r"^  runs ", out, re.M)) == 1
    assert "runs search" not in out
    assert all(re.search(rf"^  {word} ", out, re.M) for word in ("serve", "projects", "metrics", "artifacts", "events"))
    assert "5  the server does not answer" in out
    assert max(map(len, out.splitlines())) <= 100


def test_group_help(cli):
    out = cli.ok("help", "runs").out
    assert "runs search" in out and "runs delete" in out
    assert cli("runs").code == 2
    assert cli("runs", "--help").out == out


def test_command_help(cli):
    out = cli.ok("help", "runs", "search").out
    assert "usage: stemma runs search [OPTION...] EXPRESSION" in out
    assert "-n, --limit N" in out and "STEMMA_URL" in out
    assert max(map(len, out.splitlines())) <= 120
    assert cli.ok("runs", "search", "-h").out == out


def test_a_command_that_is_a_group_too(cli):
    out = cli.ok("help", "metrics").out
    assert "stemma metrics [OPTION...] RUN [KEY...]" in out and "metrics plot" in out


@pytest.mark.parametrize(
    "args, said",
    [
        (["runss", "list"], "did you mean 'runs'?"),
        (["runs", "serach", "x"], "did you mean 'search'?"),
        (["zzzzzz"], "there is no command 'zzzzzz'"),
        (["runs", "list", "--limti", "3"], "did you mean --limit?"),
        (["runs", "list", "--limit"], "--limit needs a value"),
        (["runs", "list", "-n"], "-n needs a value"),
        (["runs", "list", "-n", "many"], "--limit takes a number"),
        (["runs", "list", "-z"], "has no option -z"),
        (["runs", "list", "--csv=yes"], "--csv takes no value"),
        (["runs", "list", "word"], "'word' is too much"),
        (["runs", "search"], "needs EXPRESSION"),
        (["runs", "compare", "latest"], "needs RUN RUN..."),
        (["runs", "watch", "latest", "--every", "soon"], "--every takes a time"),
        (["completion", "fish"], "for bash only"),
        (["verify", "--against", ""], "--against is empty: say which HEAD"),
        (["alias", "bot@1", "prod", "--expect="], "--expect is empty"),
        (["push", "model", "bot", "--run", "", "--base", ""], "--run is empty"),
        (["runs", "delete", "--where", "", "--yes"], "--where is empty"),
        (["runs", "list", "-p", ""], "-p is empty"),
        (["serve", "--token", ""], "--token is empty"),
        (["push", "model", ""], "a word of 'stemma push' is empty: it takes FOLDER REPO"),
        (["tag", "bot@1", ""], "a word of 'stemma tag' is empty"),
        (["runs", "delete", "--yes", "--", ""], "a word of 'stemma runs delete' is empty"),
        (["runs", "list", "--color", "blue"], "--color takes auto, always or never"),
    ],
)
def test_wrong_words(cli, args, said):
    result = cli(*args)
    assert result.code == 2, result
    assert said in result.err and result.out == ""


def test_what_may_be_empty(cli):
    """A cursor before the first page, a message, any word of a program, and what the environment names."""
    nobody = {"STEMMA_URL": "http://127.0.0.1:9", "STEMMA_TOKEN": ""}
    for words in (["repos", "list", "--after", ""], ["alias", "bot@1", "prod", "-m", ""], ["runs", "search", ""]):
        assert cli(*words, env=nobody).code == 5, words
    assert "can not be reached" in cli("run", "--", "test", "-z", "", env=nobody).err


def test_nobody_answers(cli):
    result = cli("runs", "list", "--url", "http://127.0.0.1:9")
    assert result.code == 5 and "can not be reached" in result.err


def test_url_is_no_url(cli):
    assert cli("runs", "list", "--url", "localhost:5000").code == 2


def test_environment_and_command_line(cli):
    env = {"STEMMA_URL": "http://127.0.0.1:9"}
    assert "127.0.0.1:9 " in cli("projects", "list", env=env).err
    assert "127.0.0.1:7 " in cli("projects", "list", "--url=http://127.0.0.1:7", env=env).err


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not there")
def test_manual_page(cli):
    page = cli.ok("man").out
    done = subprocess.run(["groff", "-man", "-Tascii", "-ww", "-P-c"], input=page.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    text = re.sub(r".\x08", "", done.stdout.decode())
    assert "stemma runs search EXPRESSION" in text and "--limit N" in text and "EXIT STATUS" in text
    for command in re.findall(r"^  (\w+)", cli.ok("help").out.split("Exit codes")[0], re.M):
        assert f"stemma {command}" in text
