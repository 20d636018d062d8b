# SPDX-License-Identifier: Apache-2.0
"""Differences of versions and runs: over the API part by part, and as 'stemma diff' shows them."""

import json
import math
import struct

import pytest
from conftest import Native, problem, unique
from registry import Registry
from test_push_api import tree_of
from weights import bf16, f32, gguf, safetensors

CONFIG = {"model_type": "llama", "hidden_size": 64, "rope_scaling": {"factor": 8, "low": [1, 2]}, "dropout": 0.0, "gone": {"a": 1}}
TOKENIZER = {
    "version": "1.0",
    "added_tokens": [{"id": 3, "content": "<s>", "special": True}],
    "normalizer": {"type": "NFC"},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2}, "merges": ["a b", "b c"]},
}
LAYERS = {f"model.layers.{i}.w": ("BF16", [4, 2], bf16([i + 1] * 8)) for i in range(4)}


def tokenizer(**model):
    return json.dumps(TOKENIZER | {"model": TOKENIZER["model"] | model}).encode()


def first():
    return {
        "config.json": json.dumps(CONFIG).encode(),
        "tokenizer.json": tokenizer(),
        "tokenizer_config.json": json.dumps({"chat_template": "one\ntwo\n", "legacy": True}).encode(),
        "README.md": b"# Bot\n\nGood.\n",
        "old/notes.txt": b"moved as it is\n",
        "gone.bin": bytes(100),
        "model.safetensors": safetensors(LAYERS | {"head": ("F32", [2], f32([3, 4])), "odd": ("F32", [2], f32([1, 2]))}, format="pt"),
    }


def second():
    changed = LAYERS | {
        "model.layers.1.w": ("BF16", [4, 2], bf16([2, 2, 2, 2, 2, 2, 2, 3])),
        "model.layers.3.w": ("BF16", [4, 2], bf16([8] * 8)),
    }
    # two shards where one file was; one tensor of another shape, one of another type, one new
    return {
        "config.json": json.dumps(CONFIG | {"rope_scaling": {"factor": 16, "low": [1, 2, 3]}, "dropout": 0, "gone": None}).encode(),
        "tokenizer.json": tokenizer(vocab={"a": 0, "b": 2, "c": 1, "d": 3}, merges=["a b"]),
        "tokenizer_config.json": json.dumps({"chat_template": "one\n2\n", "legacy": False}).encode(),
        "README.md": b"# Bot\n\nBetter.\n",
        "new/notes.txt": b"moved as it is\n",
        "model-00001-of-00002.safetensors": safetensors({k: changed[k] for k in list(changed)[:2]}, format="pt"),
        "model-00002-of-00002.safetensors": safetensors(
            {k: changed[k] for k in list(changed)[2:]}
            | {"head": ("BF16", [2], bf16([3, 5])), "odd": ("F32", [1, 2], f32([1, 2])), "new": ("F32", [1], f32([math.nan]))}
        ),
    }


def publish(api, repo, *versions):
    for files in versions:
        api.ok("POST", f"repos/{repo}/versions", json={"tree": tree_of(api, files), "kind": "model"})
    return repo


@pytest.fixture(scope="module")
def bot(server):
    return publish(Native(server.uri), unique("bot"), first(), second())


@pytest.fixture
def registry(api, server):
    return Registry(api, server.uri)


def diff(api, was, to, **params):
    return api.ok("GET", "diff", params={"from": was, "to": to, **params})


def rows(part):
    return {row["key"]: (row.get("was"), row.get("is")) for row in part["items"]}


def tensors(api, was, to, **params):
    reply = api.get("diff/tensors", **{"from": was, "to": to}, **params)
    assert reply.status_code == 200 and reply.headers["Content-Type"] == "application/x-ndjson", reply.text
    lines = [json.loads(line) for line in reply.text.splitlines()]
    return {line["tensor"]["name"]: line["tensor"] for line in lines[:-1]}, lines[-1]["summary"]


# ---- the parts ------------------------------------------------------------------------------------------------------


