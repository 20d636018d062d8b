# SPDX-License-Identifier: Apache-2.0
"""Evaluations of versions: over the API, by the commands, in rules, differences, lineage and exports."""

import json
import uuid

import pytest

from conftest import problem, unique, wait_until
from registry import Registry


@pytest.fixture
def registry(api, server):
    return Registry(api, server.uri)


def scores(**named):
    return [{"name": k, "value": v} for k, v in named.items()]


def evaluate(api, name, version, suite, **named):
    body = {"suite": suite, "scores": scores(**named)}
    return api.ok("POST", f"repos/{name}/versions/{version}/evaluations", json=body)


def test_an_evaluation_lives(api, registry):
    name, run = registry.bot(unique("bot")), registry.run({})
    exam = unique("exam")
    registry.repo(exam, kind="data")
    registry.publish(exam)
    top = f"repos/{name}/versions/1/evaluations"
    special = {"nan": "NaN", "low": "-Infinity", "high": "Infinity", "acc": 0.1}
    body = {"suite": "safety", "run": run["id"], "data": f"{exam}@1", "note": "nightly", "scores": scores(**special)}
    added = api.ok("POST", top, json=body)
    assert added["number"] == 1 and added["suite"] == "safety" and added["run"] == run["id"]
    assert added["data"] == {"repo": exam, "number": 1} and added["note"] == "nightly"
    assert {s["name"]: s["value"] for s in added["scores"]} == special, "what was sent is what comes back"
    assert api.ok("GET", f"{top}/1") == added
    for value in (0.2, 0.3, 0.4):
        evaluate(api, name, 1, "quality", acc=value)
    assert [x["number"] for x in api.all(top, limit=2)] == [4, 3, 2, 1]
    gone = api.ok("POST", f"{top}/3/withdraw", json={"reason": "a wrong prompt"})
    assert gone["withdrawn"]["reason"] == "a wrong prompt" and gone["scores"] == scores(acc=0.3)
    assert problem(api.post(f"{top}/3/withdraw", {"reason": "again"})) == (400, "STATE")
    assert problem(api.post(f"{top}/2/withdraw")) == (400, "INVALID"), "a reason is asked for"
    told = []

    def events():
        items = api.ok("GET", "events", params={"subject": name})["items"]
        told[:] = [(e["object"], e["payload"]) for e in items if "evaluat" in e["kind"]]
        return len(told) == 5

    wait_until(events)
    assert told[-1][0] == f"{name}/1/3" and told[-1][1]["reason"] == "a wrong prompt"
    api.ok("DELETE", f"repos/{name}/versions/1", json={"reason": "old"})
    assert problem(api.get(top)) == (404, "NOT_FOUND")


def test_what_bad_evaluations_get(api, registry):
    name = registry.bot(unique("bot"))
    top = f"repos/{name}/versions/1/evaluations"
    good = {"suite": "s", "scores": scores(a=1)}
    for bad in (
        {"suite": "a b"},
        {"suite": "a.b"},
        {"suite": ""},
        {"suite": "s" * 101},
        {"scores": []},
        {"scores": scores(a="high")},
        {"scores": [{"name": "a"}]},
        {"scores": scores(a=1) * 2},
        {"scores": [{"name": "\u0007", "value": 1}]},
        {"scores": [{"name": "é" * 101, "value": 1}]},
        {"scores": scores(**{f"n{i}": i for i in range(2001)})},
        {"note": "n" * 2001},
        {"data": f"{name}@2"},
        {"data": "@@"},
    ):
        assert problem(api.post(top, {**good, **bad})) == (400, "INVALID"), str(bad)[:80]
    for missing in ({"run": uuid.uuid4().hex}, {"run": "x"}, {"data": unique("none")}):
        assert problem(api.post(top, {**good, **missing})) == (404, "NOT_FOUND"), missing
    for path in (f"repos/{name}/versions/3/evaluations", f"repos/{unique('none')}/versions/1/evaluations"):
        assert problem(api.post(path, good)) == (404, "NOT_FOUND")
    for which in ("1", "0", "x", "9" * 30):
        assert problem(api.get(f"{top}/{which}")) == (404, "NOT_FOUND"), which
    assert api.ok("GET", top) == {"items": []}
    most = scores(**{f"{i:04}{chr(34) * 196}": i for i in range(2000)})
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = api.post(top, {"suite": "s", "scores": most}, headers=key)
    assert first.status_code == 201 and first.json()["scores"] == most, "the longest that is taken"
    again = api.post(top, {"suite": "s", "scores": most}, headers=key)
    assert again.content == first.content and [x["number"] for x in api.ok("GET", top)["items"]] == [1]


