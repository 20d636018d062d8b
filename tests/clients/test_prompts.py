# SPDX-License-Identifier: Apache-2.0
"""Prompts (mlflow.genai) by the official client: registered models with a tag, whose versions hold a text in a tag."""

import mlflow
import mlflow.genai
import pydantic
import pytest
from conftest import unique
from mlflow.exceptions import MlflowException


@pytest.fixture
def name():
    return unique("prompt").replace(" ", "-")


def register(name, template="Hello {{who}}", **kwargs):
    return mlflow.genai.register_prompt(name=name, template=template, **kwargs)


def test_versions_of_a_prompt(name):
    first = register(name, commit_message="the first", tags={"by": "me"})
    assert (first.version, first.template, first.commit_message) == (1, "Hello {{who}}", "the first")
    assert register(name, "Bye {{ who }}").version == 2
    loaded = mlflow.genai.load_prompt(name, version=1)
    assert loaded.format(who="you") == "Hello you" and loaded.tags["by"] == "me"
    assert mlflow.genai.load_prompt(f"prompts:/{name}/2").format(who="you") == "Bye you"
    assert mlflow.genai.load_prompt(name).version == 2


def test_chat_prompts(name):
    class Answer(pydantic.BaseModel):
        text: str

    messages = [{"role": "system", "content": "You are {{what}}"}, {"role": "user", "content": "{{question}}"}]
    register(name, messages, response_format=Answer)
    loaded = mlflow.genai.load_prompt(name, version=1)
    assert loaded.template == messages and loaded.response_format["title"] == "Answer"
    assert loaded.format(what="a poet", question="why")[1]["content"] == "why"


def test_aliases(name):
    register(name), register(name, "second")
    mlflow.genai.set_prompt_alias(name, "production", 1)
    assert mlflow.genai.load_prompt(f"prompts:/{name}@production", cache_ttl_seconds=0).version == 1
    mlflow.genai.set_prompt_alias(name, "production", 2)
    assert mlflow.genai.load_prompt(f"prompts:/{name}@production", cache_ttl_seconds=0).version == 2
    mlflow.genai.delete_prompt_alias(name, "production")
    with pytest.raises(MlflowException):
        mlflow.genai.load_prompt(f"prompts:/{name}@production", cache_ttl_seconds=0)


def test_tags(name):
    register(name)
    mlflow.genai.set_prompt_tag(name, "team", "a")
    assert mlflow.genai.get_prompt_tags(name)["team"] == "a"
    mlflow.genai.delete_prompt_tag(name, "team")
    assert "team" not in mlflow.genai.get_prompt_tags(name)
    mlflow.genai.set_prompt_version_tag(name, 1, "k", "v")
    assert mlflow.genai.load_prompt(name, version=1, cache_ttl_seconds=0).tags["k"] == "v"
    mlflow.genai.delete_prompt_version_tag(name, 1, "k")
    assert "k" not in mlflow.genai.load_prompt(name, version=1, cache_ttl_seconds=0).tags


def test_search(client, name):
    register(name), register(name, "second")
    client.create_registered_model(name + "-model")
    assert [p.name for p in mlflow.genai.search_prompts(f"name = '{name}'")] == [name]
    assert [m.name for m in client.search_registered_models(f"name LIKE '{name}%'")] == [name + "-model"]
    no_prompts = f"name LIKE '{name}%' AND tags.`mlflow.prompt.is_prompt` != 'true'"
    assert [m.name for m in client.search_registered_models(no_prompts)] == [name + "-model"]
    assert list(client.search_model_versions(f"name = '{name}'")) == []
    prompts = f"name = '{name}' AND tags.`mlflow.prompt.is_prompt` = 'true'"
    assert [v.version for v in client.search_model_versions(prompts)] == ["2", "1"]
    with pytest.raises(MlflowException, match="already taken"):
        client.create_registered_model(name)


def test_deleting(client, name):
    register(name), register(name, "second")
    client.delete_prompt_version(name, "1")
    with pytest.raises(MlflowException):
        mlflow.genai.load_prompt(name, version=1, cache_ttl_seconds=0)
    assert register(name, "third").version == 3
    client.delete_prompt(name)
    assert mlflow.genai.search_prompts(f"name = '{name}'") == []


def test_prompts_of_an_experiment_and_a_run(client, experiment, name):
    register(name)
    with mlflow.start_run() as run:
        mlflow.genai.load_prompt(f"prompts:/{name}/1", cache_ttl_seconds=0)
    assert name in client.get_run(run.info.run_id).data.tags.get("mlflow.linkedPrompts", "")
    found = mlflow.genai.search_prompts(f"experiment_id = '{experiment}'")
    assert name in [p.name for p in found]


def test_a_long_text(name):
    assert len(register(name, "x" * 100_000).template) == 100_000
    with pytest.raises(MlflowException, match="max length"):
        register(name, "x" * 100_001)


def test_a_version_of_a_prompt_is_no_model(client, rest, name):
    register(name)
    model = unique("model")
    client.create_registered_model(model)
    reply = rest.post("model-versions/create", {"name": model, "source": f"models:/{name}/1"})
    assert reply.status_code == 400 and "Prompt versions cannot be used" in reply.text
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    reply = rest.post("model-versions/create", {"name": name, "source": "s3://bucket/x", "tags": tags})
    assert reply.status_code == 400 and "Invalid prompt source" in reply.text
