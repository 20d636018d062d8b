# SPDX-License-Identifier: Apache-2.0
"""The promotion board of a repo: what its refs ask for, which versions lack what, and what is done about it."""

import re

import pytest
import servers
from conftest import forgive, shot, unique
from playwright.sync_api import expect
from repo_help import HOSTILE, Registry, dialog, row, signed_in
from run_help import serious_faults


@pytest.fixture(scope="module")
def registry(server):
    return Registry(server)


@pytest.fixture
def guarded(browser):
    """A server of its own with users, on whose page ann, a maintainer, is: (page, registry, uri)."""
    other = servers.Stemma()
    registry = Registry(other)
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    yield page, registry, other.uri
    page.close()
    other.stop()


def judged(registry, name):
    """Five versions: the second is bad, the third yanked, the fifth has no card; a rule wants a loss below 0.3."""
    registry.bot(name, versions=4)
    registry.publish(name, {"config.json": "{}"})
    for version, mark in ((2, "bad"), (3, "yanked")):
        registry.call("POST", f"repos/{name}/versions/{version}/mark", json={"mark": mark, "reason": "loses facts"})
    registry.call("PUT", f"repos/{name}/rules/good", json={"where": "metrics.loss < 0.3"})
    registry.move(name, "prod", 1, reason="the first")
    body = {"ref": "prod", "require": ["card"], "rule": "good", "approvals": 1}
    registry.call("PUT", f"repos/{name}/protections", json=body)
    return name


def test_the_board_tells_what_each_version_lacks_and_promotes(guarded):
    page, registry, uri = guarded
    name = judged(registry, "bot")
    ann = signed_in(page, registry, "ann", "maintainer")
    registry.session.headers["Authorization"] = f"Bearer {ann}"
    page.goto(f"{uri}/#/repos/{name}")
    page.get_by_role("link", name="Promotion").click()
    expect(page).to_have_url(re.compile("tab=promotion"))
    refs = page.get_by_role("list", name="Refs").get_by_role("listitem")
    expect(refs).to_have_count(1)
    expect(refs.first).to_contain_text("the first")
    expect(refs.first).to_contain_text("asks for: card, rule good and 1 approval")
    table = page.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(4)  # headings; the fifth, fourth and first
    expect(row(table, "✓ here").get_by_role("link", name="v1", exact=True)).to_be_visible()
    poor = table.get_by_role("row").filter(has=page.get_by_role("link", name="v5", exact=True))
    expect(poor).to_contain_text("✕ card")
    expect(poor).to_contain_text("✕ rule good: metrics.loss < 0.3")
    expect(poor.get_by_role("button", name="Move here …")).to_be_disabled()
    good = table.get_by_role("row").filter(has=page.get_by_role("link", name="v4", exact=True))
    expect(good).to_contain_text("✓ rule good")
    expect(good).to_contain_text("0 of 1 approvals")
    shot(page, "promotion")
    good.get_by_role("button", name="Approve …").click()
    page.get_by_label("Why").fill("read 50 answers")
    page.keyboard.press("Enter")
    expect(good).to_contain_text("✓ ready")
    expect(good).to_contain_text("read 50 answers")
    expect(good.get_by_role("button", name="Take approval back …")).to_be_visible()
    good.get_by_role("button", name="Move here …").click()
    page.get_by_label("Why").fill("fewer refusals")
    page.keyboard.press("Enter")
    expect(good).to_contain_text("✓ here")
    expect(refs.first).to_contain_text("fewer refusals")
    assert registry.refs(name) == {"prod": 4}
    page.keyboard.press("r")
    expect(dialog(page).get_by_role("row")).to_contain_text("v4→v1")
    page.get_by_label("Why (needed)").fill("answers too slowly")
    page.keyboard.press("Enter")
    expect(row(table, "✓ here").get_by_role("link", name="v1", exact=True)).to_be_visible()
    assert registry.refs(name) == {"prod": 1}


def test_who_may_not_is_told_why(guarded):
    page, registry, uri = guarded
    name = judged(registry, "bot")
    signed_in(page, registry, "bob", "writer")
    page.goto(f"{uri}/#/repos/{name}?tab=promotion")
    good = page.get_by_role("row").filter(has=page.get_by_role("link", name="v4", exact=True))
    good.get_by_role("button", name="Approve …").click()
    page.get_by_label("Why").fill("reads well")
    page.keyboard.press("Enter")
    expect(good).to_contain_text("✓ ready")
    move = good.get_by_role("button", name="Move here …")
    expect(move).to_be_disabled()
    expect(move).to_have_attribute("title", "Only maintainers move it")