HARNESS = """{"results": {"hellaswag": {"alias": "hellaswag", "acc,none": 0.5, "acc_stderr,none": "N/A", "acc_norm,strict": 0.75},
 "mmlu": {"f1,none": NaN}}, "n-shot": {"hellaswag": 5}, "config": {"model": "hf", "batch_size": 8}}"""


def test_commands(api, cli, registry, tmp_path):
    name, exam = registry.bot(unique("bot")), unique("exam")
    registry.repo(exam, kind="data")
    registry.publish(exam)
    run = registry.run({})["id"]
    out = cli.ok("evaluate", f"{name}@1", "--suite", "safety", "--score", "acc=0.9", "--score", "worst=nan",
                 "--run", run, "--on", exam, "-m", "nightly").out  # fmt: skip
    assert out == f"{name}@v1: evaluation 1, safety, 2 scores\n"
    results = tmp_path / "results.json"
    results.write_text(HARNESS)
    cli.ok("evaluate", f"{name}@1", "--suite", "harness", "--from", str(results))
    flat = tmp_path / "flat.json"
    flat.write_text('{"a": 1, "b": {"c": 2.5, "d": "high"}, "e": [3], "f": true, "results": 7}')
    told = cli.ok("evaluate", f"{name}@1", "--suite", "flat", "--from", str(flat), "--score", "z=-inf")
    assert "3 values of" in told.err
    shown = json.loads(cli.ok("show", f"{name}@1", "--json").out)
    assert shown["version"]["number"] == 1
    found = {x["suite"]: x for x in shown["evaluations"]["items"]}
    values = {suite: {s["name"]: s["value"] for s in x["scores"]} for suite, x in found.items()}
    assert values["safety"] == {"acc": 0.9, "worst": "NaN"}
    assert values["harness"] == {"hellaswag.acc": 0.5, "hellaswag.acc_norm,strict": 0.75, "mmlu.f1": "NaN"}
    assert values["flat"] == {"a": 1, "b.c": 2.5, "results": 7, "z": "-Infinity"}
    assert (found["safety"]["run"], found["safety"]["data"]["repo"], found["safety"]["note"]) == (run, exam, "nightly")
    gone = cli.ok("evaluate", f"{name}@1", "3", "--withdraw", "-m", "the wrong file").out
    assert gone == f"{name}@v1: evaluation 3, flat, withdrawn\n"
    text = cli.ok("show", f"{name}@1").out
    assert "hellaswag.acc_norm,strict" in text and "withdrawn: the wrong file" in text and f"on {exam}@1" in text


def test_what_bad_commands_get(cli, registry, tmp_path):
    name = registry.bot(unique("bot"))
    bad = tmp_path / "bad.json"
    for text in ("", "[1]", "7", '{"a": "x"}', '{"a": 1', '{"a": 1} 2', '{"results": {}}', "\x00", "{" * 100, '{"a": {"b": 1e400}}'):
        bad.write_text(text)
        refused = cli("evaluate", f"{name}@1", "--suite", "s", "--from", str(bad))
        assert refused.code == 2 and str(bad) in refused.err, text
    for words, why in (
        (["--suite", "s"], "which scores?"),
        (["--score", "a=1"], "--suite NAME"),
        (["--suite", "s", "--score", "a=high"], "is no number"),
        (["--suite", "s", "--score", "x=1e400"], "'1e400' is beyond what a number holds: write inf"),
        (["--suite", "s", "--score", "x=-1e400"], "'-1e400' is beyond"),
        (["--suite", "s", "--score", "a"], "--score"),
        (["--suite", "a.b", "--score", "a=1"], "the name of a suite"),
        (["--suite", "s", "--score", "a=1", "--score", "a=2"], "twice"),
        (["--withdraw", "-m", "why"], "which evaluation?"),
        (["1", "--suite", "s", "--score", "a=1"], "--withdraw"),
    ):
        refused = cli("evaluate", f"{name}@1", *words)
        assert refused.code == 2 and why in refused.err, words
    assert cli("evaluate", f"{name}@1", "1", "--withdraw", "-m", "why").code == 4
    assert cli("evaluate", f"{name}@1", "--suite", "s", "--from", str(tmp_path / "none")).code == 4


