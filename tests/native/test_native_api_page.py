# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/native-api.md do what the page says: its commands are run in order, in one shell, and answer in
the shape that is shown (numbers, ids and times are other ones each time).

    python tests/native/test_native_api_page.py        writes what they answer now into the page
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parents[1] / "clients"))

import servers

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/native-api.md"
SHOWN = "http://127.0.0.1:5000"
MARK = "=== end of a command ==="
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)


def commands(block):
    """[(command, what the page shows behind it)] of a block."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


def run(text, uri):
    """What each command of the page answers."""
    script = []
    for block in BLOCK.findall(text):
        for command, _ in commands(block):
            script += [command.replace(SHOWN, uri), f"echo '{MARK}'"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)], cwd=folder, capture_output=True, text=True, timeout=120,
            env=servers.fresh_environment({"PATH": f"{servers.stemma_binary().parent}:/usr/bin:/bin"}),
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [part.strip("\n") for part in done.stdout.split(MARK + "\n")]


def shape(value):
    if isinstance(value, dict):
        return {k: shape(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def shape_of_text(text):
    """JSON by its names and types; else by its lines, ids and numbers put aside."""
    try:
        return shape(json.loads(text))
    except ValueError:
        return [re.sub(r"[0-9a-f]{32}|\d+", "#", line) for line in text.splitlines() if not line.startswith("data: ")]


def test_the_page_shows_what_is_answered(server):
    text = PAGE.read_text()
    shown = [pair for block in BLOCK.findall(text) for pair in commands(block)]
    answers = run(text, server.uri)
    assert len(shown) == len(answers) - 1 > 20
    for (command, output), answer in zip(shown, answers):
        assert shape_of_text(output.strip("\n")) == shape_of_text(answer), f"{command}\n{answer}"


def filled(block, answers):
    lines = []
    for command, _ in commands(block[1]):
        answer = next(answers)
        lines += ["$ " + command] + ([answer] if answer else [])
    return "```console\n" + "\n".join(lines) + "\n```"


def main():
    server = servers.Stemma()
    try:
        text, uri = PAGE.read_text(), server.uri
        answers = iter([answer.replace(uri, SHOWN) for answer in run(text, uri)])
        PAGE.write_text(BLOCK.sub(lambda block: filled(block, answers), text))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
