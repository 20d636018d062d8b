# SPDX-License-Identifier: Apache-2.0
"""Events and jobs on the command line."""

import json
import signal
import time

from conftest import unique, wait_until


def wait_for_event(cli, number):
    """Until the log shows that the project was made: with PostgreSQL a moment after its commit."""
    wait_until(lambda: [e["object"] for e in cli.ok("events", "--json", "-n", "1").json["items"]] == [str(number)])


def test_newest_events(cli, api):
    project = api.project(unique("events"))
    for i in range(3):
        api.ok("PATCH", f"projects/{project['number']}", json={"name": f"{project['name']} {i}"})
    wait_for_event(cli, api.project()["number"])
    listed = cli.ok("events", "--json", "-n", "2").json["items"]
    assert len(listed) == 2 and listed[0]["number"] == listed[1]["number"] + 1, "newest first"
    assert listed[0]["kind"] == "project_created"
    of_project = cli.ok("events", "-p", str(project["number"]), "--json", "-n", "3").json["items"]
    assert [e["kind"] for e in of_project] == ["project_renamed"] * 3
    assert {(e["project"], e["project_name"]) for e in of_project} == {(project["number"], f"{project['name']} 2")}
    everything = cli.ok("events", "--json", "-n", "0").json["items"]
    assert [e["number"] for e in everything] == list(range(len(everything), 0, -1))
    lines = cli.ok("events", "-n", "1").lines
    assert lines[0].split() == ["number", "time", "event", "project", "object", "user"]
    assert cli("events", "--after", "x").code == 2
    assert cli("events", "-p", "no such project").code == 4


def test_the_log_in_parts(cli, api):
    """What --json calls next is where --after goes on, in either order."""
    wait_for_event(cli, api.project()["number"])
    first = cli.ok("events", "--json", "-n", "2").json
    older = cli.ok("events", "--json", "-n", "1", "--after", first["next"]).json["items"]
    assert older[0]["number"] == first["items"][1]["number"] - 1
    oldest = cli.ok("events", "--json", "--oldest", "-n", "2").json
    assert [e["number"] for e in oldest["items"]] == [1, 2] and oldest["next"] == "2"
    since = cli.ok("events", "--json", "--oldest", "--after", first["next"]).json["items"]
    assert since == first["items"][:1], "what came since"


def test_the_table_names_the_project(cli, api):
    name = unique("named")
    wait_for_event(cli, api.project(name)["number"])
    assert name in cli.ok("events", "-n", "1").lines[1].split()


def test_follow(cli, api):
    wait_for_event(cli, api.project()["number"])
    process = cli.spawn("events", "--follow", "-n", "1", "--json", stdout=-1, stderr=-1)
    first = json.loads(process.stdout.readline())
    name = unique("followed")
    number = api.project(name)["number"]
    second = json.loads(process.stdout.readline())
    assert second["number"] == first["number"] + 1 and second["object"] == str(number)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and out == err == b""


def test_follow_begins_with_the_last_ones_oldest_first(cli, api):
    name = unique("mine")
    number = api.project(name)["number"]
    for i in range(3):
        api.ok("PATCH", f"projects/{number}", json={"name": f"{name} {i}"})
    wait_for_event(cli, api.project()["number"])
    process = cli.spawn("events", "--follow", "-n", "2", "-p", str(number), "--json", stdout=-1, stderr=-1)
    shown = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == b""
    assert [e["kind"] for e in shown] == ["project_renamed"] * 2 and shown[0]["number"] < shown[1]["number"]


def test_follow_on_a_terminal(cli, api):
    api.project()
    result = cli.terminal("events", "-f", until="project_created", then=b"\x03")
    assert result.code == 0


def test_jobs(cli):
    jobs = cli.ok("jobs", "list", "--json").json["items"]
    assert "clean" in {j["kind"] for j in jobs}
    assert cli.ok("jobs", "list").lines[0].split()[:3] == ["id", "kind", "state"]
    job = cli.ok("jobs", "show", jobs[0]["id"], "--json").json
    assert job["kind"] == jobs[0]["kind"]
    assert f"kind      {job['kind']}" in cli.ok("jobs", "show", jobs[0]["id"]).out
    assert cli("jobs", "show", "f" * 32).code == 4
