# SPDX-License-Identifier: Apache-2.0
"""Repos, versions and refs on the command line, on both engines."""

import pytest
from cli import Cli, plain

from conftest import unique, wait_until
from registry import Registry


@pytest.fixture
def registry(api, server):
    return Registry(api, server.uri)


def test_repos(cli):
    name = unique("cli-repo")
    assert cli.ok("repos", "create", name, "team=nlp", "--kind", "data").out == f"created {name}\n"
    shown = cli.ok("repos", "show", name).out
    assert "data" in shown and "nlp" in shown
    assert name in cli.ok("repos", "list", "--kind", "data").out and name not in cli.ok("repos", "list", "--kind", "run").out
    assert cli.ok("repos", "tag", name, "a=1", "--remove", "team", "--json").json["tags"] == {"a": "1"}
    other = unique("renamed")
    assert cli.ok("repos", "rename", name, other).out == f"renamed to {other}\n"
    assert cli("repos", "show", name).code == 4
    refused = cli("repos", "delete", other, "-m", "renamed by mistake")
    assert refused.code == 2 and "say --yes" in refused.err
    silent = cli("repos", "delete", other, "--yes")
    assert silent.code == 2 and "say why with -m" in silent.err
    assert cli.ok("repos", "delete", other, "--yes", "-m", "renamed by mistake").out == f"deleted {other}\n"
    wait_until(lambda: "reason: renamed by mistake" in cli.ok("audit", other, "--kind", "repo_deleted").out)
    assert cli("repos", "create", "a/b").code == 4 and cli("repos", "create", "a:b").code == 2 and cli("repos", "tag", other).code == 2


def test_promote_and_roll_back(cli, registry):
    name = registry.bot(unique("promote"), 3)
    assert cli.ok("alias", f"{name}@1", "prod", "-m", "first").out == f"{name}@prod  v1\n"
    assert cli.ok("alias", f"{name}@2", "prod", "-m", "better", "--expect", "v1").out == f"{name}@prod  v1 -> v2\n"
    assert cli.ok("alias", f"{name}@2", "prod", "-m", "again").out == f"{name}@prod is at v2 already\n"
    still = cli.ok("alias", f"{name}@2", "prod", "--json").json
    assert (still["moved"], still["to"], still["reason"]) == (False, 2, "better")
    late = cli("alias", f"default/{name}", "prod", "--expect", "1")
    assert late.code == 1 and "at version 2" in late.err and '("better")' in late.err
    cli.ok("alias", f"default/{name}", "prod", "-m", "newest")
    assert cli.ok("tag", f"{name}@prod", "v1.0", "-m", "released").out == f"{name}@v1.0  v3\n"
    sealed = cli("tag", f"{name}@1", "v1.0")
    assert sealed.code == 1 and "sealed" in sealed.err
    tried = cli.ok("rollback", f"default/{name}@prod", "--dry-run")
    assert tried.out == f"would move {name}@prod  v3 -> v2\n"
    assert cli("rollback", f"{name}@prod").code == 2 and cli("rollback", name, "-m", "x").code == 2
    done = cli.ok("rollback", f"{name}@prod", "-m", "slower", "--json").json
    assert (done["from"], done["to"], done["reason"], done["moved"]) == (3, 2, "slower", True)
    refs = cli.ok("refs", name).lines
    assert [line.split()[:3] for line in refs[1:]] == [["prod", "alias", "v2"], ["v1.0", "tag", "v3"]]


def test_the_suggested_semantic_version(cli, registry):
    name = unique("semantic")
    registry.repo(name)
    for n in range(2):
        registry.publish(name, {"config.json": b'{"model_type": "m%d"}' % n, "data.bin": b"%d" % n})
    assert "suggested 1.0.0, first\n" in cli.ok("show", f"{name}@1").out
    shown = cli.ok("show", name).out
    assert f"suggested 2.0.0, major against {name}@1\n" in shown and "because   architecture: " in shown, shown
    assert cli.ok("show", name, "--json").json["suggested"]["version"] == "2.0.0"
    cli.ok("tag", f"{name}@1", "v0.9.0")
    assert cli.ok("tag", "--suggested", f"default/{name}@2", "-m", "to the world").out == f"{name}@v0.10.0  v2\n"
    assert "to the world" in cli.ok("refs", name).out and "suggested" not in cli.ok("show", name).out
    assert cli.ok("tag", "--suggested", name).out == f"{name}@2 is v0.10.0 already\n"
    assert cli.ok("tag", "--suggested", f"{name}@1", "--json").json["against_tag"] == "v0.9.0"
    for words in (["tag", name], ["tag", name, "v9.0.0", "--suggested"], ["tag", "--suggested"]):
        assert cli(*words).code == 2
    assert cli("tag", "--suggested", f"{name}@7").code == 4


