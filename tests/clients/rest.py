# SPDX-License-Identifier: Apache-2.0
"""Raw requests, for what the official client would never send."""

import requests

API = "/api/2.0/mlflow/"


class Rest:
    def __init__(self, uri):
        self.uri = uri
        self.session = requests.Session()

    def send(self, method, path, **kwargs):
        """The reply; a path without a leading slash lies below /api/2.0/mlflow/."""
        url = self.uri + (path if path.startswith("/") else API + path)
        return self.session.request(method, url, timeout=60, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self.send("POST", path, json={} if body is None else body, **kwargs)

    def get(self, path, **params):
        return self.send("GET", path, params=params)

    def ok(self, method, path, **kwargs):
        """The JSON of a reply that must have succeeded."""
        reply = self.send(method, path, **kwargs)
        assert reply.status_code == 200, f"{method} {path}: {reply.status_code} {reply.text[:500]}"
        return reply.json()

    def create_experiment(self, name, **fields):
        return self.ok("POST", "experiments/create", json={"name": name, **fields})["experiment_id"]

    def create_run(self, experiment_id, **fields):
        body = {"experiment_id": experiment_id, "start_time": 1700000000000, **fields}
        return self.ok("POST", "runs/create", json=body)["run"]["info"]["run_id"]

    def log_batch(self, run_id, **lists):
        return self.post("runs/log-batch", {"run_id": run_id, **lists})

    def get_run(self, run_id):
        return self.ok("GET", "runs/get", params={"run_id": run_id})["run"]

    def search_runs(self, experiment_id, **fields):
        return self.ok("POST", "runs/search", json={"experiment_ids": [experiment_id], **fields})


def error_of(reply):
    """(status, error_code, message) of an error in MLflow's shape."""
    body = reply.json()
    return reply.status_code, body.get("error_code"), body.get("message")


def metric(key, value, step=0, timestamp=1700000000000, **more):
    return {"key": key, "value": value, "step": step, "timestamp": timestamp, **more}
