# SPDX-License-Identifier: Apache-2.0
"""The console of a run: many lines, the live end, search and jumps, colours, links to a line."""

import re

import pytest
from conftest import reload, shot
from playwright.sync_api import expect
from run_help import Runs, clipboard, comes, serious_faults


@pytest.fixture(scope="module")
def runs(server):
    return Runs(server)


@pytest.fixture(scope="module")
def long_run(runs):
    """20,000 lines, every 1,000th on standard error."""
    run = runs.make("long")
    runs.print(run, [f"line {i} of many" if i % 1000 else f"milestone {i // 1000}" for i in range(1, 20_001)])
    return run


def line(page, number):
    return page.locator(".console-line").filter(has=page.locator(".console-number", has_text=re.compile(f"^{number}$")))


def seen(locator):
    """Is it within the list that scrolls? to_be_visible does not say so."""
    expect(locator).to_be_in_viewport()


def open_console(visit, runs, run, **query):
    page = visit(runs.path(run, tab="console", **query))
    expect(page.locator(".console-line").first).to_be_attached()
    return page


def test_opens_at_the_end_and_makes_only_what_is_seen(visit, runs, long_run):
    page = open_console(visit, runs, long_run)
    seen(line(page, 20_000))
    expect(page.get_by_text("20,000 lines, following")).to_be_visible()
    assert page.locator(".console-line").count() < 120
    page.get_by_role("button", name="Beginning").click()
    seen(line(page, 1))
    expect(line(page, 1)).to_contain_text("line 1 of many")


def test_follows_the_end_until_one_scrolls_up(visit, runs):
    run = runs.make("tail")
    runs.print(run, [f"old {i}" for i in range(200)])
    page = open_console(visit, runs, run)
    seen(line(page, 200))
    runs.print(run, ["fresh line"])
    seen(page.get_by_text("fresh line"))
    page.locator(".console-rows").hover()
    page.mouse.wheel(0, -800)
    follow = page.get_by_role("button", name="Follow the end")
    expect(follow).to_be_enabled()
    runs.print(run, ["another line"])
    expect(page.get_by_text("202 lines")).to_be_visible()
    expect(page.get_by_text("another line")).not_to_be_in_viewport()
    follow.click()
    seen(page.get_by_text("another line"))
    runs.end(run)
    expect(page.get_by_text("following")).to_have_count(0)


def test_a_link_to_a_line_opens_there(visit, runs, long_run):
    page = open_console(visit, runs, long_run, line=7000)
    seen(line(page, 7000))
    expect(line(page, 7000)).to_have_attribute("aria-current", "true")
    line(page, 7003).get_by_role("link", name="7003").click()
    expect(page).to_have_url(re.compile("line=7003"))
    reload(page)
    seen(line(page, 7003))


def test_search_jumps_from_match_to_match(visit, runs, long_run):
    page = open_console(visit, runs, long_run, line=2500)
    page.get_by_role("searchbox", name="Search the console").fill("milestone")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("line=3000"))
    seen(line(page, 3000))
    expect(line(page, 3000).locator("mark")).to_have_text("milestone")
    page.get_by_role("button", name="Next match").click()
    expect(page).to_have_url(re.compile("line=4000"))
    page.locator(".console-rows").focus()
    page.keyboard.press("N")
    expect(page).to_have_url(re.compile("line=3000"))
    page.keyboard.press("N")
    page.keyboard.press("N")
    expect(page).to_have_url(re.compile("line=1000"))
    page.keyboard.press("N")
    expect(page.get_by_text("Nothing before this line matches.")).to_be_visible()


def test_shows_only_what_matches(visit, runs, long_run):
    page = open_console(visit, runs, long_run)
    page.get_by_role("searchbox", name="Search the console").fill("^milestone [1-5]$")
    page.get_by_role("button", name=".*", exact=True).click()
    page.get_by_role("button", name="Only matches").click()
    expect(page.get_by_role("status").get_by_text("5 lines in all")).to_be_visible()
    reload(page)
    expect(page.locator(".console-line")).to_have_count(5)
    line(page, 3000).get_by_role("link", name="3000").click()
    seen(line(page, 3001))


def test_streams_are_told_apart_in_words_and_filtered(visit, runs):
    run = runs.make("streams")
    runs.print(run, ["to out"])
    runs.print(run, ["to err"], "err")
    page = open_console(visit, runs, run)
    expect(line(page, 2)).to_contain_text("err")
    expect(line(page, 2).get_by_title("Standard error")).to_be_visible()
    page.get_by_role("combobox", name="Which lines").select_option("err")
    expect(page.locator(".console-line")).to_have_count(1)
    page.get_by_role("button", name="Times").click()
    expect(page.locator(".console-time")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3}$"))


def test_colours_are_shown_and_nothing_else_runs(visit, runs):
    run = runs.make("colours")
    hostile = "<img src=x onerror='document.title=1'>"
    runs.print(run, ["\x1b[31mred\x1b[0m \x1b[1mbold\x1b[0m \x1b[38;2;10;20;30mtrue\x1b[0m", f"{hostile}\x1b]0;t\x07", "a\x08b\x1b[2Jc"])
    page = open_console(visit, runs, run)
    expect(line(page, 1).locator(".ansi-1")).to_have_text("red")
    expect(line(page, 1).locator(".ansi-bold")).to_have_text("bold")
    expect(line(page, 1).get_by_text("true")).to_have_css("color", "rgb(10, 20, 30)")
    expect(line(page, 2).locator(".console-text")).to_have_text(hostile)
    expect(line(page, 3).locator(".console-text")).to_have_text("a␈bc")
    assert page.locator("main img").count() == 0


