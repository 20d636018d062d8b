# SPDX-License-Identifier: Apache-2.0
import re
import time

import mlflow
import pytest
from mlflow.entities import RunStatus, ViewType
from mlflow.exceptions import MlflowException


def test_life_of_a_run(client, experiment):
    with mlflow.start_run(run_name="first", description="what it does") as active:
        run_id = active.info.run_id
        running = client.get_run(run_id)
        assert running.info.status == "RUNNING"
        assert running.info.end_time is None
        assert running.info.run_name == "first"
        assert running.data.tags["mlflow.runName"] == "first"
        assert running.data.tags["mlflow.note.content"] == "what it does"
        assert re.fullmatch("[0-9a-f]{32}", run_id)
        assert running.info.artifact_uri == f"mlflow-artifacts:/{experiment}/{run_id}/artifacts"
    ended = client.get_run(run_id).info
    assert ended.status == "FINISHED"
    assert ended.end_time >= ended.start_time > 1_600_000_000_000


def test_a_failing_run_is_failed(client, experiment):
    with pytest.raises(ZeroDivisionError):
        with mlflow.start_run() as active:
            1 / 0
    assert client.get_run(active.info.run_id).info.status == "FAILED"


def test_run_without_a_name_gets_one(client, experiment):
    name = client.create_run(experiment).info.run_name
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", name)


def test_name_and_tag_must_agree(client, experiment):
    run = client.create_run(experiment, run_name="a", tags={"mlflow.runName": "a"})
    assert run.info.run_name == "a"
    with pytest.raises(MlflowException, match="Both 'run_name' argument and 'mlflow.runName' tag"):
        client.create_run(experiment, run_name="a", tags={"mlflow.runName": "b"})


def test_rename_by_update_and_by_tag(client, run):
    client.update_run(run, name="renamed")
    got = client.get_run(run)
    assert got.info.run_name == got.data.tags["mlflow.runName"] == "renamed"
    client.set_tag(run, "mlflow.runName", "by tag")
    got = client.get_run(run)
    assert got.info.run_name == got.data.tags["mlflow.runName"] == "by tag"


def test_update_leaves_the_rest(client, run):
    before = client.get_run(run).info
    client.update_run(run, status="KILLED")
    after = client.get_run(run).info
    assert after.status == "KILLED"
    assert (after.run_name, after.start_time) == (before.run_name, before.start_time)


@pytest.mark.parametrize("status", ["SCHEDULED", "FINISHED", "FAILED", "KILLED"])
def test_states(client, run, status):
    client.set_terminated(run, status=status, end_time=1_700_000_000_123)
    info = client.get_run(run).info
    assert (info.status, info.end_time) == (status, 1_700_000_000_123)
    assert RunStatus.from_string(info.status)


def test_start_time_of_the_client_is_kept(client, experiment):
    run = client.create_run(experiment, start_time=1_500_000_000_007)
    assert client.get_run(run.info.run_id).info.start_time == 1_500_000_000_007


def test_delete_and_restore(client, run, experiment):
    client.log_metric(run, "m", 1)
    client.delete_run(run)
    client.delete_run(run)  # idempotent
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    assert client.search_runs([experiment]) == []
    assert len(client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)) == 1
    for change in (
        lambda: client.log_metric(run, "m", 2),
        lambda: client.log_param(run, "p", 2),
        lambda: client.set_tag(run, "t", 2),
        lambda: client.update_run(run, status="FINISHED"),
    ):
        with pytest.raises(MlflowException, match="must be in the 'active' state"):
            change()
    client.restore_run(run)
    client.restore_run(run)
    got = client.get_run(run)
    assert got.info.lifecycle_stage == "active"
    assert got.data.metrics == {"m": 1}


def test_unknown_run(client):
    unknown = "0123456789abcdef0123456789abcdef"
    for call in (
        lambda: client.get_run(unknown),
        lambda: client.log_metric(unknown, "m", 1),
        lambda: client.log_param(unknown, "p", 1),
        lambda: client.set_tag(unknown, "t", 1),
        lambda: client.delete_run(unknown),
        lambda: client.restore_run(unknown),
    ):
        with pytest.raises(MlflowException, match=f"Run with id={unknown} not found") as raised:
            call()
        assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.differs("the reference answers an empty history")
def test_history_of_an_unknown_run(client):
    with pytest.raises(MlflowException, match="not found"):
        client.get_metric_history("0123456789abcdef0123456789abcdef", "m")


def test_run_in_an_unknown_experiment(client):
    with pytest.raises(MlflowException, match="No Experiment with id=987654321 exists"):
        client.create_run("987654321")


def test_user_and_source(client, experiment):
    with mlflow.start_run() as active:
        pass
    tags = client.get_run(active.info.run_id).data.tags
    assert tags["mlflow.user"]
    assert tags["mlflow.source.type"] == "LOCAL"


def test_nested_runs(client, experiment):
    with mlflow.start_run(run_name="parent") as parent:
        children = []
        for i in range(3):
            with mlflow.start_run(run_name=f"child {i}", nested=True) as child:
                mlflow.log_metric("score", i)
                children.append(child.info.run_id)
    parent_id = parent.info.run_id
    found = client.search_runs(
        [experiment], f"tags.mlflow.parentRunId = '{parent_id}'", order_by=["metrics.score DESC"]
    )
    assert [r.info.run_id for r in found] == children[::-1]
    assert mlflow.get_parent_run(children[0]).info.run_id == parent_id


def test_resume_a_run_by_its_id(client, experiment):
    with mlflow.start_run() as first:
        mlflow.log_param("p", 1)
        mlflow.log_metric("loss", 3, step=0)
    with mlflow.start_run(run_id=first.info.run_id) as again:
        assert client.get_run(again.info.run_id).info.status == "RUNNING"
        mlflow.log_param("p", 1)
        mlflow.log_metric("loss", 2, step=1)
    got = client.get_run(first.info.run_id)
    assert got.info.status == "FINISHED"
    assert got.info.start_time == first.info.start_time
    assert [m.value for m in client.get_metric_history(first.info.run_id, "loss")] == [3, 2]


def test_resume_by_another_process(uri, experiment, client):
    import os
    import subprocess
    import sys

    code = "import mlflow\nwith mlflow.start_run(): mlflow.log_metric('m', 5, step=7)\n"
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 4, step=6)
    env = dict(os.environ, MLFLOW_TRACKING_URI=uri, MLFLOW_RUN_ID=run.info.run_id)
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=120)
    history = client.get_metric_history(run.info.run_id, "m")
    assert [(m.step, m.value) for m in history] == [(6, 4), (7, 5)]


def test_last_active_run_is_readable_while_it_runs(client, experiment):
    with mlflow.start_run() as active:
        for step in range(5):
            mlflow.log_metric("m", step, step=step)
            assert client.get_run(active.info.run_id).data.metrics["m"] == step


def test_many_runs_in_a_row(client, experiment):
    started = time.time()
    ids = {client.create_run(experiment).info.run_id for _ in range(50)}
    assert len(ids) == 50
    assert {r.info.run_id for r in client.search_runs([experiment])} == ids
    assert time.time() - started < 60
