# SPDX-License-Identifier: Apache-2.0
"""What the tests of repos share: versions made of the files of runs, and parts of the page."""

import json

from conftest import unique
from run_help import Runs

HOSTILE = '<img src=x onerror="document.title=1">'
CARD = "# The bot\n\nAnswers customers.\n\n<script>document.title=2</script><img src='https://example.org/i.png'>\n"


class Registry(Runs):
    """Repos with versions out of the files of runs, as MLflow's clients register them."""

    def repo(self, name, **more):
        return self.call("POST", "repos", json={"name": name, **more})

    def publish(self, name, files=None, run=None, **more):
        body = {"name": name, "source": "s3://bucket/model", **more}
        if files:
            run = run or self.make("trained")
            for path, data in files.items():
                self.put(run, f"model/{path}", data)
            body.update(source=f"runs:/{run}/model", run_id=run)
        made = self.call("POST", "../2.0/mlflow/model-versions/create", json=body)
        return int(made["model_version"]["version"])

    def move(self, name, ref, version, **more):
        return self.call("PUT", f"repos/{name}/refs/{ref}", json={"version": version, **more})

    def refs(self, name):
        return {r["name"]: r["version"] for r in self.call("GET", f"repos/{name}/refs")["items"]}

    def bot(self, name=None, versions=3):
        """A model whose versions have a card, a configuration and metrics."""
        name = name or unique("bot")
        self.repo(name, description="answers customers", tags=[{"key": "team", "value": "nlp"}])
        for i in range(versions):
            run = self.make(f"train {i + 1}")
            self.log(run, [("loss", s, 1 / (s + i + 1)) for s in range(5)])
            config = {"hidden_size": 64 * (i + 1), "rope": {"theta": 10000, "kind": "linear"}, "name": HOSTILE}
            files = {"README.md": CARD, "config.json": json.dumps(config), "model.safetensors": f"w{i}"}
            self.publish(name, files, run, description=f"trained on part {i + 1}")
        return name


def row(page, text):
    return page.get_by_role("row").filter(has_text=text)


def dialog(page):
    return page.get_by_role("dialog")


def signed_in(page, registry, name, role):
    """A user of that role whom the page is shown to, and gives the token."""
    made = registry.call("POST", "users", json={"name": name, "role": role, "token": True})
    page.add_init_script(f"sessionStorage.setItem('stemma.token', '{made['secret']}')")
    return made["secret"]