def test_a_very_long_line_is_cut_and_shown_whole_on_demand(visit, runs):
    run = runs.make("long lines")
    runs.print(run, ["x" * 9000 + "THE END"])
    page = open_console(visit, runs, run)
    page.get_by_role("button", name="characters more").click()
    whole = page.get_by_role("region", name="Line 1")
    expect(whole).to_contain_text("THE END")
    whole.get_by_role("button", name="Copy this line").click()
    assert comes(page, lambda: clipboard(page) == "x" * 9000 + "THE END"), clipboard(page)


def test_downloads_all_lines(visit, runs, long_run):
    page = open_console(visit, runs, long_run)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "long.log"
    text = download.value.path().read_text().splitlines()
    assert len(text) == 20_000 and text[999] == "milestone 1" and text[-1] == "milestone 20"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_console_is_accessible(visit, page, runs, scheme):
    page.emulate_media(color_scheme=scheme)
    run = runs.make("accessible")
    runs.print(run, [f"\x1b[3{i}mcolour {i}\x1b[0m" for i in range(8)])
    runs.print(run, ["to err"], "err")
    open_console(visit, runs, run)
    seen(line(page, 9))
    shot(page, f"run-console-{scheme}")
    assert serious_faults(page) == []


# ---- wrapped lines ----


@pytest.fixture(scope="module")
def uneven_run(runs):
    """3,000 lines; every third is five to nine hundred characters long."""
    run = runs.make("uneven")
    runs.print(run, [f"line {i} " + ("word " * (100 + i % 80) if i % 3 == 0 else "short") for i in range(1, 3001)])
    return run


PLACES = """(rows) => [...rows.querySelectorAll(".console-line")].map((r) => {
    const box = r.getBoundingClientRect();
    return { number: Number(r.querySelector(".console-number").textContent), top: box.top, bottom: box.bottom };
})"""


def expect_unbroken(page):
    """Rows stand one below the other, without gaps, and fill the list."""
    rows = page.locator(".console-rows")
    box = rows.bounding_box()
    at = rows.evaluate(PLACES)
    for a, b in zip(at, at[1:]):
        assert b["number"] == a["number"] + 1 and abs(b["top"] - a["bottom"]) < 1
    assert at[0]["top"] <= box["y"] + 1 and at[-1]["bottom"] >= box["y"] + box["height"] - 1


def test_long_lines_wrap_on_demand_and_the_choice_is_kept(visit, runs, uneven_run):
    page = open_console(visit, runs, uneven_run, line=1500)
    seen(line(page, 1500))
    rows = page.locator(".console-rows")
    assert rows.evaluate("(r) => r.scrollWidth > r.clientWidth")
    rows.focus()
    page.keyboard.press("w")
    wrap = page.get_by_role("button", name="Wrap", exact=True)
    expect(wrap).to_have_attribute("aria-pressed", "true")
    seen(line(page, 1500))
    assert rows.evaluate("(r) => r.scrollWidth === r.clientWidth")
    assert line(page, 1500).bounding_box()["height"] > 50
    expect_unbroken(page)
    shot(page, "run-console-wrap-light")
    reload(page)
    seen(line(page, 1500))
    expect_unbroken(page)
    wrap.click()
    seen(line(page, 1500))
    assert line(page, 1500).bounding_box()["height"] == 19


def test_wrapped_lines_scroll_evenly(visit, runs, uneven_run):
    page = open_console(visit, runs, uneven_run, line=2000)
    page.get_by_role("button", name="Wrap", exact=True).click()
    seen(line(page, 2000))
    rows = page.locator(".console-rows")
    rows.hover()
    for _ in range(12):  # upwards into what was not measured yet: nothing jumps by more than the wheel turned
        top = {r["number"]: r["top"] for r in rows.evaluate(PLACES)}
        page.mouse.wheel(0, -200)

        def turned(top=top):
            now = {r["number"]: r["top"] for r in rows.evaluate(PLACES)}
            return [now[n] - top[n] for n in now if n in top]

        assert comes(page, lambda: any(turned())), "the wheel turned"
        page.wait_for_timeout(80)
        assert turned() and all(abs(m - 200) < 2 for m in turned()), turned()
        expect_unbroken(page)
    page.keyboard.press("N")
    page.set_viewport_size({"width": 700, "height": 800})
    page.wait_for_timeout(200)
    expect_unbroken(page)
    page.get_by_role("button", name="Beginning").click()
    seen(line(page, 1))
    expect_unbroken(page)


def test_wrapped_lines_are_followed(visit, runs):
    run = runs.make("wrapped tail")
    runs.print(run, ["old " * 200 for i in range(300)])
    page = open_console(visit, runs, run)
    page.get_by_role("button", name="Wrap", exact=True).click()
    seen(line(page, 300))
    for i in range(4):
        runs.print(run, [f"fresh {i} " + "long " * 300 + "END"])
        seen(line(page, 301 + i))
        end = "(e) => e.getBoundingClientRect().bottom"
        rows, last = page.locator(".console-rows"), line(page, 301 + i)
        assert comes(page, lambda: abs(last.evaluate(end) - rows.evaluate(end)) < 2), "its end is at the end"
    expect(page.get_by_text("following")).to_be_visible()
    expect_unbroken(page)
