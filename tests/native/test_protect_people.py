# SPDX-License-Identifier: Apache-2.0
"""Protected refs where callers have roles: that a writer finds no way around, and whose approvals count."""

import pytest
import requests
import servers
from cli import Cli

from conftest import Native, problem, unique, wait_until

OPERATOR = "the-operators-own-token"
REFUSED = (403, "FORBIDDEN")


@pytest.fixture(scope="module")
def server(engine):
    started = servers.Stemma(engine, env={"STEMMA_TOKEN": OPERATOR})
    yield started
    started.stop()


class Person:
    """A user: an API, MLflow's registry and commands with the user's token."""

    def __init__(self, server, token, name=None):
        self.name, self.api = name, Native(server.uri)
        self.api.session.headers["Authorization"] = f"Bearer {token}"
        self.cli = Cli("--url", server.uri, env={"STEMMA_TOKEN": token})
        self.uri, self.token = server.uri + "/api/2.0/mlflow/", token

    def mlflow(self, method, path, **body):
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, self.uri + path, json=body, headers=headers, timeout=60)

    def publish(self, name):
        reply = self.mlflow("POST", "model-versions/create", name=name, source="s3://bucket/model")
        assert reply.status_code == 200, reply.text


@pytest.fixture(scope="module")
def admin(server):
    return Person(server, OPERATOR)


@pytest.fixture(scope="module")
def person(server, admin):
    def make(role):
        made = admin.api.ok("POST", "users", json={"name": unique(role), "role": role, "token": True})
        return Person(server, made["secret"], made["user"]["name"])

    return make


@pytest.fixture(scope="module")
def writer(person):
    return person("writer")


@pytest.fixture(scope="module")
def maintainer(person):
    return person("maintainer")


@pytest.fixture
def bot(writer):
    """A repo with one version, which the writer made."""
    name = unique("bot")
    writer.api.ok("POST", "repos", json={"name": name})
    writer.publish(name)
    return name


def test_a_protected_repo_keeps_its_name(writer, maintainer, bot):
    to, path = f"{bot}-old", f"repos/{bot}"
    renamed = writer.api.ok("PATCH", path, json={"name": to})
    writer.api.ok("PATCH", f"repos/{to}", json={"name": bot})
    assert renamed["name"] == to, "nothing of it is protected yet"
    for what, undo in (
        ({"ref": "prod"}, lambda: maintainer.api.ok("DELETE", f"{path}/protections", json={"ref": "prod"})),
        ({"require": ["card"]}, lambda: maintainer.api.ok("DELETE", f"{path}/protections", json={})),
    ):
        maintainer.api.ok("PUT", f"{path}/protections", json=what)
        before = writer.api.ok("GET", path)
        refused = writer.api.call("PATCH", path, json={"name": to, "description": "d", "tags": [{"key": "a", "value": "1"}]})
        assert writer.api.ok("GET", path) == before, "nothing beside the name either"
        assert problem(refused) == REFUSED and f"only a maintainer renames or deletes '{bot}'" in refused.json()["detail"]
        old = writer.mlflow("POST", "registered-models/rename", name=bot, new_name=to)
        assert old.status_code == 403 and "only a maintainer" in old.json()["message"], "MLflow's clients too"
        assert problem(writer.api.call("DELETE", path)) == REFUSED
        undo()
    writer.api.ok("PUT", f"{path}/refs/v1.0", json={"version": 1, "kind": "tag"})
    tagged = writer.cli("repos", "rename", bot, to)
    assert tagged.code == 1 and "held by the tag 'v1.0': only a maintainer" in tagged.err
    assert writer.cli.ok("repos", "rename", bot, bot).out == f"renamed to {bot}\n", "to what it is called"
    assert maintainer.api.ok("PATCH", path, json={"name": to})["name"] == to


