# SPDX-License-Identifier: Apache-2.0
"""What MLflow's clients log is one family tree: data set -> run -> logged model -> registered version -> alias."""

import mlflow
import pytest
import requests
from conftest import unique
from mlflow.entities import Dataset, DatasetInput

pytestmark = pytest.mark.differs("the native API is Stemma's")


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[str]) -> list[str]:
        return model_input


def lineage(uri, of, **params):
    reply = requests.get(f"{uri}/api/v1/lineage", params={"of": of, **params}, timeout=60)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_registered_model_descends_from_its_data(uri, client, experiment):
    name, data = unique("bot"), unique("refusals")
    with mlflow.start_run(run_name="train") as run:
        client.log_inputs(run.info.run_id, [DatasetInput(Dataset(data, "3f2a", "local", '{"uri": "x"}'))])
        logged = mlflow.pyfunc.log_model(name="model", python_model=Echo(), pip_requirements=[])
    mlflow.register_model(f"models:/{logged.model_id}", name)
    client.set_registered_model_alias(name, "prod", "1")
    down = lineage(uri, f"data:{data}@3f2a", down="true", refs="true")
    assert {n["kind"] for n in down["nodes"]} == {"data", "run", "model", "version"} and len(down["nodes"]) == 4
    [version] = [n for n in down["nodes"] if n["kind"] == "version"]
    assert (version["name"], version["number"], version["aliases"]) == (name, 1, ["prod"])
    up = lineage(uri, f"{name}@prod", up="true")
    kinds = [n["kind"] for n in up["nodes"]]
    links = {(kinds[e["from"]], e["link"], kinds[e["to"]]) for e in up["edges"]}
    assert links == {
        ("version", "made-by", "run"), ("version", "is-model", "model"), ("model", "made-by", "run"), ("run", "used-data", "data"),
    }  # fmt: skip
    assert up["nodes"][0]["name"] == name and up["nodes"][kinds.index("run")]["name"] == "train"
