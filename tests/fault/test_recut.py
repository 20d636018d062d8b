# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a server, or of one of two, while files that came whole are cut into chunks: they are whole at every moment, and
cut in the end, each once."""

import hashlib
import pathlib
import random
import re
import subprocess
import threading
import time

import pytest
import requests
import servers
from site_of import wait_for

FILES = "/api/2.0/mlflow-artifacts/artifacts/"
MLFLOW = "/api/2.0/mlflow/"
EACH, ROUNDS = 16 << 20, 5


def post(server, path, body, status=200):
    reply = requests.post(server.uri + path, json=body, timeout=60)
    assert reply.status_code == status, reply.text
    return reply.json()


def register(server, name, data):
    """A file as MLflow's clients send it, and a version that names it: the file's path."""
    run = post(server, MLFLOW + "runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]
    path = f"0/{run}/artifacts/model.bin"
    reply = requests.put(server.uri + FILES + path, data=data, timeout=60)
    assert reply.status_code == 200, reply.text
    post(server, MLFLOW + "registered-models/create", {"name": name})
    post(server, MLFLOW + "model-versions/create", {"name": name, "source": f"mlflow-artifacts:/{path}", "run_id": run})
    return path


def read(server, path):
    reply = requests.get(server.uri + FILES + path, timeout=60)
    assert reply.status_code == 200, reply.text
    return hashlib.sha256(reply.content).hexdigest()


def whole_ones(site):
    return len(site.sql("SELECT digest FROM object WHERE size = %s AND place = 2", EACH))


def test_the_server_is_killed_while_it_cuts(any_site, tmp_path):
    site, rng = any_site, random.Random(11)
    common, files, cut_off, longest = rng.randbytes(EACH // 2), {}, 0, 0.5
    for i in range(ROUNDS):
        server = site.start()
        data = rng.randbytes(EACH // 2) + common
        files[register(server, f"m{i}", data)] = hashlib.sha256(data).hexdigest()
        post(server, "/api/v1/jobs", {"kind": "cut"}, 201)
        time.sleep(rng.uniform(0, longest))
        site.kill(server)
        left = whole_ones(site) > 0
        cut_off += left
        longest /= 1 if left else 4  # it was too fast
        site.check("--deep")
    assert cut_off > 1, "no cut was cut off"
    server = site.start()  # it goes on by itself
    wait_for(lambda: jobs_rest(server), 120, "the end of the cuts")
    for path, digest in files.items():
        assert read(server, path) == digest
    site.stop(server)
    assert whole_ones(site) == 0
    stored = site.sql("SELECT sum(size) FROM object WHERE place <> 3")[0][0]
    assert stored < (ROUNDS + 1) * EACH // 2 + ROUNDS * (3 << 20), "what they have in common is stored once"
    site.check("--deep")


# ---- two servers ----

MANY = 24


def cut_by(server):
    """How many files this server has cut."""
    return int(re.search(r"^stemma_objects_cut_total (\d+)", requests.get(server.uri + "/metrics", timeout=60).text, re.M)[1])


def at_work(server):
    """The servers that cut at this moment."""
    return {j["holder"] for j in cuts(server) if j["state"] == "running"}


class Reader:
    """Downloads one file after the other, from then on until it is stopped."""

    def __init__(self, server, files):
        self.server, self.files, self.read, self.faults, self.over = server, files, 0, [], threading.Event()
        self.thread = threading.Thread(target=self.go)
        self.thread.start()

    def go(self):
        while not self.over.is_set():
            path = random.choice(list(self.files))
            try:
                if read(self.server, path) != self.files[path]:
                    self.faults.append(f"{path} has other bytes")
            except Exception as e:  # a thread that ends with one would tell nobody
                self.faults.append(repr(e))
            self.read += 1

    def stop(self):
        self.over.set()
        self.thread.join()
        assert self.read and not self.faults, self.faults[:3]


def killed_at_work(site, dies, lives, both):
    """Kills one in the middle of its work, which it does alone or beside the other; how many it had cut at least."""
    wait_for(lambda: len(at_work(lives)) == 1 + both and cut_by(dies) > 0, 60, "work of the one or of both")
    assert cut_by(lives) == 0 or both
    mine = cut_by(dies)
    site.kill(dies)
    assert whole_ones(site) > MANY // 4, "it was too fast"
    return mine


@pytest.mark.parametrize("both", [False, True], ids=["one cuts", "both cut"])
def test_one_of_two_is_killed_while_it_cuts(pair, both):
    """The other goes on: with jobs that the killed one held, and with files that both were cutting at once."""
    site, rng, files = pair, random.Random(13), {}
    dies = site.start()
    wait_for(lambda: jobs_rest(dies), what="the first turn of the job")  # the next is a minute later
    common = rng.randbytes(EACH // 2)
    for i in range(MANY):
        data = rng.randbytes(EACH // 2) + common
        files[register(dies, f"m{i}", data)] = hashlib.sha256(data).hexdigest()
    lives = site.start() if both else None
    for _ in range(8 if both else 1):  # a server takes four at most
        post(dies, "/api/v1/jobs", {"kind": "cut"}, 201)
    if not both:
        wait_for(lambda: at_work(dies), what="the beginning of the cuts")
        lives = site.start()
    reader = Reader(lives, files)
    mine = killed_at_work(site, dies, lives, both)
    wait_for(lambda: not whole_ones(site) and jobs_rest(lives), 120, "the end of the cuts")
    reader.stop()
    assert 0 < cut_by(lives) <= MANY - mine, "one was cut twice"
    again = site.start()
    for server in (lives, again):
        assert {path: read(server, path) for path in files} == files
    verify = [servers.stemma_binary(), "verify", "--url", lives.uri]
    verified = subprocess.run(verify, capture_output=True, text=True, timeout=120)
    assert verified.returncode == 0 and f"{MANY} with {MANY} files" in verified.stdout, verified
    site.stop(lives), site.stop(again)
    each_was_cut_once(site)


def each_was_cut_once(site):
    """Of each the file lies there for a day, and waits for its removal; of what they have in common there is one copy."""
    kept = site.sql("SELECT count(*), count(part) FROM object_cut")
    assert [tuple(row) for row in kept] == [(MANY, MANY)]
    assert len(list(pathlib.Path(site.data, "content/objects").glob("*/*/*"))) == MANY
    stored = site.sql("SELECT sum(size) FROM object WHERE place <> 3")[0][0]
    assert stored < (MANY + 1) * EACH // 2 + MANY * (3 << 20), "what they have in common is stored once"
    site.check("--deep")


def cuts(server):
    return [j for j in requests.get(server.uri + "/api/v1/jobs", timeout=30).json()["items"] if j["kind"] == "cut"]


def jobs_rest(server):
    """Is no cut at work, or about to be?"""
    ended = [j["state"] == ("waiting" if j["recurring"] else "done") for j in cuts(server)]
    return all(ended)


def test_damaged_bytes_stay_what_they_are(any_site):
    """The job says so and leaves them; who sends the file again mends it, and then it is cut."""
    site, data = any_site, random.Random(12).randbytes(EACH)
    server = site.start()
    wait_for(lambda: jobs_rest(server), what="the first turn of the job")  # the next is a minute later
    path = register(server, "m", data)
    site.stop(server)
    (file,) = pathlib.Path(site.data, "content/objects").glob("*/*/*")
    with open(file, "r+b") as f:
        f.seek(EACH // 2)
        f.write(bytes([data[EACH // 2] ^ 1]))
    before = file.read_bytes()
    server = site.start()
    post(server, "/api/v1/jobs", {"kind": "cut"}, 201)
    named = f"object {hashlib.sha256(data).hexdigest()} is damaged"
    wait_for(lambda: any(named in j["detail"] for j in cuts(server)), what="the report of the damage")
    assert file.read_bytes() == before
    assert requests.put(server.uri + FILES + path, data=data, timeout=60).status_code == 200
    post(server, "/api/v1/jobs", {"kind": "cut"}, 201)
    wait_for(lambda: cuts(server)[1]["state"] == "done", what="the cut of what was mended")
    assert read(server, path) == hashlib.sha256(data).hexdigest()
    site.stop(server)
    assert whole_ones(site) == 0
    site.check("--deep")
