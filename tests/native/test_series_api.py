# SPDX-License-Identifier: Apache-2.0
"""Series: logged in bulk in both forms, listed, read as pages and as streams, drawn."""

import csv
import gzip
import io
import json
import math
import random

import pytest
import requests

import formats
from conftest import problem, unique

TIME = 1700000000000


@pytest.fixture
def new_run(server):
    """new_run() gives the id of a new run."""
    rest = server.uri + "/api/2.0/mlflow/"
    made = requests.post(rest + "experiments/create", json={"name": unique("e")}, timeout=60).json()["experiment_id"]

    def start():
        reply = requests.post(rest + "runs/create", json={"experiment_id": made, "start_time": TIME}, timeout=60)
        return reply.json()["run"]["info"]["run_id"]

    return start


@pytest.fixture
def run(new_run):
    return new_run()


def lines(*objects):
    return "".join(json.dumps(o) + "\n" for o in objects)


def line(run, key, step, value, time_ms=None):
    return {"run": run, "key": key, "step": step, "time_ms": TIME + step if time_ms is None else time_ms, "value": value}


def send_lines(api, text, **headers):
    return api.call("POST", "ingest", data=text, headers={"Content-Type": formats.LINES_TYPE, **headers})


def send_frames(api, data):
    return api.call("POST", "ingest", data=data, headers={"Content-Type": formats.POINTS_TYPE})


def done(reply):
    assert reply.status_code == 200, reply.text
    return reply.json()


def points(api, run, key, **params):
    return [(p["step"], p["time_ms"], number(p["value"])) for p in api.all(f"runs/{run}/points", key=key, **params)]


def number(value):
    return float(value) if isinstance(value, str) else value


def as_text(p):
    return [repr(x) for x in p]


# ---- lines -----------------------------------------------------------------------------------------------------------


def test_lines_of_many_runs(api, new_run):
    runs = [new_run() for _ in range(3)]
    text = lines(*(line(r, f"k{k}", s, s * 1.5 + k) for s in range(50) for r in runs for k in range(2)))
    assert done(send_lines(api, text)) == {"points": 300, "runs": 3, "parts": 300}
    assert done(send_lines(api, text)) == {"points": 300, "runs": 3, "parts": 300}  # doubles nothing
    for r in runs:
        for k in range(2):
            assert points(api, r, f"k{k}") == [(s, TIME + s, s * 1.5 + k) for s in range(50)]


def test_every_double_comes_back(api, run):
    values = [0.1, -0.0, 1e308, 5e-324, 3, float("nan"), float("inf"), float("-inf"), 2**63, 1.0000000000000002]
    text = lines(*(line(run, "v", s, v) for s, v in enumerate(values)))
    assert "NaN" in text and "Infinity" in text  # bare, as Python writes them
    assert done(send_lines(api, text))["points"] == len(values)
    assert as_text(p[2] for p in points(api, run, "v")) == as_text(float(v) for v in values)


def test_specials_as_strings(api, run):
    assert done(send_lines(api, lines(line(run, "v", 0, "NaN"), line(run, "v", 1, "-Infinity"))))["points"] == 2
    assert as_text(p[2] for p in points(api, run, "v")) == ["nan", "-inf"]


def test_steps_and_times_are_any_int64(api, run):
    ends = [(-(2**63), 2**63 - 1), (2**63 - 1, -(2**63)), (0, 0)]
    assert done(send_lines(api, lines(*(line(run, "v", s, 1, t) for s, t in ends))))["points"] == 3
    assert points(api, run, "v") == sorted((s, t, 1.0) for s, t in ends)


