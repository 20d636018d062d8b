# SPDX-License-Identifier: Apache-2.0
"""The same requests to our server and to the reference: the same replies.

Every scenario is a list of requests that both servers get in turn. Replies are compared as JSON once ids, times and
page tokens are replaced by marks (ids by the order in which they appear). Where we deliberately answer otherwise, the
request says what we answer and why: that is the list of differences, complete as far as it is tested.

The second part changes each field of each request in every way that a wrong program might (missing, null, empty, of
another type) and compares what both make of it.
"""

import copy
import json
import re
import uuid

import pytest
from conftest import Rest

pytestmark = [pytest.mark.own_server, pytest.mark.xdist_group("reference")]

T = 1_700_000_000_000


class Request:
    """message=False: the words of the error may differ; reply=False: only the status counts; differs=(status, code), or
    (status, body): what we answer, whatever the reference does."""

    def __init__(
        self, method, path, body=None, params=None, save=None, differs=None, why=None, message=True, reply=True, **kwargs
    ):
        self.method, self.path, self.body, self.params, self.save = method, path, body, params, save or {}
        self.differs, self.why, self.message, self.reply, self.kwargs = differs, why, message, reply, kwargs


def post(path, body=None, **kwargs):
    return Request("POST", path, {} if body is None else body, **kwargs)


def get(path, /, **params):
    options = {k: params.pop(k) for k in ("save", "differs", "why", "message") if k in params}
    return Request("GET", path, params=params, **options)


def patch(path, body, **kwargs):
    return Request("PATCH", path, body, **kwargs)


def delete(path, body=None, **kwargs):
    return Request("DELETE", path, body, **kwargs)


class Side:
    """One of the two servers in a scenario: what was saved, and the marks given to ids."""

    def __init__(self, uri, nonce):
        self.rest, self.saved, self.ids = Rest(uri), {"u": nonce}, {}

    def fill(self, value):
        """Replaces {name} by what was saved under it, in every string."""
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda m: self.saved.get(m[1], m[0]), value)
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if isinstance(value, dict):
            return {self.fill(k): self.fill(v) for k, v in value.items()}
        return value

    def send(self, request):
        kwargs = {k: self.fill(v) if isinstance(v, (str, dict)) else v for k, v in request.kwargs.items()}
        if request.body is not None:
            kwargs["json"] = self.fill(request.body)
        reply = self.rest.send(request.method, self.fill(request.path), params=self.fill(request.params), **kwargs)
        try:
            body = reply.json()
        except ValueError:
            return reply.status_code, reply.text if reply.status_code == 200 else None
        if reply.status_code == 200:
            for name, path in request.save.items():
                found = body
                for key in path.split("."):
                    found = found[int(key)] if key.isdigit() else found[key]
                self.saved[name] = found
        return reply.status_code, self.normal(body)

    TIMES = {"creation_time", "last_update_time", "creation_timestamp_ms", "last_updated_timestamp_ms",
             "creation_timestamp", "last_updated_timestamp"}  # fmt: skip
    BY_KEY = {"metrics", "params", "tags", "dataset_inputs", "model_inputs", "model_outputs", "dataset_summaries",
              "latest_versions", "aliases"}  # fmt: skip
    # The reference leaves out the aliases of versions in most lists.
    LISTS_OF_VERSIONS = {"latest_versions", "model_versions"}

    def mark(self, match):
        text = match[0]
        return self.ids.setdefault(text, f"<id {len(self.ids) + 1}>")

    def normal_text(self, text):
        text = re.sub(r"(mlflow-artifacts:/|\bid[= ]'?|experiment )([1-9]\d*)\b", lambda m: m[1] + self.experiment(m[2]), text)
        text = re.sub(r"[0-9a-f]{32}", self.mark, text)
        # A set of Python is in no order; its strings have whichever quotes fit.
        text = re.sub(r"\{('[^{}]*')\}", lambda m: "{" + ", ".join(sorted(m[1].split(", "))) + "}", text)
        text = re.sub(r"""\('([^'"]*)'\) provided""", r'("\1") provided', text)
        if text.startswith("[{"):  # JSON in a tag: its white space does not count
            text = json.dumps(json.loads(text))
        return text

    def experiment(self, number):
        return self.ids.setdefault(f"experiment {number}", f"<experiment {len(self.ids) + 1}>")

    def normal(self, value, key=None):
        if key in self.TIMES:
            return "<time>"
        if key == "next_page_token":
            return "<token>"
        if key == "experiment_id" and isinstance(value, str) and value.isdigit():
            return value if value == "0" else self.experiment(value)
        if isinstance(value, str):
            return self.normal_text(value)
        if isinstance(value, dict):
            kept = {k: self.normal(v, k) for k, v in value.items() if k not in self.IGNORED}
            # The reference sends some empty parts and leaves out others.
            return {k: v for k, v in kept.items() if v not in ([], {}) and (k, v) not in self.MAY_LACK}
        if isinstance(value, list):
            if key in self.LISTS_OF_VERSIONS:
                value = [{k: v for k, v in version.items() if k != "aliases"} for version in value]
            items = [self.normal(v) for v in value]
            return sorted(items, key=lambda v: json.dumps(v, sort_keys=True)) if key in self.BY_KEY else items
        return value


    # What newer servers add to each error and each experiment, and Stemma does not have (yet).
    IGNORED = {"effective_trace_archival_retention"}
    MAY_LACK = [("model_type", ""), ("description", "")]