def test_rules_know_them(api, cli, registry):
    name = registry.bot(unique("bot"), 3)
    for version, refusals in ((1, 0.9), (2, 0.95)):
        evaluate(api, name, version, "safety", refusals=refusals, **{"a b": 1})
    told = cli.ok("best", name, "--where", "evals.safety.\"a b\" = 1", "--max", "evals.safety.refusals").out
    assert f"{name}@2" in told and 'fails evals.safety."a b" = 1: it has none' in told
    api.ok("POST", f"repos/{name}/versions/2/evaluations/1/withdraw", json={"reason": "a wrong prompt"})
    assert f"{name}@1" in cli.ok("best", name, "--max", "evals.safety.refusals").out
    cli.ok("rule", "set", name, "safe", "--where", "evals.safety.refusals >= 0.9")
    assert cli("rule", "check", f"{name}@1", "safe").code == 0
    assert cli("rule", "check", f"{name}@2", "safe").code == 1
    for bad in ("evals.safety > 1", "evals. > 1", "evals.safety. > 1", "evals.safety.x = 'high'", "evals.a.b ~ 'x'"):
        reply = api.call("PUT", f"repos/{name}/rules/bad", json={"where": bad})
        assert problem(reply) == (400, "INVALID"), bad
    for body in ({"where": "evals.safety.x > 1"}, {"sort": ["evals.safety.x"]}):
        reply = api.post("runs/search", {"projects": ["0"], **body})
        assert problem(reply) == (400, "INVALID") and "evals" in reply.json()["detail"], body
    for body in ({"by": ["evals.safety.x"]}, {"by": ["name"], "of": ["evals.safety.x"]}):
        assert problem(api.post("runs/group", {"projects": ["0"], **body})) == (400, "INVALID"), body
    assert problem(api.get("values", project="0", field="evals.safety.x")) == (400, "INVALID")


def test_protected_refs_ask_for_them(api, cli, registry):
    name = registry.bot(unique("bot"))
    cli.ok("rule", "set", name, "safe", "--where", "evals.safety.refusals >= 0.9")
    cli.ok("protect", "set", f"{name}@prod", "--require", "evaluations", "--rule", "safe")
    refused = cli("alias", f"{name}@1", "prod")
    assert refused.code == 1 and "this version lacks evaluations" in refused.err
    assert "evals.safety.refusals >= 0.9 (none)" in refused.err
    evaluate(api, name, 1, "safety", refusals=0.8)
    refused = cli("alias", f"{name}@1", "prod")
    assert refused.code == 1 and "lacks" not in refused.err and "(0.8)" in refused.err
    evaluate(api, name, 1, "safety", refusals=0.95)
    cli.ok("alias", f"{name}@1", "prod")
    evaluate(api, name, 2, "safety", refusals=0.95)
    cli.ok("evaluate", f"{name}@2", "1", "--withdraw", "-m", "the judge was asleep")
    assert "this version lacks evaluations" in cli("alias", f"{name}@2", "prod").err


def test_differences_and_why(api, cli, registry):
    name = registry.bot(unique("bot"), 6)
    for version in range(1, 7):
        tag = {"tags": [{"key": "lr", "value": str(version)}]}
        api.ok("PATCH", f"repos/{name}/versions/{version}", json=tag)
        evaluate(api, name, version, "safety", refusals=version / 10)
    evaluate(api, name, 1, "old", gone="NaN", same=1)
    evaluate(api, name, 2, "old", same=1)
    diff = api.ok("GET", "diff", params={"from": f"{name}@1", "to": f"{name}@2", "part": "evaluations"})
    rows = [(r.get("in"), r["key"], r.get("was"), r.get("is")) for r in diff["evaluations"]["items"]]
    assert rows == [("evals.old", "gone", "NaN", None), ("evals.safety", "refusals", 0.1, 0.2)]
    text = cli.ok("diff", f"{name}@1", f"{name}@2", "--part", "evaluations").out
    assert "evals.safety" in text and "refusals" in text and "+100%" in text
    as_json = json.loads(cli.ok("diff", f"{name}@1", f"{name}@2", "--part", "evaluations", "--json").out)
    assert as_json["diff"]["evaluations"]["total"] == 2
    tags = api.ok("GET", "diff", params={"from": f"{name}@1", "to": f"{name}@2", "part": "tags"})
    assert tags["tags"] == {"items": [{"key": "lr", "was": "1", "is": "2"}], "total": 1} and tags["differs"]
    assert cli.ok("diff", f"{name}@1", f"{name}@2", "--part", "tags").lines[0] == "tags        1 differs"
    metric = "evals.safety.refusals"
    answer = api.ok("GET", "why", params={"a": f"{name}@1", "b": f"{name}@6", "metric": metric})
    assert (answer["metric"], answer["a_value"], answer["b_value"], answer["versions"]) == (metric, 0.1, 0.6, 6)
    assert [(k["key"], k["evidence"], k["rho"]) for k in answer["keys"]] == [("lr", "associated", 1.0)]
    assert metric in cli.ok("why", f"{name}@1", "--vs", f"{name}@6", "--metric", metric).out


