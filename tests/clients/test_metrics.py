# SPDX-License-Identifier: Apache-2.0
import math
import random
import sys
import time

import mlflow
import pytest
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from rest import metric

T = 1_700_000_000_000
MAX_I64, MIN_I64 = 2**63 - 1, -(2**63)


def history(client, run, key):
    return [(m.step, m.timestamp, m.value) for m in client.get_metric_history(run, key)]


def log(client, run, *points, key="m"):
    client.log_batch(run, metrics=[Metric(key, value, time, step) for step, time, value in points])


def test_one_point(client, run):
    client.log_metric(run, "loss", 0.25, timestamp=T, step=3)
    assert history(client, run, "loss") == [(3, T, 0.25)]
    assert client.get_run(run).data.metrics == {"loss": 0.25}


def test_fluent_metrics(client, experiment):
    with mlflow.start_run() as active:
        for step in range(10):
            mlflow.log_metrics({"a": step / 3, "b/c": -step}, step=step)
    got = client.get_metric_history(active.info.run_id, "a")
    assert [(m.step, m.value) for m in got] == [(s, s / 3) for s in range(10)]
    assert client.get_run(active.info.run_id).data.metrics == {"a": 3.0, "b/c": -9.0}


@pytest.mark.parametrize(
    "value",
    [0.0, -0.0, 1.0, 0.1, 1 / 3, 5e-324, 2.2250738585072014e-308, sys.float_info.max, -sys.float_info.max, 2**53 + 0.0,
     1e22, 123456789012345680.0, 9007199254740993.0, 1e-7, 0.30000000000000004],
)  # fmt: skip
def test_every_bit_of_a_value_is_kept(client, run, value):
    client.log_metric(run, "v", value, timestamp=T)
    [got] = client.get_metric_history(run, "v")
    assert (got.value, client.get_run(run).data.metrics["v"]) == (value, value)


def test_random_doubles_are_kept(client, run):
    rng = random.Random(7)
    values = [math.ldexp(rng.random() * rng.choice((1, -1)), rng.randint(-1000, 1000)) for _ in range(1000)]
    log(client, run, *[(i, T, v) for i, v in enumerate(values)])
    assert [v for _, _, v in history(client, run, "m")] == values


def test_nan(client, run):
    client.log_metric(run, "m", float("nan"), timestamp=T)
    [(_, _, value)] = history(client, run, "m")
    assert math.isnan(value)
    assert math.isnan(client.get_run(run).data.metrics["m"])


@pytest.mark.differs("the reference clamps infinities to the largest double")
@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinities_are_kept(client, run, value):
    client.log_metric(run, "m", value, timestamp=T)
    assert history(client, run, "m") == [(0, T, value)]
    assert client.get_run(run).data.metrics["m"] == value
    assert client.search_runs([client.get_run(run).info.experiment_id])[0].data.metrics["m"] == value


@pytest.mark.parametrize("step", [0, -1, 2**31, MAX_I64, MIN_I64, 123456789012345678])
def test_any_step(client, run, step):
    client.log_metric(run, "m", 1.5, timestamp=T, step=step)
    assert history(client, run, "m") == [(step, T, 1.5)]


@pytest.mark.parametrize("time", [0, 1, 1_700_000_000_123_456_789, MAX_I64])
def test_any_time(client, run, time):
    client.log_metric(run, "m", 1.5, timestamp=time)
    assert history(client, run, "m") == [(0, time, 1.5)]


def test_a_time_before_1970_is_refused(client, run):
    with pytest.raises(MlflowException, match="nonnegative long"):
        client.log_metric(run, "m", 1, timestamp=-1)
    assert client.get_run(run).data.metrics == {}