def test_config_and_tags(server, api, run):
    text = lines(
        {"run": run, "config": {"lr": 0.001, "name": "näme", "on": True, "nested": {"a": [1, 2]}}},
        {"run": run, "tags": {"stage": "early"}, **{k: v for k, v in line(run, "k", 1, 2.0).items() if k != "run"}},
    )
    assert done(send_lines(api, text)) == {"points": 1, "runs": 1, "parts": 2}
    got = requests.get(server.uri + "/api/2.0/mlflow/runs/get", params={"run_id": run}, timeout=60).json()["run"]["data"]
    config = {p["key"]: p["value"] for p in got["params"]}
    assert config == {"lr": "0.001", "name": "näme", "on": "true", "nested": '{"a": [1, 2]}'}
    assert {"key": "stage", "value": "early"} in got["tags"]
    assert done(send_lines(api, text))["points"] == 1  # the same again is fine
    reply = send_lines(api, lines(line(run, "k", 2, 1.0), {"run": run, "config": {"lr": "other"}}))
    assert problem(reply) == (400, "EXISTS") and "set once" in reply.json()["detail"]
    assert reply.json()["points_stored"] == 0 and len(points(api, run, "k")) == 1


def test_gzip_and_blank_lines(api, run):
    text = "\n\n" + lines(line(run, "k", 1, 1.0)) + "\r\n  \n" + lines(line(run, "k", 2, 2.0)).rstrip("\n")
    reply = send_lines(api, gzip.compress(text.encode()), **{"Content-Encoding": "gzip"})
    assert done(reply)["points"] == 2


def test_an_empty_body_stores_nothing(api):
    assert done(send_lines(api, "")) == {"points": 0, "runs": 0, "parts": 0}


@pytest.mark.parametrize(
    "bad, word",
    [
        ('{"run": "RUN", "key": "k", "step": 1, "time_ms": 1, "value": "x"}', "'value' takes a number"),
        ('{"run": "RUN", "key": "k", "step": 1.5, "time_ms": 1, "value": 1}', "'step' takes an integer"),
        ('{"run": "RUN", "key": "k", "step": 1, "time_ms": "1", "value": 1}', "'time_ms' takes an integer"),
        ('{"run": "RUN", "key": "k", "step": 9223372036854775808, "time_ms": 1, "value": 1}', "'step'"),
        ('{"run": "RUN", "key": "", "step": 1, "time_ms": 1, "value": 1}', "'key' is empty"),
        ('{"run": "RUN", "key": 7, "step": 1, "time_ms": 1, "value": 1}', "'key' takes a string"),
        ('{"run": "RUN", "key": "' + "k" * 251 + '", "step": 1, "time_ms": 1, "value": 1}', "251"),
        ('{"run": "RUN", "key": "k", "step": 1, "time_ms": 1}', "'value' is required"),
        ('{"run": "RUN"}', "'key' is required"),
        ('{"key": "k", "step": 1, "time_ms": 1, "value": 1}', "'run' is required"),
        ('{"run": "xyz", "key": "k", "step": 1, "time_ms": 1, "value": 1}', "'run' takes the id"),
        ('{"run": "RUN", "config": ["a"]}', "take objects"),
        ('{"run": "RUN", "config": {"a": null}}', "'a' is null"),
        ('{"run": "RUN", "tags": {"": "x"}}', "is empty"),
        ('{"run": "RUN", "tags": {"a": "' + "x" * 8001 + '"}}', "8001"),
        ('{"run": "RUN", "stpe": 1}', "'stpe' is not known"),
        ('{"run": "RUN"', "no valid JSON"),
        ('{"run": "RUN", "tags": {}} {}', "no valid JSON"),
        ('{"run": "RUN", "key": "\\ud800", "step": 1, "time_ms": 1, "value": 1}', "no valid JSON"),
        ("[1]", "is a JSON object"),
        ("nonsense", "no valid JSON"),
    ],
)
def test_a_wrong_line_is_named_and_those_before_are_stored(api, run, bad, word):
    good = [line(run, "k", s, 1.0) for s in range(3)]
    reply = send_lines(api, lines(*good) + "\n" + bad.replace("RUN", run) + "\n" + lines(line(run, "k", 9, 1.0)))
    status, _ = problem(reply)
    told = reply.json()
    assert status == 400 and told["wrong_part"] == 5 and word in told["detail"], told["detail"]
    assert (told["points_stored"], told["parts_stored"]) == (3, 4)
    assert [p[0] for p in points(api, run, "k")] == [0, 1, 2]


