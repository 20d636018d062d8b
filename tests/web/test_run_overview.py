# SPDX-License-Identifier: Apache-2.0
"""One run: its head and what can be done with it, configuration, metrics, tags, notes, relatives; as it changes."""

import re

import pytest
from conftest import forgive, go_back, reload, shot, unique
from playwright.sync_api import expect
from run_help import Runs, clipboard, comes, serious_faults

HOSTILE = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def runs(server):
    return Runs(server)


def heading(page, name):
    return page.get_by_role("heading", name=name, level=1, exact=True)


def card(page, name):
    return page.get_by_role("region", name=name, exact=True)


def menu(page, button, item):
    page.get_by_role("button", name=button).click()
    page.get_by_role("menuitem", name=item).click()


# ---- the head ----


def test_the_head_says_what_it_is(visit, runs):
    run = runs.make("first try")
    runs.end(run, "failed", "exit status 3")
    page = visit(runs.path(run))
    expect(heading(page, "first try")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("failed exit status 3")
    expect(page).to_have_title(re.compile("first try"))
    page.get_by_role("button", name="Copy the id").click()
    assert comes(page, lambda: clipboard(page) == run), clipboard(page)


def test_renames_by_key_and_takes_it_back(visit, runs):
    run = runs.make("old name")
    page = visit(runs.path(run))
    expect(heading(page, "old name")).to_be_visible()
    page.keyboard.press("e")
    field = page.get_by_role("textbox", name="Name")
    expect(field).to_have_value("old name")
    field.fill("new name")
    page.keyboard.press("Enter")
    expect(heading(page, "new name")).to_be_visible()
    assert runs.read(run)["name"] == "new name"
    page.keyboard.press("Control+z")
    expect(heading(page, "old name")).to_be_visible()
    assert runs.read(run)["name"] == "old name"


def test_deletes_and_brings_back(visit, runs):
    run = runs.make("for the bin")
    page = visit(runs.path(run))
    menu(page, "More ▾", "Delete")
    expect(page.get_by_text("This run is in the bin")).to_be_visible()
    assert runs.read(run)["deleted"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("This run is in the bin")).to_have_count(0)
    assert not runs.read(run)["deleted"]


def test_a_deleted_run_is_shown_and_comes_back(visit, runs):
    run = runs.make("gone")
    runs.call("DELETE", f"runs/{run}")
    page = visit(runs.path(run))
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_text("This run is in the bin")).to_have_count(0)


def test_moves_to_another_project_and_the_address_follows(visit, runs, server):
    run, other = runs.make("mover"), Runs(server)
    name = runs.call("GET", f"projects/{other.project}")["name"]
    page = visit(runs.path(run))
    menu(page, "More ▾", "Move to another project")
    page.get_by_role("searchbox", name="Find a project").fill(name)
    page.get_by_role("dialog").get_by_role("button", name=name).click()
    expect(page).to_have_url(re.compile(f"#/projects/{other.project}/runs/{run}$"))
    page.get_by_role("button", name="Undo").click()
    expect(page).to_have_url(re.compile(f"#/projects/{runs.project}/runs/{run}$"))


def test_copies_links_and_commands(visit, runs):
    run = runs.make("copied")
    page = visit(runs.path(run, tab="config"))
    menu(page, "Copy ▾", "Copy as command line")
    assert comes(page, lambda: clipboard(page) == f"stemma runs show {run}"), clipboard(page)
    menu(page, "Copy ▾", "Copy as curl")
    assert comes(page, lambda: clipboard(page) == f"curl {runs.uri}/runs/{run}"), clipboard(page)
    page.keyboard.press("y")
    expect(page.get_by_text("Copied the link")).to_be_visible()
    assert comes(page, lambda: clipboard(page).endswith(f"/#/{runs.path(run, tab='config')}")), clipboard(page)


def test_downloads_all_files(visit, runs):
    run = runs.make("with files")
    runs.put(run, "a/b.txt", "hello")
    page = visit(runs.path(run))
    with page.expect_download() as download:
        menu(page, "More ▾", "Download all files")
    assert download.value.suggested_filename == f"{run}.tar"


def test_compares_with_another(visit, runs):
    name = unique("other")
    other, run = runs.make(name), runs.make("one")
    page = visit(runs.path(run))
    expect(heading(page, "one")).to_be_visible()
    page.keyboard.press("c")
    page.get_by_role("searchbox", name="Find runs").fill(name)
    page.get_by_role("checkbox", name=name).check()
    page.get_by_role("button", name="Compare 2 runs").click()
    expect(page).to_have_url(re.compile(f"#/compare\\?runs={run}%2C{other}"))