def test_history_and_log(cli, registry, api):
    name = registry.bot(unique("told"), 2)
    registry.move(name, "prod", 1, reason="first")
    registry.move(name, "prod", 2, reason="second")
    api.ok("POST", f"repos/{name}/versions/1/mark", json={"mark": "bad", "reason": "loses facts"})
    registry.move(name, "best", 1)
    assert [m["to"] for m in cli.ok("history", f"{name}@prod", "--json").json["items"]] == [2, 1]
    rows = cli.ok("history", name, "--csv").lines
    assert rows[0] == "time,ref,from,to,user,reason" and len(rows) == 4 and ",prod,v1,v2," in rows[2]
    told = cli.ok("log", name).out
    places = [told.index(part) for part in ("best -> v1", "prod v1 -> v2", "prod -> v1", "v2 published", "[bad: loses facts]")]
    assert places == sorted(places)
    items = cli.ok("log", name, "--json", "--limit", "2").json["items"]
    assert [(i["ref"], i["to"]) for i in items] == [("best", 1), ("prod", 2)]
    never = cli("history", f"{name}@nope")
    assert never.code == 4 and f"'{name}' never had a ref 'nope'" in never.err
    cli.ok("unref", f"{name}@prod")
    assert [m["to"] for m in cli.ok("history", f"{name}@prod", "--json").json["items"] if "to" in m] == [2, 1], "it was"
    missing = cli("log", "no-such-repo")
    assert missing.code == 4 and "no repo 'no-such-repo'" in missing.err


def test_show(cli, registry, api):
    name = unique("shown")
    registry.repo(name)
    registry.publish(name, {"config.json": b"{}"})
    registry.move(name, "prod", 1, reason="good")
    api.ok("POST", f"repos/{name}/versions/1/mark", json={"mark": "yanked", "reason": "leaks names"})
    shown = cli.ok("show", f"{name}@prod").out
    for part in (f"{name}@1", "the alias prod, set", ": good", "yanked", "leaks names", "sha256:"):
        assert part in shown, part
    assert cli.ok("show", name, "--json").json["by"] == "latest"
    near = cli("show", f"{name}@prdo")
    assert near.code == 4 and "Did you mean 'prod'?" in near.err
    assert cli("show", f"{name}:1").code == 2 and cli("history", f"{name}@").code == 2
    assert "\x1b" not in cli("show", "\x1b[31mx").err


def test_take_back(cli, registry, api):
    name = registry.bot(unique("taken"), 3)
    registry.move(name, "prod", 3)
    cli.ok("tag", f"{name}@1", "v1.0", "-m", "released")
    assert cli.ok("mark", f"{name}@prod", "bad", "-m", "loses facts").out == f"{name}@v3 is bad\n"
    assert api.ok("GET", f"repos/{name}/versions/3")["marks"][0]["reason"] == "loses facts"
    again = cli.ok("mark", f"{name}@prod", "bad", "-m", "invents names").out
    assert again == f"{name}@v3 is bad; the reason was: loses facts\n"
    wait_until(lambda: "reason: invents names, mark bad, was loses facts" in cli.ok("audit", name, "--kind", "version_marked").out)
    assert cli("mark", name, "ugly", "-m", "x").code == 2 and cli("mark", name, "bad").code == 2
    assert cli.ok("unmark", f"{name}@3", "bad").out == f"{name}@v3 is no longer bad\n"
    held = cli("delete", f"{name}@1", "--yes", "-m", "old")
    assert held.code == 1 and "v1.0" in held.err
    assert cli("delete", f"{name}@2", "--yes").code == 2, "without a reason"
    cli.ok("alias", f"{name}@2", "next")
    asked = cli.terminal("delete", f"{name}@2", "-m", "old", until=r"\[y/N\]", then=b"n\n").out
    assert f"delete {name}@v2, with its aliases next? [y/N]" in plain(asked) and "nothing was done" in asked
    assert cli("delete", f"{name}@2", "-m", "old").code == 2, "without --yes, and nobody to ask"
    assert cli.ok("delete", f"{name}@2", "--yes", "-m", "old").out == f"deleted {name}@v2\n"
    gone = cli("show", f"{name}@2")
    assert gone.code == 4 and "old" in gone.err
    assert cli("unref", f"{name}@prod", "--expect", "1").code == 1
    assert cli.ok("unref", f"{name}@prod").out == f"removed {name}@prod\n"
    assert cli("unref", f"{name}@v1.0").code == 2, "a tag is not removed without a reason"
    assert cli.ok("unref", f"{name}@v1.0", "-m", "withdrawn", "--json").json == {}
    assert cli("unref", name).code == 2
    for ref in ("prod", "typo", "1", "latest"):
        missing = cli("unref", f"{name}@{ref}")
        assert missing.code == 4 and f"has no ref '{ref}'" in missing.err and not missing.out, missing


