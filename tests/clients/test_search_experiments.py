# SPDX-License-Identifier: Apache-2.0
import pytest
from conftest import unique
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException


@pytest.fixture(scope="module")
def zoo(uri):
    """(prefix, name -> id): five experiments whose names begin with the prefix."""
    client, prefix = MlflowClient(uri), unique("zoo")
    ids = {}
    for name, tags in {
        "Ape": {"kind": "mammal", "legs": "2"}, "bee": {"kind": "insect"}, "cat": {"kind": "mammal", "legs": "4"},
        "Dog": {}, "eel": {"kind": "fish", "a.b/c": "x"},
    }.items():  # fmt: skip
        ids[name] = client.create_experiment(f"{prefix} {name}", tags=tags)
    return prefix, ids


def found(client, zoo, text="", **kwargs):
    prefix, ids = zoo
    text = f"name LIKE '{prefix}%'" + (f" AND {text}" if text else "")
    kwargs.setdefault("order_by", ["creation_time ASC", "experiment_id ASC"])
    return [e.name[len(prefix) + 1 :] for e in client.search_experiments(filter_string=text, **kwargs)]


ALL = ["Ape", "bee", "cat", "Dog", "eel"]
FILTERS = [
    ("", ALL),
    ("name LIKE '%e'", ["Ape", "bee"]),
    ("name ILIKE '%E'", ["Ape", "bee"]),
    ("attribute.name LIKE '%E'", []),
    ("attribute.name ILIKE '%A_'", ["cat"]),
    ("tags.kind = 'mammal'", ["Ape", "cat"]),
    ("tag.kind != 'mammal'", ["bee", "eel"]),
    ("tags.kind LIKE 'm%' AND tags.legs = '4'", ["cat"]),
    ("tags.kind ILIKE 'FI%'", ["eel"]),
    ("tags.`a.b/c` = 'x'", ["eel"]),
    ("creation_time > 0", ALL),
    ("last_update_time < 5", []),
]


@pytest.mark.parametrize("text, expected", FILTERS, ids=[t for t, _ in FILTERS])
def test_filter(client, zoo, text, expected):
    assert found(client, zoo, text) == expected


def test_name_equals(client, zoo):
    prefix, ids = zoo
    assert [e.experiment_id for e in client.search_experiments(filter_string=f"name = '{prefix} cat'")] == [ids["cat"]]
    others = client.search_experiments(filter_string=f"name != '{prefix} cat' AND name LIKE '{prefix}%'")
    assert len(others) == 4


ORDERS = [
    (["name ASC"], ["Ape", "Dog", "bee", "cat", "eel"]),
    (["name DESC"], ["eel", "cat", "bee", "Dog", "Ape"]),
    (["name"], ["Ape", "Dog", "bee", "cat", "eel"]),
    (["attribute.name"], ["Ape", "Dog", "bee", "cat", "eel"]),
    (["experiment_id ASC"], ALL),
    (["experiment_id DESC"], ALL[::-1]),
    (["creation_time DESC", "experiment_id DESC"], ALL[::-1]),
    (["last_update_time ASC", "experiment_id ASC"], ALL),
]


@pytest.mark.parametrize("order, expected", ORDERS, ids=[str(o) for o, _ in ORDERS])
@pytest.mark.parametrize("page", [1, 2, 100])
def test_order_and_pages(client, zoo, order, expected, page):
    names, token = [], None
    while True:
        part = client.search_experiments(
            filter_string=f"name LIKE '{zoo[0]}%'", order_by=order, max_results=page, page_token=token
        )
        names += [e.name[len(zoo[0]) + 1 :] for e in part]
        token = part.token
        if not token:
            break
    assert names == expected


def test_default_order_is_newest_first(client, zoo):
    newest = client.create_experiment(unique("newest"))
    assert client.search_experiments(max_results=1)[0].experiment_id == newest


def test_is_null(client, zoo):
    assert found(client, zoo, "tags.kind IS NULL") == ["Dog"]
    assert found(client, zoo, "tags.legs IS NOT NULL") == ["Ape", "cat"]


def test_deleted_and_restored(client):
    name = unique("here and gone")
    at = client.create_experiment(name)
    client.delete_experiment(at)
    assert client.search_experiments(filter_string=f"name = '{name}'") == []
    assert len(client.search_experiments(ViewType.ALL, filter_string=f"name = '{name}'")) == 1
    client.restore_experiment(at)
    assert len(client.search_experiments(filter_string=f"name = '{name}'")) == 1


BAD = [
    "nobody = 'x'", "name > 'x'", "name = x", "name = 5", "metrics.x = 1", "params.x = '1'", "name", "name = 'a' OR name = 'b'",
    "creation_time > 'x'", "creation_time LIKE '5'", "tags.kind > 'x'",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_bad_filter(client, text):
    with pytest.raises(MlflowException) as raised:
        client.search_experiments(filter_string=text)
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("order", ["nobody", "tags.kind", "metrics.x", "name UP", "name ASC ASC", ""])
def test_bad_order(client, order):
    with pytest.raises(MlflowException) as raised:
        client.search_experiments(order_by=[order])
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("n", [0, -1, 50001])
def test_bad_max_results(client, n):
    with pytest.raises(MlflowException) as raised:
        client.search_experiments(max_results=n)
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
