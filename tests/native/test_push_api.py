# SPDX-License-Identifier: Apache-2.0
"""Objects, trees and versions as who pushes and pulls sees them, and what wrong ones get."""

import os
import struct
from urllib.parse import quote

import pytest
from conftest import problem, unique
from objects import CHUNKS, OBJECTS, chunk_names, entry, frames, sha

def send(api, *objects):
    return api.ok("POST", "objects", data=frames(*objects), headers=OBJECTS)


def tree_of(api, files, base=None, remove=()):
    send(api, *files.values())
    body = {"put": [entry(p, d) for p, d in files.items()], "remove": list(remove)}
    return api.ok("POST", "trees", json=body | ({"base": base} if base else {}))["tree"]


def files_of(api, tree, limit=1000):
    return {f["path"]: f["sha256"] for f in api.all(f"trees/{tree}", limit=limit)}


def test_only_what_is_missing_need_be_sent(api):
    small, large = os.urandom(100), os.urandom(3 << 20)
    assert api.ok("POST", "objects/missing", json={"digests": [sha(small), sha(large)]})["missing"] == [sha(small), sha(large)]
    assert send(api, small) == {"objects": 1, "bytes": 100}
    assert api.ok("POST", "objects/missing", json={"digests": [sha(small), sha(large)]})["missing"] == [sha(large)]
    assert send(api, large, small)["objects"] == 2
    assert api.ok("POST", "objects/missing", json={"digests": [sha(small), sha(large)]})["missing"] == []
    assert api.get(f"objects/{sha(large)}").content == large
    part = api.call("GET", f"objects/{sha(large)}", headers={"Range": "bytes=5-14"})
    assert part.status_code == 206 and part.content == large[5:15]


def test_many_small_ones_in_one_body(api):
    objects = [b"%d of them" % i for i in range(1000)] + [b""]
    assert send(api, *objects)["objects"] == 1001
    assert api.get(f"objects/{sha(objects[777])}").content == objects[777]


def test_what_stands_before_a_wrong_object_is_stored(api):
    good, bad = os.urandom(50), os.urandom(60)
    for size in (60, 1 << 20):
        bad = os.urandom(size)
        wrong = frames(good) + frames(bad, named=sha(good[::-1] + bad))[8:]
        assert problem(api.call("POST", "objects", data=wrong, headers=OBJECTS))[0] == 400
        assert api.ok("POST", "objects/missing", json={"digests": [sha(good), sha(bad[::-1])]})["missing"] == [sha(bad[::-1])]
    cut = frames(os.urandom(200_000))[:-1]
    assert problem(api.call("POST", "objects", data=cut, headers=OBJECTS))[0] == 400
    assert problem(api.call("POST", "objects", data=b"stmobjs9", headers=OBJECTS))[0] == 400
    assert problem(api.call("POST", "objects", data=b"stmobjs1" + b"x" * 39, headers=OBJECTS))[0] == 400
    huge = b"stmobjs1" + bytes(32) + struct.pack("<Q", 2**63 + 5) + b"x"
    assert problem(api.call("POST", "objects", data=huge, headers=OBJECTS))[0] == 400
    assert problem(api.get("objects/" + "0" * 64))[0] == 404
    assert problem(api.get("objects/../passwd"))[0] in (400, 404)


def test_trees_are_changed_by_what_differs(api):
    files = {f"d{i % 7}/f{i:04}": b"%d" % i for i in range(2000)}
    tree = tree_of(api, files)
    assert files_of(api, tree) == {p: sha(d) for p, d in files.items()}
    changed = tree_of(api, {"d3/f0003": b"other", "new/file": b"n"}, base=tree, remove=["d1/f0001"])
    expected = {p: sha(d) for p, d in files.items() if p != "d1/f0001"} | {"d3/f0003": sha(b"other"), "new/file": sha(b"n")}
    assert files_of(api, changed, limit=333) == expected
    assert tree_of(api, {"d3/f0003": b"3", "d1/f0001": b"1"}, base=changed, remove=["new/file"]) == tree  # the same files