def test_files_and_configuration(api, bot):
    d = diff(api, f"{bot}@1", f"{bot}@2", part=["files", "config", "text"])
    assert d["differs"] and d["from"]["name"] == f"{bot}@1" and d["to"]["number"] == 2 and d["notes"] == []
    f = {i["path"]: i for i in d["files"]["items"]}
    assert [d["files"][k] for k in ("added", "removed", "changed", "renamed", "total")] == [2, 2, 4, 1, 9]
    assert f["new/notes.txt"]["before"] == "old/notes.txt" and f["new/notes.txt"]["what"] == "renamed"
    assert f["gone.bin"]["was_size"] == 100 and "is_size" not in f["gone.bin"]
    # 0.0 is 0; an object that is null now is gone with what was in it
    assert rows(d["config"]) == {
        "rope_scaling.factor": (8, 16), "rope_scaling.low[2]": (None, 3), "gone.a": (1, None), "gone": (None, None),
    }  # fmt: skip
    factor = d["config"]["items"][0]
    assert factor["in"] == "config.json" and factor["delta"] == 8 and factor["percent"] == 100
    (text,) = d["text"]["items"]
    assert text == {"path": "README.md", "added": 1, "removed": 1, "cut": False, "unified": "@@ -1,3 +1,3 @@\n # Bot\n \n-Good.\n+Better.\n"}
    assert "tokenizer" not in d and "metrics" not in d


def test_an_executable_bit(api, cli, tmp_path):
    name = unique("script")
    script = tmp_path / "run.sh"
    script.write_text("x\n")
    for mode in (0o644, 0o755, 0o644):
        script.chmod(mode)
        cli.ok("push", str(tmp_path), name)
    [file] = diff(api, f"{name}@1", f"{name}@2")["files"]["items"]
    assert (file["what"], file["executable"], file["is_digest"]) == ("changed", True, file["was_digest"])
    assert "~ run.sh  2 B, now executable" in cli.ok("diff", f"{name}@1", f"{name}@2").out
    assert "~ run.sh  2 B, no longer executable" in cli.ok("diff", f"{name}@2", f"{name}@3").out


def test_tokenizer(api, bot):
    t = diff(api, f"{bot}@1", f"{bot}@2", part="tokenizer")["tokenizer"]
    assert (t["was_size"], t["is_size"], t["added"], t["removed"], t["moved"]) == (3, 4, 1, 0, 2)
    assert (t["merges_added"], t["merges_removed"], t["merges_reordered"]) == (0, 1, False)
    assert {k["token"]: (k.get("was"), k.get("is")) for k in t["tokens"]} == {"b": (1, 2), "c": (2, 1), "d": (None, 3)}
    assert rows(t["values"]) == {"legacy": (True, False)}
    (template,) = t["templates"]["items"]
    assert template["path"] == "tokenizer_config.json: chat_template" and "-two\n+2\n" in template["unified"]


def test_lists_go_on_behind_what_was_told(api, bot):
    sides = f"{bot}@1", f"{bot}@2"
    for part in ("config", "files", "tokenizer", "text"):

        def read(part=part, **page):
            found = diff(api, *sides, part=part, **page)[part]
            return found["tokens"] if part == "tokenizer" else found["items"], found.get("total")

        every, total = read()
        pages = [read(limit=1, skip=i) for i in range(len(every) + 1)]
        assert {t for _, t in pages} == {total}, part
        if part == "tokenizer":  # each kind of tokens by itself: two moved, one added
            assert [len(items) for items, _ in pages] == [2, 1, 0, 0]
        else:
            assert [items for items, _ in pages] == [[x] for x in every] + [[]]
    for skip in (-1, 20001):
        reply = api.get("diff", **{"from": f"{bot}@1", "to": f"{bot}@2", "skip": skip})
        assert problem(reply) == (400, "INVALID") and f"not {skip}" in reply.json()["detail"]


