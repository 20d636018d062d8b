# SPDX-License-Identifier: Apache-2.0
"""What happened in a workspace, on the page: in words, narrowed, page by page, live, also of what is gone."""

import re

import pytest
import servers
from conftest import forgive, go_back, reload, shot, unique
from playwright.sync_api import expect
from repo_help import HOSTILE, Registry, row, signed_in
from run_help import clipboard, comes, serious_faults


@pytest.fixture(scope="module")
def registry(server):
    return Registry(server)


@pytest.fixture(scope="module")
def gone(registry):
    """A repo in which much was done before it was deleted."""
    name = registry.bot(versions=3)
    for version in (1, 2):
        registry.move(name, "prod", version, reason=f"number {version} is better")
    registry.call("PUT", f"repos/{name}/rules/good", json={"where": "metrics.loss < 0.5", "objective": "metrics.loss"})
    body = {"ref": "prod", "require": ["card", "weights"], "rule": "good", "approvals": 1}
    registry.call("PUT", f"repos/{name}/protections", json=body)
    registry.call("PUT", f"repos/{name}/protections", json={"ref": "prod", "require": [], "rule": "", "approvals": 0})
    registry.call("DELETE", f"repos/{name}", json={"reason": "its data are wrong"})
    return name


def test_it_tells_in_words_what_happened_also_to_what_is_gone(visit, page, registry, gone):
    bot = registry.bot(versions=1)
    registry.move(bot, "v1.0.0", 1, kind="tag", reason="the first release")
    run = registry.make("a run")
    registry.end(run)
    visit()
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("#/activity$"))
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    sealed = row(page, "the first release")
    expect(sealed).to_contain_text("sealed it at v1")
    expect(sealed.get_by_role("link", name=f"{bot}@v1.0.0")).to_be_visible()
    expect(row(page, "deleted the repo")).to_contain_text(gone)
    expect(row(page, "deleted the repo").get_by_role("link")).to_have_count(0)
    expect(row(page, "protected it: weights, card, rule good and 1 approval")).to_contain_text(f"{gone}@prod")
    expect(row(page, "protected it: only maintainers move it")).to_have_count(1)
    expect(row(page, "number 1 is better")).to_contain_text("set it to v1")
    expect(row(page, "number 2 is better")).to_contain_text("moved it from v1 to v2")
    expect(row(page, "set the rule: metrics.loss < 0.5, by max metrics.loss")).to_contain_text(f"{gone} rule good")
    shot(page, "activity")
    row(page, "ended the run").first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="a run")).to_be_visible()
    go_back(page)
    row(page, f"{bot} v1").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=f"{bot} v1")).to_be_visible()


def test_it_is_narrowed_by_the_address_and_the_fields(visit, page, registry, gone):
    visit(f"repos/{gone}")
    page.get_by_role("link", name="What happened to what was called so").click()
    forgive(page.context, "status of 404")
    expect(page).to_have_url(re.compile(f"#/activity\\?subject={gone}$"))
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(11)  # headings; made, 3 published, 2 moves, a rule, 2 protections, deleted
    page.get_by_role("combobox", name="What").select_option("refs and promotion")
    expect(rows).to_have_count(6)
    page.get_by_role("combobox", name="What").select_option("ref moved")
    expect(rows).to_have_count(3)
    expect(page).to_have_url(re.compile("kind=ref_moved"))
    reload(page)
    expect(rows).to_have_count(3)
    page.keyboard.press("c")
    assert comes(page, lambda: clipboard(page) == f"stemma audit {gone} --kind ref_moved"), clipboard(page)
    page.get_by_label("Until").fill("2020-01-01")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing like that is in the log")).to_be_visible()
    go_back(page)
    expect(rows).to_have_count(3)
    page.get_by_label("Since").fill("whenever")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("'since' can not be read")
    forgive(page.context, "status of 400")
    page.get_by_label("Since").fill("yesterday")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(3)
    page.get_by_label("By", exact=True).fill("nobody at all")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Show everything").click()
    expect(page).to_have_url(re.compile("#/activity$"))
    expect(page.get_by_label("Of", exact=True)).to_have_value("")


def test_older_ones_are_a_link_and_new_ones_come_by_themselves(visit, page, registry):
    name = unique("many")
    registry.repo(name)
    registry.publish(name)
    for i in range(105):
        registry.move(name, "prod" if i % 2 else "candidate", 1, reason=f"move {i}")
        registry.call("DELETE", f"repos/{name}/refs/{'prod' if i % 2 else 'candidate'}", json={})
    visit(f"activity?subject={name}")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(101)
    page.get_by_role("link", name="Older").click()
    expect(page).to_have_url(re.compile("after="))
    expect(row(page, "move 104")).to_have_count(0)
    page.get_by_role("link", name="Older").click()
    expect(row(page, "made the repo")).to_be_visible()
    expect(rows).to_have_count(13)
    page.get_by_role("link", name="Newest").click()
    expect(rows).to_have_count(101)
    page.get_by_label("Since").press_sequentially("yester")
    registry.move(name, "prod", 1, reason="the newest of all")
    expect(rows.nth(1)).to_contain_text("the newest of all")
    expect(page.get_by_label("Since")).to_have_value("yester")  # news do not take it away


def test_people_and_workspaces_are_in_it(browser):
    other = servers.Stemma()
    try:
        registry = Registry(other)
        registry.call("POST", "workspaces", json={"name": "team"})
        page = browser.new_page()
        signed_in(page, registry, "ann", "admin")
        page.goto(f"{other.uri}/#/activity?kind=user_created,role_set,token_made,workspace_created")
        expect(row(page, "made the user")).to_contain_text("ann")
        expect(row(page, "gave the role admin")).to_contain_text("ann")
        expect(row(page, "gave a token")).to_contain_text("ann")
        expect(row(page, "made the workspace")).to_contain_text("team")
        page.close()
    finally:
        other.stop()


def test_names_stay_text(visit, page, registry):
    name = registry.bot(versions=1)
    registry.move(name, "prod", 1, reason=HOSTILE)
    visit(f"activity?subject={name}")
    expect(row(page, "set it to v1")).to_contain_text(HOSTILE)
    assert page.title() != "1"


def test_fits_all_windows_and_axe_finds_nothing_serious(visit, page, gone):
    for scheme, width in (("dark", 1280), ("light", 1280), ("light", 390), ("light", 2560)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        visit(f"activity?subject={gone}")
        expect(row(page, "deleted the repo")).to_be_visible()
        shot(page, f"activity-{width if width != 1280 else scheme}")
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        assert serious_faults(page) == []
