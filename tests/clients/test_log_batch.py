# SPDX-License-Identifier: Apache-2.0
"""log-batch: limits, and all or nothing."""

import pytest
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from rest import error_of, metric


def params(n, at=0):
    return [{"key": f"p{i}", "value": str(i)} for i in range(at, at + n)]


def tags(n):
    return [{"key": f"t{i}", "value": str(i)} for i in range(n)]


def metrics(n):
    return [metric(f"m{i}", i) for i in range(n)]


def data_of(rest, run):
    data = rest.get_run(run)["data"]
    own_tags = [t for t in data.get("tags", []) if not t["key"].startswith("mlflow.")]
    return len(data.get("metrics", [])), len(data.get("params", [])), len(own_tags)


def test_everything_at_once(client, run):
    client.log_batch(
        run,
        metrics=[Metric("m", 1.5, 10, 0), Metric("m", 2.5, 11, 1), Metric("n", -1, 10, 0)],
        params=[Param("p", "1"), Param("q", "")],
        tags=[RunTag("t", "1"), RunTag("mlflow.runName", "named by a batch")],
    )
    got = client.get_run(run)
    assert got.data.metrics == {"m": 2.5, "n": -1.0}
    assert got.data.params == {"p": "1", "q": ""}
    assert got.data.tags["t"] == "1"
    assert got.info.run_name == "named by a batch"


def test_nothing_is_fine(rest, run):
    assert rest.log_batch(run).status_code == 200


@pytest.mark.parametrize("lists", [{"metrics": metrics(1000)}, {"params": params(100)}, {"tags": tags(100)}], ids=str)
def test_the_most_that_fits(rest, run, lists):
    assert rest.log_batch(run, **lists).status_code == 200
    assert sum(data_of(rest, run)) == sum(map(len, lists.values()))


TOO_MANY = [
    ({"metrics": metrics(1001)}, "at most 1000 metrics. Got 1001 metrics."),
    ({"tags": tags(101)}, "at most 100 tags. Got 101 tags."),
    ({"metrics": metrics(901), "params": params(100)},
     "at most 1000 metrics, params, and tags. Got 1001 metrics, params, and tags."),
]  # fmt: skip


@pytest.mark.parametrize("lists, words", TOO_MANY, ids=range(len(TOO_MANY)))
def test_more_is_refused(rest, run, lists, words):
    status, code, message = error_of(rest.log_batch(run, **lists))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert words in message
    assert data_of(rest, run) == (0, 0, 0)


BAD_ITEMS = {
    "bad metric name": {"metrics": metrics(3) + [metric("a,b", 1)]},
    "metric without a value": {"metrics": metrics(2) + [{"key": "m", "timestamp": 1, "step": 0}]},
    "metric without a time": {"metrics": metrics(2) + [{"key": "m", "value": 1, "step": 0}]},
    "metric without a key": {"metrics": metrics(2) + [{"value": 1, "timestamp": 1}]},
    "time before 1970": {"metrics": metrics(2) + [metric("m", 1, timestamp=-5)]},
    "bad param name": {"metrics": metrics(2), "params": params(2) + [{"key": "a//b", "value": "1"}]},
    "param twice": {"params": params(2) + params(1)},
    "param without a key": {"params": params(2) + [{"value": "1"}]},
    "bad tag name": {"params": params(2), "tags": [{"key": "a=b", "value": "1"}]},
    "long tag name": {"params": params(2), "tags": [{"key": "a" * 251, "value": "1"}]},
}


@pytest.mark.parametrize("name", BAD_ITEMS)
def test_one_bad_item_and_nothing_is_kept(rest, run, name):
    status, code, _ = error_of(rest.log_batch(run, **BAD_ITEMS[name]))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert data_of(rest, run) == (0, 0, 0)


@pytest.mark.differs("the reference stores what it could read of the message")
def test_text_as_a_value_and_nothing_is_kept(rest, run):
    status, code, message = error_of(rest.log_batch(run, metrics=metrics(2) + [metric("m", "one")]))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "metrics[2].value" in message
    assert data_of(rest, run) == (0, 0, 0)


@pytest.mark.differs("the reference stores the parameters before it finds out")
def test_a_changed_param_and_nothing_is_kept(rest, run):
    rest.log_batch(run, params=[{"key": "p50", "value": "old"}])
    reply = rest.log_batch(run, metrics=metrics(5), params=params(100), tags=tags(5))
    assert error_of(reply)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert data_of(rest, run) == (0, 1, 0)


def test_the_message_of_params_twice(rest, run):
    reply = rest.log_batch(run, params=params(2) + params(1))
    assert error_of(reply)[2] == (
        "Duplicate parameter keys have been submitted: ['p0']. Please ensure the request contains only one param"
        " value per param key."
    )


def test_tags_twice_the_last_wins(client, rest, run):
    rest.log_batch(run, tags=[{"key": "t", "value": "1"}, {"key": "t", "value": "2"}])
    assert client.get_run(run).data.tags["t"] == "2"


def test_a_deleted_run_takes_nothing(client, rest, run):
    client.delete_run(run)
    status, code, message = error_of(rest.log_batch(run, metrics=metrics(1), params=params(1), tags=tags(1)))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message == f"The run {run} must be in the 'active' state. Current state is deleted."
    assert data_of(rest, run) == (0, 0, 0)


def test_a_batch_again_changes_nothing(rest, run):
    body = {"metrics": metrics(10), "params": params(10), "tags": tags(10)}
    for _ in range(3):
        assert rest.log_batch(run, **body).status_code == 200
    assert data_of(rest, run) == (10, 10, 10)


def test_batches_at_the_same_time(client, uri, run):
    """Eight threads log parameters, tags and points of one run: all of them are there."""
    from concurrent.futures import ThreadPoolExecutor

    from mlflow import MlflowClient

    def work(k):
        own = MlflowClient(uri)
        for i in range(10):
            own.log_batch(
                run,
                metrics=[Metric("shared", k, 1000 + i, i), Metric(f"own{k}", i, 1000 + i, i)],
                params=[Param(f"p{k}.{i}", str(i))],
                tags=[RunTag(f"t{k}.{i}", str(i))],
            )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    got = client.get_run(run).data
    assert len(got.params) == 80
    assert sum(k[0] == "t" for k in got.tags) == 80
    assert len(client.get_metric_history(run, "shared")) == 80
    assert got.metrics["shared"] == 7


def test_one_param_of_two_racing_values(client, uri, experiment):
    """Of several clients that set the same parameter differently, exactly one gets through."""
    from concurrent.futures import ThreadPoolExecutor

    from mlflow import MlflowClient

    for _ in range(5):
        run = client.create_run(experiment).info.run_id

        def set_param(k, run=run):
            try:
                MlflowClient(uri).log_param(run, "p", str(k))
                return k
            except MlflowException:
                return None

        with ThreadPoolExecutor(6) as pool:
            done = [k for k in pool.map(set_param, range(6)) if k is not None]
        assert [str(k) for k in done] == [client.get_run(run).data.params["p"]]