def test_tokenizers_of_other_forms(api):
    """Word pieces, byte pairs apart, and scores, each told with its file."""
    scores = [[["a", -1.5], ["b", -2.5]], [["b", -2.5], ["a", -1.5], ["c", 0]]]
    merges = [["a", "b"], ["c", "d"]]
    was = {"a/vocab.txt": b"[PAD]\nthe\n", "a/merges.txt": b"#version: 0.2\na b\nc d\n", "b/vocab.json": b'{"x": 0}', "b/tokenizer.json": tokenizer(vocab=scores[0], merges=merges)}
    now = {"a/vocab.txt": b"[PAD]\nof\n", "a/merges.txt": b"#version: 0.2\nc d\na b\n", "b/vocab.json": b'{"y": 0}', "b/tokenizer.json": tokenizer(vocab=scores[1], merges=["c d", "a b"])}
    repo = publish(api, unique("tok"), was, now)
    t = diff(api, f"{repo}@1", f"{repo}@2", part="tokenizer")["tokenizer"]
    assert (t["added"], t["removed"], t["moved"], t["merges_reordered"], t["merges_added"]) == (3, 2, 2, True, 0)
    found = {(k["in"], k["token"], k.get("was"), k.get("is")) for k in t["tokens"]}
    assert found == {("a/vocab.txt", "the", 1, None), ("a/vocab.txt", "of", None, 1), ("b/tokenizer.json", "a", 0, 1), ("b/tokenizer.json", "b", 1, 0), ("b/tokenizer.json", "c", None, 2), ("b/vocab.json", "x", 0, None), ("b/vocab.json", "y", None, 0)}
    assert t["values"]["total"] == 0
    assert t["scores"] == {"items": [], "total": 0}  # each token has its own, wherever it stands


def test_a_vocabulary_that_is_there_twice(api):
    """Once as numbers of its own, and once as a list with scores, which has no such places."""
    twice = '{"model": {"vocab": {"a": %d}, "vocab": [["b", %s]]}}'
    repo = publish(
        api, unique("twice"),
        *({"tokenizer.json": (twice % (number, score)).encode()} for number, score in ((2_000_000_000, 0.5), (40, 0.6))),
    )  # fmt: skip
    t = diff(api, f"{repo}@1", f"{repo}@2", part="tokenizer")["tokenizer"]
    assert [s["key"] for s in t["scores"]["items"]] == ["b"]


def test_a_vocabulary_beside_a_tokenizer(api, cli):
    """What both say is told once, with the tokenizer.json; what only one of them says, with its own file."""

    def files(beside, vocab, merges, beside_merges):
        lines = "#version: 0.2\n" + "".join(f"{m}\n" for m in beside_merges)
        return {"tokenizer.json": tokenizer(vocab=vocab, merges=merges), "vocab.json": json.dumps(beside).encode(), "merges.txt": lines.encode()}

    was = {"a": 0, "b": 1, "c": 2, "d": 3}
    both = {"a": 0, "b": 2, "c": 1, "e": 3}
    repo = publish(
        api, unique("beside"),
        files(was, was, ["a b", "b c"], ["a b", "b c"]),
        files(both, both, ["a b", "c a"], ["a b", "c a"]),
        files(both | {"f": 4}, was | {"f": 5}, ["c a", "a b"], ["a b", "c b"]),
        files(both | {"f": 4}, was, ["c a", "a b"], ["a b", "c b"]) | {"tokenizer.json": b"{"},
    )  # fmt: skip

    def told(before, after):
        d = diff(api, f"{repo}@{before}", f"{repo}@{after}", part="tokenizer")
        t = d["tokenizer"]
        assert (t["added"], t["removed"], t["moved"]) == tuple(sum(k(x) for x in t["tokens"]) for k in (lambda x: "was" not in x, lambda x: "is" not in x, lambda x: "was" in x and "is" in x))
        return t, {(x["in"], x["token"], x.get("was"), x.get("is")) for x in t["tokens"]}, d["notes"]

    t, tokens, notes = told(1, 2)
    assert tokens == {("tokenizer.json", "b", 1, 2), ("tokenizer.json", "c", 2, 1), ("tokenizer.json", "d", 3, None), ("tokenizer.json", "e", None, 3)}
    assert len(t["tokens"]) == 4 and (t["was_size"], t["is_size"]) == (4, 4)
    assert (t["merges_added"], t["merges_removed"], t["merges_reordered"]) == (1, 1, False)
    t, tokens, notes = told(1, 3)
    assert tokens == {
        ("tokenizer.json", "f", None, 5), ("vocab.json", "f", None, 4),
        ("vocab.json", "b", 1, 2), ("vocab.json", "c", 2, 1), ("vocab.json", "d", 3, None), ("vocab.json", "e", None, 3),
    }  # fmt: skip
    assert (t["merges_added"], t["merges_removed"]) == (2, 1)  # "c a" of one file, "c b" of the other; "b c" of both
    assert "vocab.json" in cli("diff", f"{repo}@1", f"{repo}@3", "--part", "tokenizer").lines
    t, tokens, notes = told(1, 4)  # a tokenizer.json that cannot be read hides nothing
    assert {n["path"] for n in notes} == {"tokenizer.json"} and ("vocab.json", "f", None, 4) in tokens and len(tokens) == 5
    assert (t["was_size"], t["is_size"], t["merges_added"], t["merges_removed"]) == (4, 5, 1, 1)


