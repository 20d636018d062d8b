# SPDX-License-Identifier: Apache-2.0
"""What a repo asks for before refs move and versions are published: the API, the commands, and MLflow's alias."""

import pytest
import requests

from conftest import problem, unique
from registry import Registry


@pytest.fixture
def registry(api, server):
    return Registry(api, server.uri)


def two_versions(registry, name):
    registry.repo(name)
    registry.publish(name, {"config.json": b"{}", "m.safetensors": b"w"})
    registry.publish(name, {"README.md": b"# bot", "config.json": b"{}", "m.safetensors": b"w"})


def test_parts_are_asked_for(api, registry, server):
    name = unique("protected")
    two_versions(registry, name)
    body = {"ref": "prod", "require": ["card", "weights"]}
    items = api.ok("PUT", f"repos/{name}/protections", json=body)["items"]
    assert [(i["ref"], i["require"], i["approvals"]) for i in items] == [("prod", ["weights", "card"], 0)]
    refused = api.call("PUT", f"repos/{name}/refs/prod", json={"version": 1})
    assert problem(refused) == (400, "STATE") and "this version lacks card" in refused.json()["detail"]
    ready = api.ok("GET", f"repos/{name}/versions/1/readiness", params={"ref": "prod"})
    assert (ready["ready"], ready["has"], ready["lacks"]) == (False, ["config", "weights"], ["card"])
    registry.move(name, "prod", 2)
    alias = {"name": name, "alias": "prod", "version": "1"}
    reply = requests.post(server.uri + "/api/2.0/mlflow/registered-models/alias", json=alias, timeout=60)
    assert reply.status_code == 400 and "lacks card" in reply.json()["message"], "MLflow's clients too"
    assert api.ok("DELETE", f"repos/{name}/protections", json={"ref": "prod"}) == {"items": []}
    registry.move(name, "prod", 1)
    assert problem(api.call("DELETE", f"repos/{name}/protections", json={"ref": "prod"})) == (404, "NOT_FOUND")
    bad = api.call("PUT", f"repos/{name}/protections", json={"ref": "prod", "require": ["luck"]})
    assert problem(bad) == (400, "INVALID") and "config, weights" in bad.json()["detail"]


def test_publishing_asks(cli, registry, tmp_path):
    name = unique("complete")
    registry.repo(name)
    cli.ok("protect", "set", name, "--require", "config, card")
    (tmp_path / "config.json").write_text("{}")
    refused = cli("push", str(tmp_path), name)
    assert refused.code == 1 and "this version lacks card" in refused.err
    (tmp_path / "README.md").write_text("# bot")
    cli.ok("push", str(tmp_path), name)
    assert "(publishing)" in cli.ok("protect", "list", name).out


def test_commands_without_people(cli, registry):
    name = unique("approved")
    two_versions(registry, name)
    cli.ok("protect", "set", f"{name}@prod", "--require", "card", "--approvals", "1")
    refused = cli("alias", f"{name}@2", "prod")
    assert refused.code == 1 and "has 0 of 1 approvals" in refused.err
    nobody = cli("approve", f"{name}@2", "prod")
    assert nobody.code == 1 and "a token of your own" in nobody.err
    checked = cli("protect", "check", f"{name}@1", "prod")
    shown = checked.out
    assert checked.code == 1 and "card" in shown and "0 of 1" in shown and "no" in shown
    assert cli.ok("protect", "check", f"{name}@1", "other", "--json").json["ready"]
    assert "not protected" in cli.ok("protect", "check", f"{name}@1", "other").out
    assert cli.ok("protect", "list", name, "--json").json["items"][0]["approvals"] == 1
    cli.ok("protect", "remove", f"{name}@prod")
    cli.ok("alias", f"{name}@1", "prod")
    assert cli("protect", "set", f"{name}@prod", "--approvals", "x").code == 2


def test_only_what_is_given_changes(api, cli, registry):
    name = unique("kept")
    two_versions(registry, name)
    cli.ok("rule", "set", name, "good", "--where", "metrics.acc > 0.9")
    made = cli.ok("protect", "set", f"{name}@prod", "--require", "card,evaluations", "--rule", "good", "--approvals", "2")
    assert [line.split(maxsplit=1) for line in made.lines] == [
        ["protected", f"{name}@prod"], ["requires", "card, evaluations"], ["rule", "good"], ["approvals", "2"]]  # fmt: skip
    more = cli.ok("protect", "set", f"{name}@prod", "--approvals", "3").lines
    assert [line.split(maxsplit=1)[1] for line in more[1:]] == ["card, evaluations", "good", "2 -> 3"]
    less = cli.ok("protect", "set", f"{name}@prod", "--require", "none", "--rule", "none", "--approvals", "0").lines
    assert [line.split(maxsplit=1)[1] for line in less[1:]] == ["card, evaluations -> none", "good -> none", "3 -> 0"]
    reply = api.ok("PUT", f"repos/{name}/protections", json={"ref": "prod", "require": ["card"]})
    assert (reply["was"]["require"], reply["items"][0]["require"]) == ([], ["card"])
    again = api.ok("PUT", f"repos/{name}/protections", json={"ref": "prod"})
    assert again["items"] == reply["items"], "it is so already: nobody set it anew"
    assert "was" not in api.ok("PUT", f"repos/{name}/protections", json={"ref": "other"})
    for bad in ("*", "v?"):
        refused = cli("protect", "set", f"{name}@{bad}")
        assert refused.code == 2 and "'*'" in refused.err
        assert cli("alias", f"{name}@1", bad).code == 2, "so no ref is called that"
    assert cli("rule", "set", name, "none", "--where", "metrics.acc > 0.9").code == 2


