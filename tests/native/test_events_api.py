# SPDX-License-Identifier: Apache-2.0
"""The event log by pages and live."""

import re
import threading
import time

import pytest
import requests

from conftest import Native, problem, unique
from sse import Stream


def last_number(api):
    items = api.all("events", limit=1000)
    return items[-1]["number"] if items else 0


def settle(api):
    """Makes an event and waits until it shows (on PostgreSQL events are numbered a moment after the commit)."""
    made = api.project()
    with Stream(api.uri.removesuffix("/api/v1/"), after=0) as s:
        return s.until(lambda e: e["object"] == str(made["number"]))[-1][0]


def test_pages_have_every_event_once_and_in_order(api):
    before = settle(api)
    made = [api.project()["number"] for _ in range(7)]
    settle(api)
    items = api.all("events", after=before, limit=3)
    assert [e["number"] for e in items] == list(range(before + 1, before + len(items) + 1))
    assert [int(e["object"]) for e in items][:7] == made
    e = items[0]
    assert (e["kind"], e["project"], e["proven"]) == ("project_created", made[0], False)
    assert e["time_us"] > 1_600_000_000_000_000 and "payload" not in e


def test_newest_first(api):
    mine = api.project(unique("mine"))
    for i in range(4):
        api.ok("PATCH", f"projects/{mine['number']}", json={"name": f"{mine['name']} {i}"})
        api.project()
    end = settle(api)
    rising = api.all("events", limit=1000)
    assert api.all("events", limit=3, order="oldest") == rising
    falling = api.all("events", limit=3, order="newest")
    assert falling[-end:] == rising[:end][::-1], "every event once, in pages"
    of_mine = [e for e in rising if e.get("project") == mine["number"]]
    assert api.all("events", limit=2, order="newest", project=mine["number"]) == of_mine[::-1]
    page = api.ok("GET", "events", params={"order": "newest", "after": 3})
    assert [e["number"] for e in page["items"]] == [2, 1] and "next" not in page
    assert api.ok("GET", "events", params={"order": "newest", "after": 1}) == {"items": []}


def test_events_name_their_project(server, api):
    mine = api.project(unique("before"))
    at = settle(api)
    with Stream(server.uri, after=at) as s:
        api.ok("PATCH", f"projects/{mine['number']}", json={"name": "after " + mine["name"]})
        live = s.until(lambda e: e["kind"] == "project_renamed")[-1][2]
    assert (live["project"], live["project_name"]) == (mine["number"], "after " + mine["name"])
    settle(api)
    listed = api.all("events", project=mine["number"])
    assert {e["project_name"] for e in listed} == {"after " + mine["name"]}, "as it is called now"


def test_pages_of_a_project(api):
    mine, other = api.project(unique("mine")), api.project()
    for _ in range(3):
        api.ok("DELETE", f"projects/{mine['number']}")
        api.ok("DELETE", f"projects/{other['number']}")
        api.ok("POST", f"projects/{mine['number']}/restore")
        api.ok("POST", f"projects/{other['number']}/restore")
    settle(api)
    by_number = api.all("events", project=mine["number"], limit=2)
    assert by_number == api.all("events", project=mine["name"])
    kinds = [e["kind"] for e in by_number]
    assert kinds == ["project_created"] + ["project_deleted", "project_restored"] * 3
    assert all(e["project"] == mine["number"] for e in by_number)


@pytest.mark.parametrize("params,status", [
    ({"limit": 0}, 400), ({"limit": 1001}, 400), ({"limit": "many"}, 400), ({"after": "x"}, 400),
    ({"order": "best"}, 400), ({"order": "newest", "after": "x"}, 400),
    ({"project": "no such project"}, 404), ({"after": 10**12}, 200), ({"after": -5, "limit": 1}, 200)])
def test_page_refusals(api, params, status):
    reply = api.get("events", **params)
    assert reply.status_code == status
    if status != 200:
        problem(reply)


def test_stream_from_now(server, api):
    settle(api)
    last = last_number(api)
    with Stream(server.uri) as s:
        assert s.last == last
        made = api.project()
        number, kind, data = s.take(1)[0]
        assert (number, kind) == (last + 1, "project_created")
        assert data == api.ok("GET", "events", params={"after": last})["items"][0]
        assert data["object"] == str(made["number"])


