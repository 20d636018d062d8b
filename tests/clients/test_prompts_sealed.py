# SPDX-License-Identifier: Apache-2.0
"""Prompts that MLflow registers are sealed files to the command line, and prompts that it pushes load in MLflow."""

import json
import time

import mlflow
import mlflow.genai
import pytest
from conftest import unique
from mlflow.exceptions import MlflowException
from test_push_pull import files_of, stemma

pytestmark = pytest.mark.differs("the commands are Stemma's")

TEXT = "Hello {{who}}, it is «déjà vu» 🎉\r\n\n"
CHAT = [{"role": "system", "content": "You are {{what}}"}, {"role": "user", "content": "{{question}}"}]
CONFIG = {"model_name": "m", "temperature": 0.5}
FORMAT = {"type": "object", "properties": {"text": {"type": "string"}}}


@pytest.fixture
def name():
    return unique("prompt").replace(" ", "-")


def load(name, version):
    return mlflow.genai.load_prompt(f"prompts:/{name}/{version}", cache_ttl_seconds=0)


def shown(run, name, version):
    return json.loads(run("show", f"{name}@{version}", "--json").out)["version"]


@pytest.fixture
def run(uri, tmp_path):
    return lambda *words: stemma(uri, tmp_path, *words)


@pytest.fixture
def push(run, tmp_path):
    """A folder of these files as a version of a prompt."""

    def of(name, files, *more):
        folder = tmp_path / unique("folder")
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        return run("push", folder, name, "--kind", "prompt", *more)

    return of


def test_what_is_registered_is_sealed(rest, run, push, tmp_path, name):
    mlflow.genai.register_prompt(name, TEXT, model_config=CONFIG, response_format=FORMAT)
    mlflow.genai.register_prompt(name, CHAT)
    run("pull", f"{name}@1", "text"), run("pull", f"{name}@2", "chat")
    text, chat = files_of(tmp_path / "text"), files_of(tmp_path / "chat")
    assert sorted(text) == ["config.json", "prompt.txt", "response_format.json"] and text["prompt.txt"].decode() == TEXT
    assert json.loads(text["config.json"]) == CONFIG and json.loads(text["response_format.json"]) == FORMAT
    assert list(chat) == ["messages.json"] and json.loads(chat["messages.json"]) == CHAT
    told = rest.ok("GET", "model-versions/get", params={"name": name, "version": "1"})["model_version"]
    assert told["source"] in ("dummy-source", "prompt-template") and len(told["tags"]) == 5  # as it was sent
    assert load(name, 1).template == TEXT and load(name, 2).template == CHAT
    assert "prompt.txt" in run("diff", f"{name}@1", f"{name}@2").out
    mlflow.genai.register_prompt(name, f"{TEXT} And more.", tags={"team": "x"})  # its text is told once, as a file
    differences = run("diff", f"{name}@1", f"{name}@3").out
    assert differences.count("And more.") == 1 and "team" in differences and "mlflow" not in differences, differences
    run("verify", f"{name}@1")
    # The same prompt is the same content, whoever made it, and whatever is said of it.
    again = f"{name}-again"
    mlflow.genai.register_prompt(again, CHAT, commit_message="other", tags={"k": "v"})
    push(f"{name}-pushed", chat)
    digests = {shown(run, *v)["content"] for v in [(name, 2), (again, 1), (f"{name}-pushed", 1)]}
    assert len(digests) == 1 and shown(run, name, 1)["content"] not in digests


def test_a_pushed_prompt_loads(client, run, push, name):
    push(name, {"prompt.md": TEXT, "config.json": json.dumps(CONFIG), "README.md": "about it"}, "-m", "by hand")
    push(name, {"Messages.JSON": json.dumps(CHAT), "response_format.json": json.dumps(FORMAT)})
    first, second = load(name, 1), load(name, 2)
    assert (first.template, first.commit_message, first.model_config) == (TEXT, "by hand", CONFIG)
    assert (second.template, second.response_format) == (CHAT, FORMAT)
    assert second.format(what="a poet", question="why")[1]["content"] == "why"
    mlflow.genai.set_prompt_alias(name, "prod", 1)
    assert mlflow.genai.load_prompt(f"prompts:/{name}@prod", cache_ttl_seconds=0).template == TEXT
    assert client.get_prompt_version(name, "1").template == TEXT and mlflow.genai.load_prompt(name).version == 2
    assert [p.name for p in mlflow.genai.search_prompts(f"name = '{name}'")] == [name]
    assert [p.version for p in client.search_prompt_versions(name)] == [2, 1]
    assert list(client.search_model_versions(f"name = '{name}'")) == []  # it is no model
    assert mlflow.genai.register_prompt(name, "third").version == 3
    with pytest.raises(MlflowException, match="already taken"):
        client.create_registered_model(name)


def test_a_pulled_prompt_is_pushed_back(run, tmp_path, name):
    mlflow.genai.register_prompt(name, TEXT)
    run("pull", f"{name}@1", "out")
    run("push", "out", name)
    assert mlflow.genai.load_prompt(name).version == 1  # it is that version
    (tmp_path / "out/prompt.txt").write_text("another")
    run("push", "out", name)
    assert mlflow.genai.load_prompt(name, cache_ttl_seconds=0).template == "another"