def test_the_rule_of_a_protected_ref_is_guarded_too(writer, maintainer, bot):
    cli, path = writer.cli, f"repos/{bot}/rules/good"
    cli.ok("rule", "set", bot, "good", "--where", "evals.safety.leaks = 0")
    maintainer.cli.ok("protect", "set", f"{bot}@prod", "--rule", "good")
    weaker = cli("rule", "set", bot, "good", "--where", "evals.safety.leaks < 9")
    assert weaker.code == 1 and f"the rule 'good' guards 'prod' of '{bot}': only a maintainer" in weaker.err
    assert problem(writer.api.call("PUT", path, json={"where": "evals.safety.leaks < 9"})) == REFUSED
    cli.ok("rule", "set", bot, "good", "--where", "evals.safety.leaks = 0")  # what it is already
    cli.ok("rule", "set", bot, "other", "--where", "evals.safety.leaks < 9")
    for who in (writer, maintainer):
        removed = who.cli("rule", "remove", bot, "good", "-m", "in the way")
        assert removed.code == 1 and f"guards 'prod' of '{bot}'" in removed.err
    maintainer.cli.ok("rule", "set", bot, "good", "--where", "evals.safety.leaks < 1")
    maintainer.cli.ok("protect", "remove", f"{bot}@prod")
    cli.ok("rule", "remove", bot, "good", "-m", "unused")


def test_whose_approvals_count(admin, person, maintainer, bot):
    ann, ben, cat = (person("writer") for _ in range(3))
    maintainer.cli.ok("protect", "set", f"{bot}@prod", "--approvals", "3")
    for who in (ann, ben, cat):
        who.cli.ok("approve", f"{bot}@1", "prod", "-m", "read 50 answers")

    def counted():
        ready = maintainer.api.ok("GET", f"repos/{bot}/versions/1/readiness", params={"ref": "prod"})
        return ready["ready"], {a["user"] for a in ready["approvals"] if a["counts"]}

    assert counted() == (True, {ann.name, ben.name, cat.name})
    admin.cli.ok("user", "disable", ann.name)
    admin.cli.ok("user", "role", ben.name, "reader")
    assert counted() == (False, {cat.name})
    refused = maintainer.cli("alias", f"{bot}@1", "prod")
    assert refused.code == 1 and "this version has 1 of 3 approvals" in refused.err
    checked = maintainer.cli("protect", "check", f"{bot}@1", "prod")
    assert checked.code == 1 and "1 of 3" in checked.out and checked.out.count("counts no more") == 2
    admin.cli.ok("user", "enable", ann.name)
    admin.cli.ok("user", "role", ben.name, "maintainer")
    assert counted() == (True, {ann.name, ben.name, cat.name})
    maintainer.cli.ok("alias", f"{bot}@1", "prod")


def test_a_maintainer_takes_an_approval_back(person, writer, maintainer, bot):
    ann = person("writer")
    ann.cli.ok("approve", f"{bot}@1", "prod", "-m", "read it")
    wait_until(lambda: "ref prod, reason: read it" in maintainer.cli.ok("audit", bot, "--kind", "version_approved").out)
    back = ["approve", f"{bot}@1", "prod", "--withdraw", "--user", ann.name]
    refused = writer.cli(*back, "-m", "looked at the wrong one")
    assert refused.code == 1 and "only a maintainer" in refused.err
    assert maintainer.cli(*back).code == 2, "without a reason"
    maintainer.cli.ok(*back, "-m", "looked at the wrong one")
    gone = maintainer.cli(*back, "-m", "again")
    assert gone.code == 4 and f"{ann.name} did not approve" in gone.err
    assert ann.cli("approve", f"{bot}@1", "prod", "--user", "other").code == 2
    wait_until(lambda: maintainer.api.ok("GET", "events", params={"order": "newest", "limit": 1})["items"][0]["kind"] == "approval_withdrawn")
    [event] = maintainer.api.ok("GET", "events", params={"order": "newest", "limit": 1})["items"]
    assert (event["payload"]["approver"], event["payload"]["reason"]) == (ann.name, "looked at the wrong one")