def test_scores_of_tokens(api, cli):
    """Of a Unigram tokenizer: they decide how a text is cut."""

    def unigram(scores):
        return {"tokenizer.json": json.dumps({"model": {"type": "Unigram", "vocab": [[f"t{i}", s] for i, s in enumerate(scores)]}}).encode()}

    before = [-i / 8 for i in range(300)]
    after = [s - 1 if i % 2 else s for i, s in enumerate(before)]
    repo = publish(api, unique("scores"), unigram(before), unigram(after), unigram(after) | {"sub/tokenizer.json": tokenizer()}, unigram(before[:-1]) | {"sub/tokenizer.json": tokenizer(vocab={"a": 0})})
    d = diff(api, f"{repo}@1", f"{repo}@2", part="tokenizer", limit=10)
    t = d["tokenizer"]
    assert d["differs"] and (t["added"], t["removed"], t["moved"], t["tokens"]) == (0, 0, 0, [])
    assert t["scores"]["total"] == 150 and len(t["scores"]["items"]) == 10
    assert t["scores"]["items"][0] == {"in": "tokenizer.json", "key": "t1", "was": -0.125, "is": -1.125, "delta": -1, "percent": -800}
    assert diff(api, f"{repo}@1", f"{repo}@2", part="tokenizer", limit=1, skip=149)["tokenizer"]["scores"]["items"][0]["key"] == "t299"
    done = cli("diff", f"{repo}@1", f"{repo}@2", "--part", "tokenizer", "--exit-code")
    assert done.code == 1 and done.lines[0] == "tokenizer   150 scores differ", done
    assert "t1    -0.125   -1.125   -1, -800%" in done.out and "50 more" in done.out
    two = cli("diff", f"{repo}@3", f"{repo}@4", "--part", "tokenizer").lines
    at, sub = two.index("tokenizer.json"), two.index("sub/tokenizer.json")
    assert two[at + 2].split() == ["t299", "299", "-"] and two[sub + 2].split() == ["b", "1", "-"], two


def test_tensors_over_other_shards(api, bot):
    t, s = tensors(api, f"{bot}@1", f"{bot}@2")
    assert {n: x["what"] for n, x in t.items()} == {
        "model.layers.1.w": "changed", "model.layers.3.w": "changed", "head": "retyped", "odd": "reshaped", "new": "added",
    }  # fmt: skip
    w = t["model.layers.1.w"]
    assert w["layer"] == "model.layers.1" and (w["elements"], w["equal"], w["largest"]) == (8, 7, 1)
    assert w["change"] == pytest.approx(1 / math.sqrt(32)) and w["cosine"] == pytest.approx(34 / math.sqrt(32 * 37))
    assert t["model.layers.3.w"]["change"] == 1 and t["model.layers.3.w"]["cosine"] == pytest.approx(1)
    assert t["head"]["was"]["type"] == "F32" and t["head"]["is"]["type"] == "BF16" and t["head"]["change"] == pytest.approx(0.2)
    assert t["odd"]["is"]["shape"] == [1, 2] and "change" not in t["odd"]
    assert (s["differs"], s["same"], s["changed"], s["added"], s["reshaped"], s["retyped"]) == (True, 2, 2, 1, 1, 1)
    assert [layer["name"] for layer in s["layers"]][:3] == ["model.layers.3", "head", "model.layers.1"] and s["notes"] == []
    t, s = tensors(api, f"{bot}@1", f"{bot}@2", names_only="true")
    assert s["bytes_read"] == 0 and s["changed"] == 4 and all("change" not in x for x in t.values())