def test_wrong_trees(api):
    send(api, b"here")
    refuse = lambda **body: problem(api.post("trees", body))[0]
    assert refuse(put=[entry("a", os.urandom(9))]) == 404  # its bytes were not sent
    assert refuse(put=[entry("a", b"here") | {"size": 5}]) == 400
    assert refuse(put=[entry("a", b"here") | {"size": -1}]) == 400
    for path in ("../a", "/a", "a//b", "a/../b", "", "a\x00b", "x" * 300):
        assert refuse(put=[entry(path, b"here")]) == 400, path
    named = api.post("trees", {"put": [entry("ok", b"here"), entry("a\x1bb", b"here")]}).json()["detail"]
    assert named == "a path has a control character: 'a\x1bb'"
    assert refuse(put=[entry("a", b"here"), entry("a", b"here")]) == 400
    assert refuse(put=[entry("a", b"here"), entry("a/b", b"here")]) == 400  # a file and a folder
    assert refuse(put=[entry("a", b"here") | {"sha256": "beef"}]) == 400
    assert refuse(base="0" * 64, put=[entry("a", b"here")]) == 404
    assert problem(api.get("trees/" + "0" * 64))[0] == 404


def test_a_file_that_looks_like_a_page_is_no_tree(api):
    """Else it could claim files that are not there, or hold what it has no right to."""
    data = os.urandom(20)
    tree = tree_of(api, {"f": data})
    page = bytearray(api.get(f"objects/{tree}").content)
    at = bytes(page).index(bytes.fromhex(sha(data)))
    page[at : at + 32] = os.urandom(32)
    send(api, bytes(page))
    assert problem(api.get(f"trees/{sha(page)}"))[0] == 404
    assert problem(api.post("trees", {"base": sha(page), "put": [entry("g", data)]}))[0] == 404
    assert problem(api.post(f"repos/{unique('r')}/versions", {"tree": sha(page), "kind": "model"}))[0] == 404


def publish(api, repo, **body):
    reply = api.ok("POST", f"repos/{repo}/versions", json=body)
    return reply["created"], reply["version"]


def test_publish(api):
    repo = unique("bot")
    tree = tree_of(api, {"config.json": b"{}", "w/model.bin": os.urandom(1000)})
    assert problem(api.post(f"repos/{repo}/versions", {"tree": tree}))[0] == 404  # of what kind would it be?
    created, first = publish(api, repo, tree=tree, kind="model", description="first", tags=[{"key": "a"}])
    assert created and first["number"] == 1 and first["tree"] == tree and first["tags"] == {"a": ""}
    created, same = publish(api, repo, tree=tree)
    assert not created and same == first
    assert publish(api, repo, tree=tree, again=True)[1]["number"] == 2
    _, other = publish(api, unique("other"), tree=tree, kind="model")
    assert other["content"] == first["content"]  # the same files are the same content anywhere
    _, data = publish(api, unique("data"), tree=tree, kind="data")
    assert data["content"] != first["content"] and data["tree"] == tree


def test_names_of_files_are_as_they_were_pushed(api):
    """Escapes and what other systems take for something else: each file is found by its own name, alone and in folders."""
    repo, names = unique("odd"), ["%41.txt", "A.txt", "a%20b", "c:/x#1?", "d\\e", "%2e%2e/f", "+ +"]
    publish(api, repo, tree=tree_of(api, {name: name.encode() for name in names}), kind="model")
    for name in names:
        assert api.get(f"repos/{repo}/versions/1/files/{quote(name)}").content == name.encode(), name
    folders = {path: [f["path"] for f in api.get(f"repos/{repo}/versions/1/files?path={quote(path)}").json()["items"]] for path in ("c:", "%2e%2e/", "a%20b")}
    assert folders == {"c:": ["c:/x#1?"], "%2e%2e/": ["%2e%2e/f"], "a%20b": ["a%20b"]}
    tar = api.get(f"repos/{repo}/versions/1/tar?path=%252e%252e").content
    assert b"%2e%2e" not in tar[:3] and b"f" in tar[:100]
    assert api.get(f"repos/{repo}/versions/1/files/a%20b").status_code == 404  # that is "a b"
    for wrong in ("..", "%2e%2e/%2e%2e", "a//b", "%FF", "%zz"):
        assert problem(api.get(f"repos/{repo}/versions/1/files/x/{wrong}"))[0] in (400, 404), wrong


def test_parents(api):
    base, repo = unique("base"), unique("bot")
    tree = tree_of(api, {"a": b"1"})
    publish(api, base, tree=tree, kind="model")
    parents = [{"relation": "fine-tune", "address": f"{base}@1"}, {"relation": "merged", "address": "hf://org/name"}]
    _, made = publish(api, repo, tree=tree, kind="model", parents=parents)
    assert made["parents"] == [{"relation": "fine-tune", "repo": base, "number": 1},
                               {"relation": "merged", "address": "hf://org/name"}]  # fmt: skip
    wrong = {"tree": tree, "kind": "model", "parents": [{"relation": "fine-tune", "address": f"{base}@9"}]}
    assert problem(api.post(f"repos/{unique('none')}/versions", wrong))[0] == 404


@pytest.mark.parametrize("wrong", [{"tree": "0" * 64}, {"tree": "nope"}, {"run": "0" * 32}, {"run": "x"}])
def test_a_wrong_publication_makes_no_repo(api, wrong):
    repo = unique("none")
    body = {"tree": tree_of(api, {"a": b"1"}), "kind": "model"}
    assert problem(api.post(f"repos/{repo}/versions", body | wrong))[0] in (400, 404)
    assert api.get(f"repos/{repo}").status_code == 404
    assert publish(api, repo, **body)[1]["number"] == 1


# ---- chunks


def make(api, whole, *chunks, body=None):
    return api.call("PUT", f"objects/{sha(whole)}/chunks", data=chunk_names(*chunks) if body is None else body, headers=CHUNKS)


def test_a_large_file_is_made_of_chunks(api):
    chunks = [os.urandom(n) for n in (1 << 20, 4 << 20, 5, 300_000)]
    whole = b"".join(chunks)
    assert problem(make(api, whole, *chunks))[0] == 404  # they are not there
    send(api, *chunks)
    assert problem(make(api, whole, *chunks[::-1]))[0] == 400  # they are something else
    assert api.ok("POST", "objects/missing", json={"digests": [sha(whole)]})["missing"] == [sha(whole)]
    made = make(api, whole, *chunks)
    assert made.status_code == 200 and made.json() == {"object": sha(whole), "chunks": 4, "size": len(whole)}
    assert make(api, whole, *chunks).status_code == 200
    assert api.ok("POST", "objects/missing", json={"digests": [sha(whole), *map(sha, chunks)]})["missing"] == []
    assert api.get(f"objects/{sha(whole)}").content == whole
    for begin, end in ((0, 1), (len(chunks[0]) - 3, len(chunks[0]) + 3), (5 << 20, (5 << 20) + 7), (len(whole) - 1, len(whole))):
        part = api.call("GET", f"objects/{sha(whole)}", headers={"Range": f"bytes={begin}-{end - 1}"})
        assert part.status_code == 206 and part.content == whole[begin:end]
    twice = whole + whole  # chunks may come again, and a file may be made of chunks that were whole files
    assert make(api, twice, *chunks, *chunks).status_code == 200
    assert api.get(f"objects/{sha(twice)}").content == twice
    tree = tree_of(api, {"small": b"s"})
    both = {"base": tree, "put": [entry("large", whole)]}
    assert files_of(api, api.ok("POST", "trees", json=both)["tree"]) == {"small": sha(b"s"), "large": sha(whole)}


def test_chunks_that_are_refused(api):
    one = os.urandom(100)
    send(api, one)
    many = one * 50_000
    assert make(api, many, *[one] * 50_000).status_code == 200
    assert problem(make(api, one, one))[0] == 400  # a small file is not made of chunks
    for body in (b"", b"stmchnk", b"stmobjs1", b"stmchnk1", chunk_names(one) + b"x", chunk_names(one)[:-1]):
        assert problem(make(api, os.urandom(9), body=body))[0] == 400, body
    for size in (0, 99, 101, (4 << 20) + 1, 2**32 - 1):
        wrong = b"stmchnk1" + bytes.fromhex(sha(one)) + struct.pack("<I", size)
        assert problem(make(api, os.urandom(9), body=wrong))[0] == 400
    assert problem(api.call("PUT", "objects/zz/chunks", data=chunk_names(one),
                            headers={"Content-Type": "application/vnd.stemma.chunks"}))[0] == 400  # fmt: skip
    # What has links is no tree for that.
    for base in (sha(many),):
        assert problem(api.call("POST", "trees", json={"base": base, "put": []}))[0] == 404