def test_goes_to_neighbours_by_key(visit, server):
    runs = Runs(server)
    first, second = runs.make("first"), runs.make("second")
    page = visit(runs.path(second, tab="console"))
    expect(heading(page, "second")).to_be_visible()
    page.keyboard.press("j")
    expect(heading(page, "first")).to_be_visible()
    expect(page).to_have_url(re.compile(f"{first}\\?tab=console"))
    page.keyboard.press("j")
    expect(page.get_by_text("This is the project's first run.")).to_be_visible()
    page.keyboard.press("k")
    expect(heading(page, "second")).to_be_visible()


def test_tabs_are_links_and_number_keys(visit, runs):
    run = runs.make("tabs")
    page = visit(runs.path(run))
    tabs = page.get_by_role("navigation", name="Sides of this run")
    expect(tabs).to_be_visible()
    page.keyboard.press("3")
    expect(page).to_have_url(re.compile("tab=console"))
    expect(tabs.locator("[aria-current]")).to_have_text("Console")
    tabs.get_by_role("link", name="Files").click()
    expect(page.get_by_role("heading", name="No files yet")).to_be_visible()
    go_back(page)
    expect(page.get_by_role("heading", name="Nothing was printed")).to_be_visible()
    reload(page)
    expect(page.get_by_role("heading", name="Nothing was printed")).to_be_visible()


# ---- where it is ----


def test_a_link_of_another_project_leads_to_the_right_one(visit, runs):
    run = runs.make("lost")
    page = visit(f"projects/987654/runs/{run}?tab=config")
    expect(page).to_have_url(re.compile(f"#/projects/{runs.project}/runs/{run}\\?tab=config$"))
    page = visit(f"runs/{run}")  # as `stemma run` prints it
    expect(page).to_have_url(re.compile(f"#/projects/{runs.project}/runs/{run}$"))
    expect(heading(page, "lost")).to_be_visible()


def test_an_unknown_run_leads_back(visit, runs):
    page = visit(f"projects/{runs.project}/runs/{'0' * 32}")
    expect(page.get_by_role("alert")).to_contain_text("There is no such thing here")
    page.get_by_role("link", name="The runs of this project").click()
    expect(page).to_have_url(re.compile(f"#/projects/{runs.project}$"))
    forgive(page.context, "status of 404")


# ---- configuration ----

CONFIG = {
    "model.layers": 12,
    "model/attention/heads": 8,
    "optimizer.lr": "3e-4",
    "seed": 7,
    "schedule": '{"kind": "cosine", "min": 1e-06, "steps": [1, 20]}',
}


def test_configuration_is_a_tree_that_the_address_keeps(visit, runs):
    run = runs.make("configured", CONFIG)
    page = visit(runs.path(run, tab="config"))
    tree = card(page, "Configuration").locator(".config-tree")
    for text in ("layers12", "heads8", "lr3e-4", "kindcosine", "min1e-06", "steps[1,20]"):
        expect(tree.locator(".config-row", has_text=text)).to_be_visible()
    tree.get_by_role("button", name="model").click()
    expect(tree).not_to_contain_text("layers")
    reload(page)
    expect(tree).to_contain_text("model")
    expect(tree).not_to_contain_text("layers")
    page.get_by_role("button", name="Open all").click()
    expect(tree).to_contain_text("layers")
    page.get_by_role("searchbox", name="Find in the configuration").fill("^opt|seed")
    expect(tree).not_to_contain_text("layers")
    expect(tree.locator(".config-row")).to_have_count(3)
    tree.locator(".config-row", has_text="3e-4").hover()
    tree.locator(".config-row", has_text="3e-4").get_by_role("button", name="Copy the value").click()
    assert comes(page, lambda: clipboard(page) == "3e-4"), clipboard(page)


def test_much_configuration_is_closed_at_first(visit, runs):
    run = runs.make("much", {f"group{i % 9}.key{i}": i for i in range(90)})
    page = visit(runs.path(run, tab="config"))
    rows = page.locator(".config-row")
    expect(rows).to_have_count(9)
    page.get_by_role("button", name="group3").click()
    expect(rows).to_have_count(19)
    page.get_by_role("button", name="Open all").click()
    expect(rows).to_have_count(99)


