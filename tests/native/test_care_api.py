# SPDX-License-Identifier: Apache-2.0
"""What operators ask of the API: who uses how much, and a backup. (The commands that use them: test_du_gc, test_backup.)"""

import subprocess

import servers
from conftest import problem


def filled(api, user):
    project = api.project()
    run = api.ok("POST", "runs", json={"project": project["number"], "user": user})["id"]
    point = {"key": "loss", "step": 1, "time_ms": 1700000000000, "value": 0.5}
    api.ok("POST", f"runs/{run}/log", json={"points": [point, point | {"step": 2}]})
    api.ok("PUT", f"runs/{run}/files/a.bin", data=b"a" * 1000)
    return project


def test_du_by_project_and_user(api):
    project = filled(api, "du-user")
    rows = api.ok("GET", "du")["items"]
    assert rows == api.ok("GET", "du", params={"by": "project"})["items"]
    mine = [r for r in rows if project["name"] in map(str, r.values())]
    assert len(mine) == 1 and {1, 2, 1000} <= {v for v in mine[0].values() if isinstance(v, int)}
    assert any("du-user" in map(str, r.values()) for r in api.ok("GET", "du", params={"by": "user"})["items"])
    assert problem(api.get("du", by="moon"))[0] == 400


def test_a_backup_is_whole(api, tmp_path):
    filled(api, "ann")
    file = tmp_path / "some.backup"
    with api.call("POST", "backup", stream=True) as reply:
        assert reply.status_code == 200
        with open(file, "wb") as out:
            for piece in reply.iter_content(1 << 16):
                out.write(piece)
    checked = subprocess.run([servers.stemma_binary(), "check", file], capture_output=True, text=True, timeout=60,
                             env=servers.fresh_environment())  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr
