# SPDX-License-Identifier: Apache-2.0
"""Rules and the best version: over the native API and on the command line."""

import pytest
from cli import Cli

from conftest import problem, unique
from registry import Registry


@pytest.fixture
def bot(api, server, cli, tmp_path):
    """Versions 1 to 4 with the accuracies 0.8, 0.95, 0.95, and none; the second is faster."""
    name = unique("ruled")
    Registry(api, server.uri).repo(name)
    for acc, latency in [(0.8, 5), (0.95, 10), (0.95, 20), (None, 1)]:
        points = [{"key": "latency", "value": latency}] + ([{"key": "acc", "value": acc}] if acc else [])
        run = api.ok("POST", "runs", json={"project": "0"})["id"]
        api.ok("POST", f"runs/{run}/log", json={"points": points, "config": [{"key": "lr", "value": "0.1"}]})
        folder = tmp_path / unique("f")
        folder.mkdir()
        (folder / "w.bin").write_text(folder.name)
        cli.ok("push", str(folder), name, "--run", run)
    return name


TERMS = {"where": "metrics.acc > 0.9 and config.lr <= 0.1", "objective": "metrics.acc", "tie": "metrics.latency", "tie_goal": "min"}


def test_a_rule_lives(api, bot):
    path = f"repos/{bot}/rules/release"
    made = api.ok("PUT", path, json={**TERMS, "reason": "first"})
    assert {k: made[k] for k in TERMS} == TERMS and (made["goal"], made["reason"]) == ("max", "first")
    assert api.ok("GET", path) == made
    api.ok("PUT", f"repos/{bot}/rules/other", json={"where": "status = finished"})
    assert [r["name"] for r in api.all(f"repos/{bot}/rules", limit=1)] == ["other", "release"]
    assert api.ok("DELETE", path, json={"reason": "unused"}) == {}
    assert problem(api.get(path)) == (404, "NOT_FOUND")
    kinds = []
    while kinds[:1] != ["rule_removed"]:  # it is sealed within a moment
        kinds = [e["kind"] for e in api.ok("GET", "events", params={"order": "newest", "limit": 3})["items"]]
    assert kinds == ["rule_removed", "rule_set", "rule_set"]


def test_what_bad_rules_get(api, bot, server):
    path = f"repos/{bot}/rules/r"
    for body in [
        {}, {"where": " "}, {"where": "metrics.acc >"}, {"objective": "name"}, {"objective": "dataset.name"}, {"where": "a", "goal": "most"},
        {"tie": "metrics"}, {"where": "metrics.acc ~ 'x'"},
    ]:  # fmt: skip
        assert problem(api.call("PUT", path, json=body))[0] == 400, body
    assert problem(api.call("PUT", f"repos/{bot}/rules/a%20b", json=TERMS))[0] == 400
    named_by_dots = Cli("--url", server.uri)("rule", "set", bot, "..", "--max", "metrics.acc")
    assert named_by_dots.code == 2 and "no address can carry it" in named_by_dots.err, named_by_dots
    for body, code in [({}, "INVALID"), ({"rule": "none"}, "NOT_FOUND"), ({"rule": "r", **TERMS}, "INVALID"), ({"where": "status = running"}, "INVALID")]:
        assert problem(api.post(f"repos/{bot}/best", body))[1] == code, body
    assert problem(api.post(f"repos/{unique('none')}/best", TERMS)) == (404, "NOT_FOUND")


def test_the_best(api, bot):
    api.ok("PUT", f"repos/{bot}/rules/release", json=TERMS)
    chosen = api.ok("POST", f"repos/{bot}/best", json={"rule": "release"})
    assert chosen["best"] == {"version": 2, "verdict": "holds", "value": 0.95, "tie": 10, "failures": []}
    assert [(v["version"], v["verdict"]) for v in chosen["others"]] == [(4, "fails"), (3, "tie-worse"), (1, "fails")]
    assert chosen["others"][1]["behind"] == 10
    assert chosen["others"][2]["failures"] == [{"constraint": "metrics.acc > 0.9", "found": "0.8"}]
    assert (chosen["rule"], chosen["more"]) == ("release", False)
    held = api.ok("GET", f"repos/{bot}/rules/release/versions/v1")
    assert (held["verdict"], held["failures"][0]["found"]) == ("fails", "0.8")
    assert api.ok("GET", f"repos/{bot}/rules/release/versions/3")["verdict"] == "holds"
    # An "or" is one constraint.
    either = api.ok("POST", f"repos/{bot}/best", json={"where": "metrics.acc > 1 or metrics.latency < 2", "objective": "metrics.acc", "goal": "min"})
    assert "best" not in either and either["others"][0]["verdict"] == "no-value"
    assert either["others"][3]["failures"] == [
        {"constraint": "metrics.acc > 1 or metrics.latency < 2", "found": "metrics.acc = 0.8, metrics.latency = 5.0"}
    ]


def test_the_commands(cli, api, bot):
    terms = ["--where", TERMS["where"], "--max", "metrics.acc", "--then", "--min", "metrics.latency"]
    shown = cli.ok("rule", "set", bot, "release", *terms, "-m", "first").out
    assert "max metrics.acc, then min metrics.latency" in shown and "first" in shown
    assert cli.ok("rule", "show", bot, "release", "--json").json["tie_goal"] == "min"
    assert "release" in cli.ok("rule", "list", bot).out
    told = cli.ok("best", bot, "--rule", "release").out
    assert f"{bot}@2" in told and "fails metrics.acc > 0.9: it has 0.8" in told and "worse by 10" in told
    assert cli.ok("best", bot, *terms, "--json").json["best"]["version"] == 2
    moved = cli.ok("best", bot, "--rule", "release", "--alias", "candidate", "-m", "nightly").out
    assert f"{bot}@candidate  v2" in moved
    [move] = cli.ok("history", f"{bot}@candidate", "--json").json["items"]
    assert (move["to"], move["reason"]) == (2, "rule release: nightly")
    assert cli.ok("rule", "check", f"{bot}@3", "release").out == f"{bot}@3: holds\n"
    failed = cli("rule", "check", f"{bot}@1", "release")
    assert failed.code == 1 and "it has 0.8" in failed.out
    none = cli("best", bot, "--where", "metrics.acc > 2", "--max", "metrics.acc", "--alias", "candidate")
    assert none.code == 4 and "no version is good: 'candidate' was not moved" in none.err
    assert cli.ok("best", bot, "--rule", "release", "--alias", "never-set").out.count(f"{bot}@never-set  v2") == 1
    bare = cli("best", bot, "--max", "acc")
    assert bare.code == 2 and "there is no field 'acc'" in bare.err and "evals.SUITE.NAME" in bare.err
    assert cli("best", bot, "--where", "metrics.acc > 2", "--max", "metrics.acc").code == 4
    for wrong in (["--max", "a", "--min", "b"], ["--then", "--max", "metrics.a"], ["--max", "metrics.a", "--then"]):
        assert cli("best", bot, *wrong).code == 2, wrong
    assert cli.ok("rule", "remove", bot, "release").out == "removed release\n"
    assert cli("rule", "show", bot, "release").code == 4
