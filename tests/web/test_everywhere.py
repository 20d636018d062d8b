# SPDX-License-Identifier: Apache-2.0
"""What holds on every screen: addresses (MLflow's too), keys, the palette, both schemes, narrow and wide windows,
accessibility, and a server that goes away and comes back."""

import re

import pytest
from conftest import ROOT, forgive, reload, shot, unique
from playwright.sync_api import expect
from run_help import clipboard, comes

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
NAMES = ["a" * 400, "مشروع تجريبي", "🚀🔬 emoji", HOSTILE, "ends with \\ and ' and \""]


@pytest.fixture(scope="module")
def world(client):
    """A project with three runs; the third is a child of the first."""
    project = client.create_experiment(unique("everywhere"))
    runs = []
    for i in range(3):
        tags = {"mlflow.parentRunId": runs[0]} if i == 2 else {}
        run = client.create_run(project, run_name=f"run {i}", tags=tags).info.run_id
        client.log_param(run, "lr", 0.1 / (i + 1))
        for step in range(20):
            client.log_metric(run, "loss", 1 / (step + i + 1), step=step)
        client.set_terminated(run)
        runs.append(run)
    return project, runs


def screens(world):
    project, runs = world
    return {
        "home": "",
        "runs": f"projects/{project}",
        "run": f"projects/{project}/runs/{runs[0]}",
        "compare": f"compare?runs={','.join(runs)}",
    }


SCREENS = ["home", "runs", "run", "compare"]


def settled(page):
    """What a screen reads is there: nothing is on its way any more."""
    page.wait_for_load_state("load")
    expect(page.locator("main h1, main [role=grid], main table").first).to_be_attached()
    expect(page.locator(".skeleton")).to_have_count(0)


# ---- addresses ----


def test_the_links_that_mlflow_prints_open_the_right_page(visit, world):
    project, runs = world
    page = visit(f"experiments/{project}/runs/{runs[1]}")
    expect(page).to_have_url(re.compile(f"#/projects/{project}/runs/{runs[1]}$"))
    expect(page.get_by_text("run 1").first).to_be_visible()
    visit(f"experiments/{project}")
    expect(page).to_have_url(re.compile(f"#/projects/{project}$"))
    visit(f"experiments/{project}/runs/{runs[0]}/artifacts/a/b.txt")
    expect(page).to_have_url(re.compile(rf"runs/{runs[0]}\?tab=files&file=a%2Fb.txt$"))
    expect(page.get_by_role("alert")).to_be_visible()  # there is no such file
    forgive(page.context, "status of 404")
    visit(f'compare-runs?runs=["{runs[0]}","{runs[1]}"]&experiments=["{project}"]')
    expect(page).to_have_url(re.compile("#/compare"))


def test_an_address_of_nothing_says_so(visit, page):
    visit("no/such/page")
    expect(page.get_by_role("heading", name="There is no such page", level=1)).to_be_visible()
    page.get_by_role("link", name="All projects").click()
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()


@pytest.mark.parametrize("path", ["projects/987654", "projects/0/runs/" + "0" * 32, "compare?runs=" + "0" * 32])
def test_what_is_not_there_says_so(visit, page, path):
    visit(path)
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    forgive(page.context, "status of 404")


# ---- keys ----


def test_the_palette_finds_projects_runs_and_acts(visit, page, world):
    project, runs = world
    visit()
    settled(page)  # keys work once the screen is there
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    field.fill(runs[1])
    expect(page.get_by_role("option", name="run 1")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"runs/{runs[1]}"))
    page.keyboard.press("/")
    page.get_by_role("combobox").fill("all proj")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()


def test_enter_opens_nothing_that_does_not_fit_what_is_typed(visit, page, world):
    visit()
    settled(page)
    page.keyboard.press("/")
    expect(page.get_by_role("option").filter(has_text=re.compile(r"\w")).first).to_be_visible()
    expect(page.get_by_role("listbox").get_by_text("Projects", exact=True)).to_be_visible()
    page.get_by_role("combobox").fill(unique("zzqx"))
    page.keyboard.press("Enter")  # before the server has answered
    expect(page.get_by_text("Nothing is called that.")).to_be_visible()
    expect(page).to_have_url(re.compile("/(#/)?$"))


def test_the_palette_copies_the_command_line(visit, page, world):
    visit()
    settled(page)  # keys work once the screen is there
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("new project")
    expect(page.get_by_role("option", name=re.compile("New project")).first).to_be_visible()
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_text("Copied")).to_be_visible()
    assert comes(page, lambda: clipboard(page) == "stemma projects create NAME"), clipboard(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("name", SCREENS)
def test_question_mark_shows_the_keys(visit, page, world, name):
    visit(screens(world)[name])
    settled(page)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys of this screen")
    expect(dialog.get_by_text("All projects", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()


# ---- looks ----


def test_the_chosen_scheme_stays(visit, page):
    visit()
    root = page.locator("html")
    expect(root).to_have_attribute("data-scheme", "light")
    page.get_by_role("button", name="Light or dark").click()
    expect(root).to_have_attribute("data-scheme", "dark")
    reload(page)
    expect(root).to_have_attribute("data-scheme", "dark")


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("width", [360, 2560])
def test_fits_narrow_and_wide_windows(visit, page, world, name, width):
    page.set_viewport_size({"width": width, "height": 800})
    visit(screens(world)[name])
    settled(page)
    shot(page, f"{name}-{width}")
    beyond = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    assert beyond <= 0, f"{beyond} px beyond the window"


SERIOUS = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    return found.violations.filter((v) => ["serious", "critical"].includes(v.impact))
        .map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200)).join(" | "));
}"""


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, page, world, name, scheme):
    page.emulate_media(color_scheme=scheme)
    visit(screens(world)[name])
    settled(page)
    shot(page, f"{name}-{scheme}")
    # The page's policy allows no foreign script; the debugger's own evaluation is not bound by it.
    page.evaluate((ROOT / "web/node_modules/axe-core/axe.min.js").read_text())
    assert page.evaluate(SERIOUS) == []


# ---- names ----


@pytest.mark.parametrize("name", NAMES, ids=["long", "rtl", "emoji", "hostile", "quotes"])
def test_names_stay_text(visit, page, client, name):
    full = f"{name} {unique('n')}"
    project = client.create_experiment(full)
    run = client.create_run(project, run_name=full, tags={full[:200]: full}).info.run_id
    client.log_param(run, unique("p"), full)
    client.set_terminated(run)
    for path in ("", f"projects/{project}", f"projects/{project}/runs/{run}", f"compare?runs={run}&all=1"):
        visit(path)
        settled(page)
        expect(page.get_by_text(full).first).to_be_attached()
        assert page.title() not in ("1", "2")


# ---- a server that goes away ----


def test_an_open_page_says_that_the_server_is_gone_and_recovers_alone(visit, page, server, client, world):
    visit()
    settled(page)
    port = server.servers[0].port
    server.stop_servers()
    expect(page.get_by_text("The server does not answer")).to_be_visible()
    server.start_at(port)
    expect(page.get_by_text("The server does not answer")).to_have_count(0, timeout=20_000)
    name = unique("after")
    client.create_experiment(name)
    expect(page.get_by_role("link", name=name)).to_be_visible()
    forgive(page.context, "ERR_|Failed to load|net::")
