# SPDX-License-Identifier: Apache-2.0
"""Compare: only what differs, against a reference, with texts by their differences."""

import csv
import io
import re

import pytest
from conftest import go_back, reload, unique
from playwright.sync_api import expect

RUNS = [  # name, lr, layers, loss, prompt
    ("first", "0.01", "4", 0.5, "line one\nline two\nline three"),
    ("second", "0.02", "4", 0.25, "line one\nline 2\nline three"),
    ("third", "0.01", "8", float("nan"), "line one\nline two\nline three"),
]


@pytest.fixture(scope="module")
def runs(client):
    project = client.create_experiment(unique("compare"))
    ids = []
    for name, lr, layers, loss, prompt in RUNS:
        run = client.create_run(project, run_name=name).info.run_id
        client.log_param(run, "lr", lr)
        client.log_param(run, "model/layers", layers)
        client.log_param(run, "seed", "17")
        client.log_param(run, "prompt", prompt)
        client.log_metric(run, "loss", 1.0, step=0)
        client.log_metric(run, "loss", loss, step=1)
        client.set_terminated(run)
        ids.append(run)
    return ids


@pytest.fixture
def compared(visit, runs):
    page = visit("compare?runs=" + ",".join(runs))
    expect(page.get_by_role("columnheader")).to_have_count(3)
    return page


def cells(page, key):
    """The texts of a row, by the runs."""
    found = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(f"^{key}")))
    return [t.strip() for t in found.get_by_role("cell").all_inner_texts()]


def test_shows_only_what_differs_at_first(compared):
    page = compared
    assert cells(page, "lr") == ["0.01", "0.02 +0.01 (+100 %)", "0.01"]
    assert cells(page, "loss") == ["0.5", "0.25 -0.25 (-50 %)", "NaN"]
    expect(page.get_by_role("rowheader", name="seed")).to_have_count(0)
    page.keyboard.press("a")
    assert cells(page, "seed") == ["17", "17", "17"]
    expect(page).to_have_url(re.compile("all=1"))
    reload(page)
    assert cells(page, "seed") == ["17", "17", "17"]


def test_another_reference_and_value(compared, runs):
    page = compared
    page.get_by_role("button", name="Make reference").first.click()
    expect(page).to_have_url(re.compile(f"ref={runs[1]}"))
    assert cells(page, "lr") == ["0.01 -0.01 (-50 %)", "0.02", "0.01 -0.01 (-50 %)"]
    page.get_by_label("Metrics by").select_option("first")
    expect(page.get_by_role("rowheader", name="loss")).to_have_count(0)  # all began at 1


def test_long_texts_open_into_their_differences(compared):
    page = compared
    page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile("^prompt"))).get_by_role("button").click()
    expect(page.locator("del")).to_have_text("line two\n")
    expect(page.locator("ins")).to_have_text("line 2\n")


def test_filters_rows_and_leaves_a_run_out(compared, runs):
    page = compared
    page.get_by_role("searchbox", name="Filter the rows").fill("^model/")
    expect(page.get_by_role("rowheader", name="model/layers")).to_be_visible()
    expect(page.get_by_role("rowheader", name="lr", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Leave second out").click()
    expect(page.get_by_role("columnheader")).to_have_count(2)
    go_back(page)
    expect(page.get_by_role("columnheader")).to_have_count(3)


def test_gives_csv(compared, runs):
    with compared.expect_download() as got:
        compared.get_by_role("button", name="CSV").click()
    rows = list(csv.reader(io.StringIO(open(got.value.path(), newline="").read())))
    assert rows[0] == ["section", "key", *runs]
    assert ["config", "lr", "0.01", "0.02", "0.01"] in rows
    assert ["metrics", "loss", "0.5", "0.25", "NaN"] in rows


def test_charts_over_each_other(visit, runs):
    page = visit("compare?tab=charts&runs=" + ",".join(runs))
    expect(page.get_by_role("heading", name="loss")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_role("columnheader")).to_have_count(3)


def test_each_run_is_asked_for_once(page, visit, runs):
    asked = []
    page.on("request", lambda r: asked.append(r.url.rpartition("/")[2]) if "/api/v1/runs/" in r.url else None)
    visit("compare?tab=charts&runs=" + ",".join(runs))
    expect(page.get_by_role("heading", name="loss")).to_be_visible()
    assert sorted(asked) == sorted(runs)


def test_nothing_to_compare_says_how(visit):
    page = visit("compare")
    expect(page.get_by_role("heading", name="Nothing to compare yet")).to_be_visible()