def test_what_is_no_number_any_more_comes_first(api, cli, bot):
    nan, inf = math.nan, math.inf
    one = {
        "layers.0.w": ("F32", [4096], f32([1] * 4096)), "layers.1.w": ("F32", [4], f32([1, 2, 3, 4])),
        "layers.2.w": ("BF16", [4], bf16([1, nan, 1, 1])), "layers.3.w": ("F64", [2], struct.pack("<2d", 1e300, 2e300)),
    }  # fmt: skip
    two = {
        "layers.0.w": ("F32", [4096], f32([nan] * 4096)), "layers.1.w": ("F32", [4], f32([9, 2, 3, -inf])),
        "layers.2.w": ("BF16", [4], bf16([5, nan, 1, 1])), "layers.3.w": ("F64", [2], struct.pack("<2d", 2e300, 4e300)),
    }  # fmt: skip
    repo = publish(api, unique("nan"), {"m.safetensors": safetensors(one)}, {"m.safetensors": safetensors(two)})
    t, s = tensors(api, f"{repo}@1", f"{repo}@2")
    assert t["layers.0.w"]["change"] == "NaN" and (t["layers.0.w"]["nan_was"], t["layers.0.w"]["nan_is"]) == (0, 4096)
    layers = {layer["name"]: layer for layer in s["layers"]}
    assert list(layers) == ["layers.1", "layers.0", "layers.2", "layers.3"]
    assert (layers["layers.0"]["nan_was"], layers["layers.0"]["nan_is"], layers["layers.1"]["inf_is"]) == (0, 4096, 1)
    assert "nan_is" not in layers["layers.3"] and layers["layers.3"]["change"] == pytest.approx(1)
    assert (s["nan_was"], s["nan_is"], s["inf_was"], s["inf_is"]) == (1, 4097, 0, 1)
    done = cli("diff", f"{repo}@1", f"{repo}@2", "--part", "tensors")
    told = [line for line in done.lines if "layers." in line]
    assert "4097 NaN (was 1), 1 infinite (was 0)" in done.lines[0]
    assert told[1].startswith("layers.0 ") and told[1].endswith("1 of 1  4096 NaN (was 0)") and " 0%" not in told[1], done
    assert [line.split()[0] for line in told[4:6]] == ["layers.1.w", "layers.0.w"] and told[5].endswith("4096 NaN (was 0), 0% of elements equal")


def test_a_layers_change_is_of_what_changed(api):
    """However tensors are stored: chunks tell of large ones that they are the same, small ones are read."""
    found = []
    for n in (1000, 1_500_000):
        one = {"layers.0.a": ("F32", [n], f32([1] * n)), "layers.0.b": ("F32", [n], f32([1] * n))}
        two = one | {"layers.0.b": ("F32", [n], f32([2] * n))}
        repo = publish(api, unique("layer"), {"m.safetensors": safetensors(one)}, {"m.safetensors": safetensors(two)})
        t, s = tensors(api, f"{repo}@1", f"{repo}@2")
        found.append([(layer["change"], layer["differ"], layer["tensors"]) for layer in s["layers"]])
    assert found == [[(1, 1, 2)], [(1, 1, 2)]]


def test_numbers_that_doubles_do_not_hold(api, cli):
    one = {"steps": ("I64", [3], struct.pack("<3q", 2**63 - 1, 2**60, 5)), "w": ("I8", [3_000_000], bytes(3_000_000))}
    two = {"steps": ("I64", [3], struct.pack("<3q", 2**63 - 2, 2**60, 5)), "w": ("I8", [3_000_000], bytes(2_999_999) + b"\1")}
    big = {"max": 2**60}
    repo = publish(
        api, unique("wide"), {"m.safetensors": safetensors(one), "config.json": json.dumps(big).encode()},
        {"m.safetensors": safetensors(two), "config.json": json.dumps({"max": 2**60 + 1}).encode()},
    )  # fmt: skip
    t, s = tensors(api, f"{repo}@1", f"{repo}@2")
    assert (t["steps"]["equal"], t["steps"]["largest"]) == (2, 1) and 0 < t["steps"]["change"] < 1e-18
    done = cli("diff", f"{repo}@1", f"{repo}@2")
    assert "66.7% of elements equal" in done.out and "all but 1 of 3000000 elements equal" in done.out
    assert f"max  {2**60}  {2**60 + 1}" in done.out


