# SPDX-License-Identifier: Apache-2.0
"""The server is killed while folders are pushed: what was acknowledged is there, whole; what was not is pushed again."""

import errno
import hashlib
import json
import os
import random
import subprocess
import time

import requests
import servers
from faults import LIST, Faults


class Client:
    """The commands, with what they remember in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.env = servers.fresh_environment({"XDG_CACHE_HOME": str(folder / "cache")})

    def start(self, server, *words):
        command = [servers.stemma_binary(), *words, "--url", server.uri, "--json"]
        return subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, server, *words):
        started = self.start(server, *words)
        out, errors = started.communicate(timeout=120)
        assert started.returncode == 0, errors.decode()
        return json.loads(out)


def digests(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def change(rng, folder):
    for i in range(12):
        (folder / f"part-{rng.randrange(30):02}").write_bytes(rng.randbytes(rng.choice([10, 5_000, 200_000, 1_500_000])))


def test_the_server_is_killed_during_pushes(any_site, tmp_path):
    site, rng = any_site, random.Random(5)
    client, folder = Client(tmp_path), tmp_path / "model"
    folder.mkdir()
    acked, cut = {}, 0
    for _ in range(5):
        change(rng, folder)
        server = site.start()
        push = client.start(server, "push", "model", "bot")
        time.sleep(rng.uniform(0, 0.12))
        site.kill(server)
        out, _ = push.communicate(timeout=120)
        cut += push.returncode != 0
        if push.returncode == 0:
            acked[json.loads(out)["version"]["number"]] = digests(folder)
        server = site.start()
        done = client.run(server, "push", "model", "bot")
        acked[done["version"]["number"]] = digests(folder)
        site.stop(server)
    assert cut, "no push was cut off"
    server = site.start()
    for number, files in acked.items():
        client.run(server, "pull", f"bot@{number}", f"out-{number}")
        assert digests(tmp_path / f"out-{number}") == files
    site.stop(server)
    site.check("--deep")


def change_large(rng, folder):
    """A large file that keeps most of its chunks."""
    file = folder / "large"
    if not file.exists():
        file.write_bytes(rng.randbytes(30 << 20))
    with open(file, "r+b") as f:
        for _ in range(4):
            f.seek(rng.randrange(29 << 20))
            f.write(rng.randbytes(100_000))


def test_the_server_is_killed_while_chunks_come(any_site, tmp_path):
    """Among chunks, at their sync, while a file is made of them: nothing acknowledged is lost, and nothing is half there."""
    site, rng = any_site, random.Random(7)
    client, folder = Client(tmp_path), tmp_path / "model"
    folder.mkdir()
    acked, cut = {}, 0
    for i in range(6):
        change_large(rng, folder)
        (folder / "small").write_bytes(rng.randbytes(20_000))
        server = site.start()
        push = client.start(server, "push", "model", "bot")
        time.sleep(rng.uniform(0, 0.4 if i else 0.8))
        site.kill(server)
        out, _ = push.communicate(timeout=120)
        cut += push.returncode != 0
        if push.returncode == 0:
            acked[json.loads(out)["version"]["number"]] = digests(folder)
        server = site.start()
        done = client.run(server, "push", "model", "bot")
        acked[done["version"]["number"]] = digests(folder)
        site.stop(server)
        site.check("--deep")
    assert cut, "no push was cut off"
    server = site.start()
    for number, files in acked.items():
        client.run(server, "pull", f"bot@{number}", f"out-{number}")
        assert digests(tmp_path / f"out-{number}") == files
    site.stop(server)


def test_a_push_is_killed(any_site, tmp_path):
    """The client dies: nothing is half there, and the next push goes on."""
    site, rng = any_site, random.Random(6)
    client, folder = Client(tmp_path), tmp_path / "model"
    folder.mkdir()
    server = site.start()
    for _ in range(5):
        change(rng, folder)
        push = client.start(server, "push", "model", "bot")
        time.sleep(rng.uniform(0, 0.1))
        push.kill()
        push.communicate()
        done = client.run(server, "push", "model", "bot")
        out = f"out-{os.urandom(4).hex()}"
        client.run(server, "pull", f"bot@{done['version']['number']}", out)
        assert digests(tmp_path / out) == digests(folder)
    site.stop(server)
    site.check("--deep")


def test_pulls_are_cut_off(any_site, tmp_path):
    """By the end of the server, or by their own: nothing half gets the name, and the next pull goes on."""
    site, rng = any_site, random.Random(8)
    client, folder, cut = Client(tmp_path), tmp_path / "model", 0
    folder.mkdir()
    change(rng, folder)
    change_large(rng, folder)
    server = site.start()
    client.run(server, "push", "model", "bot")
    for i in range(4):
        pull, out = client.start(server, "pull", "bot", f"out-{i}"), tmp_path / f"out-{i}"
        time.sleep(rng.uniform(0, 0.15))
        if i % 2:
            pull.kill()
        else:
            site.kill(server)
            server = site.start()
        pull.communicate(timeout=120)
        cut += not out.exists()
        if not out.exists():
            client.run(server, "pull", "bot", f"out-{i}")
        assert digests(out) == digests(folder)
    assert cut, "no pull was cut off"
    assert not list(tmp_path.glob("*.part"))
    site.stop(server)


def test_a_folder_that_can_not_be_read_to_its_end(site, tmp_path):
    """What was not listed is not taken for removed, nor a folder for empty."""
    server, client, folder = site.start(), Client(tmp_path), tmp_path / "model"
    for name in ("a", "b", "c", "d/e", "d/f"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    made = requests.post(f"{server.uri}/api/v1/runs", json={"project": "0", "name": "r"}, timeout=60).json()
    client.run(server, "push", "model", "bot")
    faults = Faults(tmp_path, tmp_path)
    client.env.update(faults.environment())
    for words, match, skip in (
        (("push", "model", "bot"), "model", 3),
        (("push", "model", "bot"), "model/d", 2),
        (("artifacts", "put", made["id"], "model"), "model", 3),
        (("artifacts", "put", made["id"], "model"), "model/d", 2),
        (("pull", "bot", "model"), "model", 0),
    ):
        faults.fail(LIST, match, errno.EIO, skip)
        started = client.start(server, *words)
        _, errors = started.communicate(timeout=120)
        faults.clear()
        assert started.returncode and b"Input/output error" in errors and match.encode() in errors, (words, errors)
    assert client.run(server, "push", "model", "bot")["version"]["number"] == 1
    site.stop(server)
