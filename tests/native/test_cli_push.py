# SPDX-License-Identifier: Apache-2.0
"""stemma push: what becomes a version, what travels, and what is refused."""

import hashlib
import http.server
import json
import os
import socket
import threading
import time

import pytest
import requests
import servers
from cli import Cli
from conftest import Native, unique
from folders import commands, digests, make_model, make_program, memory_of, weights


@pytest.fixture(scope="module")
def engine():
    return "sqlite"  # the tests of the API have both


@pytest.fixture
def push(server, tmp_path):
    return commands(server, tmp_path)


@pytest.fixture
def folder(tmp_path):
    return make_model(tmp_path / "model", 300_000)


def files_of(api, reply):
    return {f["path"]: (f["sha256"], f["executable"]) for f in api.all(f"trees/{reply['version']['tree']}")}


def age(root):
    """As if nothing had changed for an hour: what changed a moment ago is always read again."""
    for p in [root, *root.rglob("*")]:
        os.utime(p, ns=(10**18, 10**18), follow_symlinks=False)


def test_a_folder_becomes_a_version(api, push, folder):
    repo = unique("bot")
    make_program(folder / "run.sh")
    done = push("push", "model", repo, "-m", "the first", "--tag", "a=b", "--json")
    assert done.code == 0 and done.json["version"]["number"] == 1 and done.json["created"], done
    assert files_of(api, done.json) == digests(folder)
    assert done.err == ""
    shown = push("push", "model", repo)
    assert shown.code == 0 and "nothing has changed" in shown.out and f"{repo}@1" in shown.out and shown.err == ""
    same = push.ok("push", "model", repo, "--base", f"{repo}@1", "-m", "second", "--tag", "a=c", "--tag", "d=e")
    assert "nothing has changed" in same.out and same.err == "stemma: not recorded: --base, --tag, -m; --again publishes a new version\n"
    again = push("push", "model", repo, "--again", "-m", "second", "--json")
    assert again.json["version"]["number"] == 2 and again.err == ""


def test_only_what_differs_travels(push, folder):
    repo = unique("bot")
    assert ", 300 kB\n" in push("push", "model", repo).out.split("sent")[1]
    (folder / "a/b/deep.txt").write_bytes(b"deeper")
    (folder / "empty").unlink()
    done = push("push", "model", repo)
    assert f"{repo}@2" in done.out and "sent      1, 6 B" in done.out, done
    (folder / "a/b/deep.txt").write_bytes(b"deepest")
    assert push("push", "model", repo, "--json").json["sent"] == {"objects": 1, "bytes": 7}
    other = push("push", "model", unique("other"), env={"XDG_CACHE_HOME": "/nonexistent"})
    assert "sent      0, 0 B" in other.out, other  # the server has it all


def test_what_is_touched_or_may_be_run_now(api, push, folder):
    repo = unique("bot")
    age(folder)
    push("push", "model", repo)
    os.utime(folder / "empty", ns=(10**17, 10**17))
    assert "nothing has changed" in push("push", "model", repo).out
    (folder / "empty").chmod(0o755)
    done = push("push", "model", repo, "--json")
    assert done.json["version"]["number"] == 2 and done.json["sent"]["objects"] == 0
    assert files_of(api, done.json) == digests(folder) and files_of(api, done.json)["empty"][1]
    (folder / "empty").chmod(0o644)
    (folder / "weights.bin").rename(folder / "a/weights.bin")
    done = push("push", "model", repo, "--json")
    assert done.json["version"]["number"] == 3 and done.json["sent"]["objects"] == 0
    assert files_of(api, done.json) == digests(folder)


FILES, CONTENTS = 12_000, 11_000  # more than one question takes; some have the bytes of one that is far away


def make_many(root):
    for i in range(FILES):
        if i % 1000 == 0:
            (root / f"part-{i // 1000:02}").mkdir(parents=True)
        (root / f"part-{i // 1000:02}/IMG_{i:05}.JPEG").write_bytes(b"%d" % (i % CONTENTS))
    return root