def test_audit(cli, registry, api):
    name = registry.bot(unique("audited"), 1)
    registry.move(name, "prod", 1, reason="good enough")
    cli.ok("mark", f"{name}@1", "yanked", "-m", "leaks names")
    run = registry.run({})

    def kinds(*args):
        return [e["kind"] for e in cli.ok("audit", *args, "--json").json["items"]]

    wait_until(lambda: kinds(name) == ["version_marked", "ref_moved", "version_created", "repo_created"])
    assert kinds(name, "--kind", "ref_moved, version_marked", "--oldest") == ["ref_moved", "version_marked"]
    assert kinds(name, "--since", "1 hour ago", "--until", "today") == kinds(name)
    assert kinds(name, "--until", "yesterday") == [] and kinds(name, "--user", "nobody") == []
    wait_until(lambda: kinds(run["id"][:12]) == ["run_created"])
    told = cli.ok("audit", name).out
    assert "reason: good enough" in told and f"{name}@prod" in told and f"{name}/1" in told
    nothing = cli.ok("audit", unique("nothing"))
    assert nothing.out == "" and "no such event is of 'nothing-" in nothing.err
    assert "there are no such events" in cli.ok("audit", "--user", unique("nobody")).err
    assert cli("audit", f"{name}@prod").code == 2 and cli("audit", "--kind", "nothing").code == 2
    assert cli("audit", "--since", "soon").code == 2


def test_verify(cli, registry, api):
    name = unique("verified")
    registry.repo(name)
    registry.publish(name, {"config.json": b"{}", "weights.bin": bytes(100_000)})
    registry.publish(name)
    heads = lambda: (cli.ok("verify", "--head").out.strip(), cli.ok("verify", "--head", "--json").json["head"])
    wait_until(lambda: len(set(heads())) == 1)  # events are numbered a moment after their commit
    head, _ = heads()
    number, chain = head.split(":")
    assert int(number) > 0 and len(chain) == 64
    api.project(unique("later"))
    whole = cli.ok("verify", "--against", head, "--deep", "--json").json
    assert whole["whole"] and whole["damage"] == [] and whole["events"] >= int(number) and whole["versions"] >= 2
    assert "as it was at the head that was kept" in cli.ok("verify", "--against", head).out
    other = cli("verify", "--against", f"{number}:{'0' * 64}")
    assert other.code == 3 and "was written anew" in other.out and "1 damaged" in other.out
    told = cli("verify", "--against", f"{number}:{'0' * 64}", "--json")
    what = "its chain is not the one that was kept: the log was written anew"
    assert told.code == 3 and told.json["damage"] == [{"of": "event", "where": number, "what": what}]
    gone = cli("verify", "--against", f"{10**12}:{chain}")
    assert gone.code == 3 and "not there any more" in gone.out
    assert cli("verify", "--against", "x").code == 2
    one = cli.ok("verify", f"{name}@1", "--json").json
    assert (one["files"], one["bytes"], one["versions"]) == (2, 100_002, 1)
    steps = api.ok("GET", "events/verify", params={"limit": 1})
    assert steps["next"] == 1 and steps["damaged"] == 0
    part = api.ok("GET", f"repos/{name}/versions/1/verify", params={"after": "config.json"})
    assert part["files"] == 1
    assert api.call("GET", "events/verify", params={"limit": 10**9}).status_code == 400
    assert api.call("GET", "events/head", params={"number": 10**12}).status_code == 404