def test_a_line_too_long(api, run):
    text = lines(line(run, "k", 0, 1.0)) + lines({"run": run, "tags": {"a": "x" * (3 << 20)}})
    reply = send_lines(api, text)
    assert problem(reply) == (413, "TOO_LARGE") and reply.json()["wrong_part"] == 2
    assert [p[0] for p in points(api, run, "k")] == [0]


def test_a_run_that_is_not_there(api, run):
    text = lines(line(run, "k", 0, 1.0), line("0" * 32, "k", 0, 1.0))
    reply = send_lines(api, text)
    assert problem(reply)[0] == 404 and reply.json()["wrong_part"] == 2
    assert reply.json()["points_stored"] == 0  # both lines were one batch


def test_a_run_in_the_bin(server, api, run):
    requests.post(server.uri + "/api/2.0/mlflow/runs/delete", json={"run_id": run}, timeout=60)
    reply = send_lines(api, lines(line(run, "k", 0, 1.0)))
    assert problem(reply) == (400, "STATE")


def test_many_batches_in_one_body(api, run):
    """Batches before a wrong line are stored, whatever their number."""
    n = 60000
    text = "".join('{"run":"%s","key":"k","step":%d,"time_ms":%d,"value":0.5}\n' % (run, s, s) for s in range(n))
    assert len(text) > 4 << 20
    reply = send_lines(api, text + "{\n")
    assert reply.json()["wrong_part"] == n + 1 and reply.json()["points_stored"] == n
    assert api.ok("GET", f"runs/{run}/series")["items"][0]["at_most"] == n


def test_other_types_are_refused(api):
    for kind in ("application/json", "text/plain", ""):
        reply = api.call("POST", "ingest", data=b"{}", headers={"Content-Type": kind})
        assert problem(reply) == (400, "INVALID")


# ---- frames ----------------------------------------------------------------------------------------------------------


def test_frames_of_many_runs(api, new_run):
    runs = [new_run() for _ in range(3)]
    some = [(s, TIME + 1000 * s, s / 4) for s in range(500)]
    odd = [(s * s % 97, TIME + s * 7 % 13, math.pi * s) for s in range(500)]
    data = formats.body(
        [formats.series(r, k, p, wide) for r in runs for k, p, wide in (("even", some, False), ("odd", odd, True))],
        [formats.series(runs[0], "a single", [(5, 6, 7.0)])],
    )
    assert done(send_frames(api, data)) == {"points": 3001, "runs": 3, "parts": 2}
    assert done(send_frames(api, data)) == {"points": 3001, "runs": 3, "parts": 2}
    for r in runs:
        assert points(api, r, "even") == [(s, t, float(v)) for s, t, v in some]
        assert points(api, r, "odd", limit=100) == sorted(set(odd))
    assert points(api, runs[0], "a single") == [(5, 6, 7.0)]


def test_frames_equal_lines(api, new_run):
    """Both forms of the same points give the same series."""
    a, b = new_run(), new_run()
    made = random.Random(1)
    sent = [(made.randrange(-5, 300), made.randrange(TIME), made.choice([0.5, 1e300, float("nan")])) for _ in range(400)]
    done(send_lines(api, lines(*(line(a, "k", s, v, t) for s, t, v in sent))))
    done(send_frames(api, formats.body([formats.series(b, "k", sent)])))
    assert as_text(points(api, a, "k")) == as_text(points(api, b, "k"))
    assert repr(api.ok("GET", f"runs/{a}/series")) == repr(api.ok("GET", f"runs/{b}/series"))


def frame_of(run, **changes):
    good = dict(run=run, key="k", flags=1, n=2, coded=formats.series(run, "k", [(0, 0, 1.0), (1, 1, 2.0)])[4])
    good.update(changes)
    return formats.payload([tuple(good.values())])


