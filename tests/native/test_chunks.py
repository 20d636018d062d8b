# SPDX-License-Identifier: Apache-2.0
"""Large files that are pushed: only the chunks travel that are new, they are stored once, and what is damaged is mended."""

import glob
import hashlib
import json
import os
import struct

import pytest
from care_help import Place, other
from cli import Cli
from conftest import Native
from folders import digests, weights
from test_cli_push import Cutting

MIB = 1 << 20


@pytest.fixture
def place(engine):
    with Place(engine) as p:
        yield p


def safetensors(path, tensors):
    """A file of {name: bytes}, in this order."""
    header, at = {"__metadata__": {"file": path.name}}, 0
    for name, data in tensors.items():
        header[name] = {"dtype": "U8", "shape": [len(data)], "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(tensors.values()))


def at(server, tmp_path, port=None):
    uri = f"http://127.0.0.1:{port}" if port else server.uri
    return Cli("--url", uri, env={"XDG_CACHE_HOME": str(tmp_path / "cache")}, cwd=str(tmp_path))


def sent(cli, folder, *words):
    done = cli("push", folder, "bot", "--json", *words)
    assert done.code == 0, done
    return done.json["sent"]


def pulled(cli, tmp_path, address):
    out = f"out-{os.urandom(4).hex()}"
    done = cli("pull", address, out)
    assert done.code == 0, done
    return digests(tmp_path / out)


def change(path, offset, data):
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def stored(place):
    return sum(os.path.getsize(p) for p in glob.glob(place.data + "/**/*", recursive=True) if "/packs/" in p or "/objects/" in p)


def test_what_changed_travels_and_is_stored(place, tmp_path):
    server = place.start()
    cli, folder = at(server, tmp_path), tmp_path / "model"
    folder.mkdir()
    tensors = {f"layer.{i}": os.urandom(1_500_000 + i) for i in range(8)} | {f"norm.{i}": os.urandom(4096) for i in range(20)}
    safetensors(folder / "model.safetensors", tensors)
    (folder / "data.bin").write_bytes(weights(9 * MIB))
    size = sum(p.stat().st_size for p in folder.iterdir())
    assert sent(cli, folder)["bytes"] == size and size <= stored(place) < size + 200_000
    versions = [digests(folder)]
    # A change inside.
    change(folder / "data.bin", 5 * MIB, b"else")
    change(folder / "model.safetensors", 4 * MIB, b"else")
    assert sent(cli, folder)["bytes"] < 6 * MIB
    versions.append(digests(folder))
    # The same tensors in two files, in another order: their headers, and what small ones are with.
    names = list(tensors)
    for k, part in enumerate((names[12:] + names[:4], names[4:12])):
        safetensors(folder / f"shard-{k}.safetensors", {n: tensors[n] for n in part})
    (folder / "model.safetensors").unlink()
    assert sent(cli, folder)["bytes"] < 200_000
    versions.append(digests(folder))
    # A byte more at the front.
    (folder / "data.bin").write_bytes(b"x" + (folder / "data.bin").read_bytes())
    assert sent(cli, folder)["bytes"] < 5 * MIB
    # Under another name, in another repo, pushed by who remembers nothing.
    os.rename(folder / "data.bin", folder / "other")
    (tmp_path / "elsewhere").mkdir()
    assert at(server, tmp_path / "elsewhere")("push", folder, "second", "--json").json["sent"] == {"objects": 0, "bytes": 0}
    for number, expected in enumerate(versions, 1):
        assert pulled(cli, tmp_path, f"bot@{number}") == expected
    before = stored(place)
    assert before < size + 16 * MIB
    # Into the other engine by a backup, which has each chunk once.
    file = place.path("b")
    told = place.json("backup", file, arguments=["--url", server.uri])
    assert os.path.getsize(file) < before * 1.1
    checked = place.json("check", file, arguments=[])
    assert checked["whole"] and checked["objects"] == told["objects"]
    with Place(other(place.engine)) as fresh:
        fresh.run("restore", file)
        fresh.run("restore", file, "--again") if "--again" in fresh.run("help", "restore", arguments=[]) else None
        again = fresh.start()
        for number, expected in enumerate(versions, 1):
            assert pulled(at(again, tmp_path), tmp_path, f"bot@{number}") == expected
        fresh.stop(again)
        assert fresh.json("check", "--deep")["whole"]
        assert stored(fresh) < before * 1.1
    place.stop(server)
    assert place.json("check", "--deep")["whole"]


@pytest.mark.parametrize("engine", ["sqlite"])
def test_files_that_look_like_weights(place, tmp_path):
    """Bit for bit, whatever they are."""
    server = place.start()
    cli, folder = at(server, tmp_path), tmp_path / "model"
    folder.mkdir()
    safetensors(folder / "a.safetensors", {"a": os.urandom(5 * MIB)})
    whole = (folder / "a.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[: 5 * MIB])
    (folder / "more.safetensors").write_bytes(whole + b"more")
    (folder / "liar.safetensors").write_bytes(whole.replace(b'"data_offsets": [0', b'"data_offsets": [1', 1))
    (folder / "huge-header.safetensors").write_bytes(struct.pack("<Q", 2**63) + whole)
    (folder / "x.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60) + whole)
    (folder / "zeros").write_bytes(bytes(13 * MIB))
    (folder / "limit").write_bytes(os.urandom(4 * MIB))
    (folder / "limit+1").write_bytes(os.urandom(4 * MIB + 1))
    sent(cli, folder)
    assert pulled(cli, tmp_path, "bot") == digests(folder)
    place.stop(server)
    assert place.json("check", "--deep")["whole"]


def flip(place, found):
    """A bit in the middle of an object in a pack."""
    [(part, start, size)] = place.sql("SELECT part, start, size FROM object WHERE digest = %s", bytes.fromhex(found))
    path = f"{place.data}/content/packs/{bytes(part).hex()}.pack"
    if not os.path.exists(path):
        [path] = glob.glob(f"{place.data}/**/{bytes(part).hex()}.pack", recursive=True)
    with open(path, "r+b") as f:
        f.seek(start + 48 + size // 2)
        byte = f.read(1)
        f.seek(-1, 1)
        f.write(bytes([byte[0] ^ 4]))


def test_a_flipped_bit_is_found_named_and_mended(place, tmp_path):
    server = place.start()
    cli, folder = at(server, tmp_path), tmp_path / "model"
    folder.mkdir()
    tensors = {name: os.urandom(3 * MIB) for name in "ab"}
    safetensors(folder / "m", tensors)
    safetensors(folder / "n", {"b": tensors["b"]})
    (folder / "n").write_bytes((folder / "n").read_bytes() + os.urandom(2 * MIB))
    sent(cli, folder)
    place.stop(server)
    chunk, mine, others = (hashlib.sha256(x).hexdigest()
                           for x in (tensors["a"][:MIB], (folder / "m").read_bytes(), (folder / "n").read_bytes()))  # fmt: skip
    flip(place, chunk)
    server = place.start()
    cli = at(server, tmp_path)
    done = cli("pull", "bot", "broken")
    assert done.code != 0 and "damaged" in done.err and not (tmp_path / "broken").exists(), done
    place.stop(server)
    told = place.run("check", code=3)
    assert chunk in told and mine in told and others not in told
    server = place.start()
    cli = at(server, tmp_path)
    assert sent(cli, folder) == {"objects": 1, "bytes": MIB}
    assert pulled(cli, tmp_path, "bot") == digests(folder)
    place.stop(server)
    assert place.json("check", "--deep")["whole"]


@pytest.mark.parametrize("engine", ["sqlite"])
def test_breaks_go_on_within_a_file(place, tmp_path):
    server = place.start()
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "data").write_bytes(os.urandom(24 * MIB))
    proxy = Cutting(int(server.uri.rsplit(":", 1)[1]), after=15_000_000, times=2)
    cli = at(server, tmp_path, proxy.port)
    assert 24 * MIB < sent(cli, folder)["bytes"] < 48 * MIB  # some of it again, and not all
    assert proxy.times < 2
    back = at(server, tmp_path)
    tree = back("push", "model", "bot", "--json").json["version"]["tree"]
    part = tmp_path / f"out.stemma-{tree[:16]}.part"
    part.mkdir()
    name = f".stemma-{hashlib.sha256((folder / 'data').read_bytes()).hexdigest()}.part"
    (part / name).write_bytes((folder / "data").read_bytes()[: 11 * MIB])
    assert back("pull", "bot", "out").code == 0 and digests(tmp_path / "out") == digests(folder)
    place.stop(server)
    # MLflow's clients, who know nothing of chunks, read and write the same bytes.
    server = place.start()
    api = Native(server.uri)
    got = api.get("repos/bot/versions/1/files/data")
    assert hashlib.sha256(got.content).hexdigest() == digests(folder)["data"][0]
    place.stop(server)


def test_du_counts_what_versions_and_repos_share_once(place, tmp_path):
    server = place.start()
    cli, folder = at(server, tmp_path), tmp_path / "model"
    folder.mkdir()
    (folder / "data.bin").write_bytes(weights(9 * MIB))
    (folder / "a.txt").write_bytes(os.urandom(5000))
    sent(cli, folder)
    change(folder / "data.bin", 5 * MIB, b"else")
    sent(cli, folder)
    assert cli("push", folder, "copy", "--kind", "data").code == 0
    size = 9 * MIB + 5000
    bot, copy = cli("du", "--by", "repo", "--json").json["items"]
    assert (bot["name"], bot["kind"], bot["versions"], bot["files"]) == ("bot", "model", 2, 4)
    assert bot["file_bytes"] == 2 * size and size < bot["stored_bytes"] < size + 3 * MIB
    assert (copy["name"], copy["kind"], copy["versions"], copy["file_bytes"]) == ("copy", "data", 1, size)
    assert copy["stored_bytes"] < 1000, "the first repo has it"
    assert bot["stored_bytes"] + copy["stored_bytes"] <= stored(place) < bot["stored_bytes"] + 200_000
    assert cli("delete", "bot@2", "-m", "too slow", "--yes").code == 0
    rows = {r["name"]: r for r in cli("du", "--by", "repo", "--json").json["items"]}
    assert rows["bot"]["file_bytes"] == size < rows["bot"]["stored_bytes"] < size + 1000
    assert 0 < rows["copy"]["stored_bytes"] < 3 * MIB, "what changed is its own now"
    shown = cli("du", "--by", "repo").out
    assert "versions" in shown and "points" not in shown
