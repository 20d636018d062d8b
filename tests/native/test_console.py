# SPDX-License-Identifier: Apache-2.0
"""The console of a run in the native API and by `stemma console`."""

import json
import subprocess
import threading
import time

import pytest
import servers
import wrapped
from conftest import problem

MISSING = "0" * 32


@pytest.fixture
def run(api):
    return api.ok("POST", "runs", json={"project": 0})["id"]


def append(api, run, texts, **more):
    body = {"lines": [{"text": t, "time_us": i} for i, t in enumerate(texts)], **more}
    return api.ok("POST", f"runs/{run}/console", json=body)


def page(api, run, **params):
    return api.ok("GET", f"runs/{run}/console", params=params)


def texts(answer):
    return [line["text"] for line in answer["items"]]


def test_lines_there_and_back(api, run):
    before = time.time() * 1e6
    lines = [{"time_us": 5, "stream": "err", "text": "ä\t\x1b[1m"}, {"text": ""}, {"text": "a\nb\r\n"}, {"text": "1%\r2%"}]
    kept = api.ok("POST", f"runs/{run}/console", json={"lines": lines})
    assert kept == {"first": 1, "lines": 5, "repeated": False, "full": False}
    seen = page(api, run)
    assert seen["items"][0] == {"number": 1, "time_us": 5, "stream": "err", "text": "ä\t\x1b[1m"}
    assert texts(seen)[1:] == ["", "a", "b", "2%"] and seen["items"][1]["stream"] == "out"
    assert seen["items"][1]["time_us"] >= before
    assert seen["lines"] == 5 and not seen["ended"] and "next" not in seen


def test_retried_batches(api, run):
    first = append(api, run, ["a", "b"], source="me", batch=1)
    again = append(api, run, ["a", "b"], source="me", batch=1)
    assert (first["lines"], again["lines"], again["repeated"]) == (2, 2, True)
    assert append(api, run, ["c"], source="me", batch=2)["first"] == 3
    assert append(api, run, ["other"], source="you", batch=1)["first"] == 4


def test_pages_and_tails(api, run):
    append(api, run, [f"line {i}" for i in range(1, 251)])
    assert texts(page(api, run, limit=2)) == ["line 1", "line 2"]
    assert page(api, run, limit=2)["next"] == "2"
    assert texts(page(api, run, after=248)) == ["line 249", "line 250"]
    assert texts(page(api, run, tail=3)) == ["line 248", "line 249", "line 250"]
    back = page(api, run, before=100, limit=2)
    assert texts(back) == ["line 98", "line 99"] and back["next"] == "98"
    assert texts(page(api, run, before=98, limit=1)) == ["line 97"]
    assert len(api.all(f"runs/{run}/console", limit=7)) == 250
    waiting = page(api, run, after=250)
    assert waiting["items"] == [] and waiting["lines"] == 250 and "next" not in waiting
    append(api, run, ["new"])
    assert texts(page(api, run, after=waiting["lines"])) == ["new"]
    api.ok("PATCH", f"runs/{run}", json={"status": "finished"})
    assert page(api, run, after=251)["ended"]


def test_search(api, run):
    append(api, run, [f"step {i} loss {i / 7:.3f}" for i in range(3000)])
    assert texts(page(api, run, search="step 77 ")) == ["step 77 loss 11.000"]
    assert texts(page(api, run, match=r"^step \d loss 0\.0")) == ["step 0 loss 0.000"]
    some = page(api, run, search="loss 1.", limit=2)
    assert texts(some) == ["step 7 loss 1.000", "step 8 loss 1.143"] and some["next"] == "9"
    assert len(api.all(f"runs/{run}/console", match="0$", limit=1000)) == sum(f"{i / 7:.3f}"[-1] == "0" for i in range(3000))
    assert texts(page(api, run, before=3001, search=" 77", limit=1)) == ["step 779 loss 111.286"]
    assert page(api, run, search="nowhere")["items"] == []


def test_streams_of_lines(api, run):
    reply = api.call(
        "POST", f"runs/{run}/console/stream", data=b"a\nb\xff\r\nno end", headers={"Content-Type": "text/plain"},
        params={"stream": "err"},
    )  # fmt: skip
    assert reply.status_code == 200 and reply.json()["lines"] == 3
    assert [(l["stream"], l["text"]) for l in page(api, run)["items"]] == [("err", "a"), ("err", "b\ufffd"), ("err", "no end")]

    def body():
        for i in range(20000):
            yield json.dumps({"text": f"{i}", "time_us": i}).encode() + b"\n"

    reply = api.call("POST", f"runs/{run}/console/stream", data=body(), headers={"Content-Type": "application/x-ndjson"})
    assert reply.status_code == 200 and reply.json()["lines"] == 20003
    assert texts(page(api, run, tail=1)) == ["19999"]
    bad = b'{"text": "kept"}\n{"text": 5}\n{"text": "not"}\n'
    reply = api.call("POST", f"runs/{run}/console/stream", data=bad, headers={"Content-Type": "application/x-ndjson"})
    assert problem(reply) == (400, "INVALID") and "line 2" in reply.json()["detail"]
    assert texts(page(api, run, tail=1)) == ["kept"]


