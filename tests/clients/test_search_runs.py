# SPDX-License-Identifier: Apache-2.0
"""runs/search: MLflow's filter grammar, order, pages, views, the data frame."""

import math

import mlflow
import pytest
from conftest import unique
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

T = 1_700_000_000_000
# name: (metrics, params, tags, status, start)
RUNS = {
    "alpha": ({"acc": 0.9, "loss": 0.1, "val/acc x": 1.0}, {"lr": "0.1", "model": "ResNet"}, {"team": "red", "a.b": "x"},
              "FINISHED", 1),
    "Beta": ({"acc": 0.8, "loss": 0.2}, {"lr": "0.01", "model": "resnet"}, {"team": "blue"}, "FAILED", 2),
    "gamma": ({"acc": 0.7, "loss": float("nan")}, {"lr": "0.001", "model": "vit_b"}, {"team": "red"}, "RUNNING", 3),
    "delta": ({"acc": -1e300}, {"lr": "10", "model": "50%"}, {"team": "it's"}, "KILLED", 4),
    "epsilon": ({"loss": 5.0}, {}, {}, "FINISHED", 5),
}  # fmt: skip


@pytest.fixture(scope="module")
def zoo(uri):
    """Five runs to search in: the experiment's id, and name -> run id."""
    client = MlflowClient(uri)
    experiment = client.create_experiment(unique("search"))
    ids = {}
    for name, (metrics, params, tags, status, start) in RUNS.items():
        run = client.create_run(experiment, run_name=name, start_time=T + start).info.run_id
        client.log_batch(
            run,
            metrics=[Metric(k, v, T, 0) for k, v in metrics.items()],
            params=[Param(k, v) for k, v in params.items()],
            tags=[RunTag(k, v) for k, v in tags.items()],
        )
        if status != "RUNNING":
            client.set_terminated(run, status, end_time=T + 100 + start)
        ids[name] = run
    data = Dataset("mnist", "d1", "local", "{}")
    client.log_inputs(ids["alpha"], [DatasetInput(data, [InputTag("mlflow.data.context", "train")])])
    client.log_inputs(ids["Beta"], [DatasetInput(Dataset("cifar", "d2", "local", "{}"), [])])
    return experiment, ids


def names(client, experiment, text="", **kwargs):
    kwargs.setdefault("order_by", ["attributes.start_time ASC"])
    return [r.info.run_name for r in client.search_runs([experiment], text, **kwargs)]


ALL = list(RUNS)
FILTERS = [
    ("", ALL),
    # metrics: the latest value
    ("metrics.acc > 0.75", ["alpha", "Beta"]),
    ("metrics.acc >= 0.8", ["alpha", "Beta"]),
    ("metrics.acc < 0.75", ["gamma", "delta"]),
    ("metrics.acc <= 0.7", ["gamma", "delta"]),
    ("metrics.acc = 0.9", ["alpha"]),
    ("metrics.acc != 0.9", ["Beta", "gamma", "delta"]),
    ("metric.acc = 9e-1", ["alpha"]),
    ("metrics.acc < -1e299", ["delta"]),
    ("metrics.`val/acc x` = 1", ["alpha"]),
    ('metrics."val/acc x" > 0', ["alpha"]),
    ("metrics.nobody != 1", []),
    # parameters: text
    ("params.lr = '0.1'", ["alpha"]),
    ('params.lr = "0.1"', ["alpha"]),
    ("params.lr != '0.1'", ["Beta", "gamma", "delta"]),
    ("parameters.model = 'resnet'", ["Beta"]),
    ("param.model LIKE 'res%'", ["Beta"]),
    ("params.model ILIKE 'res%'", ["alpha", "Beta"]),
    ("params.model LIKE '%e%N%'", ["alpha"]),
    ("params.model LIKE '%NET'", []),
    ("params.model ILIKE '%NET'", ["alpha", "Beta"]),
    ("params.model LIKE 'v_t_b'", ["gamma"]),
    ("params.model ilike 'RES%'", ["alpha", "Beta"]),
    ("params.model like '5%'", ["delta"]),
    ("params.lr LIKE '0.%'", ["alpha", "Beta", "gamma"]),
    ("params.lr LIKE ''", []),
    # tags
    ("tags.team = 'red'", ["alpha", "gamma"]),
    ("tag.team != 'red'", ["Beta", "delta"]),
    ("tags.`a.b` = 'x'", ["alpha"]),
    ("tags.a.b = 'x'", ["alpha"]),
    ('tags.team = "it\'s"', ["delta"]),
    ("tags.mlflow.runName = 'alpha'", ["alpha"]),
    ("tags.`mlflow.runName` ILIKE '%A'", ["alpha", "Beta", "gamma", "delta"]),
    # attributes
    ("status = 'FINISHED'", ["alpha", "epsilon"]),
    ("attributes.status != 'FINISHED'", ["Beta", "gamma", "delta"]),
    ("attribute.status = 'RUNNING'", ["gamma"]),
    ("run_name = 'Beta'", ["Beta"]),
    ("attributes.`run name` = 'Beta'", ["Beta"]),
    ("run_name LIKE '%a'", ["alpha", "Beta", "gamma", "delta"]),
    ("run_name ILIKE 'b%'", ["Beta"]),
    (f"start_time > {T + 3}", ["delta", "epsilon"]),
    (f"attributes.start_time <= {T + 2}", ["alpha", "Beta"]),
    (f"created != {T + 2}", ["alpha", "gamma", "delta", "epsilon"]),
    (f"end_time >= {T + 104}", ["delta", "epsilon"]),
    (f"end_time = {T + 101}", ["alpha"]),
    ("artifact_uri LIKE 'mlflow-artifacts:/%'", ALL),
    # data sets
    ("dataset.name = 'mnist'", ["alpha"]),
    ("datasets.name LIKE '%i%'", ["alpha", "Beta"]),
    ("dataset.name IN ('cifar', 'other')", ["Beta"]),
    ("dataset.digest = 'd2'", ["Beta"]),
    ("dataset.context = 'train'", ["alpha"]),
    ("dataset.name = 'mnist' AND dataset.digest = 'd2'", []),
    # more than one
    ("metrics.acc > 0.75 AND params.lr = '0.01'", ["Beta"]),
    ("metrics.acc > 0.5 and metrics.acc < 0.85 and tags.team = 'red'", ["gamma"]),
    ("params.model ILIKE 'res%' AND status = 'FAILED' AND run_name = 'Beta'", ["Beta"]),
    ("  metrics.acc   >   0.75  ", ["alpha", "Beta"]),
    ("metrics.acc>0.75", ["alpha", "Beta"]),
]


