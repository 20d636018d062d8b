# SPDX-License-Identifier: Apache-2.0
"""Records for the tests of the commands, made over the API with fixed times, so that outputs can be written down."""

JANUARY = 1767355200000  # 2026-01-02 12:00 UTC


class World:
    """A project with three runs: adam and sgd have ended, live runs on."""

    def __init__(self, api, unique):
        self.api = api
        self.project = api.project(unique("world"))
        self.name, self.number = self.project["name"], self.project["number"]
        self.adam = self.run("adam", 0, "finished", 90000, {"lr": "0.001", "layers": "2"}, {"team": "red"},
                             {"acc": [0.5, 0.75, 0.9], "loss": [2.0, 1.0, 0.25]})  # fmt: skip
        self.sgd = self.run("sgd", 1000, "failed", 3600000, {"lr": "0.1", "layers": "2"}, {"team": "blue"},
                            {"acc": [0.5, 0.6, 0.45], "loss": [2.0, 1.5, 1.75]})  # fmt: skip
        self.live = self.run("live", 2000, None, 0, {"lr": "0.01", "layers": "3"}, {}, {"acc": [0.25]})

    def run(self, name, after_ms, status, lasted_ms, config, tags, metrics):
        start = JANUARY + after_ms
        body = {"project": str(self.number), "name": name, "user": "ann", "start_ms": start,
                "tags": [{"key": k, "value": v} for k, v in tags.items()],
                "config": [{"key": k, "value": v} for k, v in config.items()]}  # fmt: skip
        run = self.api.ok("POST", "runs", json=body)["id"]
        points = [{"key": k, "step": i, "time_ms": start + i, "value": v}
                  for k, values in metrics.items() for i, v in enumerate(values)]  # fmt: skip
        if points:
            self.api.ok("POST", f"runs/{run}/log", json={"points": points})
        if status:
            self.api.ok("PATCH", f"runs/{run}", json={"status": status, "end_ms": start + lasted_ms})
        return run
