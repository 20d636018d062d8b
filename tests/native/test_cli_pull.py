# SPDX-License-Identifier: Apache-2.0
"""stemma pull: the same files, whole or not at all, by any address."""

import hashlib
import os
import re
import shutil

import pytest
from conftest import unique
from folders import commands, digests, make_model, make_program


@pytest.fixture(scope="module")
def engine():
    return "sqlite"  # the tests of the API have both


@pytest.fixture
def at(server, tmp_path):
    return commands(server, tmp_path)


@pytest.fixture
def folder(tmp_path):
    root = make_model(tmp_path / "model", 3_000_000)
    make_program(root / "run.sh")
    return root


def test_the_same_files_come_back(at, folder, tmp_path):
    repo = unique("bot")
    at("push", "model", repo)
    done = at("pull", repo)
    assert done.code == 0 and f"{repo}@1 in {repo}: 5 files" in done.out, done
    assert digests(tmp_path / repo) == digests(folder)
    assert not list(tmp_path.glob("*.part"))
    assert at("pull", f"{repo}@1", "deep/er/copy", "--json").json["files"] == 5
    assert digests(tmp_path / "deep/er/copy") == digests(folder)
    again = at("push", "deep/er/copy", repo)
    assert "nothing has changed" in again.out  # executable bits too


def test_by_any_address(api, at, folder, tmp_path):
    repo = unique("bot")
    content = [at("push", "model", repo, "--json").json["version"]["content"]]
    (folder / "empty").write_text("not any more")
    content.append(at("push", "model", repo, "--json").json["version"]["content"])
    api.ok("PUT", f"repos/{repo}/refs/prod", json={"version": 1, "reason": "it is good"})
    for i, (address, number) in enumerate([(repo, 2), (f"{repo}@latest", 2), (f"{repo}@prod", 1), (f"{repo}@1", 1),
                                           (f"{repo}@{content[1][:20]}", 2)]):  # fmt: skip
        done = at("pull", address, f"out-{i}", "--json")
        assert done.code == 0 and done.json["number"] == number, (address, done)
        assert (tmp_path / f"out-{i}/empty").read_text() == ("not any more" if number == 2 else "")


def test_what_is_there_is_left_alone(at, folder, tmp_path):
    repo = unique("bot")
    at("push", "model", repo)
    (tmp_path / "mine").mkdir()
    assert at("pull", repo, "mine").code == 0  # it was empty
    for there in ("mine", "model"):
        before = digests(tmp_path / there)
        done = at("pull", repo, there)
        assert done.code != 0 and "is there already" in done.err and digests(tmp_path / there) == before
    (tmp_path / "file").write_text("f")
    assert at("pull", repo, "file").code != 0 and (tmp_path / "file").read_text() == "f"


def test_an_empty_folder_stays_what_it_is(at, folder, tmp_path):
    """The current one, a mount point, a link to it: the same folder with the same mode, now with the files."""
    repo = unique("bot")
    at("push", "model", repo)
    for name in ("mine", "here", "there"):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("there")
    before = {name: (tmp_path / name).stat() for name in ("mine", "here", "there")}
    done = at.ok("pull", repo, "mine/", "--json").json
    assert (done["folder"], done["files"]) == ("mine", 5)
    assert f"{repo}@1 in .: 5 files" in at.ok("pull", repo, ".", cwd=tmp_path / "here").out
    at.ok("pull", repo, "link")
    for name, was in before.items():
        now = (tmp_path / name).stat()
        assert (now.st_ino, now.st_mode) == (was.st_ino, was.st_mode) and digests(tmp_path / name) == digests(folder), name
        assert not list((tmp_path / name).glob(".stemma-*"))


def test_a_pull_that_broke_off_within_goes_on(at, folder, tmp_path):
    """While it gathers, and while it moves; until then it is no folder to push, and no other version goes there."""
    repo = unique("bot")
    tree = at("push", "model", repo, "--json").json["version"]["tree"]
    (folder / "empty").write_text("not any more")
    at.ok("push", "model", repo)
    (folder / "empty").write_text("")
    part, moving = (f".stemma-{tree[:16]}.{word}" for word in ("part", "moving"))
    gathering, at_it = tmp_path / "gathering", tmp_path / "at-it"
    (gathering / part).mkdir(parents=True)
    (gathering / part / "weights.bin").write_bytes((folder / "weights.bin").read_bytes())
    kept = (gathering / part / "weights.bin").stat().st_ino
    shutil.copytree(folder, at_it / moving)
    for name in ("weights.bin", "a"):
        (at_it / moving / name).rename(at_it / name)
    for out, rest in ((gathering, part), (at_it, moving)):
        other = at("pull", f"{repo}@2", out.name)
        assert other.code == 1 and "is there already (with '" in other.err, other
        pushed = at("push", out.name, unique("half"))
        assert pushed.code == 1 and f"a pull broke off here: end it, or remove '{rest}'" in pushed.err, pushed
        at.ok("pull", f"{repo}@1", out.name)
        assert digests(out) == digests(folder) and not list(out.glob(".stemma-*"))
    assert (gathering / "weights.bin").stat().st_ino == kept