MANY = {f"{i}.txt": "a text" for i in range(3)}
LONG = "x" * 100_000


@pytest.mark.parametrize(
    "files",
    [{"prompt.txt": LONG + "x"}, {"prompt.txt": "a\0b"}, {"prompt.txt": b"\xed\xa0\x80"}, {"prompt.txt": b"x" * (5 << 20)},
     MANY, {"sub/prompt.txt": "deep"}, {"README.md": "about it"}],
    ids=["long", "nul", "surrogate", "huge", "many", "deep", "none"],
)  # fmt: skip
def test_what_is_no_prompt_says_so(client, push, name, files):
    assert "can not load" not in push(name, {"prompt.txt": LONG}).err
    assert "MLflow's clients can not load this version" in push(name, files).err
    with pytest.raises(MlflowException, match="does not contain a prompt text"):
        load(name, 2)
    assert load(name, 1).template == LONG  # and the others do
    assert [p.version for p in client.search_prompt_versions(name)] == [1]


ODD_CHATS = [
    "[]", "[" * 500, '[{"role": "user"}]', '[{"role": 1, "content": "x"}]', '[{"role": "user", "content": [1]}]',
    '[{"role": "user", "content": "\\ud800"}]', '[{"role": "user", "content": [{"type": "text"}]}]',
    '[{"role": "user", "content": "x", "tool_calls": [{}]}]', '[{"role": "user", "content": "x"}] more', "{}", "not JSON", "",
]  # fmt: skip


def test_files_that_are_no_chat_are_texts(client, push, name):
    for i, text in enumerate(ODD_CHATS, 1):
        push(name, {"messages.json": text, "config.json": "[1]", "response_format.json": '{"a": '})
        found = load(name, i)
        assert (found.template, found.model_config, found.response_format) == (text, None, None), text
    assert len(client.search_prompt_versions(name)) == len(ODD_CHATS)


def test_the_files_decide_what_tags_say(rest, run, push, tmp_path, name):
    told = ("--tag", "mlflow.prompt.text=told", "--tag", "mlflow.prompt.is_prompt=no")
    push(name, {"prompt.txt": "written"}, *told)
    push(name, MANY, *told, "--tag", "team=a")
    assert load(name, 1).template == "written"
    assert load(name, 2).template == "told" and load(name, 2).tags["team"] == "a"


def test_what_a_prompt_says_is_not_changed_afterwards(run, name):
    mlflow.genai.register_prompt(name, TEXT, model_config=CONFIG, response_format=FORMAT)
    for key in ("mlflow.prompt.text", "_mlflow_prompt_type", "_mlflow_prompt_response_format"):
        with pytest.raises(MlflowException, match="does not change: register another version"):
            mlflow.genai.set_prompt_version_tag(name, 1, key, "changed")
        with pytest.raises(MlflowException, match="does not change"):
            mlflow.genai.delete_prompt_version_tag(name, 1, key)
    mlflow.genai.set_prompt_version_tag(name, 1, "mlflow.prompt.text", TEXT)  # the same
    assert load(name, 1).template == TEXT
    # How a model is asked is MLflow's to change, and told.
    mlflow.genai.set_prompt_model_config(name, 1, {"model_name": "other"})
    mlflow.genai.set_prompt_version_tag(name, 1, "team", "a")
    mlflow.genai.delete_prompt_version_tag(name, 1, "team")
    assert load(name, 1).model_config["model_name"] == "other"
    for _ in range(100):  # on PostgreSQL the log shows events a moment after their commit
        events = json.loads(run("audit", name, "--kind", "version_edited", "--json").out)["items"]
        if len(events) == 3:
            break
        time.sleep(0.1)
    edits = [(e["payload"]["key"], e["payload"].get("value")) for e in reversed(events)]
    assert edits[0][0] == "_mlflow_prompt_model_config" and edits[1:] == [("team", "a"), ("team", None)]


def test_a_version_without_a_text_has_no_files(rest, run, tmp_path, name):
    mlflow.genai.register_prompt(name, "first")
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    rest.post("model-versions/create", {"name": name, "source": "dummy-source", "tags": tags}).raise_for_status()
    assert not shown(run, name, 2).get("content")
    with pytest.raises(MlflowException, match="does not contain a prompt text"):
        load(name, 2)
    # So are those that were registered before prompts were sealed; and they load.
    text = {"name": name, "version": "2", "key": "mlflow.prompt.text", "value": "old"}
    rest.ok("POST", "model-versions/set-tag", json=text)
    assert load(name, 2).template == "old" and not shown(run, name, 2).get("content")
    for text, status in [("x" * 100_001, 400), ("a\0b", 400), ("\ud800", 400), ("", 200)]:
        value = [*tags, {"key": "mlflow.prompt.text", "value": text}]
        reply = rest.post("model-versions/create", {"name": name, "source": "dummy-source", "tags": value})
        assert reply.status_code == status, (text[:9], reply.text)
    assert load(name, 3).template == ""
    run("pull", f"{name}@3", "empty")
    assert files_of(tmp_path / "empty") == {"prompt.txt": b""}
