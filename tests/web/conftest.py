# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of the web interface: a real browser (the distribution's Chromium) on the real server's page, with
data that the real `mlflow` client logs. An error on the browser's console, and a request to another host, fail a test."""

import os
import pathlib
import re
import shutil
import sys
import uuid

import pytest
from playwright.sync_api import expect, sync_playwright

sys.path.append(str(pathlib.Path(__file__).parents[1] / "clients"))

import servers

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build/screenshots"
WIDTH, HEIGHT = 1280, 800
# Two pages for an address bar that nobody sees: else each window loads them, which takes a second of a core. The last
# switch of this name counts, so what Playwright needs off is named too.
WITHOUT = "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,AvoidUnnecessaryBeforeUnloadCheckSync,PaintHolding"
expect.set_options(timeout=20_000)


def pytest_addoption(parser):
    parser.addoption("--engine", default="sqlite", choices=["sqlite", "postgres"])


def unique(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def browser():
    path = os.environ.get("STEMMA_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "there is no Chromium: run 'tools/setup.sh test'"
    with sync_playwright() as p:
        started = p.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", WITHOUT])
        yield started
        started.close()


@pytest.fixture(scope="module")
def server(request):
    started = servers.Stemma(request.config.getoption("--engine"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def client(server):
    import mlflow

    return mlflow.MlflowClient(server.uri)


@pytest.fixture
def context(browser, server):
    """A browser's window with a memory of its own. What went wrong in its pages fails the test; one that provokes something
    says so with forgive()."""
    opened = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, permissions=["clipboard-read", "clipboard-write"])
    faults, opened.forgiven = [], []
    hosts = {u.split("//")[1] for u in server.uris}

    def watch(page):
        page.on("pageerror", lambda e: faults.append(f"page: {e}"))
        page.on("console", lambda m: m.type == "error" and faults.append(f"console: {m.text} {m.location}"))

    def check(request):
        address = re.match(r"(https?|wss?)://([^/]+)", request.url)
        if address and address[2] not in hosts:
            faults.append(f"a request left for {request.url}")

    opened.on("page", watch)
    opened.on("request", check)
    yield opened
    opened.close()
    faults = [f for f in faults if not any(re.search(pattern, f) for pattern in opened.forgiven)]
    assert not faults, faults


@pytest.fixture
def page(context):
    return context.new_page()


def told(page):
    """Waits until the page has told the browser its address: it does that behind what it draws."""
    page.evaluate("() => new Promise((told) => setTimeout(told))")


def reload(page):
    told(page)
    page.reload()


def go_back(page):
    told(page)
    page.go_back()


def forgive(context, pattern):
    """Faults that a test provokes, before or after: the console tells of one behind what the page shows."""
    context.forgiven.append(pattern)


@pytest.fixture
def visit(page, server):
    """Opens an address of the page ("projects/1") and gives the page."""

    def opened(path="", page=page):
        page.goto(f"{server.uri}/#/{path}")
        return page

    return opened


def shot(page, name):
    """A picture for people: build output, not compared."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
