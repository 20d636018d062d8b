# SPDX-License-Identifier: Apache-2.0
"""Who one is on a server that wants tokens: the dialog that asks for one until it is known, and the menu that tells."""

import re

import pytest
import servers
from conftest import reload, shot
from playwright.sync_api import expect
from repo_help import Registry, dialog
from run_help import serious_faults


@pytest.fixture(scope="module")
def closed():
    """A server that wants tokens: (uri, registry of the admin, tokens by name)."""
    started = servers.Stemma()
    registry = Registry(started)
    registry.repo("bot")
    tokens = {}
    for name, role in (("ann", "admin"), ("carl", "reader"), ("dan", "none")):
        made = registry.call("POST", "users", json={"name": name, "role": role, "token": True})
        tokens[name] = made["secret"]
        if name == "ann":
            registry.session.headers["Authorization"] = f"Bearer {made['secret']}"
    yield started.uri, registry, tokens
    started.stop()


@pytest.fixture
def window(browser, closed):
    opened = browser.new_context(viewport={"width": 1280, "height": 800})
    yield opened.new_page()
    opened.close()


def give(page, token):
    dialog(page).get_by_label("Your token").fill(token)
    dialog(page).get_by_role("button", name="Go on").click()


def test_the_dialog_stays_until_the_token_is_known(window, closed):
    uri, _, tokens = closed
    page = window
    page.goto(f"{uri}/#/repos")
    expect(dialog(page)).to_contain_text("This server wants a token")
    expect(dialog(page).get_by_role("alert")).to_have_count(0)
    for wrong in ("hunter2", tokens["carl"][:-2]):
        give(page, wrong)
        expect(dialog(page).get_by_role("alert")).to_contain_text("This token is not known here")
        expect(dialog(page).get_by_label("Your token")).to_have_value(wrong)
    shot(page, "account-wrong")
    expect(page.get_by_text("MLFLOW_TRACKING_TOKEN")).to_have_count(0)
    give(page, tokens["carl"])
    expect(page.get_by_role("link", name="bot")).to_be_visible()
    expect(dialog(page)).to_have_count(0)
    expect(page.get_by_role("button", name="carl · reader")).to_be_visible()
    reload(page)
    expect(page.get_by_role("button", name="carl · reader")).to_be_visible()
    assert serious_faults(page) == []


def test_a_dialog_that_was_closed_can_be_had_again(window, closed):
    uri, _, tokens = closed
    page = window
    page.goto(f"{uri}/#/repos")
    expect(dialog(page)).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Give the token").click()
    give(page, tokens["carl"])
    expect(page.get_by_role("link", name="bot")).to_be_visible()


def test_another_token_and_none(window, closed):
    uri, _, tokens = closed
    page = window
    page.goto(f"{uri}/#/repos/bot")
    give(page, tokens["carl"])
    page.get_by_role("button", name="carl · reader").click()
    shot(page, "account-menu")
    page.get_by_role("menuitem", name="Use another token …").click()
    expect(dialog(page).get_by_role("alert")).to_have_count(0)
    give(page, tokens["ann"])
    expect(page.get_by_role("button", name="ann · admin")).to_be_visible()
    expect(page).to_have_url(re.compile("#/repos/bot$"))
    page.keyboard.press("Control+k")
    dialog(page).get_by_role("combobox").fill("forget the token")
    page.keyboard.press("Enter")
    expect(dialog(page)).to_contain_text("This server wants a token")
    expect(page.get_by_role("heading", name="bot")).to_have_count(0)
    assert page.evaluate("sessionStorage.getItem('stemma.token')") is None


def test_a_token_that_is_revoked_is_told_at_once(window, closed):
    uri, registry, _ = closed
    made = registry.call("POST", "users", json={"name": "eve", "role": "writer", "token": True})
    page = window
    page.goto(f"{uri}/#/repos/bot")
    give(page, made["secret"])
    expect(page.get_by_role("button", name="eve · writer")).to_be_visible()
    (token,) = registry.call("GET", "users/eve/tokens")["items"]
    registry.call("DELETE", f"users/eve/tokens/{token['id']}")
    expect(dialog(page).get_by_role("alert")).to_contain_text("This token is not known here")
    expect(page.get_by_role("button", name="eve · writer")).to_have_count(0)


def test_who_has_no_role_sees_that(window, closed):
    uri, _, tokens = closed
    page = window
    page.goto(f"{uri}/#/repos")
    give(page, tokens["dan"])
    expect(page.get_by_role("button", name="dan · no role here")).to_be_visible()


def test_an_open_server_asks_nobody(visit, page):
    visit("repos")
    expect(page.get_by_role("heading", name="Repos", exact=True)).to_be_visible()
    page.keyboard.press("Control+k")
    dialog(page).get_by_role("combobox").fill("token")
    expect(dialog(page)).to_contain_text("Nothing is called that.")
    expect(page.locator(".account")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1280), ("light", 1280), ("light", 390), ("dark", 390)])
def test_it_fits_the_bar(window, closed, scheme, width):
    uri, _, tokens = closed
    page = window
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.add_init_script(f"sessionStorage.setItem('stemma.token', '{tokens['carl']}')")
    page.goto(f"{uri}/#/repos/bot")
    menu = page.locator(".account")
    expect(menu).to_be_visible()
    menu.click()
    expect(page.get_by_role("menuitem")).to_have_count(2)
    shot(page, f"account-{scheme}-{width}")
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    assert serious_faults(page) == []
