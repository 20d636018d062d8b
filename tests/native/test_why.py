# SPDX-License-Identifier: Apache-2.0
"""What explains a change of a metric: over the native API and on the command line."""

import pytest
import requests

from conftest import problem, unique


@pytest.fixture(scope="module")
def history(server, api_of):
    """Twelve versions: lr drives the accuracy; code and optimiser change together; three versions are alike."""
    name, api = unique("told"), api_of
    api.ok("POST", "repos", json={"name": name})
    alike = [(1, "a"), (1, "a"), (1, "a")]
    for i, (lr, opt) in enumerate(alike + [(1 + k % 5, "ab"[k % 2]) for k in range(9)]):
        config = [{"key": "lr", "value": str(lr)}, {"key": "opt", "value": opt}]
        tags = [{"key": "mlflow.source.git.commit", "value": "c-" + opt}]
        run = api.ok("POST", "runs", json={"project": "0", "config": config, "tags": tags})["id"]
        points = [{"key": "acc", "value": 0.1 * lr + 0.001 * (i % 3)}, {"key": "loss", "value": 1}]
        api.ok("POST", f"runs/{run}/log", json={"points": points})
        body = {"name": name, "source": "s3://b/m", "run_id": run}
        reply = requests.post(server.uri + "/api/2.0/mlflow/model-versions/create", json=body, timeout=60)
        assert reply.status_code == 200, reply.text
    return name


@pytest.fixture(scope="module")
def api_of(server):
    from conftest import Native

    return Native(server.uri)


def test_the_answer(api, history):
    told = api.ok("GET", "why", params={"a": f"{history}@4", "b": f"{history}@12", "metric": "acc"})
    assert (told["a"], told["b"], told["metric"], told["versions"], told["cut"]) == (4, 12, "metrics.acc", 12, False)
    assert told["noise"] < 0.01 and told["a_value"] == pytest.approx(0.1)
    [lr] = told["keys"]
    assert (lr["source"], lr["key"], lr["a"], lr["b"], lr["evidence"]) == ("config", "lr", "1", "4", "experiment")
    assert lr["rho"] > 0.95 and lr["p"] < 0.01 and lr["with"] == [] and lr["pairs"][0]["to"] > lr["pairs"][0]["from"]
    both = api.ok("GET", "why", params={"a": f"{history}@4", "b": f"{history}@5", "metric": "metrics.acc.max"})
    by_key = {k["key"]: k for k in both["keys"]}
    assert set(by_key) == {"lr", "opt"} and by_key["opt"]["evidence"] == "none"
    assert by_key["opt"]["with"] == [{"source": "tag", "key": "mlflow.source.git.commit"}]


def test_which_metric(api, history):
    two = {"a": f"{history}@1", "b": f"{history}@5"}
    asked = api.get("why", **two)
    assert problem(asked) == (400, "INVALID") and "metrics.acc, metrics.loss" in asked.json()["detail"]
    api.ok("PUT", f"repos/{history}/rules/r", json={"objective": "metrics.acc"})
    assert api.ok("GET", "why", params=two)["metric"] == "metrics.acc"
    api.ok("PUT", f"repos/{history}/rules/s", json={"objective": "metrics.loss", "goal": "min"})
    assert problem(api.get("why", **two))[1] == "INVALID"
    for rule in "rs":
        api.ok("DELETE", f"repos/{history}/rules/{rule}", json={})
    other = unique("other")
    api.ok("POST", "repos", json={"name": other})
    for params, code in [
        ({**two, "b": two["a"], "metric": "acc"}, "INVALID"), ({**two, "b": f"{other}@1"}, "NOT_FOUND"), ({"a": two["a"]}, "INVALID"),
        ({**two, "metric": "metrics.acc.most of"}, "INVALID"),
    ]:  # fmt: skip
        assert problem(api.get("why", **params))[1] == code, params


def test_the_command(cli, history):
    told = cli.ok("why", f"{history}@4", "--vs", f"{history}@5", "--metric", "acc").out
    assert told.splitlines()[0] == f"metrics.acc  {history}@4 0.1 -> {history}@5 0.201"
    places = [told.index(part) for part in (
        "Evidence, no proof: 12 versions", "Experiments, of which only this differs:", "config.lr  1 -> 2", "only this changed from v",
        "rank correlation 0.9", "Different too, without evidence", "config.opt  a -> b",
        "always changes together with tags.mlflow.source.git.commit",
    )]  # fmt: skip
    assert places == sorted(places)
    assert cli.ok("why", f"{history}@4", "--vs", f"{history}@12", "--metric", "acc", "--json").json["keys"][0]["key"] == "lr"
    assert "Nothing that was logged differs" in cli.ok("why", f"{history}@1", "--vs", f"{history}@2", "--metric", "acc").out
    typo = cli("why", f"{history}@1", "--vs", f"{history}@5", "--metric", "TYPO")
    assert typo.code == 4 and "neither version 1 nor 5 has a value of metrics.TYPO; version 1 has metrics.acc, metrics.loss" in typo.err
    cli.ok("evaluate", f"{history}@1", "--suite", "safety", "--score", "leaks=0")
    scored = cli("why", f"{history}@1", "--vs", f"{history}@5", "--metric", "leaks")
    assert scored.code == 4 and "evals.safety.leaks" in scored.err
    assert "0 -> " in cli.ok("why", f"{history}@1", "--vs", f"{history}@5", "--metric", "evals.safety.leaks").out
    assert cli("why", f"{history}@4").code == 2