def differences(ours, theirs, path=""):
    """A line for each leaf that differs."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key, "(absent)"), theirs.get(key, "(absent)"), f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (a, b) in enumerate(zip(ours, theirs)):
            yield from differences(a, b, f"{path}[{i}]")
    elif ours != theirs:
        yield f"{path or 'body'}: ours {str(ours)[:300]!r}, theirs {str(theirs)[:300]!r}"


def is_error(reply):
    return isinstance(reply[1], dict) and "error_code" in reply[1]


def short(reply):
    return (reply[0], reply[1].get("error_code")) if is_error(reply) else reply


@pytest.fixture(scope="module")
def sides(server, reference):
    def both():
        nonce = "u" + uuid.uuid4().hex[:8]
        return [Side(uri, nonce) for uri in (server.uri, reference.uri)]

    return both


EXPERIMENT = post("experiments/create", {"name": "{u}"}, save={"e": "experiment_id"})
RUN = post(
    "runs/create",
    {"experiment_id": "{e}", "start_time": T, "run_name": "r", "user_id": "me"},
    save={"r": "run.info.run_id"},
)
GET_RUN = get("runs/get", run_id="{r}")
UNKNOWN = "0" * 31 + "f"


def run_named(name, start, save="r"):
    body = {"experiment_id": "{e}", "start_time": start, "run_name": name, "user_id": "me"}
    return post("runs/create", body, save={save: "run.info.run_id"})


def m(key, value, step=0, timestamp=T, **more):
    return {"key": key, "value": value, "step": step, "timestamp": timestamp, **more}


def search(text="", **more):
    return post("runs/search", {"experiment_ids": ["{e}"], "filter": text, "max_results": 100, **more})


def log_batch(**lists):
    return post("runs/log-batch", {"run_id": "{r}", **lists})


def model(name, **more):
    body = {"experiment_id": "{e}", "name": name, **more}
    return post("logged-models", body, save={"m": "model.info.model_id"})


REGISTERED = post("registered-models/create", {"name": "{u}"})
GET_REGISTERED = get("registered-models/get", name="{u}")


def publish(source="s3://b/p", name="{u}", **more):
    options = {k: more.pop(k) for k in ("differs", "why", "message", "save") if k in more}
    return post("model-versions/create", {"name": name, "source": source, **more}, **options)


def version(number="1", name="{u}"):
    return get("model-versions/get", name=name, version=number)


def stage(number, to, **more):
    return post("model-versions/transition-stage", {"name": "{u}", "version": number, "stage": to, **more})


def alias(name, number="1"):
    return post("registered-models/alias", {"name": "{u}", "alias": name, "version": number})


def models(text="", prefix="{u}", **more):
    text = f"name LIKE '{prefix}%'" + (f" AND {text}" if text else "")
    return get("registered-models/search", filter=text, max_results=10, **more)


def versions(text="", **more):
    return get("model-versions/search", filter="name LIKE '{u}%'" + (f" AND {text}" if text else ""), max_results=10, **more)


PROMPT = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
NO_RUN = "a text that can not be an id"
BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
BULK_INTERVAL = BULK + "-interval"
DATASETS = "/ajax-api/2.0/mlflow/experiments/search-datasets"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"

SCENARIOS = {
    "experiment: create, get, rename, delete, restore": [
        EXPERIMENT,
        get("experiments/get", experiment_id="{e}"),
        get("experiments/get-by-name", experiment_name="{u}"),
        post("experiments/create", {"name": "{u}"}, message=False),
        post("experiments/update", {"experiment_id": "{e}", "new_name": "{u} new"}),
        get("experiments/get", experiment_id="{e}"),
        get("experiments/get-by-name", experiment_name="{u}"),
        post("experiments/delete", {"experiment_id": "{e}"}),
        get("experiments/get", experiment_id="{e}"),
        get("experiments/get-by-name", experiment_name="{u} new"),
        post("experiments/delete", {"experiment_id": "{e}"}, message=False),
        post("experiments/set-experiment-tag", {"experiment_id": "{e}", "key": "k", "value": "v"}),
        post("experiments/restore", {"experiment_id": "{e}"}),
        post("experiments/restore", {"experiment_id": "{e}"}, message=False),
        get("experiments/get", experiment_id="{e}"),
    ],
    "experiment: tags": [
        post("experiments/create", {"name": "{u}", "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": ""}]},
             save={"e": "experiment_id"}),
        get("experiments/get", experiment_id="{e}"),
        post("experiments/set-experiment-tag", {"experiment_id": "{e}", "key": "a", "value": "2"}),
        post("experiments/set-experiment-tag", {"experiment_id": "{e}", "key": "empty", "value": ""}),
        post("experiments/set-experiment-tag", {"experiment_id": "{e}", "key": "bad,key", "value": "x"}),
        post("experiments/set-experiment-tag", {"experiment_id": "{e}", "key": "k" * 251, "value": "x"}, message=False),
        post("experiments/delete-experiment-tag", {"experiment_id": "{e}", "key": "b"}),
        post("experiments/delete-experiment-tag", {"experiment_id": "{e}", "key": "b"}),
        get("experiments/get", experiment_id="{e}"),
    ],
    "experiment: unknown ones and bad names": [
        get("experiments/get", experiment_id="987654321"),
        get("experiments/get-by-name", experiment_name="{u} nobody"),
        post("experiments/delete", {"experiment_id": "987654321"}),
        post("experiments/restore", {"experiment_id": "987654321"}),
        post("experiments/update", {"experiment_id": "987654321", "new_name": "x"}),
        post("experiments/set-experiment-tag", {"experiment_id": "987654321", "key": "k", "value": "v"}),
        post("experiments/create", {"name": ""}),
        post("experiments/create", {"name": "n" * 501}, message=False),
        post("experiments/create", {}),
        get("experiments/get"),
        get("experiments/get-by-name"),
    ],
    "experiment: artifact locations": [
        post("experiments/create", {"name": "{u}1", "artifact_location": "s3://b/p"}, save={"e": "experiment_id"}),
        get("experiments/get", experiment_id="{e}"),
        RUN,
        post("experiments/create", {"name": "{u}2", "artifact_location": "s3://b/p?x=y"}, save={"e": "experiment_id"}),
        get("experiments/get", experiment_id="{e}"),
        RUN,
        post("experiments/create", {"name": "{u}3", "artifact_location": "s3://b/p/"}, save={"e": "experiment_id"}),
        RUN,
        post("experiments/create", {"name": "{u}4", "artifact_location": "s3://b/" + "p" * 2100}, message=False),
        post("experiments/create", {"name": "{u}5", "artifact_location": "s3://b/p#x"}, message=False),
        post("experiments/create", {"name": "{u}6", "artifact_location": "s3://b/p?x=../y"}, message=False),
        post("experiments/create", {"name": "{u}7", "artifact_location": "runs:/x"}, message=False),
        post("experiments/create", {"name": "{u}8", "artifact_location": "mlflow-artifacts:/own/place"},
             save={"e": "experiment_id"}),
        RUN,
    ],
    "experiment: search": [
        *[post("experiments/create", {"name": f"{{u}} {n}", "tags": [{"key": "n", "value": n}]}) for n in "abc"],
        *[post("experiments/search", {"max_results": 10, "filter": f, "order_by": o}) for f, o in [
            ("name LIKE '{u}%'", ["name ASC"]), ("name LIKE '{u}%'", ["name DESC"]), ("name ILIKE '{u} B'", []),
            ("name LIKE '{u}%' AND tags.n != 'b'", ["name ASC"]), ("name = '{u} c'", ["last_update_time DESC"]),
        ]],
        post("experiments/search", {"max_results": 2, "filter": "name LIKE '{u}%'", "order_by": ["name ASC"]},
             save={"t": "next_page_token"}),
        post("experiments/search", {"max_results": 2, "filter": "name LIKE '{u}%'", "order_by": ["name ASC"],
                                    "page_token": "{t}"}),
        post("experiments/search", {"max_results": 0}, message=False),
        post("experiments/search", {"max_results": 50001}, message=False),
        post("experiments/search", {"max_results": 5, "filter": "nobody = 'x'"}, message=False),
        post("experiments/search", {"max_results": 5, "order_by": ["nobody"]}, message=False),
        post("experiments/search", {"max_results": 5, "page_token": "garbage"}, message=False),
    ],
    "run: create, get, update, end": [
        EXPERIMENT,
        RUN,
        GET_RUN,
        get("runs/get", run_uuid="{r}"),
        post("runs/update", {"run_id": "{r}", "run_name": "other"}),
        post("runs/update", {"run_id": "{r}", "status": "FINISHED", "end_time": T + 5}),
        GET_RUN,
        post("runs/update", {"run_id": "{r}", "status": "RUNNING"}),
        post("runs/update", {"run_id": "{r}", "status": 4}),
        post("runs/update", {"run_id": "{r}"}),
        GET_RUN,
    ],
    "run: created with tags": [
        EXPERIMENT,
        post("runs/create", {"experiment_id": "{e}", "start_time": T, "user_id": "me", "tags": [
            {"key": "mlflow.runName", "value": "by tag"}, {"key": "a", "value": ""}, {"key": "mlflow.user", "value": "u"}]},
             save={"r": "run.info.run_id"}),
        GET_RUN,
        post("runs/create", {"experiment_id": "{e}", "start_time": T, "run_name": "x", "tags": [
            {"key": "mlflow.runName", "value": "y"}]}),
        post("runs/create", {"experiment_id": "{e}", "start_time": T, "run_name": "same", "tags": [
            {"key": "mlflow.runName", "value": "same"}]}),
    ],
    "run: delete and restore": [
        EXPERIMENT,
        RUN,
        post("runs/delete", {"run_id": "{r}"}),
        GET_RUN,
        post("runs/delete", {"run_id": "{r}"}),
        post("runs/log-metric", {"run_id": "{r}", "key": "m", "value": 1, "timestamp": 1}),
        post("runs/log-parameter", {"run_id": "{r}", "key": "p", "value": "1"}),
        post("runs/set-tag", {"run_id": "{r}", "key": "t", "value": "1"}),
        post("runs/delete-tag", {"run_id": "{r}", "key": "mlflow.runName"}),
        post("runs/update", {"run_id": "{r}", "status": "FINISHED"}),
        log_batch(metrics=[m("m", 1)]),
        post("runs/restore", {"run_id": "{r}"}),
        post("runs/restore", {"run_id": "{r}"}),
        GET_RUN,
    ],
    "run: in a deleted experiment": [
        EXPERIMENT,
        RUN,
        post("experiments/delete", {"experiment_id": "{e}"}),
        GET_RUN,
        run_named("late", T),
        search(run_view_type="ALL"),
        post("experiments/restore", {"experiment_id": "{e}"}),
        GET_RUN,
        search(),
    ],
    "run: unknown": [
        get("runs/get", run_id=UNKNOWN),
        get("runs/get", run_id="short"),
        get("runs/get"),
        *[post(path, {"run_id": UNKNOWN, **more}) for path, more in [
            ("runs/update", {"status": "FINISHED"}), ("runs/delete", {}), ("runs/restore", {}),
            ("runs/log-metric", {"key": "m", "value": 1, "timestamp": 1}), ("runs/log-parameter", {"key": "p", "value": "1"}),
            ("runs/set-tag", {"key": "t", "value": "1"}), ("runs/delete-tag", {"key": "t"}),
            ("runs/log-batch", {"metrics": [m("m", 1)]}), ("runs/log-batch", {}),
            ("runs/log-inputs", {"datasets": [{"dataset": {"name": "d", "digest": "1", "source_type": "s", "source": "x"}}]}),
        ]],
        post("runs/create", {"experiment_id": "987654321", "start_time": T}),
        get("artifacts/list", run_id=UNKNOWN),
    ],
    "metrics: values and their order": [
        EXPERIMENT,
        RUN,
        post("runs/log-metric", {"run_id": "{r}", "key": "one", "value": 1, "timestamp": 5}),
        post("runs/log-metric", {"run_id": "{r}", "key": "zero", "value": 0, "timestamp": 0, "step": 0}),
        post("runs/log-metric", {"run_uuid": "{r}", "key": "uuid", "value": -2.5, "timestamp": 5, "step": -3}),
        log_batch(metrics=[m("v", 3, 2), m("v", 1, 1), m("v", 2, 2), m("v", 2, 2, T + 1), m("v", -1, -5)]),
        log_batch(metrics=[m("nan", "NaN"), m("nan", 1, 1), m("nan", "NaN", 2)]),
        log_batch(metrics=[m("tie", 1), m("tie", 3), m("tie", 2)]),
        log_batch(metrics=[m("small", 5e-324), m("huge", 1.7976931348623157e308), m("third", 1 / 3), m("e22", 1e22)]),
        log_batch(metrics=[m("i64", 1, 2**63 - 1), m("i64", 2, -(2**63)), m("big", 2**53 + 1)]),
        log_batch(metrics=[m("text", "2.5"), m("stepped", 1, "7", "8")]),
        GET_RUN,
        *[get("metrics/get-history", run_id="{r}", metric_key=k, max_results=100)
          for k in ("one", "zero", "uuid", "v", "nan", "tie", "small", "huge", "third", "e22", "i64", "big", "text",
                    "stepped", "nobody")],
        get("metrics/get-history", run_id="{r}", metric_key="v", max_results=2, save={"t": "next_page_token"}),
        get("metrics/get-history", run_id="{r}", metric_key="v", max_results=2, page_token="{t}"),
        get("metrics/get-history", run_id="{r}"),
        get("metrics/get-history", metric_key="v"),
        get("metrics/get-history", run_id="{r}", metric_key="v", max_results=2, page_token="garbage", message=False),
    ],
    "metrics: bulk": [
        EXPERIMENT,
        run_named("a", T, "a"),
        run_named("b", T, "b"),
        *[post("runs/log-batch", {"run_id": f"{{{r}}}", "metrics": [m("m", i, i, T + i) for i in range(n)]})
          for r, n in (("a", 4), ("b", 3))],
        get(BULK, run_id=["{a}"], metric_key="m", max_results=100),
        get(BULK_INTERVAL, run_ids=["{a}", "{b}"], metric_key="m", max_results=100),
        get(BULK_INTERVAL, run_ids=["{b}"], metric_key="m", start_step=1, end_step=2),
        get(BULK_INTERVAL, run_ids=["{b}"], metric_key="nobody"),
        get(BULK_INTERVAL, run_ids=["{b}"]),
        get(BULK_INTERVAL, metric_key="m", message=False),
        get(BULK_INTERVAL, run_ids=["{b}"], metric_key="m", max_results=0, message=False),
        get(BULK_INTERVAL, run_ids=["{b}"], metric_key="m", max_results=2501, message=False),
        get(BULK_INTERVAL, run_ids=["{b}"], metric_key="m", start_step=5, message=False),
        get(BULK_INTERVAL, run_ids=["{b}"], metric_key="m", start_step=5, end_step=1, message=False),
        get(BULK_INTERVAL, run_ids=[UNKNOWN] * 101, metric_key="m", message=False),
        get(BULK_INTERVAL, run_ids=[UNKNOWN], metric_key="m", differs=(404, "RESOURCE_DOES_NOT_EXIST"),
            why="a chart of a run that is not there is an error, not empty"),
        get(BULK, run_id=["{a}"], message=False),
        get(BULK, metric_key="m", message=False),
        get(BULK, run_id=[UNKNOWN] * 101, metric_key="m", message=False),
    ],
    "parameters and tags": [
        EXPERIMENT,
        RUN,
        post("runs/log-parameter", {"run_id": "{r}", "key": "p", "value": "1"}),
        post("runs/log-parameter", {"run_id": "{r}", "key": "p", "value": "1"}),
        post("runs/log-parameter", {"run_id": "{r}", "key": "p", "value": "2"}),
        post("runs/log-parameter", {"run_id": "{r}", "key": "empty", "value": ""}),
        post("runs/log-parameter", {"run_id": "{r}", "key": "none"}),
        post("runs/log-parameter", {"run_id": "{r}", "key": "long", "value": "x" * 6100}),
        log_batch(params=[{"key": "a", "value": "1"}, {"key": "p", "value": "1"}]),
        log_batch(params=[{"key": "a", "value": "2"}]),
        log_batch(params=[{"key": "b", "value": "1"}, {"key": "b", "value": "1"}]),
        post("runs/set-tag", {"run_id": "{r}", "key": "t", "value": "1"}),
        post("runs/set-tag", {"run_id": "{r}", "key": "t", "value": "2"}),
        post("runs/set-tag", {"run_id": "{r}", "key": "long", "value": "x" * 8100}),
        post("runs/set-tag", {"run_id": "{r}", "key": "mlflow.runName", "value": "renamed"}),
        post("runs/set-tag", {"run_id": "{r}", "key": "gone", "value": "1"}),
        post("runs/delete-tag", {"run_id": "{r}", "key": "gone"}),
        post("runs/delete-tag", {"run_id": "{r}", "key": "gone"}),
        log_batch(tags=[{"key": "x", "value": "1"}, {"key": "x", "value": "2"}]),
        GET_RUN,
    ],
    "names": [
        EXPERIMENT,
        RUN,
        *[post("runs/log-parameter", {"run_id": "{r}", "key": k, "value": "v"})
          for k in ("a b", "a/b", "ü", "a,b", "a//b", "./a", "a/", "/a", "..", ".", "a/../b", "é" * 250, "٣")],
        post("runs/log-parameter", {"run_id": "{r}", "key": "\u00a0", "value": "v"}, message=False),
        post("runs/log-parameter", {"run_id": "{r}", "key": "a\n", "value": "v"}, differs=(400, "INVALID_PARAMETER_VALUE"),
             why="a line feed at the end slips through the reference's pattern"),
        *[post("runs/set-tag", {"run_id": "{r}", "key": k, "value": "v"}) for k in ("a=b", "../a", "t" * 251)],
        *[post("runs/log-metric", {"run_id": "{r}", "key": k, "value": 1, "timestamp": 1}) for k in ("a=b", "../a", "t" * 251)],
        *[log_batch(**{what: [{**m("fine", 1)}, {**m(k, 1)}] if what == "metrics" else
                       [{"key": "fine", "value": "1"}, {"key": k, "value": "1"}]})
          for what in ("metrics", "params", "tags") for k in ("a=b", "../a", "k" * 251)],
    ],
    "batches: limits and missing parts": [
        EXPERIMENT,
        RUN,
        log_batch(),
        log_batch(metrics=[], params=[], tags=[]),
        log_batch(metrics=[m(f"m{i}", i) for i in range(1001)]),
        log_batch(tags=[{"key": f"t{i}", "value": "v"} for i in range(101)]),
        log_batch(metrics=[{"key": "m", "timestamp": 1}]),
        log_batch(metrics=[{"key": "m", "value": 1}]),
        log_batch(metrics=[{"value": 1, "timestamp": 1}]),
        log_batch(params=[{"value": "1"}]),
        log_batch(tags=[{"value": "1"}]),
        log_batch(metrics=[m("m", 1.5, timestamp=-1)]),
        post("runs/log-batch", {}),
        GET_RUN,
    ],
    "search: filters": [
        EXPERIMENT,
        *[step for i, (name, acc, lr) in enumerate([("a", 0.9, "0.1"), ("b", 0.5, "0.01"), ("C", 0.7, "1e-3")])
          for step in (run_named(name, T + i),
                       log_batch(metrics=[m("acc", acc), m("loss", 1 - acc, 3)], params=[{"key": "lr", "value": lr}],
                                 tags=[{"key": "who", "value": name * 2}]))],
        run_named("empty", T + 9),
        *[search(f) for f in (
            "", "metrics.acc > 0.6", "metrics.acc >= 0.7 AND params.lr = '0.1'", "params.lr != '0.1'", "tags.who LIKE '%a'",
            "tags.who ILIKE 'c%'", "params.lr LIKE '0._'", "attributes.run_name = 'b'", "run_name ILIKE 'c'",
            "status = 'RUNNING'", "status != 'RUNNING'", f"start_time >= {T + 1}", "metrics.`acc` < 0.6", 'tags."who" = "aa"',
            "params.lr IS NULL", "params.lr IS NOT NULL", "tags.who IS NULL", "user_id = 'me'", "tags.mlflow.runName = 'a'")],
        *[search(order_by=o) for o in (
            ["metrics.acc DESC"], ["metrics.acc ASC"], ["params.lr"], ["tags.who DESC"], ["run_name ASC"],
            ["attributes.start_time"], ["metrics.nobody"], ["status", "metrics.loss"], ["end_time DESC"])],
        search(order_by=["metrics.acc DESC"], max_results=3),
        search(run_view_type="DELETED_ONLY"),
        search(run_view_type="ALL"),
        post("runs/search", {"experiment_ids": []}),
        post("runs/search", {}),
        post("runs/search", {"experiment_ids": ["987654321"]}),
    ],
    "search: errors": [
        EXPERIMENT,
        *[search(f) for f in (
            "metrics.acc > 'x'", "params.lr = 1", "params.lr > '1'", "nobody.x = 1", "nobody = 'x'", "status > 'x'",
            "metrics.acc > 1 OR metrics.acc < 2", "attributes.experiment_id = '1'", "metrics.acc LIKE 1", "tags.x = y",
            "start_time = 'x'", "run_id IN ('a') AND", "dataset.x = 'y'", "metrics.acc > 1; tags.x = 'y'", "acc", "= 1")],
        search(order_by=["nobody"]),
        search(order_by=["metrics.acc UP"]),
        search(order_by=["params.x ASC DESC"]),
        search(order_by=["dataset.name"]),
        search(max_results=0),
        post("runs/search", {"experiment_ids": ["{e}"], "max_results": 50001}, message=False),
        post("runs/search", {"experiment_ids": ["{e}"], "page_token": "garbage"}, message=False),
    ],
    "data sets": [
        EXPERIMENT,
        RUN,
        *[post("runs/log-inputs", {"run_id": "{r}", "datasets": [
            {"dataset": {"name": n, "digest": d, "source_type": "local", "source": "{}", "schema": "s", "profile": "p"},
             "tags": [{"key": "mlflow.data.context", "value": c}]}]})
          for n, d, c in (("a", "1", "train"), ("b", "2", "eval"), ("a", "1", "other"))],
        GET_RUN,
        search(),
        search("dataset.name = 'a'"),
        search("dataset.context = 'eval'"),
        post(DATASETS, {"experiment_ids": ["{e}"]}),
        post(DATASETS, {"experiment_ids": []}),
        post(DATASETS, {"experiment_ids": [str(i) for i in range(21)]}),
        post("runs/log-inputs", {"run_id": "{r}"}),
        post("runs/log-inputs", {"run_id": "{r}", "datasets": [{"dataset": {
            "name": "n" * 501, "digest": "1", "source_type": "local", "source": "x"}}]}, message=False),
    ],
    "log-model": [
        EXPERIMENT,
        RUN,
        *[post("runs/log-model", {"run_id": "{r}", "model_json": json.dumps(
            {"run_id": "x", "artifact_path": p, "utc_time_created": "now", "model_uuid": "u", "flavors": {"python": {}}})}) for p in ("a", "b")],
        GET_RUN,
        post("runs/log-model", {"run_id": "{r}", "model_json": "no json"}, message=False),
        post("runs/log-model", {"run_id": "{r}", "model_json": "{}"}, message=False),
        post("runs/log-model", {"run_id": "{r}"}),
    ],
    "logged models": [
        EXPERIMENT,
        RUN,
        model("a", model_type="cnn", source_run_id="{r}", params=[{"key": "p", "value": "1"}], tags=[{"key": "t", "value": "2"}]),
        get("logged-models/{m}"),
        patch("logged-models/{m}", {"model_id": "{m}", "status": "LOGGED_MODEL_READY"}),
        post("runs/log-metric", {"run_id": "{r}", "key": "acc", "value": 0.5, "timestamp": T, "step": 1, "model_id": "{m}"}),
        log_batch(metrics=[m("acc", 0.75, 2, T + 1, model_id="{m}", dataset_name="d", dataset_digest="1")]),
        get("logged-models/{m}"),
        GET_RUN,
        patch("logged-models/{m}/tags", {"model_id": "{m}", "tags": [{"key": "t", "value": "3"}, {"key": "u", "value": ""}]}, reply=False),
        delete("logged-models/{m}/tags/t"),
        delete("logged-models/{m}/tags/t"),
        post("logged-models/{m}/params", {"model_id": "{m}", "params": [{"key": "q", "value": "x"}]}),
        get("logged-models/{m}"),
        post("runs/outputs", {"run_id": "{r}", "models": [{"model_id": "{m}", "step": 3}]}),
        post("runs/log-inputs", {"run_id": "{r}", "models": [{"model_id": "{m}"}]}),
        GET_RUN,
        search(),
        model("b"),
        *[post("logged-models/search", {"experiment_ids": ["{e}"], **more}) for more in (
            {}, {"filter": "name = 'a'"}, {"filter": "metrics.acc > 0.6"}, {"filter": "params.q = 'x' AND model_type = 'cnn'"},
            {"order_by": [{"field_name": "name", "ascending": True}]}, {"max_results": 1},
            {"order_by": [{"field_name": "metrics.acc", "ascending": False}]})],
        delete("logged-models/{m}"),
        get("logged-models/{m}"),
        delete("logged-models/{m}", message=False),
        post("logged-models/search", {"experiment_ids": ["{e}"]}),
        model("bad/name"),
        get("logged-models/m-" + UNKNOWN),
        patch("logged-models/m-" + UNKNOWN, {"model_id": "m-" + UNKNOWN, "status": "LOGGED_MODEL_READY"}),
        patch("logged-models/{m}", {}, message=False),
        get("logged-models/{m}/artifacts/directories"),
    ],
    "registry: models": [
        post("registered-models/create", {"name": "{u}", "description": "d", "tags": [
            {"key": "a", "value": "1"}, {"key": "b", "value": ""}, {"key": "a", "value": "2"}, {"key": "c"}]}),
        REGISTERED,
        GET_REGISTERED,
        post("registered-models/set-tag", {"name": "{u}", "key": "a", "value": "3"}),
        post("registered-models/set-tag", {"name": "{u}", "key": "no value"}),
        post("registered-models/set-tag", {"name": "{u}", "key": "a,b", "value": "3"}),
        post("registered-models/set-tag", {"name": "{u}", "key": "../a", "value": "3"}),
        post("registered-models/set-tag", {"name": "{u}", "key": "k" * 251, "value": "3"}),
        post("registered-models/set-tag", {"name": "{u}", "key": "k", "value": "v" * 100001}),
        delete("registered-models/delete-tag", {"name": "{u}", "key": "b"}),
        delete("registered-models/delete-tag", {"name": "{u}", "key": "b"}),
        delete("registered-models/delete-tag", {"name": "{u}", "key": "a,b"}),
        patch("registered-models/update", {"name": "{u}", "description": "new"}),
        GET_REGISTERED,
        patch("registered-models/update", {"name": "{u}"}),
        post("registered-models/rename", {"name": "{u}", "new_name": "{u} new"}),
        GET_REGISTERED,
        get("registered-models/get", name="{u} new"),
        REGISTERED,
        post("registered-models/rename", {"name": "{u}", "new_name": "{u} new"}, message=False),
        post("registered-models/rename", {"name": "{u}", "new_name": "{u}"}),
        delete("registered-models/delete", {"name": "{u}"}),
        delete("registered-models/delete", {"name": "{u}"}),
        GET_REGISTERED,
    ],
    "registry: names, and what is not there": [
        *[post("registered-models/create", {"name": n}) for n in ("", " ", "a/b", "a:b", "/", ".", "..", "..a", "./a")],
        post("registered-models/create", {}),
        post("registered-models/create", {"name": "a@{u}"}, differs=(400, "INVALID_PARAMETER_VALUE"),
             why="what stands behind an '@' is an alias"),
        *[post("registered-models/create", {"name": n}, differs=(400, "INVALID_PARAMETER_VALUE"),
               why="control characters are in no name") for n in ("a\nb{u}", "\x1b[31m{u}", "{u}\x7f")],
        REGISTERED,
        *[post("registered-models/rename", {"name": "{u}", "new_name": n}) for n in ("", " ", "a/b", "a:b", "..")],
        *[post("registered-models/rename", {"name": n, "new_name": "x"}) for n in ("", " ", "a/b", "{u} nobody")],
        *[get("registered-models/get", name=n) for n in ("", " ", "a/b", "{u} nobody")],
        get("registered-models/get"),
        patch("registered-models/update", {"name": "{u} nobody", "description": "d"}),
        delete("registered-models/delete", {"name": "{u} nobody"}),
        post("registered-models/set-tag", {"name": "{u} nobody", "key": "k", "value": "v"}),
        delete("registered-models/delete-tag", {"name": "{u} nobody", "key": "k"}),
        post("registered-models/get-latest-versions", {"name": "{u} nobody"}),
        get("registered-models/alias", name="{u} nobody", alias="a"),
        delete("registered-models/alias", {"name": "{u} nobody", "alias": "a"}),
        post("registered-models/alias", {"name": "{u} nobody", "alias": "a", "version": "1"}),
    ],
    "registry: versions": [
        REGISTERED,
        publish(),
        publish(run_link="http://x/1", description="d", tags=[{"key": "a", "value": "1"}, {"key": "b"}, {"key": "a", "value": "2"}]),
        publish(run_id=UNKNOWN),
        publish(name="{u} nobody"),
        publish(name="a/b"),
        publish(tags=[{"key": "a,b", "value": ""}]),
        publish(tags=[{"key": "mlflow.prompt.text", "value": "v" * 100001}]),
        version(),
        version("2"),
        version("3"),
        *[version(n) for n in ("99", "x", "", " 1 ", "+1", "-1", "1.0", "9" * 30)],
        patch("model-versions/update", {"name": "{u}", "version": "1", "description": "new"}),
        patch("model-versions/update", {"name": "{u}", "version": "1"}),
        patch("model-versions/update", {"name": "{u}", "version": "77", "description": "new"}),
        post("model-versions/set-tag", {"name": "{u}", "version": "1", "key": "k", "value": "v"}),
        post("model-versions/set-tag", {"name": "{u}", "version": "1", "key": "k,", "value": "v"}),
        post("model-versions/set-tag", {"name": "{u}", "version": "x", "key": "k", "value": "v"}),
        post("model-versions/set-tag", {"name": "{u}", "version": "77", "key": "k", "value": "v"}),
        version(),
        delete("model-versions/delete-tag", {"name": "{u}", "version": "1", "key": "k"}),
        delete("model-versions/delete-tag", {"name": "{u}", "version": "1", "key": "k"}),
        delete("model-versions/delete-tag", {"name": "{u}", "version": "77", "key": "k"}),
        version(),
        get("model-versions/get-download-uri", name="{u}", version="1"),
        get("model-versions/get-download-uri", name="{u}", version="77"),
        get("model-versions/get-download-uri", name="{u}"),
        get("model-versions/get-download-uri"),
        GET_REGISTERED,
        delete("model-versions/delete", {"name": "{u}", "version": "3"}),
        delete("model-versions/delete", {"name": "{u}", "version": "3"}),
        delete("model-versions/delete", {"name": "{u}", "version": "x"}),
        version("3"),
        GET_REGISTERED,
        publish(),
        post("registered-models/rename", {"name": "{u}", "new_name": "{u} new"}),
        version("1", "{u} new"),
        version(),
        publish(name="{u} new", run_id="no id", differs=(404, "RESOURCE_DOES_NOT_EXIST"), why=NO_RUN),
    ],
    "registry: sources": [
        REGISTERED,
        EXPERIMENT,
        RUN,
        run_named("other", T, save="other"),
        Request("PUT", PROXY + "/{e}/{r}/artifacts/m/MLmodel", data=b"x"),
        *[publish(s, run_id="{r}") for s in (
            "runs:/{r}/m", "mlflow-artifacts:/{e}/{r}/artifacts/m", "mlflow-artifacts:/{e}/{r}/artifacts", "s3://b/p", "dbfs:/p",
            "runs:/{other}/m", "runs:/", "runs:/{r}", "runs://{r}/m", "mlflow-artifacts:/{e}/{r}/artifactsx", "mlflow-artifacts:/{e}/{r}",
            "mlflow-artifacts:/{e}/{other}/artifacts/m", "mlflow-artifacts:/{e}/{r}/artifacts/../../x", "mlflow-artifacts:/",
            "/etc/passwd", "file://host/etc", "s3://b/../p", "s3://b/%2e%2e/p", "s3://b/%252e%252e/p", "s3://b/./p", "s3://b/p%00", "s3://b", "s3:p", "s3://b/p/", "s3://b//p")],
        # The reference tells where its server stands.
        *[publish(s, run_id="{r}", message=False) for s in ("file:///etc/passwd", "file://localhost/etc", "etc", "./etc", "../etc")],
        *[publish(s) for s in ("runs:/{r}/m", "mlflow-artifacts:/{e}/{r}/artifacts/m", "/etc/passwd", "dummy-source")],
        *[publish(s, run_id="{r}", message=False) for s in (
            "http://h/api/2.0/mlflow-artifacts/artifacts/{e}/{r}/artifacts/m", "mlflow-artifacts://h/{e}/{r}/artifacts/m")],
        publish("models:/{u}/1"),
        publish("models:/{u}/1", run_id="{r}"),
        publish("models:/{u}/1", run_id="{other}"),
        publish("models:/{u}/1", run_id=""),
        publish("models:/{u}/latest"),
        publish("models:/{u}/None"),
        alias("best"),
        publish("models:/{u}@best"),
        *[publish(s) for s in ("models:/{u}/77", "models:/{u}@nobody", "models:/{u} nobody/1", "models:/", "models:/a/b/c", "models:/{u}/",
                               "models://h/{u}/1", "models:/m-" + UNKNOWN, "models:/{u}@")],
        *[publish(s) for s in ("models:/{u}/nowhere", "models:/{u}/Staging")],
    ],
    "registry: logged models": [
        REGISTERED,
        EXPERIMENT,
        RUN,
        model("a", source_run_id="{r}"),
        publish("models:/{m}", model_id="{m}"),
        get("logged-models/{m}"),
        publish("mlflow-artifacts:/{e}/models/{m}/artifacts", model_id="{m}"),
        publish("s3://b/p", model_id="{m}", run_id=UNKNOWN),
        get("logged-models/{m}"),
        *[publish(s, model_id="{m}") for s in (
            "models:/m-" + UNKNOWN, "mlflow-artifacts:/{e}/models/x", "runs:/{r}/m", "/etc/passwd", "s3://b/../p", "models:/")],
        publish("models:/{m}"),
        publish("models:/{m}", run_id="{r}"),
        publish("models:/m-" + UNKNOWN, model_id="m-" + UNKNOWN),
        publish("models:/{u}/1"),
        publish("models:/{u}/1", run_id="{r}", model_id=""),
        get("logged-models/{m}"),
    ],
    "registry: aliases": [
        REGISTERED,
        publish(),
        publish(),
        *[alias(a) for a in ("a", "A-b_c", "é", "a b", "a.b", "a/b", "", "x" * 255, "x" * 256, "latest", "LATEST", "v1", "V12", "v", "v1a")],
        *[alias("a", n) for n in ("2", "77", "x", "")],
        GET_REGISTERED,
        version("1"),
        version("2"),
        *[get("registered-models/alias", name="{u}", alias=a) for a in ("a", "nobody", "latest", "Latest", "a b", "")],
        delete("registered-models/alias", {"name": "{u}", "alias": "a"}),
        delete("registered-models/alias", {"name": "{u}", "alias": "a"}),
        delete("registered-models/alias", {"name": "{u}", "alias": "a b"}),
        delete("model-versions/delete", {"name": "{u}", "version": "1"}),
        GET_REGISTERED,
        delete("model-versions/delete", {"name": "{u}", "version": "2"}),
        get("registered-models/alias", name="{u}", alias="latest"),
    ],
    "registry: stages": [
        REGISTERED,
        *[publish() for _ in range(4)],
        stage("1", "production"),
        stage("2", "STAGING"),
        stage("3", "Production", archive_existing_versions=False),
        GET_REGISTERED,
        stage("4", "Production", archive_existing_versions=True),
        version("1"),
        version("3"),
        GET_REGISTERED,
        *[post("registered-models/get-latest-versions", {"name": "{u}", "stages": [s]}) for s in ("Production", "archived", "None", "nowhere", "")],
        get("registered-models/get-latest-versions", name="{u}", stages="Staging"),
        post("registered-models/get-latest-versions", {"name": "{u}", "stages": ["nowhere", "Production"]}),
        stage("4", "nowhere"),
        stage("4", "Archived", archive_existing_versions=True),
        stage("77", "Production", archive_existing_versions=True),
        stage("x", "Production"),
        stage("2", "None"),
        GET_REGISTERED,
    ],
    "registry: search of models": [
        *[post("registered-models/create", {"name": f"{{u}} {n}", "tags": [{"key": "k", "value": n}]}) for n in "bca"],
        post("registered-models/create", {"name": "{u} p", "tags": PROMPT}),
        post("registered-models/create", {"name": "{u} p", "tags": PROMPT}),
        post("registered-models/create", {"name": "{u} a", "tags": PROMPT}),
        post("registered-models/create", {"name": "{u} p"}),
        patch("registered-models/update", {"name": "{u} c", "description": "newest"}),
        *[models(f) for f in ("", "tags.k = 'a'", "tags.k != 'a'", "tags.k ILIKE 'B'", "name = '{u} c'", "name IN ('{u} c', '{u} a')",
                              "name NOT IN ('{u} c')", "tags.nobody = 'x'", "name ILIKE '%B'", "tags.`k` LIKE '_'")],
        *[models("tags.`mlflow.prompt.is_prompt` " + f) for f in ("= 'true'", "= 'false'", "!= 'true'", "!= 'false'", "LIKE 'true'", "= 'TRUE'")],
        models("", order_by=["name DESC"]),
        models("", order_by=["last_updated_timestamp DESC"]),
        get("registered-models/search", filter="name LIKE '{u}%'", max_results=2, save={"t": "next_page_token"}),
        get("registered-models/search", filter="name LIKE '{u}%'", max_results=2, page_token="{t}"),
        *[models(f) for f in ("name > 'a'", "name = 1", "name = a", "tags.k > 'a'", "tags.k = 1", "nobody = 'x'", "metrics.x > 1", "name",
                              "name = 'a' OR name = 'b'", "name = 'a'; name = 'b'", "`name` = 'a'", "tags.k IS NULL", "run_id = 'x'")],
        *[models("", order_by=[o]) for o in ("nobody", "creation_timestamp", "name UP", "name ASC DESC", "attribute.name")],
        models("", order_by=["name", "name DESC"]),
        get("registered-models/search", max_results=1001, message=False),
        get("registered-models/search", page_token="garbage", message=False),
    ],
    "registry: search of versions": [
        EXPERIMENT,
        RUN,
        REGISTERED,
        publish(tags=[{"key": "k", "value": "a"}]),
        publish("s3://b/other", run_id="{r}", tags=[{"key": "k", "value": "b"}]),
        publish(),
        post("registered-models/create", {"name": "{u} p", "tags": PROMPT}),
        publish("dummy-source", "{u} p", tags=PROMPT),
        publish("prompt-template", "{u} p", tags=PROMPT),
        publish("s3://b/p", "{u} p", tags=PROMPT),
        patch("model-versions/update", {"name": "{u}", "version": "2", "description": "newest"}),
        versions(),
        *[versions(f, order_by=["version_number ASC"]) for f in (
            "", "run_id = '{r}'", "run_id != '{r}'", "run_id = ''", "run_id IN ('{r}', 'x')", "source_path = 's3://b/p'", "tags.k = 'a'",
            "tags.k != 'a'", "version_number >= 2", "version_number = '3'", "version_number != 3", "name = '{u}'", "name IN ('{u}')",
            "tags.`mlflow.prompt.is_prompt` = 'true'", "tags.`mlflow.prompt.is_prompt` != 'true'", "run_id LIKE '%'")],
        *[get("model-versions/search", filter=f, max_results=10) for f in ("name = '{u}'", "run_id = '{r}'", "run_id = '" + UNKNOWN + "'")],
        *[versions("", order_by=o) for o in (["name ASC", "version_number ASC"], ["last_updated_timestamp ASC"], ["version_number DESC"])],
        get("model-versions/search", filter="name = '{u}'", max_results=2, save={"t": "next_page_token"}),
        get("model-versions/search", filter="name = '{u}'", max_results=2, page_token="{t}"),
        *[versions(f) for f in ("version_number LIKE '1'", "version_number = 'x'", "version_number = 1.5", "run_id > 'a'", "run_id = 1",
                                "source_path IN ('a')", "creation_timestamp > 1", "tags.k IN ('a')", "nobody = 'x'", "version_number IN ('1')",
                                "tags.k IS NOT NULL", "metrics.x > 1")],
        *[versions("", order_by=[o]) for o in ("nobody", "timestamp", "name UP")],
        versions("", order_by=["name", "name DESC"]),
        get("model-versions/search", max_results=0),
        get("model-versions/search", max_results=200001, message=False),
        get("model-versions/search", page_token="garbage", message=False),
        delete("model-versions/delete", {"name": "{u}", "version": "2"}),
        versions("run_id = '{r}'"),
        delete("registered-models/delete", {"name": "{u}"}),
        versions(),
    ],
    "registry: files of versions": [
        REGISTERED,
        EXPERIMENT,
        RUN,
        Request("PUT", PROXY + "/{e}/{r}/artifacts/m/f/b.bin", data=b"x" * 20),
        publish("runs:/{r}/m", run_id="{r}"),
        publish("mlflow-artifacts:/{e}/{r}/artifacts/m", run_id="{r}"),
        Request("GET", "/model-versions/get-artifact", params={"name": "{u}", "version": "2", "path": "f/b.bin"}),
        Request("GET", "/model-versions/get-artifact", params={"name": "{u}", "version": "77", "path": "f/b.bin"}),
        Request("GET", "/model-versions/get-artifact", params={"name": "{u}", "version": "2", "path": "../x"}),
        Request("GET", "/model-versions/get-artifact", params={"name": "{u}", "version": "2"}),
        Request("GET", "/model-versions/get-artifact", params={"name": "{u} nobody", "version": "2", "path": "f"}),
    ],
    "artifacts": [
        EXPERIMENT,
        RUN,
        get("artifacts/list", run_id="{r}"),
        *[Request("PUT", PROXY + "/{e}/{r}/artifacts/" + p, data=b"x" * n) for p, n in (("a.txt", 1), ("f/b.bin", 20), ("f/g/c", 0))],
        get("artifacts/list", run_id="{r}"),
        get("artifacts/list", run_id="{r}", path="f"),
        get("artifacts/list", run_id="{r}", path="nobody"),
        get("artifacts/list", run_id="{r}", path="a.txt", message=False),
        get(PROXY, path="{e}/{r}/artifacts"),
        get(PROXY, path="{e}/{r}/artifacts/f"),
        get(PROXY, path="{e}/{r}/artifacts/nobody"),
        Request("GET", PROXY + "/{e}/{r}/artifacts/a.txt"),
        Request("GET", "/get-artifact", params={"run_id": "{r}", "path": "f/b.bin"}),
        Request("GET", "/get-artifact", params={"run_uuid": "{r}", "path": "a.txt"}),
        Request("DELETE", PROXY + "/{e}/{r}/artifacts/f/g"),
        get("artifacts/list", run_id="{r}", path="f"),
        Request("DELETE", PROXY + "/{e}/{r}/artifacts/nobody"),
        get("artifacts/list", run_id="{r}", path="../x"),
        get("artifacts/list", run_id="{r}", path="/etc"),
        get("artifacts/list", run_id="{r}", path="%2e%2e/x"),
        get(PROXY, path="../x", message=False),
        Request("PUT", PROXY + "/{e}/{r}/artifacts/%2e%2e/%2e%2e/x", data=b"x"),
        Request("GET", "/get-artifact", params={"run_id": "{r}", "path": "../x"}, message=False),
        Request("GET", "/get-artifact", params={"run_id": "{r}"}, message=False),
    ],
    "the server itself": [
        Request("GET", "/health"),
        get("/api/2.0/mlflow/nobody"),
        post("/api/2.0/mlflow/experiments/get", {"experiment_id": "0"}),
        get("/ajax-api/2.0/mlflow/experiments/get", experiment_id="0"),
    ],
}  # fmt: skip


def compare(request, got, expected):
    """Lines that say what is wrong with our reply."""
    if request.differs:
        expected = request.differs
        return [] if short(got) == expected else [f"ours {got}, and should be {expected}: {request.why}"]
    if expected[0] >= 500:  # makes clients try again for minutes
        return [] if 400 <= got[0] < 500 else [f"ours {got}, theirs {expected}"]
    if got[0] != expected[0]:
        return [f"ours {got[0]} {str(got[1])[:300]}", f"theirs {expected[0]} {str(expected[1])[:300]}"]
    if is_error(expected) and not request.message:
        return [] if short(got) == short(expected) else [f"ours {short(got)}, theirs {short(expected)}"]
    if expected[1] in (None, "") or not request.reply:  # no JSON: a page, or nothing
        return []
    return list(differences(got[1], expected[1]))


@pytest.mark.parametrize("name", SCENARIOS)
def test_same_replies(sides, name):
    ours, theirs = sides()
    wrong = []
    for i, request in enumerate(SCENARIOS[name]):
        for line in compare(request, ours.send(request), theirs.send(request)):
            sent = json.dumps(request.body or request.params, ensure_ascii=False)[:160]
            wrong.append(f"{i}: {request.method} {request.path} {sent}\n        {line}")
    assert not wrong, "\n" + "\n".join(wrong)


# ---- every field of every request, wrong in every way ----

CALLS = {
    "experiments/create": {"name": "{fresh}", "artifact_location": "s3://b/p", "tags": [{"key": "k", "value": "v"}]},
    "experiments/search": {"max_results": 5, "view_type": "ALL", "filter": "name = 'x'", "order_by": ["name"]},
    "experiments/update": {"experiment_id": "{e}", "new_name": "{fresh}"},
    "experiments/set-experiment-tag": {"experiment_id": "{e}", "key": "k", "value": "v"},
    "runs/create": {"experiment_id": "{e}", "user_id": "me", "run_name": "n", "start_time": T,
                    "tags": [{"key": "k", "value": "v"}]},
    "runs/update": {"run_id": "{r}", "status": "FINISHED", "end_time": T, "run_name": "n"},
    "runs/log-metric": {"run_id": "{r}", "key": "m", "value": 1.5, "timestamp": T, "step": 1},
    "runs/log-parameter": {"run_id": "{r}", "key": "{fresh}", "value": "1"},
    "runs/set-tag": {"run_id": "{r}", "key": "t", "value": "1"},
    "runs/log-batch": {"run_id": "{r}", "metrics": [{"key": "m", "value": 1.5, "timestamp": T, "step": 1}],
                       "params": [{"key": "{fresh}", "value": "1"}], "tags": [{"key": "t", "value": "1"}]},
    "runs/search": {"experiment_ids": ["{e}"], "filter": "status = 'RUNNING'", "run_view_type": "ALL", "max_results": 5,
                    "order_by": ["start_time"]},
    "runs/log-inputs": {"run_id": "{r}", "datasets": [{"dataset": {
        "name": "d", "digest": "1", "source_type": "local", "source": "s", "schema": "c", "profile": "p"},
        "tags": [{"key": "k", "value": "v"}]}]},
    "logged-models": {"experiment_id": "{e}", "name": "m", "model_type": "cnn", "params": [{"key": "k", "value": "v"}],
                      "tags": [{"key": "k", "value": "v"}]},
    "logged-models/search": {"experiment_ids": ["{e}"], "filter": "name = 'x'", "max_results": 5,
                             "order_by": [{"field_name": "name", "ascending": True}]},
}  # fmt: skip

NAME_AND_VERSION = {"name": "{u}", "version": "1"}
REGISTRY_CALLS = {
    "registered-models/create": {"name": "{fresh}", "description": "d", "tags": [{"key": "k", "value": "v"}]},
    "registered-models/rename": {"name": "{u}", "new_name": "{u}"},
    "registered-models/update": {"name": "{u}", "description": "d"},
    "registered-models/get-latest-versions": {"name": "{u}", "stages": ["None"]},
    "registered-models/set-tag": {"name": "{u}", "key": "k", "value": "v"},
    "registered-models/delete-tag": {"name": "{u}", "key": "k"},
    "registered-models/alias": {"name": "{u}", "alias": "a", "version": "1"},
    "model-versions/create": {"name": "{u}", "source": "s3://b/p", "run_id": "{r}", "run_link": "l", "description": "d",
                              "model_id": "{m}", "tags": [{"key": "k", "value": "v"}]},
    "model-versions/update": {**NAME_AND_VERSION, "description": "d"},
    "model-versions/transition-stage": {**NAME_AND_VERSION, "stage": "Staging", "archive_existing_versions": True},
    "model-versions/set-tag": {**NAME_AND_VERSION, "key": "k", "value": "v"},
    "model-versions/delete-tag": {**NAME_AND_VERSION, "key": "k"},
    "model-versions/delete": {"name": "{u}", "version": "2"},
    "registered-models/delete": {"name": "{fresh}"},
}  # fmt: skip
CALLS |= REGISTRY_CALLS
METHODS = {"update": "PATCH", "delete": "DELETE", "delete-tag": "DELETE"}


def method_of(call):
    return METHODS.get(call.partition("/")[2], "POST") if call in REGISTRY_CALLS else "POST"


ABSENT = object()
VALUES = {
    "absent": ABSENT, "null": None, "empty": "", "text": "some text", "number": 7, "number as text": "7", "whole double": 7.0, "double": 7.25, "negative": -7,
    "true": True, "list": [], "list of text": ["x"], "list of numbers": [1], "object": {}, "nested": {"x": [1]},
    "huge": 2**70, "long text": "x" * 300,
}  # fmt: skip


def fields_of(body, path=()):
    """The path of every field in a body, those of the first item of lists too."""
    items = body.items() if isinstance(body, dict) else [(0, body[0])] if isinstance(body, list) and body else []
    for key, value in items:
        yield (*path, key)
        yield from fields_of(value, (*path, key))


def changed(body, path, value):
    out = copy.deepcopy(body)
    at = out
    for key in path[:-1]:
        at = at[key]
    if value is ABSENT:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return out


IDS = {"experiment_id", "experiment_ids", "run_id", "model_id"}
UNSET = {"absent", "null", "empty"}


def alike(call, path, kind, ours, theirs):
    """The rules by which we differ; everything else must be the same status and code."""
    if theirs[0] >= 500:
        return ours[0] < 500
    if short(ours)[:2] == short(theirs)[:2] or (ours[0] == theirs[0] == 200):
        return True
    if kind == "long text" and path[-1] in ("name", "new_name") and call in REGISTRY_CALLS:  # 256 characters at most
        return short(ours) == (400, "INVALID_PARAMETER_VALUE")
    if theirs[0] == 200:  # what the reference keeps of a message that it could not read, we refuse whole
        return short(ours) == (400, "INVALID_PARAMETER_VALUE") or (ours[0] == 404 and bool(IDS & set(path)))
    if IDS & set(path):  # an id that cannot be one is not found; a number is taken for an id; no experiment means "0"
        return ours[0] in (200, 404)
    if path == ("max_results",) and kind in UNSET:  # not sent means the default
        return ours[0] == 200
    # an experiment's name that is taken has its own code
    return (call, path) == ("experiments/update", ("new_name",)) and short(ours) == (400, "RESOURCE_ALREADY_EXISTS")


@pytest.mark.parametrize("call", CALLS)
def test_wrong_fields(sides, call):
    pair = sides()
    ready = (REGISTERED, publish(), model("m")) if call in REGISTRY_CALLS else ()
    for side in pair:
        for request in (EXPERIMENT, RUN, *ready):
            side.send(request)
    wrong = []
    for path in fields_of(CALLS[call]):
        for kind, value in VALUES.items():
            body = changed(CALLS[call], path, value)
            replies = []
            for side in pair:
                side.saved["fresh"] = "f" + uuid.uuid4().hex
                replies.append(side.send(Request(method_of(call), call, body)))
            if not alike(call, path, kind, *replies):
                wrong.append(f"{'.'.join(map(str, path))} {kind}: ours {short(replies[0])}, theirs {short(replies[1])}")
    assert not wrong, "\n" + "\n".join(w[:400] for w in wrong)


# What a field may look like besides its usual form: both take it for the same.
LENIENT = [
    ("runs/log-metric", {"run_id": "{r}", "key": "a", "value": "2.5", "timestamp": "17", "step": "3"}),
    ("runs/log-metric", {"run_id": "{r}", "key": "b", "value": 2, "timestamp": 17.0, "step": 3.0}),
    ("runs/log-metric", {"run_id": "{r}", "key": "c", "value": "NaN", "timestamp": 17}),
    ("runs/log-metric", {"run_id": "{r}", "key": "d", "value": 1e3, "timestamp": 17, "step": None}),
    ("runs/log-metric", {"run_uuid": "{r}", "key": "e", "value": -0.0, "timestamp": 17, "unknown": [1, {"x": 2}]}),
    ("runs/log-batch", {"run_id": "{r}", "metrics": [{"key": "f", "value": "1e-3", "timestamp": "18", "step": "-1"}]}),
    ("runs/log-batch", {"run_id": "{r}", "tags": [{"key": "t", "value": None}], "params": [{"key": "p"}]}),
    ("runs/update", {"run_id": "{r}", "status": 3, "end_time": "99", "run_name": None}),
    ("runs/update", {"run_id": "{r}", "runName": "camel", "endTime": 100}),
]


def test_lenient_forms(sides):
    pair = sides()
    replies = []
    for side in pair:
        side.send(EXPERIMENT), side.send(RUN)
        assert [(body, side.send(post(call, body))[0]) for call, body in LENIENT] == [(body, 200) for _, body in LENIENT]
        replies.append([side.send(GET_RUN), *(
            side.send(get("metrics/get-history", run_id="{r}", metric_key=k, max_results=9)) for k in "abcdef")])  # fmt: skip
    assert not list(differences(*replies))