def test_history_is_sorted_by_time_step_value(client, run):
    points = [(2, T + 1, 5.0), (1, T + 1, 9.0), (1, T + 1, -3.0), (7, T, 1.0), (0, T + 2, 0.0)]
    log(client, run, *points)
    assert history(client, run, "m") == [
        (7, T, 1.0),
        (1, T + 1, -3.0),
        (1, T + 1, 9.0),
        (2, T + 1, 5.0),
        (0, T + 2, 0.0),
    ]


def test_late_points_come_into_their_place(client, run):
    for step in (5, 1, 3, 2, 4):
        log(client, run, (step, T + step, float(step)))
    assert [s for s, _, _ in history(client, run, "m")] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "points, last",
    [
        ([(0, T, 1.0), (1, T - 5, 2.0)], 2.0),  # the greater step wins, whatever its time
        ([(1, T - 5, 2.0), (0, T, 1.0)], 2.0),
        ([(1, T, 1.0), (1, T + 1, 0.5)], 0.5),  # then the later time
        ([(1, T, 1.0), (1, T, 3.0), (1, T, 2.0)], 3.0),  # then the greater value
        ([(1, T, float("nan")), (1, T, -1.0)], None),  # NaN counts as 0
        ([(1, T, float("nan")), (1, T, 1.0)], 1.0),
        ([(MIN_I64, T, 1.0), (MAX_I64, T, 2.0), (0, T, 3.0)], 2.0),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_latest_value(client, run, points, last, together):
    if together:
        log(client, run, *points)
    else:
        for p in points:
            log(client, run, p)
    got = client.get_run(run).data.metrics["m"]
    assert math.isnan(got) if last is None else got == last


def test_the_same_point_again_is_no_second_point(client, run):
    for _ in range(3):
        client.log_metric(run, "m", 1.0, timestamp=T, step=1)
        log(client, run, (1, T, 1.0), (2, T, 2.0), (2, T, 2.0), (3, T, float("nan")), (3, T, float("nan")))
    got = history(client, run, "m")
    assert [(s, v) for s, _, v in got[:2]] == [(1, 1.0), (2, 2.0)]
    assert len(got) == 3 and math.isnan(got[2][2])


def test_other_values_at_the_same_step_are_kept(client, run):
    log(client, run, (1, T, 1.0), (1, T, 2.0), (1, T + 1, 1.0))
    assert len(history(client, run, "m")) == 3


def test_unknown_metric_is_empty(client, run):
    assert client.get_metric_history(run, "nobody") == []


def test_many_metrics_of_a_run(client, run):
    keys = [f"layer{i}/grad norm" for i in range(500)]
    client.log_batch(run, metrics=[Metric(k, i, T, 0) for i, k in enumerate(keys)])
    assert client.get_run(run).data.metrics == {k: float(i) for i, k in enumerate(keys)}


def fill(rest, run, n, key="m"):
    for start in range(0, n, 1000):
        points = [metric(key, i * 0.5, i, T + i) for i in range(start, min(start + 1000, n))]
        reply = rest.log_batch(run, metrics=points)
        assert reply.status_code == 200, reply.text


def test_history_over_several_pages(client, rest, run):
    """The client asks for 25,000 points a page."""
    n = 27_500
    fill(rest, run, n)
    got = client.get_metric_history(run, "m")
    assert [m.step for m in got] == list(range(n))
    assert [m.value for m in got] == [i * 0.5 for i in range(n)]


def test_pages_of_history(rest, run):
    fill(rest, run, 25)
    seen, token, pages = [], None, 0
    while True:
        params = {"run_id": run, "metric_key": "m", "max_results": 10}
        if token:
            params["page_token"] = token
        body = rest.ok("GET", "metrics/get-history", params=params)
        seen += [m["step"] for m in body["metrics"]]
        pages, token = pages + 1, body.get("next_page_token")
        if not token:
            break
    assert (seen, pages) == (list(range(25)), 3)


def test_points_between_pages_of_a_growing_series(rest, run):
    """A page promises neither gaps nor repeats for points that were there."""
    fill(rest, run, 20)
    page = {"run_id": run, "metric_key": "m", "max_results": 10}
    first = rest.ok("GET", "metrics/get-history", params=page)
    rest.log_batch(run, metrics=[metric("m", 99, 99, T + 99)])
    page["page_token"] = first["next_page_token"]
    second = rest.ok("GET", "metrics/get-history", params=page)
    assert [m["step"] for m in first["metrics"] + second["metrics"]] == list(range(20))


# ---- the sampled history of charts ----

# The reference sampled like this until 3.10 or so; now it takes every n-th row of each run by itself, so that a chart of
# several runs shows them at different steps.
by_step = pytest.mark.differs("the reference samples each run by rows")
INTERVAL = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"


def interval(rest, runs, **params):
    return rest.ok("GET", INTERVAL, params={"run_ids": runs, "metric_key": "m", **params})


def log_steps(rest, run, steps):
    assert rest.log_batch(run, metrics=[metric("m", s * 2, s, T + s) for s in steps]).status_code == 200


@by_step
def test_interval_of_one_run(rest, run):
    log_steps(rest, run, range(10))
    got = interval(rest, [run], max_results=5)["metrics"]
    assert [m["step"] for m in got] == [0, 2, 4, 6, 8, 9]
    assert got[1] == {"key": "m", "value": 4, "timestamp": T + 2, "step": 2, "run_id": run}


def test_interval_of_all_points(rest, run):
    log_steps(rest, run, range(10))
    assert [m["step"] for m in interval(rest, [run])["metrics"]] == list(range(10))


@by_step
def test_interval_of_two_runs(client, rest, experiment):
    a, b = (client.create_run(experiment).info.run_id for _ in range(2))
    log_steps(rest, a, range(10))
    log_steps(rest, b, range(20))
    got = interval(rest, [a, b], max_results=5)["metrics"]
    assert sorted({m["step"] for m in got}) == [0, 4, 8, 9, 12, 16, 19]
    assert [m["step"] for m in got if m["run_id"] == a] == [0, 4, 8, 9]
    assert [m["run_id"] for m in got] == [a] * 4 + [b] * 7


@by_step
def test_interval_between_two_steps(rest, run):
    log_steps(rest, run, range(0, 100, 3))
    got = interval(rest, [run], start_step=10, end_step=50, max_results=4)["metrics"]
    assert [m["step"] for m in got] == [12, 21, 30, 39, 48]


def test_interval_with_a_step_of_several_points(rest, run):
    rest.log_batch(run, metrics=[metric("m", v, 1, T) for v in (3, 1, 2)] + [metric("m", 9, 2, T)])
    assert [m["value"] for m in interval(rest, [run])["metrics"]] == [1, 2, 3, 9]


def test_interval_with_nan(rest, run):
    rest.log_batch(run, metrics=[metric("m", "NaN", 1), metric("m", 2, 2)])
    got = interval(rest, [run])["metrics"]
    assert [m["value"] for m in got] == ["NaN", 2]


def test_bulk_history(client, rest, experiment):
    a, b = (client.create_run(experiment).info.run_id for _ in range(2))
    log_steps(rest, a, range(3))
    log_steps(rest, b, range(2))
    path = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
    got = rest.ok("GET", path, params={"run_id": [a, b], "metric_key": "m", "max_results": 100})["metrics"]
    assert sorted((m["run_id"], m["step"], m["value"]) for m in got) == sorted(
        [(a, s, s * 2) for s in range(3)] + [(b, s, s * 2) for s in range(2)]
    )


def test_metrics_of_a_long_training_are_quick(client, experiment):
    started = time.time()
    with mlflow.start_run() as active:
        for step in range(200):
            mlflow.log_metrics({"loss": 1 / (step + 1), "accuracy": step / 200}, step=step)
    assert len(client.get_metric_history(active.info.run_id, "loss")) == 200
    assert time.time() - started < 120
