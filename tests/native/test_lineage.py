# SPDX-License-Identifier: Apache-2.0
"""Lineage: over the native API and on the command line; what bad requests get."""

import pytest

from conftest import problem, unique
from registry import Registry


@pytest.fixture
def registry(api, server):
    return Registry(api, server.uri)


@pytest.fixture
def family(cli, registry, tmp_path):
    """A base, an adapter that says so in its files, and a merge that only claims it; prod is the merge."""
    base, bot = unique("base"), unique("bot")
    registry.repo(base), registry.repo(bot)
    for name, path, data, more in [
        (base, "model.safetensors", base, []),
        (bot, "adapter_config.json", '{"base_model_name_or_path": "%s"}' % base, ["--base", f"{base}@1", "--relation", "adapter"]),
        (bot, "merged.bin", f"merged {bot}", ["--base", f"{bot}@1", "--relation", "merged"]),
    ]:
        folder = tmp_path / unique("f")
        folder.mkdir()
        (folder / path).write_text(data)
        cli.ok("push", str(folder), name, *more)
    registry.move(bot, "prod", 2)
    return base, bot


def labels(reply):
    return [f"{n['name']}@{n['number']}" for n in reply["nodes"]]


def test_up_and_down(api, family):
    base, bot = family
    up = api.ok("GET", "lineage", params={"of": f"{bot}@prod", "up": "true"})
    assert labels(up) == [f"{bot}@2", f"{bot}@1", f"{base}@1"] and [n["up"] for n in up["nodes"]] == [0, 1, 2]
    assert [(e["from"], e["to"], e["relation"], e["evidence"]) for e in up["edges"]] == [
        (0, 1, "merged", "declared"), (1, 2, "adapter", "verified"),
    ]  # fmt: skip
    assert up["edges"][1]["proof"] == f"its adapter_config.json names {base}" and "cut" not in up
    # Which versions in production descend from this bad base?
    api.ok("POST", f"repos/{base}/versions/1/mark", json={"mark": "bad", "reason": "wrong data"})
    down = api.ok("GET", "lineage", params={"of": f"{base}@1", "down": "true", "refs": "true"})
    assert down["nodes"][0]["marks"] == ["bad"]
    assert [f"{n['name']}@{a}" for n in down["nodes"] for a in n["aliases"]] == [f"{bot}@prod"]
    cut = api.ok("GET", "lineage", params={"of": f"{base}@1", "depth": 1})
    assert cut["cut"] == ["depth"] and len(cut["nodes"]) == 2
    assert api.ok("GET", "lineage", params={"of": f"{base}@1", "nodes": 2})["cut"] == ["nodes"]


def test_a_run_and_an_address_elsewhere(api, registry, family):
    base, bot = family
    registry.publish(bot, {"config.json": "{}"})
    version = api.ok("GET", f"repos/{bot}/versions/3")
    of_run = api.ok("GET", "lineage", params={"of": version["run"]})
    assert [n["kind"] for n in of_run["nodes"]] == ["run", "version"] and of_run["nodes"][0]["status"] == "running"
    assert of_run["edges"][0]["link"] == "made-by"
    nowhere = api.ok("GET", "lineage", params={"of": "https://h.example/none"})
    assert [n["kind"] for n in nowhere["nodes"]] == ["elsewhere"] and nowhere["edges"] == []


def test_what_bad_requests_get(api, family):
    base = family[0]
    for params, want in [
        ({}, "INVALID"), ({"of": ""}, "INVALID"), ({"of": base, "depth": 0}, "INVALID"), ({"of": base, "depth": 101}, "INVALID"),
        ({"of": base, "nodes": 10001}, "INVALID"), ({"of": unique("none")}, "NOT_FOUND"), ({"of": f"{base}@9"}, "NOT_FOUND"),
        ({"of": "data:" + unique("none")}, "NOT_FOUND"), ({"of": "f" * 32}, "NOT_FOUND"),
    ]:  # fmt: skip
        assert problem(api.get("lineage", **params))[1] == want, params


def test_the_command(cli, api, family, registry):
    base, bot = family
    assert cli.ok("lineage", f"{bot}@prod", "--up").lines == [
        f"{bot}@2 [prod] is made of",
        f"└─ merged of {bot}@1 (declared)",
        f"   └─ adapter of {base}@1 (verified: its adapter_config.json names {base})",
    ]
    api.ok("DELETE", f"repos/{bot}/versions/1", json={"reason": "superseded"})
    down = cli.ok("lineage", base, "--down").out
    assert f"adapter: {bot}@1 (deleted)" in down and f"merged: {bot}@2 [prod]" in down
    assert [n["name"] for n in cli.ok("lineage", f"{bot}@1", "--json").json["nodes"]] == [bot, base, bot]
    dot = cli.ok("lineage", base, "--dot").out
    assert dot.startswith("digraph lineage {") and 'label="adapter of"' in dot and "color=red" in dot
    cut = cli.ok("lineage", base, "--depth", "1")
    assert "see --depth" in cut.err
    assert cli("lineage", unique("none")).code == 4 and cli("lineage").code == 2
