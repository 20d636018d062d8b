#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the README's pictures: build/venv/bin/python tools/picture.py. A fresh server, a sweep that the real `mlflow` client
logs, the page in the distribution's Chromium; writes docs/pictures/*.png. The same data each time, so that a new picture
differs where the page does."""

import math
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests/clients"))
os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", GIT_PYTHON_REFRESH="quiet")

import servers  # noqa: E402

PICTURES = ROOT / "docs/pictures"
RUNS, STEPS = 24, 400


def curve(random_of, lr, layers, step):
    """A loss that falls as fast as its learning rate allows, and rises again when that is too high."""
    speed = math.exp(-((math.log10(lr) + 2.6) ** 2)) * (1 + layers / 16)
    floor = 0.18 + 0.25 * (math.log10(lr) + 2.6) ** 2 / (1 + layers / 8)
    return floor + 2.1 * math.exp(-step * speed / 60) + random_of.gauss(0, 0.012) * (1 + 30 / (step + 10))


def log_sweep(uri):
    import mlflow
    from mlflow.entities import Metric, Param

    client = mlflow.MlflowClient(uri)
    project = client.create_experiment("support-bot")
    for i in range(RUNS):
        r = random.Random(i)
        lr, layers = 10 ** r.uniform(-3.8, -1.6), r.choice([4, 8, 12])
        params = {"lr": f"{lr:.2g}", "model/layers": layers, "optimizer/name": r.choice(["adamw", "sgd"]), "seed": i}
        tags = {"team": "nlp", "mlflow.user": r.choice(["ann", "ben"])}
        began = int(time.time() * 1000) - (RUNS - i) * 45 * 60_000
        run = client.create_run(project, run_name=f"lora-{i:02}", start_time=began, tags=tags).info.run_id
        points = []
        for step in range(STEPS):
            loss = curve(r, lr, layers, step)
            now = 1_790_000_000_000 + step * 4000
            points.append(Metric("train/loss", loss, now, step))
            if step % 10 == 0:
                points.append(Metric("eval/loss", loss + 0.06 + r.gauss(0, 0.01), now, step))
                points.append(Metric("eval/accuracy", 1 / (1 + loss / 2.2) + r.gauss(0, 0.004), now, step))
        for at in range(0, len(points), 1000):
            client.log_batch(run, metrics=points[at : at + 1000])
        client.log_batch(run, params=[Param(k, str(v)) for k, v in params.items()])
        if i < RUNS - 2:
            client.set_terminated(run, "FAILED" if i % 9 == 4 else "FINISHED", began + r.randrange(20, 44) * 60_000)
    return project


def take(uri, project):
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1440, "height": 820}, color_scheme=scheme)
            page.goto(f"{uri}/#/projects/{project}?sort=metrics.%22eval%2Floss%22+asc")
            page.locator("canvas").nth(2).wait_for()
            page.wait_for_timeout(1500)
            page.screenshot(path=PICTURES / f"runs-{scheme}.png")
            page.close()
        browser.close()


def pack():
    """Fewer colours: a page has few, and the repository keeps every picture for ever."""
    from PIL import Image

    for path in PICTURES.glob("*.png"):
        Image.open(path).convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)


def main():
    server = servers.Stemma()
    try:
        take(server.uri, log_sweep(server.uri))
    finally:
        server.stop()
    pack()
    return subprocess.call(["ls", "-l", str(PICTURES)])


sys.exit(main())