def test_a_ref_is_chosen_by_the_address_and_pages_are_links(visit, page, registry):
    name = unique("many")
    registry.repo(name)
    for _ in range(22):
        registry.publish(name)
    registry.move(name, "prod", 2, reason="number 2")
    registry.move(name, "candidate", 22, reason="number 22")
    visit(f"repos/{name}?tab=promotion")
    refs = page.get_by_role("list", name="Refs")
    expect(refs.get_by_role("listitem")).to_have_count(2)
    refs.get_by_role("link", name="prod").click()
    expect(page).to_have_url(re.compile("ref=prod"))
    expect(refs.get_by_role("link", name="prod")).to_have_attribute("aria-current", "true")
    table = page.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(21)
    page.get_by_role("link", name="Older versions").click()
    expect(row(table, "✓ here")).to_contain_text("v2")
    expect(table.get_by_role("row")).to_have_count(3)
    registry.call("POST", f"repos/{name}/versions/1/mark", json={"mark": "yanked", "reason": "licence"})
    expect(table.get_by_role("row")).to_have_count(2)
    row(table, "✓ here").get_by_role("link", name="v2").focus()
    registry.move(name, "prod", 3, reason="elsewhere")
    expect(refs.get_by_role("listitem").filter(has_text="prod")).to_contain_text("elsewhere")
    expect(table.get_by_role("link", name="v2", exact=True)).to_be_focused()
    refs.get_by_role("link", name="prod").click()
    expect(table.get_by_role("row").nth(1)).to_contain_text("v22")
    table.get_by_role("row").nth(1).get_by_role("button", name="Move here …").click()
    page.get_by_label("Why").fill("newest")
    page.keyboard.press("Enter")
    expect(row(table, "✓ here")).to_contain_text("v22")
    assert registry.refs(name) == {"prod": 22, "candidate": 22}


def test_without_refs_it_tells_how_to_protect_one(visit, page, registry):
    name = registry.bot(versions=1)
    visit(f"repos/{name}?tab=promotion")
    expect(page.get_by_role("heading", name="No ref is protected or set")).to_be_visible()
    line = page.locator(".paste").first
    expect(line).to_contain_text(f"stemma protect set {name}@prod --require card,evaluations --approvals 1")
    registry.call("PUT", f"repos/{name}/protections", json={"ref": "prod", "require": ["weights"]})
    expect(row(page, "v1")).to_contain_text("✓ weights")  # live
    expect(page.get_by_role("list", name="Refs")).to_contain_text("nowhere yet")


def test_names_stay_text(visit, page, registry):
    name = registry.bot(versions=1)
    registry.move(name, "prod", 1, reason=HOSTILE)
    visit(f"repos/{name}?tab=promotion")
    expect(page.get_by_role("list", name="Refs")).to_contain_text(HOSTILE)
    assert page.title() != "1"


def test_fits_all_windows_and_axe_finds_nothing_serious(visit, page, registry):
    name = judged(registry, unique("bot"))
    forgive(page.context, "status of 4")
    for scheme, width in (("dark", 1280), ("light", 1280), ("light", 390), ("light", 2560)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        visit(f"repos/{name}?tab=promotion")
        expect(page.get_by_role("row").filter(has_text="✓ here")).to_be_visible()
        shot(page, f"promotion-{width if width != 1280 else scheme}")
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        wide = page.evaluate("document.querySelector('.board').scrollWidth - document.querySelector('.list').clientWidth")
        assert wide <= 0 or width > 390, "the board stacks"
        assert serious_faults(page) == []


def test_the_move_of_a_release_tells_what_moves_along(visit, page, registry):
    part, release = registry.bot(versions=2), unique("support")
    for version in (1, 2):
        registry.call("POST", f"repos/{release}/releases", json={"pins": [f"{part}@{version}"]})
    registry.move(release, "prod", 1)
    visit(f"repos/{release}?tab=promotion&ref=prod")
    row(page, "v2").get_by_role("button", name="Move here …").click()
    expect(dialog(page)).to_contain_text(f"The same alias moves along of: {part} to v2.")
    page.keyboard.press("Enter")
    expect(row(page, "✓ here")).to_contain_text("v2")
    assert registry.refs(part) == {"prod": 2}
