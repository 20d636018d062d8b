# SPDX-License-Identifier: Apache-2.0
"""Repos with versions for the tests of the native API and of the commands. Versions are published over MLflow's registry,
out of the files of a run, so these tests are of both dialects."""

import requests


class Registry:
    def __init__(self, api, uri):
        self.api, self.mlflow = api, uri + "/api/2.0/mlflow/"

    def repo(self, name, **more):
        return self.api.ok("POST", "repos", json={"name": name, **more})

    def run(self, files):
        run = self.api.ok("POST", "runs", json={"project": "0"})
        for path, data in files.items():
            self.api.ok("PUT", f"runs/{run['id']}/files/{path}", data=data)
        return run

    def publish(self, name, files=None):
        """The number of a new version: with these files, or with files elsewhere."""
        body = {"name": name, "source": "s3://bucket/model"}
        if files:
            run = self.run({f"model/{path}": data for path, data in files.items()})
            body.update(source=f"runs:/{run['id']}/model", run_id=run["id"])
        reply = requests.post(self.mlflow + "model-versions/create", json=body, timeout=60)
        assert reply.status_code == 200, reply.text
        return int(reply.json()["model_version"]["version"])

    def bot(self, name, versions=2):
        self.repo(name)
        for _ in range(versions):
            self.publish(name)
        return name

    def stage(self, name, version, stage):
        body = {"name": name, "version": str(version), "stage": stage}
        requests.post(self.mlflow + "model-versions/transition-stage", json=body, timeout=60).raise_for_status()

    def move(self, name, ref, version, **more):
        return self.api.ok("PUT", f"repos/{name}/refs/{ref}", json={"version": version, **more})