# ---- metrics ----


def metric_names(page):
    return page.locator(".metric-row .metric-name a").all_inner_texts()


def test_metrics_sort_and_are_found(visit, runs):
    run = runs.make("measured")
    runs.log(run, [("loss", 0, 4), ("loss", 1, 0.5), ("acc", 0, 0.1), ("acc", 1, 0.75), ("bad", 0, "NaN")])
    page = visit(runs.path(run))
    line = page.get_by_role("row", name="loss")
    expect(line).to_contain_text("0.5")
    assert metric_names(page) == ["acc", "bad", "loss"]
    page.get_by_role("columnheader", name="Last").get_by_role("button").click()
    expect(page).to_have_url(re.compile("sort=last"))
    assert metric_names(page) == ["loss", "acc", "bad"]
    page.get_by_role("columnheader", name="Last").get_by_role("button").click()
    expect(page).to_have_url(re.compile("sort=-last"))
    assert metric_names(page) == ["acc", "loss", "bad"]
    line.get_by_role("link", name="loss").click()
    expect(page).to_have_url(re.compile("tab=charts&chart=loss"))


def test_five_thousand_series_are_one_table(visit, runs):
    run = runs.make("wide")
    for at in range(0, 5000, 1000):
        runs.log(run, [(f"layer{i // 10}/m{i}", 0, i) for i in range(at, at + 1000)])
    page = visit(runs.path(run))
    expect(page.get_by_text("5,000 series")).to_be_visible()
    assert page.locator(".metric-row").count() < 60
    page.get_by_role("searchbox", name="Find metrics").fill("m499\\d$")
    expect(page.get_by_text("10 series", exact=True)).to_be_visible()
    assert metric_names(page)[0] == "layer499/m4990"


def test_a_new_value_moves_in_place(visit, runs):
    run = runs.make("live")
    runs.log(run, [("loss", 0, 4)])
    page = visit(runs.path(run))
    line = page.get_by_role("row", name="loss")
    expect(line).to_contain_text("4")
    runs.log(run, [("loss", 7, 0.125)])
    expect(line).to_contain_text("0.125")
    runs.end(run, "crashed", "no sign of life")
    expect(page.locator(".facts")).to_contain_text("crashed no sign of life")


# ---- tags and notes ----


def test_tags_are_added_changed_and_taken_away(visit, runs):
    run = runs.make("tagged", tags={"team": "nlp"})
    page = visit(runs.path(run))
    tags = card(page, "Tags")
    tags.get_by_role("button", name="+ Tag").click()
    expect(tags.get_by_role("textbox", name="Key of the tag")).to_be_focused()
    page.keyboard.type("stage")
    page.keyboard.press("Tab")
    page.keyboard.type("candidate")
    page.keyboard.press("Enter")
    expect(tags).to_contain_text("candidate")
    assert runs.read(run)["tags"]["stage"] == "candidate"
    tags.locator(".pair", has_text="team").hover()
    tags.get_by_role("button", name="Edit team").click()
    tags.get_by_role("textbox", name="Value of the tag").fill("vision")
    page.keyboard.press("Enter")
    expect(tags).to_contain_text("vision")
    page.keyboard.press("Control+z")
    expect(tags).to_contain_text("nlp")
    tags.locator(".pair", has_text="stage").hover()
    tags.get_by_role("button", name="Take away stage").click()
    expect(tags).not_to_contain_text("candidate")
    page.keyboard.press("Control+z")
    expect(tags).to_contain_text("candidate")
    assert runs.read(run)["tags"]["stage"] == "candidate"


def test_notes_are_written_in_markdown(visit, runs):
    run = runs.make("noted")
    page = visit(runs.path(run))
    page.get_by_role("button", name="+ Notes").click()
    page.get_by_role("textbox", name="Notes in Markdown").fill("# Title\n\nSome **bold** words")
    expect(page.locator(".note-preview strong")).to_have_text("bold")
    page.get_by_role("button", name="Save").click()
    expect(card(page, "Notes").get_by_role("heading", name="Title")).to_be_visible()
    assert runs.read(run)["tags"]["mlflow.note.content"].startswith("# Title")
    page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name="+ Notes")).to_be_visible()


