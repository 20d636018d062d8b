# SPDX-License-Identifier: Apache-2.0
"""The page in the window of a phone: nothing is wider than it, menus open within it, titles and the bar on top can be read. And
what a pointer does to buttons."""

import pytest
from conftest import ROOT, shot, unique
from playwright.sync_api import expect
from repo_help import Registry
from run_help import stemma

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def world(server):
    """Runs, a model of a long name with three versions, a prompt; and a second workspace, so that the bar offers it."""
    registry = Registry(server)
    runs = [registry.make(f"run {i} with a name that goes on and on") for i in range(2)]
    for run in runs:
        registry.log(run, [("loss", s, 1 / (s + 1)) for s in range(5)])
        registry.put(run, "notes.md", "# Notes\n")
    bot = registry.bot(unique("a-model-" + "that-has-a-long-name-" * 6))
    registry.move(bot, "production", 2, reason="better")
    prompt = unique("greeting")
    registry.repo(prompt, kind="prompt")
    for text in ("Hello {{name}}!", "Good day {{name}}!"):
        registry.publish(prompt, {"prompt.txt": text})
    stemma(server, "workspace", "create", "a-team-of-its-own")
    return {"project": registry.project, "run": runs[0], "runs": ",".join(runs), "bot": bot, "prompt": prompt}


SCREENS = {
    "home": "",
    "runs": "projects/{project}",
    "run": "projects/{project}/runs/{run}",
    "run-files": "projects/{project}/runs/{run}?tab=files",
    "run-none": "projects/{project}/runs/{run}?tab=system",
    "compare": "compare?runs={runs}",
    "repos": "repos",
    "repos-none": "repos?q=no-such-repo",
    "repo": "repos/{bot}",
    "repo-picked": "repos/{bot}?pick=1,2",
    "repo-refs": "repos/{bot}?tab=refs",
    "repo-protection": "repos/{bot}?tab=protection",
    "repo-activity": "repos/{bot}?tab=activity",
    "version": "repos/{bot}/versions/2",
    "version-files": "repos/{bot}/versions/2?tab=files",
    "diff": "repos/{bot}/diff/1/2",
    "lineage": "lineage/{bot}@2",
    "prompts": "prompts",
    "prompt": "prompts/{prompt}?from=1",
    "storage": "storage",
}

# Of what is within the window in height: how far it is beyond its sides.
BEYOND = """(what) => {
    const box = document.querySelector(what).getBoundingClientRect();
    return Math.round(Math.max(-box.left, -box.top, box.right - innerWidth, box.bottom - innerHeight, 0));
}"""
LINES = """(h1) => Math.round(h1.getBoundingClientRect().height / parseFloat(getComputedStyle(h1).lineHeight))"""


def settled(page):
    page.wait_for_load_state("load")
    expect(page.locator("main h1, main h2, main [role=grid], main table").first).to_be_attached()
    expect(page.locator(".skeleton")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Workspace")).to_be_visible()


@pytest.mark.parametrize("name", SCREENS)
def test_a_phone_shows_all_of_it(visit, page, world, name):
    page.set_viewport_size(PHONE)
    visit(SCREENS[name].format(**world))
    settled(page)
    shot(page, f"phone-{name}")
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    assert page.locator("main").evaluate("(m) => m.scrollWidth - m.clientWidth") <= 0, "main scrolls to the side"
    for title in page.locator("main h1:visible").all():
        assert title.evaluate(LINES) <= 3
    bar = page.get_by_role("banner")
    for link in ("Repos", "Prompts"):
        box = bar.get_by_role("link", name=link, exact=True).last.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    for crumb in bar.locator(".crumbs > span").all():
        assert crumb.bounding_box()["width"] > 20, "a speck"
    for button in page.locator("[aria-haspopup=menu]:visible").all():
        button.click()
        expect(page.get_by_role("menu")).to_be_visible()
        assert page.evaluate(BEYOND, "[role=menu]") == 0, button.inner_text()
        page.keyboard.press("Escape")


def test_a_long_name_leaves_the_number_of_the_version(visit, page, world):
    page.set_viewport_size(PHONE)
    visit(SCREENS["version"].format(**world))
    number = page.get_by_role("heading", level=1).get_by_text("v2", exact=True)
    expect(number).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("heading", name=f"{world['bot']} v2")).to_be_visible()
    below = number.evaluate("(e) => e.getBoundingClientRect().bottom - e.closest('h1').getBoundingClientRect().bottom")
    assert below <= 1, "it is cut off"


def test_lines_to_paste_do_not_lie_under_their_button(visit, page, world):
    page.set_viewport_size(PHONE)
    visit(SCREENS["version"].format(**world))
    paste = page.locator(".paste").first
    expect(paste.locator("pre")).to_be_visible()
    free = "(e) => e.querySelector('button').getBoundingClientRect().left - e.querySelector('pre').getBoundingClientRect().right"
    assert paste.evaluate(free) >= 0


CONTRAST = """async (button) => {
    if (!button.matches(":hover")) return ["the pointer is not over it"];
    const found = await axe.run(button, {runOnly: ["color-contrast"]});
    return found.violations.flatMap((v) => v.nodes.map((n) => n.any[0]?.message ?? n.html));
}"""


@pytest.mark.parametrize("name", ["home", "repo-picked", "version", "diff", "prompt"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_buttons_keep_their_words_under_the_pointer(visit, page, world, scheme, name):
    page.emulate_media(color_scheme=scheme)
    visit(SCREENS[name].format(**world))
    settled(page)
    page.evaluate((ROOT / "web/node_modules/axe-core/axe.min.js").read_text())
    if name in ("home", "repo-picked", "version"):
        expect(page.locator(".button.strong").first).to_be_visible()
    for button in page.locator(".button:visible:not(:disabled)").all():
        button.hover()
        found = button.evaluate(CONTRAST)
        assert found == [], f"{button.inner_text()}: {found}"