def test_bad_input(api, run):
    def refused(body, status=400, code="INVALID", of=run):
        assert problem(api.post(f"runs/{of}/console", body)) == (status, code)

    refused({})
    refused({"lines": []})
    refused({"lines": [{"text": "x", "stream": "nowhere"}]})
    refused({"lines": [{"text": "x", "time_us": "soon"}]})
    refused({"lines": [{"text": "x"}], "source": "me"})
    refused({"lines": [{"text": "x"}], "source": "s" * 65, "batch": 1})
    refused({"lines": [{"text": "x"}] * 10001})
    refused({"lines": [{"text": "x"}]}, 404, "NOT_FOUND", MISSING)
    refused({"lines": [{"text": "x"}]}, 404, "NOT_FOUND", "x")
    for params in ({"limit": 0}, {"limit": 1001}, {"tail": 5, "after": 1}, {"search": "a", "match": "b"}, {"match": "("},
                   {"match": "(?R)"}, {"stream": "in"}, {"after": "x"}):  # fmt: skip
        assert problem(api.get(f"runs/{run}/console", **params))[0] == 400, params
    assert problem(api.get(f"runs/{MISSING}/console")) == (404, "NOT_FOUND")
    for after in (-5, 2**62, -(2**63), 2**63 - 1):
        assert page(api, run, after=after)["items"] == []
        assert page(api, run, before=after)["items"] == []
    stream = f"runs/{run}/console/stream"
    assert problem(api.call("POST", stream, data=b"x", headers={"Content-Type": "image/png"}))[0] == 400
    assert problem(api.call("POST", stream, data=b"x" * 300000, headers={"Content-Type": "application/x-ndjson"}))[0] == 413
    assert page(api, run)["lines"] == 0
    api.ok("DELETE", f"runs/{run}")
    refused({"lines": [{"text": "x"}]}, 400, "STATE")


def test_slow_patterns_say_so(api, run):
    append(api, run, ["fine", "a" * 40 + "!"])
    first = page(api, run, match="(a+)+$")
    assert first["items"] == [] and first["next"] == "1"
    assert problem(api.get(f"runs/{run}/console", match="(a+)+$", after=1)) == (504, "DEADLINE")


# ---- the command -----------------------------------------------------------------------------


def test_command(server, api, run):
    append(api, run, [f"line {i}" for i in range(1, 2501)] + ["\x1b[31mred\x1b[m", "last"])

    def shown(*options):
        done = wrapped.stemma(server.uri, "console", run, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().splitlines()

    assert shown()[:2499] == [f"line {i}" for i in range(1, 2500)] and shown()[-2:] == ["\x1b[31mred\x1b[m", "last"]
    assert shown("--tail", "2") == ["\x1b[31mred\x1b[m", "last"]
    assert shown("--tail", "1500")[0] == "line 1003"
    assert shown("--search", "line 77", "--tail", "2") == ["line 778", "line 779"]
    assert shown("--match", "^l.st$") == ["last"]
    assert shown("--stream", "err") == []
    assert json.loads("".join(shown("--tail", "1", "--json")))["items"][0]["text"] == "last"
    assert wrapped.stemma(server.uri, "console", MISSING).returncode == 4
    assert wrapped.stemma(server.uri, "console", run, "--match", "(").returncode == 2


def test_follow(server, api, run):
    append(api, run, ["before"])
    process = wrapped.start(server.uri, [servers.stemma_binary(), "console", run, "--follow"])
    assert process.stdout.readline() == b"before\n"
    for i in range(3):
        append(api, run, [f"live {i}"])
        assert process.stdout.readline() == f"live {i}\n".encode()
    append(api, run, ["the end"])
    api.ok("PATCH", f"runs/{run}", json={"status": "failed"})
    assert wrapped.end(process)[:2] == (0, b"the end\n")


def test_terminal_is_not_obeyed(server, api, run):
    append(api, run, ["a\x1b]0;title\x07b\x1b[2J\x1b[32mgreen"])
    t = wrapped.Terminal(server.uri, [servers.stemma_binary(), "console", run])
    assert t.end() == 0
    assert t.seen == b"a\\x1b]0;title\\x07b\\x1b[2J\x1b[32mgreen\x1b[m\r\n"


def test_writers_at_the_same_time(server, api, run):
    def write(who):
        for i in range(20):
            append(api, run, [f"{who} {i}"] * 5, source=who, batch=i)

    writers = [threading.Thread(target=write, args=(f"w{i}",)) for i in range(4)]
    for w in writers:
        w.start()
    for w in writers:
        w.join()
    seen = api.all(f"runs/{run}/console")
    assert [line["number"] for line in seen] == list(range(1, 401))
    for who in ("w0", "w3"):
        assert [l["text"] for l in seen if l["text"].startswith(who)] == [f"{who} {i}" for i in range(20) for _ in range(5)]


def test_command_without_a_server(tmp_path):
    done = subprocess.run(
        [servers.stemma_binary(), "console", MISSING, "--data", tmp_path / "d"],
        env=servers.fresh_environment(), capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 4 and b"no data" in done.stderr