def test_many_small_files(api, push, tmp_path):
    """Equal ones travel once, and what a file takes in memory is little more than its name."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one/f").write_bytes(b"f")
    _, least = memory_of(push, "push", "one", unique("one"))
    many, repo = make_many(tmp_path / "many"), unique("many")
    out, most = memory_of(push, "push", "many", repo, "--json")
    done = json.loads(out)
    assert done["sent"]["objects"] == CONTENTS and done["version"]["files"] == FILES
    assert files_of(api, done) == digests(many)
    assert most - least < 600 * FILES
    out, most = memory_of(push, "push", "many", repo)
    assert "nothing has changed" in out and most - least < 600 * FILES


def lines_of(done, label):
    return [line.split(None, 1)[1] for line in done.out.splitlines() if line.startswith(label + " ")]


def test_a_semantic_version_is_suggested_and_sealed(api, push, folder):
    repo = unique("bot")
    (folder / "config.json").write_text('{"model_type": "llama"}')
    first = push("push", "model", repo)
    assert first.code == 0 and lines_of(first, "suggested") == ["1.0.0, first"], first
    again = push("push", "model", repo)
    assert not lines_of(again, "suggested"), again  # nothing is new
    sealed = push("push", "model", repo, "--tag-suggested")  # and yet it can be sealed
    assert sealed.code == 0 and sealed.out.endswith(f"{repo}@1.0.0  v1\n"), sealed
    sealed = push("push", "model", repo, "--tag-suggested")
    assert sealed.code == 0 and sealed.out.endswith(f"{repo}@1 is 1.0.0 already\n"), sealed
    (folder / "config.json").write_text('{"model_type": "mistral"}')
    done = push("push", "model", repo, "-m", "another model", "--tag-suggested", "--json").json
    s = done["suggested"]
    assert (s["version"], s["step"], s["against_tag"], s["move"]["to"]) == ("2.0.0", "major", "1.0.0", 2) and done["sent"]
    because = "architecture: config.json model_type: llama -> mistral"
    (ref,) = [r for r in api.all(f"repos/{repo}/refs") if r["name"] == "2.0.0"]
    assert ref["reason"] == f"major against {repo}@1 (1.0.0); {because}"
    (folder / "config.json").write_text('{"model_type": "llama"}')
    done = push("push", "model", repo)
    assert lines_of(done, "equals") == [f"{repo}@1 (1.0.0)"] and not lines_of(done, "suggested"), done
    (folder / "config.json").write_text('{"model_type": "gemma"}')
    done = push("push", "model", repo)
    assert lines_of(done, "suggested") == [f"3.0.0, major against {repo}@2 (2.0.0)"], done
    assert lines_of(done, "because") == ["architecture: config.json model_type: mistral -> gemma"]


def test_reasons_of_hostile_files(push, folder):
    """Long paths and control characters in what differs: the reason of the tag is cut, and the terminal left alone."""
    repo, deep = unique("bot"), folder / "/".join(["d" * 200] * 10)
    deep.mkdir(parents=True)
    for model in ("a", "b\\n\\u001b[31m"):
        for n in "12":
            (deep / n).mkdir(exist_ok=True)
            (deep / n / "config.json").write_text(f'{{"model_type": "{model}"}}')
        done = push("push", "model", repo, "--tag-suggested")
        assert done.code == 0 and "\x1b" not in done.out, done
    assert f"{repo}@2.0.0  v2" in done.out


def test_a_version_is_there_though_it_can_not_be_sealed(api, push, folder):
    repo = unique("bot")
    push("push", "model", repo)
    api.ok("PUT", f"repos/{repo}/refs/1.0.1", json={"kind": "alias", "version": 1})
    (folder / "empty").write_text("no more")
    done = push("push", "model", repo, "--tag-suggested")
    assert done.code != 0 and "1.0.1" in done.err and f"{repo}@2  new" in done.out, done
    same = push("push", "model", repo, "--again", "--tag-suggested")
    assert same.code != 0 and f"{repo}@2, which has no semantic tag: seal that one" in same.err, same


def test_what_is_remembered_may_be_lost_or_wrong(api, push, folder, tmp_path):
    repo = unique("bot")
    age(folder)
    push("push", "model", repo)
    (file,) = (tmp_path / "cache/stemma/push").iterdir()
    known = file.read_bytes()
    for wrong in (b"", b"stemma-push 1 " + b"0" * 64 + known[78:], known[: len(known) // 2], os.urandom(500)):
        file.write_bytes(wrong)
        done = push("push", "model", repo, "--json")
        assert done.code == 0 and done.json["version"]["number"] == 1 and files_of(api, done.json) == digests(folder), done


def test_what_is_remembered_is_of_another_server(folder, tmp_path):
    """Restored, or made anew, at the same address; or another workspace of the same server: an ordinary push."""
    time.sleep(2.1)  # what changed a moment ago is not remembered
    first, second = servers.Stemma(), servers.Stemma()
    try:
        push = commands(first, tmp_path)
        push.ok("push", "model", "bot")
        assert "nothing has changed" in push.ok("push", "model", "bot").out
        push.ok("workspace", "create", "team")
        done = push.ok("push", "model", "team/bot")
        assert "bot@1  new" in done.out and "sent      4, 300 kB" in done.out, done
        assert "nothing has changed" in push.ok("push", "model", "bot", "--workspace", "default").out
        port = first.servers[0].port
        first.stop_servers()
        second.stop_servers()
        second.start_at(port)
        done = push.ok("push", "model", "bot", "--json").json
        assert done["created"] and done["sent"]["objects"] == 4
        assert files_of(Native(second.uri), done) == digests(folder)
    finally:
        first.stop()
        second.stop()


def test_a_folder_of_data_is_remembered_too(folder, tmp_path):
    """Without a server it has another port each time."""
    server = servers.Stemma()
    server.stop_servers()
    push = Cli(*server.data, env={"XDG_CACHE_HOME": str(tmp_path / "cache")}, cwd=str(tmp_path))
    for _ in range(2):
        push.ok("push", "model", "bot")
        assert len(list((tmp_path / "cache/stemma/push").iterdir())) == 1
    server.stop()


def test_files_that_are_known_are_not_read_again(push, folder):
    """Or a second push of a large model would take as long as the first."""
    repo = unique("bot")
    push("push", "model", repo)
    os.utime(folder / "weights.bin")
    done = push("push", "model", repo)
    assert done.code == 0 and "nothing has changed" in done.out
    (folder / "weights.bin").write_bytes(weights(300_000))  # the same size, a moment later
    assert f"{repo}@2" in push("push", "model", repo).out


def test_what_is_ignored(api, push, folder):
    for name in (".git/config", "x.log", "a/y.log", "a/keep.log", "tmp/z", "a/tmp", "top.txt", "a/top.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    (folder / ".stemmaignore").write_text("# logs\n*.log\n!keep.log\ntmp/\n/top.txt\n\n")
    done = push("push", "model", unique("bot"), "--json")
    names = set(files_of(api, done.json))
    assert names == {".stemmaignore", "weights.bin", "empty", "a/b/deep.txt", "a/ünï 🦀.txt", "a/keep.log", "a/tmp", "a/top.txt"}


def test_links(api, push, folder, tmp_path):
    (folder / "in").symlink_to("a/b/deep.txt")
    done = push("push", "model", unique("bot"), "--json")
    assert files_of(api, done.json)["in"] == files_of(api, done.json)["a/b/deep.txt"]
    (folder / "folder").symlink_to("a")
    assert "'folder' is passed over" in push("push", "model", unique("bot")).err
    (tmp_path / "secret").write_text("s")
    for target in ("../secret", "/etc/passwd", "/nonexistent"):
        (folder / "out").unlink(missing_ok=True)
        (folder / "out").symlink_to(target)
        repo = unique("bot")
        done = push("push", "model", repo)
        assert done.code != 0 and "'out' is a link" in done.err, done
        assert api.get(f"repos/{repo}").status_code == 404


def test_a_snapshot_of_the_hugging_face_cache(api, push, tmp_path):
    top = tmp_path / "models--org--name"
    (top / "blobs").mkdir(parents=True)
    (top / "snapshots/abc").mkdir(parents=True)
    (top / "blobs/1234").write_bytes(b"weights")
    (top / "snapshots/abc/model.safetensors").symlink_to("../../blobs/1234")
    done = push("push", top / "snapshots/abc", unique("bot"), "--json")
    assert files_of(api, done.json) == {"model.safetensors": (hashlib.sha256(b"weights").hexdigest(), False)}


def test_names_that_collide_elsewhere(api, push, folder):
    """By case, by composed letters, files with folders; a folder counts once. Nothing is refused unless that is wanted."""
    names = ["EMPTY", "Data/x", "data/X", "data/y", "STRASSE", "straße", "Ünï/a", "U\u0308ni\u0308/b", "a\u0308", "ä", "log", "Log/1", "k", "\u212a"]
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    repo = unique("bot")
    refused = push("push", "model", repo, "--strict-names")
    assert refused.code == 2 and "names collide" in refused.err and api.get(f"repos/{repo}").status_code == 404, refused
    done = push("push", "model", repo, "--json")
    case, form = "where case is not told apart (macOS, Windows)", "where composed and decomposed letters are not told apart (macOS)"
    assert sorted(done.err.splitlines()) == sorted([
        f"stemma: 'EMPTY' and 'empty' are one file {case}",
        f"stemma: 'Data' and 'data' are one folder {case}",
        f"stemma: 'Data/x' and 'data/X' are one file {case}",
        f"stemma: 'STRASSE' and 'straße' are one file {case}",
        f"stemma: 'U\u0308ni\u0308' and 'Ünï' are one folder {form}",
        f"stemma: 'a\u0308' and 'ä' are one file {form}",
        f"stemma: 'Log' and 'log' are one name {case}",
        f"stemma: 'k' and '\u212a' are one file {case}",  # the sign of Kelvin
    ])  # fmt: skip
    assert done.code == 0 and set(names) < set(files_of(api, done.json))
    (folder / ".stemmaignore").write_text("EMPTY\nData\nSTRASSE\nU*\na\u0308\nLog\nk\n")
    assert push("push", "model", repo, "--strict-names").code == 0
    (folder / "many").mkdir()
    for i in range(25):
        (folder / f"many/a{i}").write_text("x")
        (folder / f"many/A{i}").write_text("x")
    told = push("push", "model", repo).err.splitlines()
    assert len(told) == 21 and told[-1] == "stemma: ... and 5 more such names"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere", "bot"), "No such file"),
        (("model", "nobodys/bot"), "Workspace 'nobodys' not found"),
        (("model", "bot", "--run", "f" * 32), "run"),
        (("model", "bot", "--kind", "pizza"), "kind"),
        (("void", "bot"), "no file"),
        (("model",), "REPO"),
    ],
)
def test_wrong_words(push, folder, tmp_path, words, says):
    (tmp_path / "void").mkdir()
    done = push("push", *words)
    assert done.code != 0 and says.lower() in done.err.lower(), done


@pytest.mark.parametrize(("name", "says"), [
    (b"a\n\x1b[31mb", r"a path has a control character: 'a/b/a\n\x1b[31mb'"), (b"caf\xe9", r"a path is not valid UTF-8: 'a/b/caf\xe9'"),
])  # fmt: skip
def test_a_path_that_no_tree_has_is_named(push, folder, name, says):
    with open(os.fsencode(folder) + b"/a/b/" + name, "wb"):
        pass
    done = push("push", "model", unique("bot"))
    assert done.code == 2 and done.err.startswith(f"stemma: {says}; rename it"), done
    (folder / ".stemmaignore").write_text("a/b\n")
    push.ok("push", "model", unique("bot"))


def test_a_file_is_no_folder(push, folder):
    done = push("push", "model/weights.bin", unique("bot"))
    assert done.code == 2 and done.err == "stemma: model/weights.bin is no folder: name the one that it lies in\n", done


def test_a_run_that_made_it(api, push, folder, server):
    run = api.ok("POST", "runs", json={"project": api.project()["name"]})["id"]
    repo = unique("bot")
    assert push("push", "model", repo, "--run", run).code == 0
    found = requests.get(server.uri + "/api/2.0/mlflow/model-versions/get", {"name": repo, "version": "1"}, timeout=20).json()
    assert found["model_version"]["run_id"] == run


class Cutting(threading.Thread):
    """Passes bytes on to a server, and cuts the first connections after so many of them."""

    def __init__(self, port, after, times):
        super().__init__(daemon=True)
        self.to, self.after, self.times = port, after, times
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client = self.listener.accept()[0]
            server = socket.create_connection(("127.0.0.1", self.to))
            cut = self.after if self.times > 0 else None
            self.times -= 1
            threading.Thread(target=self.pump, args=(client, server, cut), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, None), daemon=True).start()

    @staticmethod
    def pump(a, b, cut):
        passed = 0
        try:
            while data := a.recv(1 << 16):
                passed += len(data)
                if cut and passed > cut:
                    break
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()  # who is in the middle of sending more is told


def test_a_break_goes_on(api, push, folder, server, tmp_path):
    for i in range(40):
        (folder / f"part-{i}").write_bytes(os.urandom(100_000))
    proxy = Cutting(int(server.uri.rsplit(":", 1)[1]), after=2_000_000, times=2)
    cut = Cli("--url", f"http://127.0.0.1:{proxy.port}", env={"XDG_CACHE_HOME": str(tmp_path / "c2")}, cwd=str(tmp_path))
    done = cut("push", "model", unique("bot"), "--json")
    assert done.code == 0 and files_of(api, done.json) == digests(folder), done
    assert proxy.times < 0


def test_a_kind_that_is_another(push, folder):
    name = unique("corpus")
    assert push("push", "model", name, "--kind", "data").code == 0
    (folder / "more.txt").write_text("more")
    done = push("push", "model", name, "--kind", "prompt")
    assert done.code != 0 and f"'{name}' is a data repo, not one of kind prompt" in done.err, done
    done = push("push", "model", name, "--json")  # no kind: whatever it is
    assert done.json["version"]["number"] == 2


def test_names_that_mlflow_can_not_load(push, folder):
    name = unique("odd")
    assert "MLflow" not in push("push", "model", name).err
    (folder / "100%.txt").write_text("a name as others")
    assert "MLflow" not in push("push", "model", name).err
    for odd in ("a#b.txt", "a%20b.txt", "C:x"):
        (folder / odd).write_text(odd)
        done = push("push", "model", name)
        assert done.code == 0 and f"no name such as '{odd}' (1 of " in done.err, done
        (folder / odd).unlink()


def test_a_server_that_is_away(push, folder):
    done = Cli("--url", "http://127.0.0.1:9", cwd=push.cwd)("push", "model", "bot")
    assert done.code != 0 and "127.0.0.1:9" in done.err


def test_a_server_that_answers_nonsense(folder, tmp_path):
    class Odd(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b'{"missing": ["zz", 7, {}], "tree": 5}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    odd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=odd.serve_forever, daemon=True).start()
    cli = Cli("--url", f"http://127.0.0.1:{odd.server_port}", env={"XDG_CACHE_HOME": str(tmp_path / "c3")}, cwd=str(tmp_path))
    assert cli("push", "model", "bot").code in (0, 1, 2)  # whatever it says, it ends
    odd.shutdown()