@pytest.mark.parametrize("text, expected", FILTERS, ids=[t for t, _ in FILTERS])
def test_filter(client, zoo, text, expected):
    assert names(client, zoo[0], text) == expected


IS_NULL = [
    ("params.lr IS NULL", ["epsilon"]),
    ("params.lr IS NOT NULL", ["alpha", "Beta", "gamma", "delta"]),
    ("tags.team IS NULL AND metrics.loss > 1", ["epsilon"]),
    ("tags.team is not null", ["alpha", "Beta", "gamma", "delta"]),
]


@pytest.mark.parametrize("text, expected", IS_NULL, ids=[t for t, _ in IS_NULL])
def test_is_null(client, zoo, text, expected):
    assert names(client, zoo[0], text) == expected


def test_run_ids(client, zoo):
    experiment, ids = zoo
    a, b = ids["alpha"], ids["Beta"]
    assert names(client, experiment, f"run_id = '{a}'") == ["alpha"]
    assert names(client, experiment, f"attributes.run_id IN ('{a}', '{b}')") == ["alpha", "Beta"]
    assert names(client, experiment, f"run_id NOT IN ('{a}', '{b}')") == ["gamma", "delta", "epsilon"]
    assert names(client, experiment, f"run_id != '{a}' AND metrics.acc > 0.75") == ["Beta"]


def test_user_id(client, zoo):
    user = client.get_run(zoo[1]["alpha"]).info.user_id
    assert names(client, zoo[0], f"user_id = '{user}'") == ALL
    assert names(client, zoo[0], "user_id = 'nobody at all'") == []


@pytest.mark.differs("the reference stores NaN as 0 with a flag, so that it matches")
def test_nan_matches_no_comparison(client, zoo):
    assert names(client, zoo[0], "metrics.loss < 1") == ["alpha", "Beta"]


# ---- order ----

