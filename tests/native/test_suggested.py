# SPDX-License-Identifier: Apache-2.0
"""Which semantic version is suggested for a version, and why."""

import json

import pytest
import requests
from conftest import problem, unique
from registry import Registry
from test_diff import TOKENIZER, tokenizer
from test_push_api import tree_of
from weights import f32, gguf, safetensors


def weights(value, shape=(2,), name="head"):
    count = 1
    for n in shape:
        count *= n
    return safetensors({name: ("F32", list(shape), f32([value] * count))})


CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 2, "torch_dtype": "float32"}
FILES = {"config.json": json.dumps(CONFIG).encode(), "tokenizer.json": tokenizer(), "model.safetensors": weights(1)}


def config(**changed):
    return {"config.json": json.dumps(CONFIG | changed).encode()}


class Repo:
    """Versions of one repo, published with files on top of FILES."""

    def __init__(self, api, **more):
        self.api, self.name, self.more = api, unique("bot"), {"kind": "model", **more}

    def push(self, files=(), without=(), **more):
        files = {p: d for p, d in (FILES | dict(files)).items() if p not in without}
        body = {"tree": tree_of(self.api, files), **self.more, **more}
        return self.api.ok("POST", f"repos/{self.name}/versions", json=body)["version"]["number"]

    def tag(self, number, name):
        self.api.ok("PUT", f"repos/{self.name}/refs/{name}", json={"kind": "tag", "version": number, "reason": "released"})

    def suggested(self, number):
        return self.api.ok("GET", f"repos/{self.name}/versions/{number}/suggested")

    def after(self, *files, **more):
        """Of a version with these files, pushed now: the step, the version, and the facts above `training`."""
        s = self.suggested(self.push(*files, **more))
        return s["step"], s.get("version"), {r["fact"]: r["text"] for r in s["reasons"] if r["step"] != "patch"}


@pytest.fixture
def repo(api):
    made = Repo(api)
    made.push()
    return made


def test_the_first_and_the_same(api, repo):
    assert repo.suggested(1) == {"version": "1.0.0", "step": "first", "reasons": []}
    repo.tag(1, "v1.0.0")
    sealed = {"step": "same", "against": 1, "against_tag": "v1.0.0", "reasons": []}
    assert repo.suggested(1) == sealed
    assert repo.suggested(repo.push(again=True)) == sealed  # an equal content is the same version
    repo.push({"notes.txt": b"2"})
    assert repo.suggested(3)["version"] == "v1.0.1"  # written as the others are
    repo.tag(3, "v2.0.0")
    assert repo.suggested(repo.push(again=True)) == sealed  # also when others came between


def test_what_makes_a_patch(repo):
    assert repo.after({"model.safetensors": weights(2)}) == ("patch", "1.0.1", {})
    assert repo.suggested(2)["against"] == 1 and "against_tag" not in repo.suggested(2)
    assert repo.suggested(2)["reasons"] == [
        {"fact": "training", "step": "patch", "text": "files: 0 added, 0 removed, 1 changed, 0 renamed"}
    ]  # fmt: skip
    assert repo.after(config(torch_dtype="bfloat16"))[0] == "patch"
    assert repo.after({"tokenizer.json": json.dumps(json.loads(tokenizer()), indent=1).encode()})[0] == "patch"
    # another format of the weights, states of the training, and what is not what its name says
    assert repo.after({"model.bin": b"x"}, without=["model.safetensors"])[0] == "patch"
    repo.push()
    states = {f"checkpoint-{n}/{p}": d for n in (1, 2) for p, d in FILES.items()}
    assert repo.after(states | {"checkpoint-2/model.safetensors": weights(1, name="other")})[0] == "patch"
    assert repo.after({"model.safetensors": b"no weights", "config.json": b"{"})[0] == "patch"


def test_what_makes_a_minor_one(api, server, repo):
    registry = Registry(api, server.uri)

    def run(digest, loss, lr="1"):
        made = api.ok("POST", "runs", json={"project": "0", "config": [{"key": "train/loss_type", "value": loss}, {"key": "lr", "value": lr}]})
        data = {"dataset": {"name": "refusals", "digest": digest, "source_type": "local", "source": "s"}}
        reply = requests.post(registry.mlflow + "runs/log-inputs", json={"run_id": made["id"], "datasets": [data]}, timeout=60)
        assert reply.status_code == 200, reply.text
        return made["id"]

    assert repo.after({"a": b"1"}, run=run("3f2a", "dpo"))[0] == "patch"  # nothing is known of the run before
    assert repo.after({"a": b"2"}, run=run("9c01", "dpo")) == ("minor", "1.1.0", {"data": "refusals: 3f2a -> 9c01"})
    assert repo.after({"a": b"3"}, run=run("9c01", "ipo")) == ("minor", "1.1.0", {"objective": "train/loss_type: dpo -> ipo"})
    assert repo.after({"a": b"4"}, run=run("9c01", "ipo", "2"))[0] == "patch"
    assert "parameters: 1 differ" in [r["text"] for r in repo.suggested(5)["reasons"]]
    step, _, facts = repo.after({"a": b"5", **config(problem_type="regression")}, run=run("3f2a", "ipo", "2"))
    assert step == "minor" and facts == {
        "data": "refusals: 9c01 -> 3f2a", "objective": "config.json problem_type: none -> regression"}  # fmt: skip
    data = Repo(api, kind="data")
    data.push()
    assert data.after({"more.txt": b"x"})[:2] == ("minor", "1.1.0")