BAD_FRAMES = {
    "checksum": lambda run: (lambda f: f[:-1] + bytes([f[-1] ^ 1]))(formats.frame(frame_of(run))),
    "empty": lambda run: formats.frame(b""),
    "garbage": lambda run: formats.frame(b"\xff" * 40),
    "points": lambda run: formats.frame(frame_of(run, n=3)),
    "too many points": lambda run: formats.frame(frame_of(run, n=1 << 40)),
    "no points": lambda run: formats.frame(frame_of(run, n=0)),
    "flags": lambda run: formats.frame(frame_of(run, flags=2)),
    "columns": lambda run: formats.frame(frame_of(run, coded=b"\7" * 22)),
    "short columns": lambda run: formats.frame(frame_of(run, coded=b"\1\0")),
    "key": lambda run: formats.frame(frame_of(run, key="")),
    "long key": lambda run: formats.frame(frame_of(run, key="k" * 251)),
    "trailing": lambda run: formats.frame(frame_of(run) + b"\0"),
    "cut": lambda run: formats.frame(frame_of(run))[:-3],
    "cut head": lambda run: b"\1\2\3",
    "unused run": lambda run: formats.frame(b"\2" + bytes(16) + frame_of(run)[1:]),
}


@pytest.mark.parametrize("what", BAD_FRAMES)
def test_a_wrong_frame_is_named_and_those_before_are_stored(api, run, what):
    good = [formats.series(run, "k", [(s, 0, 1.0) for s in range(3)])]
    reply = send_frames(api, formats.body(good, good) + BAD_FRAMES[what](run))
    assert problem(reply)[0] == 400, reply.text
    assert (reply.json()["wrong_part"], reply.json()["parts_stored"], reply.json()["points_stored"]) == (3, 2, 6)
    assert len(points(api, run, "k")) == 3


def test_a_frame_too_large(api, run):
    reply = send_frames(api, formats.POINTS_MAGIC + (5 << 20).to_bytes(4, "little") + bytes(100))
    assert problem(reply) == (413, "TOO_LARGE")


def test_a_frame_of_a_run_that_is_not_there(api, run):
    good, bad = ([formats.series(r, "k", [(0, 0, 1.0)])] for r in (run, "1" * 32))
    reply = send_frames(api, formats.body(good, bad))
    assert problem(reply)[0] == 404 and reply.json()["wrong_part"] == 2 and reply.json()["points_stored"] == 0


def test_no_frames_at_all(api):
    assert done(send_frames(api, formats.POINTS_MAGIC)) == {"points": 0, "runs": 0, "parts": 0}
    for data in (b"", b"STM", b"STMPTS9\n"):
        assert problem(send_frames(api, data)) == (400, "MALFORMED")


# ---- reading ---------------------------------------------------------------------------------------------------------


def test_the_list_of_series(api, run):
    text = lines(*(line(run, f"m{k:02}", s, float(k * s)) for k in range(25) for s in range(3)))
    done(send_lines(api, text + lines(line(run, "nan", 0, "NaN"))))
    first = api.ok("GET", f"runs/{run}/series", params={"limit": 10})
    assert [s["key"] for s in first["items"]] == [f"m{k:02}" for k in range(10)]
    everything = api.all(f"runs/{run}/series", limit=10)
    assert len(everything) == 26 and everything[4]["last"] == {"step": 2, "time_ms": TIME + 2, "value": 8.0}
    assert everything[4]["min"] == 0.0 and everything[4]["max"] == 8.0 and everything[4]["at_most"] == 3
    assert everything[25]["min"] == "NaN"
    assert [s["key"] for s in api.ok("GET", f"runs/{run}/series", params={"prefix": "na"})["items"]] == ["nan"]
    assert api.ok("GET", f"runs/{run}/series", params={"prefix": "no"}) == {"items": []}


