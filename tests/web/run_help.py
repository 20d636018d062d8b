# SPDX-License-Identifier: Apache-2.0
"""What the tests of a run's screen share: the native API, a run to look at, and how files and lines get into it."""

import os
import subprocess
from urllib.parse import quote

import requests
import servers
from conftest import ROOT, unique

SERIOUS = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    return found.violations.filter((v) => ["serious", "critical"].includes(v.impact))
        .map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200)).join(" | "));
}"""


def stemma(server, *words, **env):
    """What a command says; it has to succeed."""
    env = {**os.environ, "STEMMA_URL": server.uri, **env}
    words = [str(w) for w in (servers.stemma_binary(), *words)]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{words}: {done.returncode} {done.stdout} {done.stderr}"
    return done.stdout + done.stderr


WATCH = """(e) => {
    const isMove = (m) => m.type !== "characterData" || m.oldValue !== m.target.data;
    window.moved = 0;
    new MutationObserver((list) => { window.moved += list.filter(isMove).length; })
        .observe(e, {subtree: true, childList: true, attributes: true, characterDataOldValue: true});
}"""


def watch(locator):
    """From now on `moved(page)` counts what changes within it."""
    locator.evaluate(WATCH)


def moved(page):
    page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
    return page.evaluate("window.moved")


class Runs:
    """A project of its own on a server, and runs in it."""

    def __init__(self, server):
        self.uri, self.session = f"{server.uri}/api/v1", requests.Session()
        self.project = self.call("POST", "projects", json={"name": unique("run")})["number"]

    def call(self, method, path, **kwargs):
        reply = self.session.request(method, f"{self.uri}/{path}", timeout=60, **kwargs)
        assert reply.status_code < 300, f"{method} {path}: {reply.status_code} {reply.text[:500]}"
        return reply.json() if reply.content else {}

    def make(self, name="a run", config=None, tags=None):
        pairs = {"config": config or {}, "tags": tags or {}}
        body = {k: [{"key": key, "value": v} for key, v in d.items()] for k, d in pairs.items()}
        return self.call("POST", "runs", json={"project": self.project, "name": name, **body})["id"]

    def path(self, run, **query):
        tail = "&".join(f"{k}={quote(str(v), safe='')}" for k, v in query.items())
        return f"projects/{self.project}/runs/{run}{'?' if tail else ''}{tail}"

    def read(self, run):
        return self.call("GET", f"runs/{run}")

    def log(self, run, points):
        """points: (key, step, value)"""
        body = [{"key": k, "step": s, "time_ms": 1_795_847_257_000 + s, "value": v} for k, s, v in points]
        self.call("POST", f"runs/{run}/log", json={"points": body})

    def end(self, run, status="finished", reason=None):
        self.call("PATCH", f"runs/{run}", json={"status": status, **({"reason": reason} if reason else {})})

    def put(self, run, path, data):
        data = data.encode() if isinstance(data, str) else data
        self.call("PUT", f"runs/{run}/files/{quote(path)}", data=data)

    def print(self, run, lines, stream="out"):
        body = [{"time_us": 1_795_847_257_000_000 + i * 1000, "stream": stream, "text": t} for i, t in enumerate(lines)]
        for at in range(0, len(body), 5000):
            self.call("POST", f"runs/{run}/console", json={"lines": body[at : at + 5000]})


def clipboard(page):
    return page.evaluate("navigator.clipboard.readText()")


def comes(page, check):
    """Does it hold, in a moment? What is drawn or copied comes a frame or more after its cause."""
    for _ in range(100):
        if check():
            return True
        page.wait_for_timeout(50)
    return False


def serious_faults(page):
    page.evaluate((ROOT / "web/node_modules/axe-core/axe.min.js").read_text())
    return page.evaluate(SERIOUS)