def test_stream_from_a_number_shows_what_pages_show(server, api):
    for _ in range(150):
        api.project()
    end = settle(api)
    items = api.all("events", after=0, limit=1000)
    with Stream(server.uri, after=0) as s:
        got = s.take(end)
    assert [d for _, _, d in got] == items[:end]
    assert [i for i, _, _ in got] == list(range(1, end + 1))


def test_stream_of_what_happened_lately(server, api):
    last = settle(api)
    time.sleep(0.05)
    with Stream(server.uri, recent=60000) as s:
        assert s.last < last
        assert last in [i for i, _, _ in s.take(last - s.last)]
    with Stream(server.uri, recent=1) as s:
        assert s.last == last, "nothing since"
    with Stream(server.uri, recent=60000, after=last) as s:
        assert s.last == last, "a number wins"


def test_stream_goes_on_behind_the_last_id(server, api):
    at = settle(api)
    for _ in range(5):
        api.project()
    settle(api)
    with Stream(server.uri, last=at + 2, after=0) as s:  # the header wins over the query
        assert [i for i, _, _ in s.take(3)] == [at + 3, at + 4, at + 5]


def test_stream_of_a_project(server, api):
    mine = api.project()
    settle(api)
    with Stream(server.uri, project=mine["number"]) as s:
        for _ in range(30):
            api.project()
        api.ok("DELETE", f"projects/{mine['number']}")
        _, kind, data = s.take(1)[0]
        assert (kind, data["project"]) == ("project_deleted", mine["number"])


@pytest.mark.parametrize("params,headers,status", [
    ({"after": 10**9}, {}, 400), ({"after": -1}, {}, 400), ({"after": "x"}, {}, 400),
    ({"recent": -1}, {}, 400), ({"recent": 60001}, {}, 400),
    ({}, {"Last-Event-ID": "abc"}, 400), ({}, {"Last-Event-ID": "99999999"}, 400),
    ({"project": "no such project"}, {}, 404)])
def test_stream_refusals(api, params, headers, status):
    reply = api.call("GET", "events/stream", params=params, headers=headers, stream=True)
    assert problem(reply)[0] == status


def test_stream_head(api):
    reply = api.call("HEAD", "events/stream")
    assert reply.status_code == 200 and not reply.content


def test_many_streams_see_the_same(server, api):
    at = settle(api)
    streams = [Stream(server.uri, after=at) for _ in range(50)]
    for _ in range(20):
        api.project()
    got = [[i for i, _, _ in s.take(20)] for s in streams]
    assert all(g == list(range(at + 1, at + 21)) for g in got)
    metrics = requests.get(server.uri + "/metrics", timeout=10).text
    assert int(re.search(r"^stemma_http_streams (\d+)$", metrics, re.M)[1]) >= 50, "others may have some too"
    for s in streams:
        s.close()


def test_token_is_needed(engine):
    import servers

    own = servers.Stemma(engine, env={"STEMMA_TOKEN": "secret"})
    try:
        reply = requests.get(own.uri + "/api/v1/events/stream", timeout=10)
        assert reply.status_code == 401
        reply = requests.get(own.uri + "/api/v1/events/stream", timeout=10, stream=True,
                             headers={"Authorization": "Bearer secret"})
        assert reply.status_code == 200
        reply.close()
    finally:
        own.stop()


def test_the_server_stops_with_streams_open(engine):
    import servers

    own = servers.Stemma(engine)
    streams = [Stream(own.uri) for _ in range(20)]
    ended = []

    def wait(s):
        ended.append(list(s.blocks))

    threads = [threading.Thread(target=wait, args=[s]) for s in streams]
    for t in threads:
        t.start()
    own.stop()  # raises when it does not end well
    for t in threads:
        t.join(60)
    assert len(ended) == 20


def test_events_of_either_server_reach_both(pair):
    apis = [Native(u) for u in pair.uris]
    settle(apis[0])
    start = last_number(apis[0])
    streams = [Stream(u, after=start) for u in pair.uris]
    for i in range(40):
        apis[i % 2].project()
    got = [s.take(40) for s in streams]
    assert got[0] == got[1]
    assert [i for i, _, _ in got[0]] == list(range(start + 1, start + 41))
    for s in streams:
        s.close()