def test_pages_and_streams_agree(api, run):
    sent = [(s, TIME - s, s / 3) for s in range(2500)]
    done(send_frames(api, formats.body([formats.series(run, "k", sent)])))
    assert points(api, run, "k", limit=999) == sent
    by_time = points(api, run, "k", order="time", limit=700)
    assert by_time == sorted(sent, key=lambda p: p[1])
    reply = api.call("GET", f"runs/{run}/points", params={"key": "k"}, headers={"Accept": "text/csv"})
    assert reply.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(reply.text)))
    assert rows[0] == ["step", "time_ms", "value"]
    assert [(int(s), int(t), float(v)) for s, t, v in rows[1:]] == sent
    reply = api.call(
        "GET", f"runs/{run}/points", params={"key": "k", "limit": 20}, headers={"Accept": formats.LINES_TYPE}
    )
    assert [json.loads(x) for x in reply.text.splitlines()] == [
        {"step": s, "time_ms": t, "value": v} for s, t, v in sent[:20]
    ]


def test_specials_in_streams(api, run):
    done(send_lines(api, lines(*(line(run, "k", s, v) for s, v in enumerate(["NaN", "Infinity", "-Infinity"])))))
    got = api.call("GET", f"runs/{run}/points", params={"key": "k"}, headers={"Accept": "text/csv"}).text
    assert [x.split(",")[2] for x in got.splitlines()[1:]] == ["NaN", "Infinity", "-Infinity"]
    got = api.call("GET", f"runs/{run}/points", params={"key": "k"}, headers={"Accept": formats.LINES_TYPE}).text
    assert [json.loads(x)["value"] for x in got.splitlines()] == ["NaN", "Infinity", "-Infinity"]


@pytest.mark.parametrize(
    "params, status, code",
    [
        ({}, 400, "INVALID"),
        ({"key": "k", "limit": 0}, 400, "INVALID"),
        ({"key": "k", "limit": 100001}, 400, "INVALID"),
        ({"key": "k", "order": "value"}, 400, "INVALID"),
        ({"key": "k", "after": "x"}, 400, "INVALID"),
        ({"key": "k", "after": "1.2.zz"}, 400, "INVALID"),
        ({"key": "none"}, 404, "NOT_FOUND"),
    ],
)
def test_wrong_questions(api, run, params, status, code):
    done(send_lines(api, lines(line(run, "k", 0, 1.0))))
    assert problem(api.get(f"runs/{run}/points", **params)) == (status, code)


def test_what_is_not_there(api):
    for path in ("series", "points?key=k", "files", "tar"):
        assert problem(api.get(f"runs/{'0' * 32}/{path}"))[0] == 404
        assert problem(api.get(f"runs/nonsense/{path}"))[0] == 404


def test_accept_must_name_a_form(api, run):
    done(send_lines(api, lines(line(run, "k", 0, 1.0))))
    reply = api.call("GET", f"runs/{run}/points", params={"key": "k"}, headers={"Accept": "image/png"})
    assert problem(reply) == (400, "INVALID")
    reply = api.call("GET", f"runs/{run}/points", params={"key": "k"}, headers={"Accept": "image/png, text/*;q=0.5"})
    assert reply.headers["Content-Type"].startswith("text/csv")