ORDERS = [
    (["metrics.acc DESC"], ["alpha", "Beta", "gamma", "delta", "epsilon"]),
    (["metrics.acc ASC"], ["delta", "gamma", "Beta", "alpha", "epsilon"]),
    (["metrics.acc"], ["delta", "gamma", "Beta", "alpha", "epsilon"]),
    (["metrics.loss ASC"], ["alpha", "Beta", "epsilon", "gamma", "delta"]),  # numbers, NaN, missing
    (["metrics.loss DESC"], ["epsilon", "Beta", "alpha", "gamma", "delta"]),
    (["params.lr ASC"], ["gamma", "Beta", "alpha", "delta", "epsilon"]),  # as text; missing last
    (["params.lr DESC"], ["delta", "alpha", "Beta", "gamma", "epsilon"]),
    (["tags.team ASC", "metrics.acc ASC"], ["Beta", "delta", "gamma", "alpha", "epsilon"]),
    (["tags.team DESC", "start_time ASC"], ["alpha", "gamma", "delta", "Beta", "epsilon"]),
    (["attributes.start_time DESC"], ALL[::-1]),
    (["attributes.end_time ASC"], ["alpha", "Beta", "delta", "epsilon", "gamma"]),
    (["attributes.status ASC", "start_time ASC"], ["Beta", "alpha", "epsilon", "delta", "gamma"]),
    (["run_name ASC"], ["Beta", "alpha", "delta", "epsilon", "gamma"]),
    (["metrics.`val/acc x` DESC"], ["alpha", "epsilon", "delta", "gamma", "Beta"]),  # ties: newest first
    (["created ASC"], ALL),
    ([], ALL[::-1]),
]


@pytest.mark.parametrize("order, expected", ORDERS, ids=[str(o) for o, _ in ORDERS])
def test_order(client, zoo, order, expected):
    assert names(client, zoo[0], order_by=order) == expected


@pytest.mark.parametrize("order, expected", ORDERS, ids=[str(o) for o, _ in ORDERS])
@pytest.mark.parametrize("page", [1, 2, 4])
def test_pages_in_every_order(client, zoo, order, expected, page):
    found, token = [], None
    for _ in range(10):
        part = client.search_runs([zoo[0]], order_by=order, max_results=page, page_token=token)
        assert len(part) <= page
        found += [r.info.run_name for r in part]
        token = part.token
        if not token:
            break
    assert found == expected


def test_pages_of_a_filter(client, experiment):
    for i in range(25):
        run = client.create_run(experiment, run_name=f"r{i:02}", start_time=T + i).info.run_id
        client.log_metric(run, "m", i % 5)
    seen, token = [], None
    while True:
        page = client.search_runs(
            [experiment], "metrics.m < 3", max_results=4, page_token=token, order_by=["metrics.m ASC"]
        )
        seen += [r.info.run_name for r in page]
        token = page.token
        if not token:
            break
    assert seen == [f"r{i:02}" for m in range(3) for i in range(24, -1, -1) if i % 5 == m]


def test_latest_value_counts(client, run, experiment):
    for step, value in enumerate([5, 1, 3]):
        client.log_metric(run, "m", value, step=step)
    assert len(client.search_runs([experiment], "metrics.m = 3")) == 1
    assert client.search_runs([experiment], "metrics.m = 5") == []


def test_a_change_is_found_at_once(client, run, experiment):
    for i in range(20):
        client.log_metric(run, "m", i, step=i)
        client.set_tag(run, "t", str(i))
        assert len(client.search_runs([experiment], f"metrics.m = {i} AND tags.t = '{i}'")) == 1
    client.delete_tag(run, "t")
    assert client.search_runs([experiment], "tags.t = '19'") == []
    client.update_run(run, status="FINISHED", name="done")
    assert len(client.search_runs([experiment], "status = 'FINISHED' AND run_name = 'done'")) == 1


def test_views(client, experiment):
    kept, gone = (client.create_run(experiment).info.run_id for _ in range(2))
    client.delete_run(gone)
    for view, expected in (
        (ViewType.ACTIVE_ONLY, {kept}), (ViewType.DELETED_ONLY, {gone}), (ViewType.ALL, {kept, gone})
    ):  # fmt: skip
        assert {r.info.run_id for r in client.search_runs([experiment], run_view_type=view)} == expected


def test_several_experiments(client):
    at = [client.create_experiment(unique(f"several {i}")) for i in range(3)]
    runs = [client.create_run(e, start_time=T + i).info.run_id for i, e in enumerate(at)]
    assert [r.info.run_id for r in client.search_runs(at)] == runs[::-1]
    assert [r.info.run_id for r in client.search_runs(at[:2])] == runs[1::-1]
    assert [r.info.run_id for r in client.search_runs([at[0], "987654321"])] == [runs[0]]
    assert client.search_runs(["987654321"]) == []
    assert client.search_runs([]) == []


def test_everything_of_a_run_comes_with_it(client, zoo):
    [alpha] = client.search_runs([zoo[0]], "run_name = 'alpha'")
    assert alpha.data.metrics == RUNS["alpha"][0]
    assert alpha.data.params == RUNS["alpha"][1]
    assert alpha.data.tags["a.b"] == "x"
    [used] = alpha.inputs.dataset_inputs
    assert (used.dataset.name, used.tags[0].value) == ("mnist", "train")
    [gamma] = client.search_runs([zoo[0]], "run_name = 'gamma'")
    assert math.isnan(gamma.data.metrics["loss"])