def test_stages_in_any_case(registry, server):
    """MLflow's clients say Staging; who protects staging means that too."""
    name = unique("staged")
    two_versions(registry, name)
    registry.api.ok("PUT", f"repos/{name}/protections", json={"ref": "staging", "require": ["card"]})

    def stage(version):
        body = {"name": name, "version": version, "stage": "Staging"}
        return requests.post(server.uri + "/api/2.0/mlflow/model-versions/transition-stage", json=body, timeout=60)

    refused = stage("1")
    assert refused.status_code == 400 and "'staging' of" in refused.json()["message"] and "lacks card" in refused.json()["message"]
    assert stage("2").json()["model_version"]["current_stage"] == "Staging"


def test_a_saved_rule_must_hold(api, cli, registry):
    name = unique("ruled")
    registry.repo(name)
    for acc in (0.8, 0.95):
        run = registry.run({"model/config.json": b"{}"})
        api.ok("POST", f"runs/{run['id']}/log", json={"points": [{"key": "acc", "step": 1, "time_ms": 1, "value": acc}]})
        reply = requests.post(registry.mlflow + "model-versions/create", timeout=60, json={
            "name": name, "source": f"runs:/{run['id']}/model", "run_id": run["id"]})  # fmt: skip
        assert reply.status_code == 200
    cli.ok("rule", "set", name, "good", "--where", "metrics.acc > 0.9", "--max", "metrics.acc")
    cli.ok("protect", "set", f"{name}@prod", "--rule", "good")
    refused = cli("alias", f"{name}@1", "prod")
    assert refused.code == 1 and "the rule 'good' does not hold: metrics.acc > 0.9" in refused.err and "0.8" in refused.err
    stands = api.ok("GET", f"repos/{name}/versions/1/readiness", params={"ref": "prod"})
    assert (stands["ready"], stands["rule"], stands["rule_holds"]) == (False, "good", False)
    cli.ok("alias", f"{name}@2", "prod")
    assert "good" in cli.ok("protect", "list", name).out
    used = api.call("DELETE", f"repos/{name}/rules/good", json={"reason": "replaced"})
    assert problem(used) == (400, "STATE") and f"the rule 'good' guards 'prod' of '{name}'" in used.json()["detail"]
    assert cli("alias", f"{name}@1", "prod").code == 1, "it is still there"
    cli.ok("protect", "remove", f"{name}@prod")
    assert cli.ok("rule", "remove", name, "good", "-m", "replaced").out == "removed good\n"
    assert cli("protect", "set", f"{name}@prod", "--rule", "missing").code == 4


def test_what_is_asked_and_released_by_the_api(api, registry):
    name, release = unique("listed"), unique("release")
    two_versions(registry, name)
    api.ok("PUT", f"repos/{name}/protections", json={"ref": "prod", "require": ["card"]})
    assert [i["ref"] for i in api.ok("GET", f"repos/{name}/protections")["items"]] == ["prod"]
    made = api.ok("POST", f"repos/{release}/releases", json={"pins": [f"{name}@2"]})
    assert [(p["relation"], p["repo"], p["number"]) for p in made["parents"]] == [("pins", name, 2)]
    assert set(api.ok("GET", "events/head")) == {"number", "chain"}


def test_candidates_tell_what_each_version_lacks(api, registry):
    name = unique("board")
    two_versions(registry, name)
    for _ in range(2):
        registry.publish(name, {"config.json": b"{}"})
    api.ok("PUT", f"repos/{name}/protections", json={"ref": "prod", "require": ["card", "config"], "approvals": 1})
    api.ok("POST", f"repos/{name}/versions/3/mark", json={"mark": "bad", "reason": "loses facts"})
    first = api.ok("GET", f"repos/{name}/candidates", params={"ref": "prod", "limit": 3})
    told = [(i["version"]["number"], i["readiness"]["lacks"], i["readiness"]["ready"]) for i in first["items"]]
    assert told == [(4, ["card"], False), (2, [], False)], "the third is bad, the second lacks the approval alone"
    rest = api.ok("GET", f"repos/{name}/candidates", params={"ref": "prod", "limit": 3, "after": first["next"]})
    assert [i["version"]["number"] for i in rest["items"]] == [1] and "next" not in rest
    free = api.ok("GET", f"repos/{name}/candidates", params={"ref": "candidate"})
    assert [i["readiness"]["ready"] for i in free["items"]] == [True, True, True], "nothing is asked for"
    for bad in ({}, {"ref": "prod", "limit": 101}, {"ref": "prod", "limit": 0}):
        assert problem(api.call("GET", f"repos/{name}/candidates", params=bad)) == (400, "INVALID")
    assert problem(api.call("GET", f"repos/{unique('none')}/candidates", params={"ref": "prod"})) == (404, "NOT_FOUND")