def test_replies_have_their_shapes(api, run):
    """What the OpenAPI page says is what comes."""
    done(send_lines(api, lines(line(run, "k", 0, 1.0), line(run, "k", 1, "NaN"))))
    page = api.ok("GET", "openapi.json")

    def check(value, schema):
        if "$ref" in schema:
            schema = page["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        if schema.get("type") == "object" and "properties" in schema:
            assert set(schema.get("required", [])) <= set(value) <= set(schema["properties"])
            for name, member in value.items():
                check(member, schema["properties"][name])
        elif schema.get("type") == "array":
            for member in value:
                check(member, schema["items"])
        elif "type" in schema:
            assert isinstance(value, {"string": str, "integer": int, "boolean": bool}[schema["type"]])

    def schema(method, path, status="200", kind="application/json"):
        return page["paths"]["/api/v1/" + path][method]["responses"][status]["content"][kind]["schema"]

    check(api.ok("GET", f"runs/{run}/series"), schema("get", "runs/{run}/series"))
    check(api.get(f"runs/{run}/points", key="k").json(), schema("get", "runs/{run}/points"))
    chart = api.post("series/chart", {"runs": [run], "keys": ["k"]}).json()
    check(chart, schema("post", "series/chart"))
    check(send_lines(api, "").json(), schema("post", "ingest"))
    wrong = send_lines(api, "x").json()
    check(wrong, schema("post", "ingest", "default", "application/problem+json"))
    put = api.ok("PUT", f"runs/{run}/files/a/b", data=b"x")
    check(put, schema("put", "runs/{run}/files/{path}"))
    check(api.ok("GET", f"runs/{run}/files"), schema("get", "runs/{run}/files"))


# ---- charts ----------------------------------------------------------------------------------------------------------


def chart(api, **question):
    """The same as JSON and as bytes."""
    reply = api.post("series/chart", question)
    assert reply.status_code == 200, reply.text
    told = reply.json()
    raw = api.post("series/chart", question, headers={"Accept": formats.CHART_TYPE})
    assert raw.headers["Content-Type"] == formats.CHART_TYPE
    start, end, buckets, read = formats.read_chart(raw.content)
    assert (start, end, buckets) == (told["start"], told["end"], told["buckets"])
    for x in told["items"]:
        for name in ("first", "last", "min", "max"):
            x[name] = [number(v) for v in x[name]]
    assert repr(read) == repr([{k: x[k] for k in read[0]} for x in told["items"]] if read else [])
    return told


def check_line(x, sent, start, end, place=0):
    """No point is lost, and each part is what its points are. `place` 1: parts are of times."""
    sent = sorted((p for p in set(sent) if start <= p[place] <= end), key=lambda p: (p[place], p[1 - place], p[2]))
    at = 0
    for i, n in enumerate(x["n"]):
        part = sent[at : at + n]
        at += n
        values = [p[2] for p in part if p[2] == p[2]]
        assert (x["first_step"][i], x["first_time_ms"][i], x["first"][i]) == part[0]
        assert (x["last_step"][i], x["last_time_ms"][i], x["last"][i]) == part[-1]
        assert x["min"][i] == min(values) and x["max"][i] == max(values)
        assert x["nan"][i] == len(part) - len(values)
    assert at == len(sent)


def test_a_chart_of_runs_and_keys(api, new_run):
    runs = [new_run() for _ in range(3)]
    made = random.Random(2)
    sent = {}
    for r in runs:
        for k in ("a", "b", "c"):
            sent[r, k] = [(s, TIME + s, made.random()) for s in range(made.randrange(10, 3000))]
    sent[runs[0], "c"][5] = (5, TIME + 5, float("nan"))
    done(send_frames(api, formats.body([formats.series(r, k, p) for (r, k), p in sent.items() if k != "b" or r == runs[0]])))
    told = chart(api, runs=runs, keys=["b", "a", "nothing", "c"], buckets=70)
    assert [(x["run"], x["key"]) for x in told["items"]] == [
        (runs[0], "b"), (runs[0], "a"), (runs[0], "c"), (runs[1], "a"), (runs[1], "c"), (runs[2], "a"), (runs[2], "c")
    ]  # fmt: skip
    lengths = [len(sent[x["run"], x["key"]]) for x in told["items"]]
    assert (told["start"], told["end"], told["buckets"]) == (0, max(lengths) - 1, 70)
    for x in told["items"]:
        points = sent[x["run"], x["key"]]
        if (x["run"], x["key"]) == (runs[0], "c"):
            assert sum(x["nan"]) == 1 and sum(x["n"]) == len(points)
        else:
            check_line(x, points, told["start"], told["end"])
    zoom = chart(api, runs=runs[:1], keys=["a"], start=3, end=7, buckets=100)["items"][0]
    assert zoom["first_step"] == [3, 4, 5, 6, 7] and zoom["n"] == [1] * 5


def test_a_chart_with_steps_and_values_beyond_32_bits(api, run):
    sent = [(-(2**63), 2**62, 0.1), (0, -(2**62), 1e300), (2**63 - 1, 0, -0.1)]
    done(send_frames(api, formats.body([formats.series(run, "k", sent)])))
    told = chart(api, runs=[run], keys=["k"], buckets=3)
    check_line(told["items"][0], sent, told["start"], told["end"])


ALWAYS = (-(2**63), 2**63 - 1)
COURSES = {
    "slower and slower": lambda i: (i, TIME + i * i),
    "without steps": lambda i: (0, TIME + 10 * i),
    "backwards": lambda i: (i, TIME - 7 * i),
    "anywhere": lambda i: (i, TIME + i * 7919 % 3001),
}


@pytest.mark.parametrize("course", COURSES)
def test_a_chart_by_time(api, run, course):
    place = COURSES[course]
    sent = [(*place(i), float(i % 10)) for i in range(3000)]
    done(send_frames(api, formats.body([formats.series(run, "k", sent)])))
    told = chart(api, runs=[run], keys=["k"], by="time", buckets=50)
    assert (told["start"], told["end"]) == ALWAYS, "each line over its own times"
    (line,) = told["items"]
    check_line(line, sent, *ALWAYS, place=1)
    times = sorted(t for _, t, _ in sent)
    width = (times[-1] - times[0]) // 50 + 1
    assert all(b - a < width for a, b in zip(line["first_time_ms"], line["last_time_ms"])), "parts are alike in time"
    from_, to = times[1000], times[2000]
    check_line(chart(api, runs=[run], keys=["k"], by="time", start=from_, end=to)["items"][0], sent, from_, to, place=1)
    tail = chart(api, runs=[run], keys=["k"], by="time", start=times[2990], buckets=5)
    assert (tail["start"], tail["end"]) == (times[2990], ALWAYS[1])
    check_line(tail["items"][0], sent, times[2990], ALWAYS[1], place=1)


def test_a_chart_by_time_gives_each_run_its_own_parts(api, new_run):
    runs = [new_run(), new_run()]
    day = 86_400_000
    sent = {r: [(i, TIME + k * day + i, 1.0) for i in range(1000)] for k, r in enumerate(runs)}
    done(send_frames(api, formats.body([formats.series(r, "k", p) for r, p in sent.items()])))
    told = chart(api, runs=runs, keys=["k", "nothing"], by="time", buckets=100)
    assert [len(x["n"]) for x in told["items"]] == [100, 100]
    assert chart(api, runs=runs, keys=["k"], by="time", start=TIME + day)["items"][0]["run"] == runs[1]
    assert chart(api, runs=runs, keys=["k"], by="time", start=TIME + 2 * day)["items"] == []


def test_a_chart_of_nothing(api, run):
    assert chart(api, runs=[run], keys=["k"])["items"] == []
    done(send_lines(api, lines(line(run, "k", 5, 1.0))))
    assert chart(api, runs=[run], keys=["k"], start=6)["items"] == []
    assert chart(api, runs=[run], keys=["k"], start=5, end=4)["items"] == []


@pytest.mark.parametrize(
    "change, status, code",
    [
        ({"runs": []}, 400, "INVALID"),
        ({"keys": []}, 400, "INVALID"),
        ({"runs": ["0" * 32]}, 404, "NOT_FOUND"),
        ({"runs": ["x"]}, 404, "NOT_FOUND"),
        ({"buckets": 0}, 400, "INVALID"),
        ({"buckets": 20001}, 400, "INVALID"),
        ({"start": 1.5}, 400, "INVALID"),
        ({"by": "value"}, 400, "INVALID"),
        ({"keys": ["k"] * 1001}, 400, "INVALID"),
        ({"runs": "RUN", "keys": ["k"] * 1000, "times": 11}, 413, "TOO_LARGE"),
    ],
)
def test_wrong_charts(api, run, change, status, code):
    question = {"runs": [run], "keys": ["k"], **change}
    if "times" in question:
        question["runs"] = [run] * question.pop("times")
    assert problem(api.post("series/chart", question)) == (status, code)
