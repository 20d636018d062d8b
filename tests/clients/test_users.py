# SPDX-License-Identifier: Apache-2.0
"""MLflow's own client with the tokens of users: a reader loads and may not log, a writer logs and registers, what is
irreversible takes a maintainer."""

import json
import subprocess
import sys
import time

import pytest
import requests
import servers

pytestmark = pytest.mark.own_server
OPERATOR = "the-operators-own-token"

# What a user of MLflow does, each with the name of the error that came of it, or none. Errors come at once: nothing here
# may be repeated by the client.
PROGRAM = """
import json, sys, time
import mlflow
from mlflow import MlflowClient

run, model = sys.argv[1:3]
c, done = MlflowClient(), {}

def attempt(name, act):
    try:
        act(), done.update({name: "ok"})
    except mlflow.MlflowException as e:
        done[name] = f"{e.error_code}: {e.message}"
    except Exception as e:
        done[name] = f"{type(e).__name__}: {e}"

def log():
    with mlflow.start_run() as r:
        mlflow.log_param("lr", 0.1), mlflow.log_metric("loss", 0.5), mlflow.log_text("t", "f.txt")

def register():
    c.create_model_version(model, f"runs:/{run}/m", run)
    c.set_registered_model_alias(model, "prod", 1)
    c.set_model_version_tag(model, "1", "k", "v")
    c.update_registered_model(model, "about it")

attempt("search", lambda: mlflow.search_runs(experiment_ids=["0"]))
attempt("load", lambda: mlflow.artifacts.load_text(f"runs:/{run}/m/f.txt"))
attempt("get", lambda: c.get_registered_model(model))
attempt("log", log)
attempt("batch", lambda: c.log_metric(run, "m", 1.0))
attempt("upload", lambda: c.log_text(run, "x", "x.txt"))
attempt("register", register)
attempt("delete run", lambda: (c.delete_run(run), c.restore_run(run)))
attempt("delete version", lambda: c.delete_model_version(model, "1"))
attempt("delete model", lambda: c.delete_registered_model(model))
print(json.dumps(done))
"""


@pytest.fixture(scope="module")
def guarded():
    server = servers.Stemma(env={"STEMMA_TOKEN": OPERATOR})
    yield server
    server.stop()


def ask(server, method, path, **kwargs):
    kwargs.setdefault("headers", {"Authorization": f"Bearer {OPERATOR}"})
    return requests.request(method, f"{server.uri}/api/{path}", timeout=30, **kwargs)


def user(server, name, role):
    """Their first token."""
    reply = ask(server, "POST", "v1/users", json={"name": name, "role": role, "token": True})
    assert reply.status_code == 201, reply.text
    return reply.json()["secret"]


def given(server, model):
    """A run with a file and a registered model without versions."""
    run = ask(server, "POST", "2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    ask(server, "PUT", f"2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/m/f.txt", data=b"text")
    assert ask(server, "POST", "2.0/mlflow/registered-models/create", json={"name": model}).status_code == 200
    return run


def act_as(server, run, model, **env):
    env = {**servers.fresh_environment(), "MLFLOW_TRACKING_URI": server.uri, "GIT_PYTHON_REFRESH": "quiet", **env}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, run, model], env=env, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


READS, WRITES = ["search", "load", "get"], ["log", "batch", "upload", "register", "delete run"]
ENDS = ["delete version", "delete model"]


@pytest.mark.parametrize("role, may", [("reader", READS), ("writer", READS + WRITES), ("maintainer", READS + WRITES + ENDS)])
def test_the_official_client_as(guarded, role, may):
    secret, run = user(guarded, role, role), given(guarded, f"of-{role}")
    began = time.monotonic()
    done = act_as(guarded, run, f"of-{role}", MLFLOW_TRACKING_USERNAME=role, MLFLOW_TRACKING_PASSWORD=secret)
    assert time.monotonic() - began < 60  # the client repeats 429 and 5xx for minutes: a refusal is none of these
    assert [name for name, what in done.items() if what == "ok"] == may, done
    for name, what in done.items():
        if name not in may:
            least = "maintainer" if name in ENDS else "writer"
            assert "403" in what or "PERMISSION_DENIED" in what, (name, what)
            assert f"the role {least}" in what, (name, what)


def test_the_run_is_the_users(guarded):
    secret = user(guarded, "ann", "writer")
    code = "import mlflow\nwith mlflow.start_run() as r: print(r.info.run_id)"
    env = {**servers.fresh_environment(), "MLFLOW_TRACKING_URI": guarded.uri, "MLFLOW_TRACKING_TOKEN": secret}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120).stdout.split()
    events = ask(guarded, "GET", "v1/events", params={"order": "newest", "limit": 20}).json()["items"]
    made = next(e for e in events if e["kind"] == "run_created")
    assert (made["user"], made["proven"]) == ("ann", True) and made["object"] in run


def test_a_revoked_token_is_401_in_mlflows_shape(guarded):
    secret = user(guarded, "eve", "writer")
    headers = {"Authorization": f"Bearer {secret}"}
    assert ask(guarded, "GET", "2.0/mlflow/experiments/get?experiment_id=0", headers=headers).status_code == 200
    token = ask(guarded, "GET", "v1/users/eve/tokens").json()["items"][0]["id"]
    assert ask(guarded, "DELETE", f"v1/users/eve/tokens/{token}").status_code == 200
    reply = ask(guarded, "GET", "2.0/mlflow/experiments/get?experiment_id=0", headers=headers)
    assert (reply.status_code, reply.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert "Basic" in reply.headers["WWW-Authenticate"]