def test_what_came_meanwhile_is_not_written_over(at, folder, tmp_path):
    repo = unique("bot")
    tree = at("push", "model", repo, "--json").json["version"]["tree"]
    moving = tmp_path / "out" / f".stemma-{tree[:16]}.moving"
    shutil.copytree(folder, moving)
    (tmp_path / "out/empty").write_text("mine")
    done = at("pull", repo, "out")
    assert done.code == 1 and "'empty' came into the folder meanwhile" in done.err and moving.exists(), done
    assert (tmp_path / "out/empty").read_text() == "mine"
    (tmp_path / "out/empty").unlink()
    at.ok("pull", repo, "out")
    assert digests(tmp_path / "out") == digests(folder)


def test_a_pull_that_broke_off_goes_on(at, folder, tmp_path, server):
    repo = unique("bot")
    tree = at("push", "model", repo, "--json").json["version"]["tree"]
    part = tmp_path / f"out.stemma-{tree[:16]}.part"
    part.mkdir()
    (part / "weights.bin").write_bytes((folder / "weights.bin").read_bytes())
    (part / "empty").write_bytes(b"wrong")  # what is there is not believed
    kept = (part / "weights.bin").stat().st_ino
    done = at("pull", repo, "out")
    assert done.code == 0 and digests(tmp_path / "out") == digests(folder), done
    assert (tmp_path / "out/weights.bin").stat().st_ino == kept


def test_equal_files_that_a_pull_left_in_parts(at, folder, tmp_path):
    """In one folder they share the name of what is there in part, in others they have their own."""
    repo = unique("bot")
    whole = (folder / "weights.bin").read_bytes()
    for name in ("best.bin", "a/best.bin", "a/last.bin"):
        (folder / name).write_bytes(whole)
    tree = at("push", "model", repo, "--json").json["version"]["tree"]
    part = tmp_path / f"out.stemma-{tree[:16]}.part"
    (part / "a").mkdir(parents=True)
    for within, n in ((part, 1_000_000), (part / "a", 2_000_000)):
        (within / f".stemma-{hashlib.sha256(whole).hexdigest()}.part").write_bytes(whole[:n])
    done = at("pull", repo, "out")
    assert done.code == 0 and digests(tmp_path / "out") == digests(folder), done


def test_equal_large_files_come_at_once(at, tmp_path):
    """The second one is asked for while the first one is there in part."""
    repo = unique("bot")
    (tmp_path / "model").mkdir()
    for name in ("best.safetensors", "last.safetensors", "other.safetensors"):
        with open(tmp_path / "model" / name, "wb") as f:
            f.truncate(70 << 20)
    at.ok("push", "model", repo)
    at.ok("pull", repo, "out")
    assert digests(tmp_path / "out") == digests(tmp_path / "model")


@pytest.mark.parametrize("where", [100, 1_700_000, 2_999_999])
def test_a_damaged_file_is_not_taken(at, folder, tmp_path, server, where):
    """Half a pull is never taken for a whole one, and what is damaged is named, wherever in the file it is."""
    repo = unique("bot")
    at("push", "model", repo)
    bytes_of = (folder / "weights.bin").read_bytes()
    (path,) = [
        os.path.join(d, f)
        for d, _, names in os.walk(os.path.join(server.folder, "data", "content"))
        for f in names
        if bytes_of[where - 64 : where] in open(os.path.join(d, f), "rb").read()
    ]
    with open(path, "r+b") as f:
        at_byte = f.read().index(bytes_of[where - 64 : where]) + 64
        f.seek(at_byte)
        f.write(bytes([bytes_of[where] ^ 1]))
    done = at("pull", repo, "out")
    assert done.code == 1 and not (tmp_path / "out").exists(), done
    assert "'weights.bin': " in done.err and f"'stemma verify {repo}@1'" in done.err and "can not be reached" not in done.err, done
    with open(path, "r+b") as f:  # as the server's own check at its end wants it
        f.seek(at_byte)
        f.write(bytes([bytes_of[where]]))
    assert at("pull", repo, "out").code == 0 and digests(tmp_path / "out") == digests(folder)


def test_a_yanked_version_warns(api, at, folder, tmp_path):
    repo = unique("bot")
    at("push", "model", repo)
    api.ok("POST", f"repos/{repo}/versions/1/mark", json={"mark": "yanked", "set": True, "reason": "it swears"})
    done = at("pull", repo, "out")
    assert done.code == 0 and re.search("warning: .*@1 is marked as yanked: it swears", done.err), done
    assert digests(tmp_path / "out") == digests(folder)


@pytest.mark.parametrize("address", ["nobody", "nobody@prod", "a/b/c", "bot@{the day after}", ""])
def test_wrong_addresses(at, address):
    done = at("pull", address)
    assert done.code not in (0, None) and done.err.startswith("stemma: "), done
