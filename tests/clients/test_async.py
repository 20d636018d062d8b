# SPDX-License-Identifier: Apache-2.0
"""Asynchronous logging: the client batches on a thread of its own; all of it arrives."""

import mlflow
import pytest


@pytest.fixture
def asynchronous():
    mlflow.config.enable_async_logging()
    yield
    mlflow.config.enable_async_logging(False)


def test_enabled_for_everything(client, experiment, asynchronous):
    with mlflow.start_run() as run:
        for step in range(300):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
            mlflow.log_metrics({"a": step, "b": -step}, step=step)
        mlflow.log_params({f"p{i}": i for i in range(120)})
        mlflow.set_tags({f"t{i}": i for i in range(50)})
    mlflow.flush_async_logging()
    got = client.get_run(run.info.run_id)
    assert len(got.data.params) == 120
    assert got.data.tags["t49"] == "49"
    for key in ("loss", "a", "b"):
        assert [m.step for m in client.get_metric_history(run.info.run_id, key)] == list(range(300))


def test_single_calls(client, experiment):
    with mlflow.start_run() as run:
        waits = [mlflow.log_metric("m", step, step=step, synchronous=False) for step in range(50)]
        waits.append(mlflow.log_param("p", 1, synchronous=False))
        for w in waits:
            w.wait()
        got = client.get_run(run.info.run_id).data
        assert (got.metrics["m"], got.params["p"]) == (49, "1")
    assert len(client.get_metric_history(run.info.run_id, "m")) == 50


def test_an_error_reaches_the_caller(client, experiment):
    with mlflow.start_run():
        mlflow.log_param("p", 1)
        with pytest.raises(mlflow.MlflowException, match="Changing param values is not allowed"):
            mlflow.log_param("p", 2, synchronous=False).wait()