def test_lineage_shows_who_evaluated(api, cli, registry):
    name = registry.bot(unique("bot"))
    run = api.ok("POST", "runs", json={"project": "0", "name": "judge"})["id"]
    top = f"repos/{name}/versions/2/evaluations"
    for _ in range(2):
        api.ok("POST", top, json={"suite": "s", "scores": scores(a=1), "run": run})
    for of in (f"{name}@2", run):
        reply = api.ok("GET", "lineage", params={"of": of})
        kinds = [n["kind"] for n in reply["nodes"]]
        assert sorted(kinds) == ["run", "version"]
        edge = (kinds.index("run"), kinds.index("version"), "evaluated")
        assert [(e["from"], e["to"], e["link"]) for e in reply["edges"]] == [edge]
    assert f"evaluated by run judge {run[:10]}" in cli.ok("lineage", f"{name}@2", "--down").out
    assert f"evaluated {name}@2" in cli.ok("lineage", f"run:{run}", "--up").out
    for number in (1, 2):
        api.ok("POST", f"{top}/{number}/withdraw", json={"reason": "wrong"})
    assert len(api.ok("GET", "lineage", params={"of": run})["nodes"]) == 1


def test_lineage_shows_what_it_was_measured_on(api, cli, registry):
    name, exam = registry.bot(unique("bot")), unique("exam")
    registry.repo(exam, kind="data")
    registry.publish(exam), registry.publish(exam)
    top = f"repos/{name}/versions/2/evaluations"
    for suite in ("safety", "quality"):
        cli.ok("evaluate", f"{name}@2", "--suite", suite, "--score", "a=1", "--on", f"{exam}@1")
    cli.ok("evaluate", f"{exam}@1", "--suite", "size", "--score", "rows=1", "--on", f"{exam}@1")
    for of, way in ((f"{name}@2", "up"), (f"{exam}@1", "down")):
        reply = api.ok("GET", "lineage", params={"of": of})
        at = {f"{n['name']}@{n['number']}": i for i, n in enumerate(reply["nodes"])}
        assert set(at) == {f"{name}@2", f"{exam}@1"} and reply["nodes"][1][way] == 1
        edge = {"from": at[f"{name}@2"], "to": at[f"{exam}@1"], "link": "evaluated-on", "evidence": "declared"}
        assert reply["edges"] == [edge]
        other = {"up": "down", "down": "up"}[way]
        assert len(api.ok("GET", "lineage", params={"of": of, other: "true"})["nodes"]) == 1
    assert f"evaluated on {exam}@1" in cli.ok("lineage", f"{name}@2", "--up").out
    assert f"used to evaluate {name}@2" in cli.ok("lineage", f"{exam}@1", "--down").out
    api.ok("POST", f"{top}/1/withdraw", json={"reason": "wrong"})
    assert len(api.ok("GET", "lineage", params={"of": f"{exam}@1"})["nodes"]) == 2, "by the other one"
    api.ok("DELETE", f"repos/{exam}/versions/1", json={"reason": "leaked"})
    reply = api.ok("GET", "lineage", params={"of": f"{name}@2"})
    assert [n["deleted"] for n in reply["nodes"]] == [False, True], "what is deleted stays"
    assert api.ok("GET", f"{top}/2")["data"] == {"repo": exam, "number": 1}
    api.ok("POST", f"{top}/2/withdraw", json={"reason": "wrong"})
    assert len(api.ok("GET", "lineage", params={"of": f"{exam}@1"})["nodes"]) == 1


def test_data_that_is_not_there_is_refused(cli, registry):
    name, exam = registry.bot(unique("bot")), unique("exam")
    registry.repo(exam, kind="data")
    words = ("evaluate", f"{name}@1", "--suite", "s", "--score", "a=1", "--on")
    for data, why in (
        (exam, f"'{exam}' has no version yet"),
        (f"{exam}@1", f"'{exam}' has no version 1"),
        (unique("none"), "there is no repo"),
        (f"{name}@2", f"a version is measured on a data set: the repo '{name}' is none"),
    ):
        refused = cli(*words, data)
        assert refused.code != 0 and why in refused.err, refused
    assert "evaluation" not in cli.ok("show", f"{name}@1").out