def test_what_makes_a_major_one(api, repo):
    def of(fact, *files, **more):
        step, version, facts = repo.after(*files, **more)
        repo.push()  # back to what was
        assert (step, version) == ("major", "2.0.0"), (fact, facts)
        return facts[fact]

    assert of("architecture", config(model_type="mistral")) == "config.json model_type: llama -> mistral"
    assert of("architecture", config(architectures=["Other"])) == "config.json architectures[0]: LlamaForCausalLM -> Other"
    assert of("architecture", {"model.safetensors": weights(1, (1, 2))}) == "tensors: 0 added, 0 removed, 1 of another shape"
    assert of("architecture", {"model.safetensors": weights(1, name="tail")}) == "tensors: 1 added, 1 removed, 0 of another shape"
    vocab = dict(TOKENIZER["model"]["vocab"], d=3)
    assert of("tokenizer", {"tokenizer.json": tokenizer(vocab=vocab)}) == "tokens: 1 added, 0 removed, 0 with another number"
    assert of("tokenizer", {"tokenizer.json": tokenizer(merges=["b c", "a b"])}) == "merges: 0 added, 0 removed, in another order"
    assert of("tokenizer", {"tokenizer.json": b"damaged"}).startswith("tokenizer.json: it is no")
    assert of("tokenizer", {"tokenizer.model": b"x"}) == "tokenizer.model: added"
    assert of("tokenizer", without=["tokenizer.json"]) == "tokenizer.json: removed"
    repo.push({"tokenizer.model": b"1"})
    assert repo.after({"tokenizer.model": b"2"})[2] == {"tokenizer": "tokenizer.model: other bytes"}
    pieces = Repo(api)
    scores = [{"tokenizer.json": tokenizer(vocab=[["a", -1], ["b", score]], merges=[])} for score in (-2, -2.5)]
    pieces.push(scores[0])
    assert pieces.after(scores[1]) == ("major", "2.0.0", {"tokenizer": "scores: 1 differ"})
    quantised = Repo(api)
    head = {"head": (0, [2], f32([1, 1]))}
    quantised.push({"m.gguf": gguf(head, {"general.architecture": "llama"}, ["a", "b"])})
    step, _, facts = quantised.after({"m.gguf": gguf(head, {"general.architecture": "phi3"}, ["a", "c"])})
    assert step == "major" and facts["architecture"] == "m.gguf general.architecture: llama -> phi3"
    assert facts["tokenizer"].startswith("m.gguf tokenizer.ggml.tokens: ")


def test_bases(api, repo):
    base = Repo(api)
    for i in range(2):
        base.push({"i": b"%d" % i})

    def on(address, relation="fine-tune"):
        return {"parents": [{"relation": relation, "address": address}]}

    first, second = f"{base.name}@1", f"{base.name}@2"
    assert repo.after({"a": b"1"}, **on(first)) == ("major", "2.0.0", {"base": f"none -> {first}"})
    assert repo.after({"a": b"2"}, **on(second)) == ("major", "2.0.0", {"base": f"{first} -> {second}"})
    # what goes on from a version of the repo has that one's base
    assert repo.after({"a": b"3"}, **on(f"{repo.name}@3", "next"))[0] == "patch"
    assert repo.after({"a": b"4"}, **on(f"{repo.name}@4"))[0] == "patch"
    assert repo.after({"a": b"5"}, **on(second))[0] == "patch"
    assert repo.after({"a": b"6"}, **on("hf://org/base"))[2] == {"base": f"{second} -> hf://org/base"}
    assert repo.after({"a": b"7"})[2] == {"base": "hf://org/base -> none"}


def test_which_version_it_is_compared_with(repo):
    for i in range(3):
        repo.push({"a": b"%d" % i})
    repo.tag(1, "0.9.0")
    repo.tag(2, "0.10.0")  # higher than 0.9.0, whatever the order of texts
    repo.tag(3, "0.11.0-rc.1")  # no release yet
    for name in ("v1.2", "release-7.0.0", "1.02.0"):
        repo.tag(3, name)
    for number in (3, 4):
        s = repo.suggested(number)
        assert (s["version"], s["against"], s["against_tag"]) == ("0.10.1", 2, "0.10.0")
    repo.tag(4, "v0.12.0+cu121")
    assert repo.suggested(3)["version"] == "v0.12.1" and repo.suggested(3)["against"] == 4
    assert repo.suggested(4)["against_tag"] == "v0.12.0+cu121"


def test_files_that_are_elsewhere(api, server):
    registry = Registry(api, server.uri)
    name = registry.bot(unique("far"))
    s = api.ok("GET", f"repos/{name}/versions/2/suggested")
    assert (s["version"], s["reasons"][0]["text"]) == ("1.0.1", "no difference is known")


def test_bad_input(api, repo):
    assert problem(api.get(f"repos/{repo.name}/versions/9/suggested")) == (404, "NOT_FOUND")
    assert problem(api.get(f"repos/{repo.name}/versions/x/suggested")) == (404, "NOT_FOUND")
    assert problem(api.get(f"repos/{unique('none')}/versions/1/suggested")) == (404, "NOT_FOUND")
    repo.push({"a": b"1"})
    api.ok("DELETE", f"repos/{repo.name}/versions/1", json={"reason": "wrong"})
    assert problem(api.get(f"repos/{repo.name}/versions/1/suggested")) == (404, "NOT_FOUND")
    assert repo.suggested(2)["step"] == "first"