def test_release(cli, registry, api):
    name, bot, prompt = unique("support"), registry.bot(unique("bot"), 2), registry.bot(unique("prompt"), 2)
    made = cli.ok("release", name, f"{bot}@1", f"{prompt}@1", "-m", "first")
    assert made.lines == [f"{name}@v1 pins", f"    {bot}@v1", f"    {prompt}@v1"]
    wait_until(lambda: "message: first" in cli.ok("audit", name, "--kind", "version_created").out)
    cli.ok("alias", name, "prod")
    assert cli.ok("release", name, f"{bot}@2", f"{prompt}@prod", "--json").json["parents"][0]["relation"] == "pins"
    moved = cli.ok("alias", name, "prod", "-m", "second")
    assert moved.lines == [f"{name}@prod  v1 -> v2", f"    {bot}@prod  v1 -> v2"]
    cli.ok("alias", f"{bot}@1", "prod", "-m", "by itself")
    again = cli.ok("alias", name, "prod", "-m", "as one again")
    assert again.lines == [f"{name}@prod is at v2 already", f"    {bot}@prod  v1 -> v2"]
    back = cli.ok("rollback", f"{name}@prod", "--dry-run", "--json").json
    assert back["pins"] == [{"repo": bot, "from": 2, "to": 1}], "the other stays"
    cli.ok("rollback", f"{name}@prod", "-m", "slow")
    assert cli.ok("show", f"{bot}@prod", "--json").json["version"]["number"] == 1
    assert "release" in cli.ok("repos", "list", "--kind", "release").out
    assert cli("release", bot, f"{prompt}@1").code == 2 and cli("release", name, f"{bot}@1", f"{bot}@2").code == 2


def test_a_workspace_before_the_name(cli, tmp_path):
    """Wherever an address stands; a command works in one workspace."""
    cli = Cli(*cli.base, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    team, other, bot = unique("team"), unique("other"), unique("bot")
    cli.ok("workspace", "create", team)
    cli.ok("workspace", "create", other)
    for text in ("one", "two"):
        (tmp_path / "model").mkdir(exist_ok=True)
        (tmp_path / "model/readme.txt").write_text(text)
        cli.ok("push", tmp_path / "model", f"{team}/{bot}")
    cli.ok("push", tmp_path / "model", f"{team}/data", "--kind", "data")
    first, second = f"{team}/{bot}@1", f"{team}/{bot}@2"
    assert "two" in cli.ok("diff", first, second).out
    assert "readme.txt" in cli.ok("diff", f"{bot}@1", f"{bot}@2", "--workspace", team).out
    assert f"{bot}@2" in cli.ok("lineage", second).out
    cli.ok("evaluate", first, "--suite", "s", "--score", "acc=1", "--on", f"{team}/data")
    cli.ok("evaluate", second, "--suite", "s", "--score", "acc=2")
    assert "evals.s.acc" in cli.ok("why", first, "--vs", second, "--metric", "evals.s.acc").out
    wait_until(lambda: "version_evaluated" in [e["kind"] for e in cli.ok("audit", f"{team}/{bot}", "--json").json["items"]])
    assert cli.ok("release", f"{team}/all", first).lines == ["all@v1 pins", f"    {bot}@v1"]
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "weights.bin").write_text("tuned")
    done = cli.ok("push", copy, f"{team}/tuned", "--base", second, "--json")
    assert done.json["version"]["parents"][0]["repo"] == bot
    cli.ok("repos", "rename", f"{team}/tuned", f"{team}/new")
    for words in (["diff", first, f"{other}/{bot}@2"], ["why", first, "--vs", f"{other}/{bot}@1"], ["repos", "rename", f"{team}/new", f"{other}/x"],
                  ["show", first, "--workspace", other], ["release", f"{team}/all", f"{other}/{bot}@1"]):  # fmt: skip
        refused = cli(*words)
        assert refused.code == 2 and f"'{team}'" in refused.err and f"'{other}'" in refused.err and "a command works in one" in refused.err, refused
    assert cli.ok("show", first, env={"STEMMA_WORKSPACE": other}).out