def test_gguf(api):
    one = {"blk.0.q": (12, [256, 1], bytes(144)), "blk.1.n": (0, [2], f32([1, 2])), "same": (0, [1], f32([1]))}
    two = one | {"blk.0.q": (12, [256, 1], b"\1" * 36 + bytes(108)), "blk.1.n": (0, [2], f32([1, 4]))}
    repo = publish(
        api, unique("gguf"), {"a-Q4.gguf": gguf(one, {"general.name": "a"}, ["x", "y"])},
        {"b-Q4.gguf": gguf(two, {"general.name": "b"}, ["x", "z"])},
    )  # fmt: skip
    t, s = tensors(api, f"{repo}@1", f"{repo}@2")
    assert t["blk.0.q"]["bytes_differ"] == 36 and "change" not in t["blk.0.q"]
    assert t["blk.1.n"]["change"] == pytest.approx(2 / math.sqrt(5)) and s["same"] == 1
    metadata = rows(s["metadata"])
    assert metadata["general.name"] == ("a", "b") and all(v.startswith("2 of text (sha256 ") for v in metadata["tokenizer.ggml.tokens"])


def test_hostile_files_are_told_and_break_nothing(api):
    bad = [b"\xff" * 16, safetensors({"a": ("F32", [1 << 62], b"1234")}), b"GGUF\3\0\0\0" + b"\xff" * 16]
    was = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": bad[0], "b.safetensors": bad[1], "c.gguf": bad[2], "r.txt": b"a"}
    now = {"config.json": b"[" * 100, "tokenizer.json": b'{"model":{"vocab":3', "model.safetensors": first()["model.safetensors"]}
    now |= {"b.safetensors": b"", "c.gguf": b"GGUF", "r.txt": b"\0binary"}
    repo = publish(api, unique("bad"), was, now)
    d = diff(api, f"{repo}@1", f"{repo}@2")
    assert {(n["side"], n["path"]) for n in d["notes"]} == {("to", "config.json"), ("to", "tokenizer.json")}, d["notes"]
    assert d["files"]["changed"] == 6 and d["text"]["total"] == 0
    t, s = tensors(api, f"{repo}@1", f"{repo}@2")
    assert t == {} and not s["differs"] and len(s["notes"]) == 5, s


def test_runs(api):
    runs = []
    for lr, acc, commit in (("0.1", 0.8, "aaaa"), ("0.2", 0.9, "bbbb")):
        tags = [{"key": "mlflow.source.git.commit", "value": commit}, {"key": "stemma.host", "value": f"h-{commit}"}]
        run = api.ok("POST", "runs", json={"project": "0", "config": [{"key": "lr", "value": lr}, {"key": "seed", "value": "1"}], "tags": tags})
        api.ok("POST", f"runs/{run['id']}/log", json={"points": [{"key": "acc", "value": acc, "step": 1}, {"key": "n", "value": 3}]})
        api.ok("PUT", f"runs/{run['id']}/files/source/requirements.txt", data=f"torch==2.{commit}\nnumpy==1.0\n")
        runs.append(run["id"])
    d = diff(api, *runs)
    assert rows(d["parameters"]) == {"lr": ("0.1", "0.2")} and rows(d["metrics"]) == {"acc": (0.8, 0.9)}
    assert d["metrics"]["items"][0]["percent"] == pytest.approx(12.5)
    assert rows(d["code"]) == {"mlflow.source.git.commit": ("aaaa", "bbbb")}
    assert rows(d["environment"]) == {"stemma.host": ("h-aaaa", "h-bbbb"), "torch": ("2.aaaa", "2.bbbb")}
    assert "files" not in d and d["notes"] == [] and d["differs"]
    same = diff(api, runs[0], runs[0])
    assert not same["differs"] and same["parameters"] == {"items": [], "total": 0}
    # versions tell of the runs that made them
    repo, tree = unique("made"), tree_of(api, {"a": b"a"})
    for run in runs:
        api.ok("POST", f"repos/{repo}/versions", json={"tree": tree, "kind": "model", "run": run, "again": True})
    d = diff(api, f"{repo}@1", f"{repo}@2")
    assert rows(d["metrics"]) == {"acc": (0.8, 0.9)} and d["files"]["total"] == 0 and d["from"]["run"] == runs[0]


