# SPDX-License-Identifier: Apache-2.0
"""kill -9 while files that came whole are cut into chunks: they are whole at every moment, and cut in the end."""

import hashlib
import pathlib
import random
import time

import requests
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
