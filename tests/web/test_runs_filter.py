# SPDX-License-Identifier: Apache-2.0
"""The filter of the runs: completion of names and values, mistakes under their place, chips, what was used before."""

import re

import pytest
from conftest import forgive, go_back, shot, unique
from mlflow.entities import Metric, Param
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def zoo(client):
    experiment = client.create_experiment(unique("filter"))
    for i, (name, optimizer) in enumerate([("base", "adam"), ("wide", "sgd"), ("deep", "adam"), ("été", "lion")]):
        run = client.create_run(experiment, run_name=name, start_time=1_700_000_000_000 + i).info.run_id
        client.log_batch(
            run,
            metrics=[Metric("train/loss", i / 4, 0, 0), Metric("my score", i, 0, 0)],
            params=[Param("optimizer", optimizer), Param("lr", str(0.1**i))],
        )
        client.set_terminated(run, "FAILED" if i == 1 else "FINISHED")
    return experiment


def field(page):
    return page.get_by_role("combobox", name="Filter the runs")


def options(page):
    return page.get_by_role("option")


def expect_names(page, wanted):
    grid = page.get_by_role("grid", name="Runs")
    expect(grid).to_have_attribute("aria-rowcount", str(len(wanted) + 1))
    for name in wanted:
        expect(grid.get_by_role("link", name=name, exact=True)).to_be_visible()


@pytest.fixture
def page_of_zoo(visit, zoo):
    page = visit(f"projects/{zoo}?pane=table")
    expect_names(page, ["base", "wide", "deep", "été"])
    return page


def test_completes_a_whole_filter_by_key(page_of_zoo):
    page = page_of_zoo
    page.keyboard.press("f")
    expect(field(page)).to_be_focused()
    page.keyboard.type("opt")
    expect(options(page).first).to_have_text(re.compile(r"config\.optimizer\s*4"))
    page.keyboard.press("Tab")
    expect(field(page)).to_have_value("config.optimizer ")
    expect(options(page).first).to_have_text(re.compile("^="))
    page.keyboard.press("Tab")
    expect(options(page).first).to_have_text(re.compile('"adam"'))
    shot(page, "runs-completion")
    page.keyboard.press("Tab")
    expect(field(page)).to_have_value('config.optimizer = "adam" ')
    page.keyboard.type("and metrics.my")
    expect(options(page).first).to_contain_text('metrics."my score"')
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("< 2")
    page.keyboard.press("Enter")
    expect_names(page, ["base"])
    expect(page).to_have_url(re.compile("where=config.optimizer"))
    go_back(page)
    expect_names(page, ["base", "wide", "deep", "été"])


def test_offers_first_last_least_and_greatest(page_of_zoo):
    page = page_of_zoo
    field(page).fill("metrics.train/loss")
    expect(options(page)).to_contain_text(
        ["metrics.train/loss", "metrics.train/loss.first", "metrics.train/loss.min", "metrics.train/loss.max"]
    )


def test_values_begin_with_what_is_typed(page_of_zoo):
    page = page_of_zoo
    field(page).fill("config.optimizer = s")
    expect(options(page)).to_have_count(1)
    expect(options(page).first).to_contain_text("sgd")
    options(page).first.click()
    expect(field(page)).to_have_value('config.optimizer = "sgd" ')
    page.keyboard.press("Escape")
    expect(options(page)).to_have_count(0)


def test_a_mistake_is_shown_under_its_place(page_of_zoo):
    page = page_of_zoo
    field(page).fill('name = "été" and metrics.loss <')
    page.keyboard.press("Enter")
    fault = page.get_by_role("alert")
    expect(fault).to_contain_text("a number is expected, not the end")
    expect(field(page)).to_have_attribute("aria-invalid", "true")
    # In bytes the text is two longer than in letters: the mark stands at its end all the same.
    mark = fault.locator("b").bounding_box()
    end = page.evaluate(
        """() => { const i = document.getElementById('runs-filter'), c = document.createElement('canvas').getContext('2d');
            const s = getComputedStyle(i); c.font = `${s.fontSize} ${s.fontFamily}`; return i.getBoundingClientRect().left + 8 + c.measureText(i.value).width; }"""
    )
    assert abs(mark["x"] - end) < 4
    shot(page, "runs-mistake")
    expect_names(page, ["base", "wide", "deep", "été"])  # the rows stay
    field(page).fill("name = 'été'")
    page.keyboard.press("Enter")
    expect_names(page, ["été"])
    forgive(page.context, "status of 400")


def test_plain_words_are_a_search_of_names(page_of_zoo):
    page = page_of_zoo
    field(page).fill("eep")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Search the names").click()
    expect_names(page, ["deep"])
    forgive(page.context, "status of 400")


def test_chips_narrow_by_status(page_of_zoo):
    page = page_of_zoo
    page.get_by_role("button", name="failed", exact=True).click()
    expect_names(page, ["wide"])
    page.get_by_role("button", name="finished", exact=True).click()
    expect_names(page, ["base", "wide", "deep", "été"])
    expect(field(page)).to_have_value("status in (failed, finished)")
    page.get_by_role("button", name="failed", exact=True).click()
    expect(field(page)).to_have_value("status = finished")
    page.get_by_role("button", name="Remove the filter").click()
    expect(page).not_to_have_url(re.compile("where="))


def test_what_was_used_before_is_offered(page_of_zoo):
    page = page_of_zoo
    field(page).fill("metrics.train/loss > 0.6")
    page.keyboard.press("Enter")
    expect_names(page, ["été"])
    field(page).fill("")
    page.keyboard.press("Enter")
    expect_names(page, ["base", "wide", "deep", "été"])
    page.keyboard.press("ArrowDown")
    expect(options(page).first).to_contain_text("metrics.train/loss > 0.6")


def test_nothing_found_says_how_to_widen(page_of_zoo):
    page = page_of_zoo
    field(page).fill("name = 'base' and config.optimizer = 'sgd'")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No run matches")).to_be_visible()
    page.get_by_role("button", name="Without the last condition").click()
    expect_names(page, ["base"])
