# SPDX-License-Identifier: Apache-2.0
"""Storage: what is used, what is shared, what could be freed, and who may ask."""

import os
import re

import pytest
import servers
from conftest import forgive, reload, shot, unique
from playwright.sync_api import expect
from run_help import Runs, serious_faults, stemma

HOSTILE = '<img src=x onerror="document.title=1"> & so on'


def row(page, text):
    return page.get_by_role("row").filter(has_text=text)


@pytest.fixture(scope="module")
def used(server, tmp_path_factory):
    """A repo whose two versions share nearly all, one whose name is hostile, a run with a file, a run in the bin."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "data.bin").write_bytes(os.urandom(3_000_000))
    name, runs = unique("bot"), Runs(server)
    for i in range(2):
        (folder / "notes.txt").write_text(f"number {i}")
        stemma(server, "push", folder, name)
    runs.call("POST", "repos", json={"name": HOSTILE})
    stemma(server, "push", folder, HOSTILE)
    kept, gone = runs.make("kept"), runs.make("gone")
    runs.put(kept, "a.bin", os.urandom(20_000))
    runs.put(gone, "b.bin", os.urandom(40_000))
    runs.call("DELETE", f"runs/{gone}")
    return name, runs


def test_storage_by_all_that_uses_it(visit, page, used):
    name, runs = used
    visit()
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("#/storage$"))
    cells = row(page, name).get_by_role("cell")
    expect(cells.nth(1)).to_have_text("2")
    expect(cells.nth(3)).to_have_text("6.0 MB")
    expect(cells.nth(4)).to_have_text("3.0 MB")
    expect(cells.nth(5)).to_have_text("50 %")
    expect(row(page, HOSTILE).get_by_role("cell").nth(5)).to_have_text("100 %")
    expect(row(page, "All").get_by_role("cell").nth(4)).to_have_text("3.0 MB")
    assert page.title() != "1"
    page.keyboard.press("c")
    expect(page.get_by_role("status").filter(has_text="would free 1 runs")).to_contain_text("1 files")
    assert runs.call("GET", "du?by=project")["items"], "nothing was freed"
    page.keyboard.press("2")
    expect(page).to_have_url(re.compile("by=project$"))
    reload(page)
    expect(row(page, "60 kB").first).to_contain_text("run-")
    page.keyboard.press("4")
    expect(row(page, "default")).to_contain_text("9.1 MB")
    page.keyboard.press("u")
    expect(row(page, "default")).to_contain_text("9.1 MB")
    page.keyboard.press("1")
    for scheme, width in (("dark", 1280), ("light", 1280), ("light", 360)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        expect(row(page, name)).to_be_visible()
        expect(row(page, HOSTILE).get_by_role("cell").nth(4 if width > 640 else 2)).to_be_in_viewport()
        shot(page, f"storage-{width if width == 360 else scheme}")
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    assert serious_faults(page) == []
    page.get_by_role("link", name=name).click()
    expect(page).to_have_url(re.compile(f"#/repos/{name}$"))


def test_only_who_operates_the_server_counts_what_gc_would_free(context, page):
    other = servers.Stemma()
    try:
        runs = Runs(other)
        secret = runs.call("POST", "users", json={"name": "ann", "role": "reader", "token": True})["secret"]
        page.add_init_script(f"sessionStorage.setItem('stemma.token', '{secret}')")
        page.goto(f"{other.uri}/#/storage")
        expect(page.get_by_role("heading", name="Nothing is stored yet")).to_be_visible()
        page.get_by_role("button", name="Count what gc would free").click()
        expect(page.get_by_role("status").filter(has_text="This needs the role admin")).to_be_visible()
        forgive(context, "status of 403|a request left for")  # the fixture's server is another
    finally:
        other.stop()