def test_hostile_notes_stay_text_and_load_nothing(visit, runs):
    text = (
        f"{HOSTILE} <script>document.title=2</script> <p style='color:red' onclick='x()'>kept</p>\n\n"
        "![far](https://example.org/x.png) [link](https://example.org/a) [bad](javascript:document.title=3)"
        "\n\n<iframe src='https://example.org'></iframe>"
    )
    run = runs.make("hostile", tags={"mlflow.note.content": text})
    page = visit(runs.path(run))
    notes = card(page, "Notes")
    expect(notes.get_by_text("kept")).to_be_visible()
    link = notes.get_by_role("link", name="link")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(notes.get_by_role("link", name="Picture: far")).to_have_attribute("href", "https://example.org/x.png")
    assert notes.locator("img, script, iframe, [style], [onclick], a[href^=javascript]").count() == 0
    assert "hostile" in page.title()


# ---- relatives, data, code ----


def test_parent_and_children_lead_to_each_other(visit, runs):
    parent = runs.make("parent run")
    child = runs.make("child run", tags={"mlflow.parentRunId": parent})
    page = visit(runs.path(parent))
    card(page, "Family").get_by_role("link", name="child run").click()
    expect(page).to_have_url(re.compile(child))
    card(page, "Family").get_by_role("link", name="parent run").click()
    expect(heading(page, "parent run")).to_be_visible()
    runs.make("late child", tags={"mlflow.parentRunId": parent})
    expect(card(page, "Family").get_by_role("link", name="late child")).to_be_visible()


def test_what_mlflow_logs_of_data_is_shown(visit, client, runs):
    import mlflow
    from mlflow.entities import DatasetInput, InputTag

    run = runs.make("with data")
    data = mlflow.entities.Dataset(
        name="wmt19", digest="2981c147", source_type="http", source='{"url": "https://example.org/wmt.csv"}'
    )
    client.log_inputs(run, [DatasetInput(data, [InputTag("mlflow.data.context", "train")])])
    page = visit(runs.path(run))
    box = card(page, "Data and models")
    expect(box).to_contain_text("wmt19 for train")
    expect(box).to_contain_text("https://example.org/wmt.csv")
    expect(box).to_contain_text("2981c147")


def test_code_and_its_changes_are_shown(visit, runs):
    tags = {
        "mlflow.source.git.commit": "0123456789abcdef0123456789abcdef01234567",
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.repoURL": "git@example.org:team/code.git",
        "stemma.git.uncommitted": "true",
        "stemma.command": "python train.py --token '***'",
        "stemma.memory_mb": 16000,
    }
    run = runs.make("from a repository", tags=tags)
    runs.put(run, "source/patch.diff", "diff --git a/x b/x\n@@ -1 +1 @@\n-old line\n+new line\n")
    page = visit(runs.path(run))
    code = card(page, "Code")
    expect(code).to_contain_text("0123456789ab")
    page_of = code.get_by_role("link", name="its page")
    expect(page_of).to_have_attribute("href", f"https://example.org/team/code/commit/{tags['mlflow.source.git.commit']}")
    code.get_by_role("button", name="Show").click()
    changes = page.get_by_role("dialog", name="Changes that were not committed")
    expect(changes.locator(".line-added")).to_contain_text("+new line")
    expect(changes.locator(".line-removed")).to_contain_text("-old line")
    page.keyboard.press("Escape")
    expect(card(page, "Environment")).to_contain_text("python train.py")


# ---- looks ----


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_of_it_is_accessible(visit, page, runs, scheme):
    page.emulate_media(color_scheme=scheme)
    tags = {"team": "nlp", "mlflow.note.content": "# Notes\n\n[a link](https://example.org)", "stemma.command": "make"}
    run = runs.make("accessible", CONFIG, tags)
    runs.log(run, [("loss", 0, 4), ("system/cpu", 0, 4)])
    for tab in ("overview", "config", "system"):
        visit(runs.path(run, tab=tab))
        expect(heading(page, "accessible")).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        shot(page, f"run-{tab}-{scheme}")
        assert serious_faults(page) == [], tab


def test_a_long_name_and_hostile_names_fit_a_narrow_window(visit, page, runs):
    page.set_viewport_size({"width": 360, "height": 740})
    name = f"{HOSTILE} שלום 🚀 {'n' * 200}"
    run = runs.make(name, {f"<b>{'k' * 150}": f"<i>{'v' * 900}"}, {f"<u>{'t' * 150}": "w" * 900})
    visit(runs.path(run))
    expect(heading(page, name)).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    assert page.locator("main img, main b, main i, main u").count() == 0