def test_runs_by_the_command(api, cli):
    runs = [api.ok("POST", "runs", json={"project": "0", "config": [{"key": "lr", "value": lr}]})["id"] for lr in ("0.1", "0.2")]
    done = cli("diff", f"run:{runs[0]}", f"run:{runs[1]}")
    assert (done.code, done.lines[0]) == (0, "parameters  1 differs"), done
    assert done.err == "stemma: files and texts are not compared: both are runs; of versions they are\n"
    assert cli("diff", runs[0], runs[1], "--part", "parameters").err == ""
    assert cli("diff", "run:nonsense", runs[1]).code != 0


def test_what_can_not_be_compared(api, registry, bot):
    repo = unique("elsewhere")
    registry.repo(repo)
    registry.publish(repo)
    d = diff(api, f"{bot}@1", f"{repo}@1")
    assert "files" not in d and d["to"]["external"] and "elsewhere (s3://bucket/model)" in d["notes"][0]["why"]
    for path, more in (("diff", {"part": "files"}), ("diff/tensors", {})):
        reply = api.get(path, **{"from": f"{bot}@1", "to": f"{repo}@1"}, **more)
        assert problem(reply) == (400, "STATE") and "elsewhere" in reply.json()["detail"]
    assert problem(api.get("diff", **{"from": bot, "to": unique("none")})) == (404, "NOT_FOUND")
    assert problem(api.get("diff", **{"from": bot, "to": bot, "part": "nonsense"})) == (400, "INVALID")


# ---- the command ----------------------------------------------------------------------------------------------------


def test_command(cli, bot):
    done = cli("diff", f"{bot}@1", f"{bot}@2")
    assert done.code == 0 and done.err == "", done
    for text in (
        "files       2 added, 2 removed, 4 changed, 1 renamed", "  > old/notes.txt -> new/notes.txt", "rope_scaling.factor  8 ", "+8, +100%",
        "3 -> 4 tokens: 1 added, 2 moved", "-Good.\n+Better.\n", "model.layers.3    100%  ████", "87.5% of elements equal",
    ):  # fmt: skip
        assert text in done.out, (text, done)
    assert cli("diff", f"{bot}@1", f"{bot}@2", "--exit-code").code == 1
    same = cli("diff", f"{bot}@2", bot, "--exit-code")
    assert (same.code, same.out) == (0, ""), same
    stat = cli("diff", f"{bot}@1", f"{bot}@2", "--stat", "--part", "config", "--part", "tensors")
    assert stat.lines == ["config      4 differ", "tensors     4 may be changed, 1 added, 1 reshaped, 1 retyped"], stat
    whole = cli("diff", f"{bot}@1", f"{bot}@2", "--json").json
    assert whole["diff"]["config"]["total"] == 4 and len(whole["tensors"]["items"]) == 5 and whole["tensors"]["summary"]["same"] == 2
    assert cli("diff", bot, f"{bot}@none").code == 4


def test_a_long_value_widens_no_other_row(api, cli):
    repo = publish(api, unique("long"), {"c.json": json.dumps({"a": "x" * 1900, "b": 1}).encode()}, {"c.json": json.dumps({"a": "y" * 1900, "b": 2}).encode()})
    done = cli("diff", f"{repo}@1", f"{repo}@2", "--part", "config")
    assert any(line.startswith("a ") and "x" * 1900 in line and "y" * 1900 in line for line in done.lines), done
    assert [len(line) < 300 for line in done.lines if line.startswith("b ")] == [True]


def test_command_is_coloured_and_names_are_harmless(api, cli):
    repo = publish(api, unique("esc"), {"a.json": b'{"\\u001b[31mx":1}', "t.txt": b"a\n"}, {"a.json": b'{"\\u001b[31mx":2}', "t.txt": b"\x1b[2Jb\n"})
    plain = cli("diff", f"{repo}@1", f"{repo}@2")
    assert "\x1b" not in plain.out and "x" in plain.out, plain
    coloured = cli("diff", f"{repo}@1", f"{repo}@2", "--color", "always")
    assert "\x1b[32m+" in coloured.out and "\x1b[2J" not in coloured.out and "\x1b[31mx" not in coloured.out