def test_data_frame(zoo):
    frame = mlflow.search_runs([zoo[0]], order_by=["start_time ASC"])
    assert list(frame["tags.mlflow.runName"]) == ALL
    assert frame["metrics.acc"].notna().tolist() == [True, True, True, True, False]
    assert frame["params.lr"].tolist()[:4] == ["0.1", "0.01", "0.001", "10"]
    assert frame["status"].tolist() == [r[3] for r in RUNS.values()]
    assert len(mlflow.search_runs([zoo[0]], "metrics.acc > 0.75")) == 2
    assert len(mlflow.search_runs([zoo[0]], output_format="list")) == 5


BAD_FILTERS = [
    ("metrics.acc", "Invalid clause"),
    ("metrics.acc > ", "Invalid"),
    ("> 1", "Invalid clause"),
    ("metrics.acc > 'text'", "Expected numeric value type for metric"),
    ("metrics.acc > abc", "Expected numeric value type for metric"),
    ("metrics.acc LIKE 1", "Invalid comparator"),
    ("params.lr = 0.1", "quoted"),
    ("params.lr = abc", "quoted"),
    ("params.lr > '1'", "Invalid comparator"),
    ("tags.team = red", "quoted"),
    ("nobody.acc = 1", "Invalid entity type 'nobody'"),
    ("acc = 1", "Invalid attribute key"),
    ("attributes.nobody = 'x'", "Invalid attribute key"),
    ("attributes.lifecycle_stage = 'active'", "Invalid attribute key"),
    ("status > 'FINISHED'", "Invalid comparator"),
    ("start_time > 'today'", "Expected numeric value type"),
    ("start_time LIKE 1", "Invalid comparator"),
    ("metrics.acc > 1 OR metrics.acc < 2", "Invalid clause"),
    ("NOT metrics.acc > 1", "Invalid clause"),
    ("(metrics.acc > 1)", "Invalid clause"),
    ("metrics.acc > 1; metrics.acc < 2", "Search filter contained multiple expression"),
    ("run_id IN ()", ""),
    ("run_id IN (1, 2)", ""),
    ("dataset.nobody = 'x'", "Invalid"),
    ("params.lr IN ('1')", ""),
]


@pytest.mark.parametrize("text, words", BAD_FILTERS, ids=[t for t, _ in BAD_FILTERS])
def test_bad_filter(client, zoo, text, words):
    with pytest.raises(MlflowException) as raised:
        client.search_runs([zoo[0]], text)
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
    assert words in raised.value.message


BAD_ORDERS = ["metrics.acc UP", "metrics.acc ASC DESC", "nobody.x", "nobody", "dataset.name", "metrics", ""]


@pytest.mark.parametrize("order", BAD_ORDERS, ids=repr)
def test_bad_order(client, zoo, order):
    with pytest.raises(MlflowException) as raised:
        client.search_runs([zoo[0]], order_by=[order])
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.differs("the reference answers 500, which clients retry for minutes")
def test_the_same_order_twice(client, zoo):
    with pytest.raises(MlflowException) as raised:
        client.search_runs([zoo[0]], order_by=["metrics.acc", "metrics.acc DESC"])
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("token", ["garbage", "e30=", "eyJvZmZzZXQiOiAiYSJ9"])
def test_bad_page_token(rest, zoo, token):
    reply = rest.post("runs/search", {"experiment_ids": [zoo[0]], "page_token": token})
    assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.differs("the reference answers 500")
def test_page_token_that_is_not_ascii(rest, zoo):
    reply = rest.post("runs/search", {"experiment_ids": [zoo[0]], "page_token": "ÄÖÜ"})
    assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("n", [0, -1, 50001])
def test_bad_max_results(rest, zoo, n):
    reply = rest.post("runs/search", {"experiment_ids": [zoo[0]], "max_results": n})
    assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_unicode_in_filters(client, experiment):
    run = client.create_run(experiment, run_name="größe").info.run_id
    client.log_batch(run, params=[Param("größe", "ÄÖÜ 漢字")], tags=[RunTag("漢字", "🙂")])
    for text in (
        "run_name = 'größe'",
        "params.`größe` = 'ÄÖÜ 漢字'",
        "params.`größe` LIKE 'ÄÖ_ 漢%'",
        "tags.`漢字` = '🙂'",
    ):
        assert len(client.search_runs([experiment], text)) == 1, text
