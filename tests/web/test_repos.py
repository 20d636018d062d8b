# SPDX-License-Identifier: Apache-2.0
"""Repos, their versions and refs: lists, the passport of a version, what is done with them, and the history of it."""

import json
import re
from urllib.parse import quote

import pytest
import servers
from conftest import forgive, go_back, reload, shot, unique
from playwright.sync_api import expect
from repo_help import CARD, HOSTILE, Registry, dialog, row
from run_help import clipboard, comes, serious_faults, stemma

@pytest.fixture(scope="module")
def registry(server):
    return Registry(server)


@pytest.fixture(scope="module")
def bot(registry):
    """Three versions; prod went 1, 2, 3; v1.0.0 holds the first; what prod asks for is lacked by none."""
    name = registry.bot()
    for version in (1, 2, 3):
        registry.move(name, "prod", version, reason=f"number {version} is better")
    registry.move(name, "v1.0.0", 1, kind="tag", reason="the first release")
    return name


def act(page, name):
    """An act of the palette."""
    page.keyboard.press("Control+k")
    dialog(page).get_by_role("combobox").fill(name)
    page.get_by_role("option", name=re.compile(name)).first.click()


# ---- lists ----


def test_a_server_without_repos_says_how_to_make_one(browser):
    other = servers.Stemma()
    try:
        page = browser.new_page()
        page.goto(f"{other.uri}/#/repos")
        expect(page.get_by_role("heading", name="No repos yet")).to_be_visible()
        expect(page.locator(".paste").first).to_contain_text(f"stemma push ./out bot -m \"first\" --url {other.uri}")
        Registry(other).repo("first")
        page.get_by_role("link", name="first").click()
        expect(page.get_by_role("heading", name="No versions yet")).to_be_visible()
        page.close()
    finally:
        other.stop()


def test_the_list_is_filtered_by_name_tag_and_kind_and_leads_on(visit, page, registry, bot):
    data = unique("corpus")
    registry.repo(data, kind="data")
    visit()
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("#/repos$"))
    expect(row(page, bot)).to_contain_text("v3")
    expect(row(page, bot)).to_contain_text("prod")
    page.get_by_role("combobox", name="Kind").select_option("data set")
    expect(row(page, bot)).to_have_count(0)
    expect(row(page, data)).to_contain_text("none yet")
    reload(page)
    expect(row(page, data)).to_be_visible()
    visit(f"repos?q={bot}")
    expect(page.get_by_text("1 repo", exact=True)).to_be_visible()
    page.get_by_role("searchbox").fill("no such (")
    expect(page.get_by_text("That is no regular expression")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("link", name=bot).click()
    expect(page).to_have_url(re.compile(f"#/repos/{bot}$"))
    go_back(page)
    expect(page.get_by_role("heading", name="Repos", exact=True)).to_be_visible()
    page.keyboard.press("/")
    dialog(page).get_by_role("combobox").fill(bot)
    expect(page.get_by_role("option", name=bot)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"#/repos/{bot}$"))


@pytest.mark.parametrize("typed, number", [("pr", 3), ("v1.0", 1), ("2", 2), ("v2", 2)])
def test_the_palette_finds_a_version_by_its_address(visit, page, bot, typed, number):
    visit("repos")
    expect(page.get_by_role("heading", name="Repos", exact=True)).to_be_visible()
    page.keyboard.press("/")
    dialog(page).get_by_role("combobox").fill(f"{bot}@{typed}")
    expect(page.get_by_role("option", name=re.compile(f"{bot}@{typed}.*v{number}$"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"#/repos/{bot}/versions/{number}$"))


def test_a_repo_that_was_renamed_elsewhere_is_not_shown_under_its_old_name(visit, page, registry):
    name = registry.bot(versions=1)
    visit(f"repos/{name}")
    expect(page.get_by_role("link", name="v1", exact=True)).to_be_visible()
    registry.call("POST", "../2.0/mlflow/registered-models/rename", json={"name": name, "new_name": f"{name}-new"})
    expect(page.get_by_role("alert")).to_be_visible()
    forgive(page.context, "status of 404")


def test_versions_come_page_by_page_and_live(visit, page, registry):
    name = unique("many")
    registry.repo(name)
    for _ in range(52):
        registry.publish(name)
    visit(f"repos/{name}")
    expect(row(page, "elsewhere")).to_have_count(50)
    page.get_by_role("link", name="Older versions").click()
    expect(page).to_have_url(re.compile("after=3"))
    expect(row(page, "elsewhere")).to_have_count(2)
    go_back(page)
    expect(page.get_by_role("link", name="v52", exact=True)).to_be_visible()
    registry.publish(name)
    expect(page.get_by_role("link", name="v53", exact=True)).to_be_visible()


def test_what_happens_before_the_stream_is_open_is_shown(visit, page, registry):
    name = unique("early")
    registry.repo(name)
    registry.publish(name)
    held = []
    page.route("**/events/stream*", lambda route: held.append(route))
    visit(f"repos/{name}")
    expect(page.get_by_role("link", name="v1", exact=True)).to_be_visible()
    registry.publish(name)
    expect(page.get_by_role("link", name="v2", exact=True)).to_have_count(0)
    held.pop().continue_()
    expect(page.get_by_role("link", name="v2", exact=True)).to_be_visible()


def test_a_page_begins_at_its_top_and_a_list_is_found_where_it_was(visit, page, registry):
    name = unique("long")
    registry.repo(name)
    for _ in range(110):
        registry.publish(name)
    visit(f"repos/{name}")
    scrolled = "() => document.querySelector('.page-body').scrollTop"
    older = page.get_by_role("link", name="Older versions")
    for newest in (60, 10):
        older.click()
        expect(page.get_by_role("link", name=f"v{newest}", exact=True)).to_be_in_viewport()
        assert page.evaluate(scrolled) == 0
    go_back(page)
    expect(page.get_by_role("link", name="v60", exact=True)).to_be_attached()
    expect(older).to_be_in_viewport()
    version = page.get_by_role("link", name="v30", exact=True)
    version.scroll_into_view_if_needed()
    place = page.evaluate(scrolled)
    assert place > 100
    version.click()
    expect(page.get_by_role("heading", name=f"{name} v30")).to_be_visible()
    assert page.evaluate(scrolled) == 0
    go_back(page)
    expect(version).to_be_in_viewport()
    page.wait_for_function(f"({scrolled})() === {place}")


def test_keys_work_while_a_box_or_a_list_of_choices_has_the_focus(visit, page, bot):
    visit(f"repos/{bot}")
    page.get_by_role("checkbox", name="Compare version 1").check()
    page.get_by_role("checkbox", name="Compare version 3").check()
    expect(page.get_by_role("link", name="Compare v1 with v3")).to_be_visible()
    page.get_by_role("checkbox", name="Compare version 3").focus()
    page.keyboard.press("d")
    expect(page).to_have_url(re.compile(f"{bot}/diff/1/3$"))
    visit("repos")
    kind = page.get_by_role("combobox", name="Kind")
    kind.focus()
    page.keyboard.press("p")  # a letter chooses
    expect(kind).to_have_value("prompt")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of this screen")).to_be_visible()


def test_mlflow_links_lead_here(visit, page, bot):
    visit(f"models/{bot}/versions/2")
    expect(page).to_have_url(re.compile(f"#/repos/{bot}/versions/2$"))
    visit(f"models/{bot}")
    expect(page.get_by_role("heading", name=bot)).to_be_visible()
    visit(f"repos/{bot}/versions/prod")
    expect(page).to_have_url(re.compile(f"#/repos/{bot}/versions/3$"))


def test_what_is_not_there_says_so(visit, page, bot):
    for path in ("repos/nothing-such", f"repos/{bot}/versions/99", f"repos/{bot}/versions/nowhere"):
        visit(path)
        expect(page.get_by_role("alert").get_by_role("heading", level=1)).to_be_visible()
    forgive(page.context, "status of 404")


# ---- refs ----


def test_refs_with_their_history_and_as_of(visit, page, registry, bot):
    visit(f"repos/{bot}?tab=refs")
    table = page.locator(".panel.list").first
    expect(table.get_by_role("row").filter(has_text="prod")).to_contain_text("number 3 is better")
    expect(table.get_by_role("row").filter(has_text="v1.0.0")).to_contain_text("the first release")
    history = page.get_by_role("region", name="History")
    expect(history.get_by_role("row")).to_have_count(5)
    table.get_by_role("link", name="prod").click()
    expect(page.get_by_role("region", name="History of prod").get_by_role("row")).to_have_count(4)
    page.get_by_label("As of the end of").fill("2020-01-01")
    expect(page.get_by_text("As it was at the end of 2020-01-01 (UTC)")).to_be_visible()
    expect(row(page, "newest version")).to_contain_text("nowhere")
    forgive(page.context, "status of 404")  # there was no version then
    go_back(page)
    expect(page.get_by_text("As it was")).to_have_count(0)
    page.get_by_role("link", name="History of all").click()
    page.get_by_role("region", name="History").get_by_role("row").nth(2).get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"at=\d{4}-\d\d-\d\dT"))
    expect(row(page, "newest version")).to_contain_text("v3")
    reload(page)
    expect(row(page, "newest version")).to_contain_text("v3")
    page.get_by_role("button", name="Show now").click()
    expect(page).not_to_have_url(re.compile("at="))


def test_a_move_by_two_tells_who_was_faster(visit, page, registry):
    name = registry.bot(versions=3)
    registry.move(name, "prod", 1, reason="the first")
    visit(f"repos/{name}/versions/2")
    expect(page.get_by_role("heading", name="Where it is", exact=True)).to_be_visible()
    page.keyboard.press("a")
    page.get_by_label("Alias, such as prod").fill("prod")
    expect(dialog(page)).to_contain_text("It is at v1")
    registry.move(name, "prod", 3, reason="faster")
    page.get_by_label("Why").fill("from the page")
    dialog(page).get_by_role("button", name="Move", exact=True).click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("was expected at version 1; it is at version 3")
    expect(dialog(page)).to_contain_text("It is at v3")
    assert registry.refs(name) == {"prod": 3}
    forgive(page.context, "status of 409")
    shot(page, "version-conflict")
    dialog(page).get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_role("main").get_by_role("link", name="prod").first).to_be_visible()
    assert registry.refs(name) == {"prod": 2}
    page.keyboard.press("Control+z")
    expect(page.get_by_text("No alias or tag points at it.")).to_be_visible()
    assert registry.refs(name) == {"prod": 3}


def test_a_rollback_is_shown_before_it_is_done(visit, page, registry):
    name = registry.bot(versions=3)
    for version in (1, 2, 3):
        registry.move(name, "prod", version)
    registry.call("POST", f"repos/{name}/versions/2/mark", json={"mark": "bad", "reason": "loses facts"})
    visit(f"repos/{name}/versions/3")
    page.get_by_role("button", name="Roll back …").click()
    expect(dialog(page).get_by_role("row")).to_contain_text("v3")
    expect(dialog(page).get_by_role("row")).to_contain_text("v1")
    assert registry.refs(name) == {"prod": 3}, "it was only tried"
    go = dialog(page).get_by_role("button", name="Roll back to v1")
    expect(go).to_be_disabled()
    page.get_by_label("Why (needed)").fill("answers too slowly")
    go.click()
    expect(page.get_by_text(f"prod of {name} is at v1 now")).to_be_visible()
    assert registry.refs(name) == {"prod": 1}
    visit(f"repos/{name}/versions/1")
    page.get_by_role("button", name="Roll back …").click()
    expect(dialog(page).get_by_role("alert")).to_be_visible()  # there is nowhere to go
    forgive(page.context, "status of 4")


def test_a_release_tells_what_moves_along(visit, page, registry):
    part, release = registry.bot(versions=2), unique("support")
    for version in (1, 2):
        body = {"pins": [f"{part}@{version}"], "description": f"month {version}"}
        registry.call("POST", f"repos/{release}/releases", json=body)
        registry.move(release, "prod", version)
    visit(f"repos/{release}/versions/2")
    expect(page.get_by_role("region", name="Released together")).to_contain_text(part)
    page.keyboard.press("r")
    expect(dialog(page).get_by_role("row")).to_have_count(2)
    expect(row(dialog(page), f"{part}@prod")).to_contain_text("v2→v1")
    shot(page, "version-rollback")
    page.get_by_label("Why (needed)").fill("refuses too much")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"and with it {part} v1")).to_be_visible()
    assert registry.refs(part) == {"prod": 1}


# ---- the passport ----


def test_the_passport_tells_all_of_a_version(visit, page, registry, bot):
    visit(f"repos/{bot}/versions/3")
    expect(page.get_by_role("heading", name=f"{bot} v3")).to_be_visible()
    expect(page.get_by_role("region", name="What is new")).to_contain_text("trained on part 3")
    config = page.get_by_role("region", name="Configuration")
    expect(config).to_contain_text("hidden_size")
    expect(config).to_contain_text(HOSTILE)
    expect(config.get_by_role("button", name="rope")).to_be_visible()
    expect(page.get_by_role("region", name="Card")).to_contain_text("Answers customers.")
    expect(page.get_by_role("region", name="Metrics")).to_contain_text("loss")
    origin = page.get_by_role("region", name="Where it is from")
    expect(origin.get_by_role("link", name="train 3")).to_be_visible()
    for link in origin.get_by_role("link").all()[1:]:
        box = link.bounding_box()
        assert min(box["width"], box["height"]) >= 24, link.inner_text()
    expect(page.get_by_role("region", name="Where it is", exact=True)).to_contain_text("number 3 is better")
    lines = page.get_by_role("region", name="Get it").locator("pre")
    expect(lines.nth(0)).to_contain_text(f"stemma pull {bot}@prod ./{bot} --url")
    expect(lines.nth(1)).to_have_text(f'transformers.AutoModel.from_pretrained("./{bot}")')
    page.get_by_role("button", name="Copy the digest of the content").click()
    version = registry.call("GET", f"repos/{bot}/versions/3")
    assert comes(page, lambda: clipboard(page) == version["content"]), clipboard(page)
    assert page.title() not in ("1", "2")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(f"{bot}/versions/2$"))
    expect(page.get_by_role("heading", name=f"{bot} v2")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name=f"{bot} v3")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("status").get_by_text("v3 is the newest version")).to_be_visible()
    origin.get_by_role("link", name="train 3").click()
    expect(page.get_by_role("heading", name="train 3")).to_be_visible()


def test_lines_to_get_a_version_are_those_that_work(visit, page, server, registry, tmp_path):
    kinds = {"model": {"MLmodel": "flavors: {}"}, "data": {"MLmodel": "x", "config.json": "{}", "model.bin": "w"}}
    names = {kind: unique(kind) for kind in (*kinds, "prompt", "elsewhere")}
    for kind, name in names.items():
        registry.repo(name, kind="model" if kind == "elsewhere" else kind)
    for kind, files in kinds.items():
        registry.publish(names[kind], files)
    registry.publish(names["elsewhere"])
    (tmp_path / "prompt.txt").write_text("Hello {{name}}")
    stemma(server, "push", tmp_path, names["prompt"], "--kind", "prompt", "-m", "first")
    pull = {kind: f"stemma pull {name}@1 --url {server.uri}" for kind, name in names.items()}
    api = {kind: f"{server.uri}/api/v1/repos/{name}/versions/1" for kind, name in names.items()}
    tar = {kind: f"curl -fo files.tar {path}/tar" for kind, path in api.items()}
    loads = {
        "model": [pull["model"], f'mlflow.pyfunc.load_model("models:/{names["model"]}/1")', tar["model"]],
        "data": [pull["data"], tar["data"]],
        "prompt": [f'mlflow.genai.load_prompt("prompts:/{names["prompt"]}/1")', pull["prompt"], tar["prompt"]],
        "elsewhere": [f"curl -f {api['elsewhere']}"],
    }
    for kind, lines in loads.items():
        visit(f"repos/{names[kind]}/versions/1")
        expect(page.get_by_role("region", name="Get it").locator("pre")).to_have_text(lines)
    page.evaluate("sessionStorage.setItem('stemma.token', 'secret')")
    visit(f"repos/{names['data']}/versions/1")
    last = page.get_by_role("region", name="Get it").locator("pre").last
    expect(last).to_have_text(tar["data"].replace("curl", 'curl -H "Authorization: Bearer $STEMMA_TOKEN"'))


def test_the_passport_shows_evaluations_as_they_come(visit, page, registry):
    name, exam = registry.bot(versions=1), unique("exam")
    registry.repo(exam, kind="data")
    registry.publish(exam)
    run, top = registry.make("judge"), f"repos/{name}/versions/1/evaluations"
    visit(f"repos/{name}/versions/1")
    expect(page.get_by_role("region", name="Metrics")).to_be_visible()
    many = [{"name": f"task {i:02}", "value": i / 3} for i in range(30)]
    registry.call("POST", top, json={"suite": "many", "scores": many})
    body = {"suite": "safety", "scores": [{"name": HOSTILE, "value": "NaN"}], "run": run, "data": f"{exam}@1", "note": HOSTILE}
    registry.call("POST", top, json=body)
    card = page.get_by_role("region", name="Evaluations")
    first = card.get_by_role("row").nth(1)
    expect(first).to_contain_text(HOSTILE)
    expect(first).to_contain_text("NaN")
    expect(first.get_by_role("link", name=f"{exam} v1")).to_be_visible()
    expect(card).to_contain_text("task 11")
    expect(card).not_to_contain_text("task 12")
    card.get_by_role("button", name="18 more").click()
    expect(row(card, "task 29")).to_contain_text("9.667")
    registry.call("POST", f"{top}/1/withdraw", json={"reason": "a wrong prompt"})
    expect(card.get_by_role("rowgroup").filter(has_text="many")).to_contain_text("withdrawn by")
    expect(card).to_contain_text("a wrong prompt")
    assert not serious_faults(page)
    first.get_by_role("link", name="by run").click()
    expect(page.get_by_role("heading", name="judge")).to_be_visible()
    visit(f"repos/{name}?tab=activity")
    gone = row(page, "withdrew its evaluation 1")
    expect(gone.get_by_role("link", name="v1")).to_be_visible()
    expect(gone).to_contain_text("a wrong prompt")


def test_files_of_a_version_have_the_viewers_of_runs(visit, page, bot):
    visit(f"repos/{bot}/versions/1?tab=files")
    page.get_by_role("treeitem", name="config.json").click()
    expect(page).to_have_url(re.compile("file=config.json"))
    expect(page.locator(".twig").filter(has_text="hidden_size:")).to_contain_text("64")
    with page.expect_download() as download:
        page.keyboard.press("d")
    assert json.loads(download.value.path().read_text())["hidden_size"] == 64
    visit(f"repos/{bot}/versions/1?tab=files&file=README.md&as=text")
    expect(page.locator(".line").first).to_contain_text("# The bot")
    go_back(page)
    expect(page.locator(".twig").first).to_be_visible()


def test_what_a_card_says_of_itself_is_a_table(visit, page, registry):
    name = unique("fronted")
    registry.repo(name)
    front = f"---\nlicense: apache-2.0\ntags:\n- chat\n- small\nowner: {HOSTILE}\n---\n"
    registry.publish(name, {"README.md": front + CARD})
    for path in (f"repos/{name}/versions/1", f"repos/{name}/versions/1?tab=files&file=README.md"):
        visit(path)
        table = page.get_by_role("table", name="What the card says of itself")
        expect(table.get_by_role("row")).to_have_text(["licenseapache-2.0", "tagschat, small", f"owner{HOSTILE}"])
        prose = page.locator(".prose")
        expect(prose.get_by_role("heading")).to_have_text("The bot")
        expect(prose.get_by_text("license")).to_have_count(0)
        assert not serious_faults(page)
        assert page.title() not in ("1", "2")
    shot(page, "version-card-front")


def naming(module, name):
    """A pickle that calls what it imports, when somebody loads it."""
    return f"c{module}\n{name}\n(S'true'\ntR.".encode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_a_pickle_would_run_is_told(visit, page, registry, scheme):
    page.emulate_media(color_scheme=scheme)
    name = unique("pickled")
    registry.repo(name)
    registry.publish(name, {"weights.pkl": naming("builtins", "int"), "README.md": CARD})
    registry.publish(name, {"weights.pkl": naming("mine.models", HOSTILE)})
    registry.publish(name, {"a.pkl": naming("mine.models", "Model"), "deep/model.pkl": naming("os", "system")})
    card, note = page.get_by_role("region", name="Pickles"), page.locator(".head-note")
    visit(f"repos/{name}/versions/1")
    expect(card).to_contain_text("✓ harmless")
    expect(page.get_by_role("region", name="Card", exact=True)).to_be_visible()
    expect(note).to_have_count(0)
    expect(page.get_by_text("Nothing was said of it")).to_have_count(0)
    visit(f"repos/{name}/versions/2")
    expect(page.get_by_text("Nothing was said of it")).to_be_visible()
    expect(note).to_contain_text(f"Not known to be harmlessWhoever loads weights.pkl runs mine.models.{HOSTILE}")
    shot(page, f"version-pickle-unknown-{scheme}")
    assert not serious_faults(page)
    visit(f"repos/{name}/versions/3")
    expect(note).to_contain_text("Dangerous: load it nowhereWhoever loads deep/model.pkl runs os.system")
    expect(note).to_contain_text("and 1 more file")
    expect(card).to_contain_text("✕ dangerous: imports os.system")
    expect(card).to_contain_text("? unknown: imports mine.models.Model")
    shot(page, f"version-pickle-dangerous-{scheme}")
    assert not serious_faults(page)
    note.get_by_role("link", name="deep/model.pkl").click()
    expect(page.get_by_role("note")).to_contain_text("✕ dangerous: imports os.system")
    expect(page.locator(".viewer-note")).to_contain_text("A pickle")
    assert not serious_faults(page)


def test_marks_tags_and_the_end_of_a_version(visit, page, registry):
    name = registry.bot(versions=2)
    visit(f"repos/{name}/versions/1")
    expect(page.get_by_role("heading", name="Where it is", exact=True)).to_be_visible()
    page.keyboard.press("m")
    dialog(page).get_by_label("As").select_option("bad: no rollback goes to it")
    page.get_by_label("Why (needed)").fill("loses facts")
    page.keyboard.press("Enter")
    expect(page.locator(".head-note")).to_contain_text("loses facts")
    act(page, "Take the mark bad away")
    dialog(page).get_by_role("button", name="Take away").click()
    expect(page.locator(".head-note")).to_have_count(0)
    expect(dialog(page)).to_have_count(0)  # keys are its own while it is open
    page.keyboard.press("s")
    page.get_by_label("Tag, such as v1.2.0").fill("v1.0.0")
    page.get_by_label("Why").fill("released")
    page.keyboard.press("Enter")
    expect(page.locator(".badge-tag").first).to_contain_text("v1.0.0")
    expect(dialog(page)).to_have_count(0)
    page.keyboard.press("Delete")
    page.get_by_label("Why (needed)").fill("wrong split")
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_role("alert")).to_contain_text("v1.0.0")
    forgive(page.context, "status of 4")
    page.keyboard.press("Escape")
    visit(f"repos/{name}?tab=refs")
    page.get_by_role("button", name="Acts on v1.0.0").click()
    page.get_by_role("menuitem", name="Remove …").click()
    page.get_by_label("Why (needed)").fill("not released after all")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Removed v1.0.0 of {name}")).to_be_visible()
    visit(f"repos/{name}/versions/1")
    page.get_by_role("button", name="More ▾").click()
    page.get_by_role("menuitem", name="Delete …").click()
    page.get_by_label("Why (needed)").fill("wrong split")
    page.keyboard.press("Enter")
    expect(page.locator(".head-note")).to_contain_text("wrong split")  # its tombstone
    no_files = page.get_by_role("region", name=re.compile("^(Card|Configuration|Get it)$"))
    expect(no_files).to_have_count(0)
    for path in ("", "?tab=files"):
        page.goto("about:blank")
        visit(f"repos/{name}/versions/1{path}")  # afresh
        expect(page.get_by_role("region", name="Where it is from")).to_be_visible()
        expect(page.locator(".facts")).to_contain_text("3 files")
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            assert not serious_faults(page)
        expect(page.get_by_role("link", name=re.compile("[Ff]iles"))).to_have_count(0)
        expect(no_files).to_have_count(0)
    visit(f"repos/{name}?deleted=1")
    expect(page.locator("tr.is-gone")).to_have_count(1)
    visit(f"repos/{name}?tab=activity")
    expect(row(page, "wrong split")).to_contain_text("deleted it")
    expect(row(page, "marked it bad")).to_contain_text("loses facts")
    forgive(page.context, "status of 404")  # the version is asked for before its tombstone


def test_a_tag_is_proposed_with_its_reasons(visit, page, registry):
    name = registry.bot(versions=2)
    registry.move(name, "v1.0.0", 1, kind="tag")
    visit(f"repos/{name}/versions/2")
    expect(page.get_by_role("heading", name="Where it is", exact=True)).to_be_visible()
    page.keyboard.press("s")
    proposed = dialog(page).get_by_role("region", name="Suggested")
    expect(proposed).to_contain_text("suggested: a major step against v1 (v1.0.0)")
    expect(proposed).to_contain_text("architecture: config.json hidden_size: 64 -> 128")
    shot(page, "version-tag")
    proposed.get_by_role("button", name="v2.0.0").click()
    expect(dialog(page).get_by_label("Tag, such as v1.2.0")).to_have_value("v2.0.0")
    assert not serious_faults(page)
    dialog(page).get_by_role("button", name="Seal").click()
    expect(page.locator(".badge-tag").first).to_contain_text("v2.0.0")
    assert registry.refs(name) == {"v1.0.0": 1, "v2.0.0": 2}
    visit(f"repos/{name}?tab=refs")
    page.get_by_role("button", name="Seal tag …").click()
    dialog(page).get_by_label("To version (its number)").fill("2")
    expect(proposed).to_contain_text("suggested: no new one, it is the same as v2 (v2.0.0)")
    expect(proposed.get_by_role("button")).to_have_count(0)


def test_the_version_before_is_one_that_is_there(visit, page, registry):
    name = registry.bot(versions=3)
    visit(f"repos/{name}")
    expect(page.get_by_role("link", name="to v2")).to_be_visible()
    registry.call("DELETE", f"repos/{name}/versions/2", json={"reason": "wrong split"})
    expect(page.get_by_role("link", name="to v1")).to_be_visible()
    expect(page.get_by_role("link", name="to v2")).to_have_count(0)
    visit(f"repos/{name}/versions/3")
    origin = page.get_by_role("region", name="Where it is from")
    expect(origin.get_by_role("link", name="v1", exact=True)).to_be_visible()
    page.keyboard.press("d")
    expect(page).to_have_url(re.compile(f"{name}/diff/1/3$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("v1 → v3")
    registry.call("DELETE", f"repos/{name}/versions/1", json={"reason": "wrong split"})
    visit(f"repos/{name}/versions/3")
    expect(origin).to_contain_text("Source")
    expect(origin).not_to_contain_text("Before it")
    page.keyboard.press("d")  # there is nothing to compare it with
    visit(f"repos/{name}")
    expect(page.get_by_role("link", name="v3", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^to v"))).to_have_count(0)
    forgive(page.context, "status of 404")  # differences that were shown while a side went


@pytest.fixture
def guarded(browser):
    """A server of its own, on whose page a maintainer sees a version: (page, registry, repo)."""
    other = servers.Stemma()
    registry = Registry(other)
    name = registry.bot(versions=1)  # before there are users: nobody's
    ann = registry.call("POST", "users", json={"name": "ann", "role": "maintainer", "token": True})
    registry.session.headers["Authorization"] = f"Bearer {ann['secret']}"
    page = browser.new_page()
    page.add_init_script(f"sessionStorage.setItem('stemma.token', '{ann['secret']}')")
    page.goto(f"{other.uri}/#/repos/{name}/versions/1")
    yield page, registry, name
    page.close()
    other.stop()


def test_promotion_tells_what_is_lacked_and_lets_approve(guarded):
    page, registry, name = guarded
    body = {"ref": "prod", "require": ["card", "tokenizer"], "approvals": 1}
    registry.call("PUT", f"repos/{name}/protections", json=body)
    board = page.get_by_role("region", name="Promotion to prod")
    expect(board).to_contain_text("✕ not ready")
    expect(board).to_contain_text("✕ tokenizer")
    expect(board.get_by_role("button", name="Move prod here …")).to_be_disabled()
    board.get_by_role("button", name="Approve …").click()
    page.get_by_label("Why").fill("read 50 answers")
    page.keyboard.press("Enter")
    expect(board).to_contain_text("1 of 1 approvals")
    expect(board).to_contain_text("read 50 answers")
    expect(board.get_by_role("button", name="Take approval back …")).to_be_visible()
    shot(page, "version-promotion")
    registry.call("PUT", f"repos/{name}/protections", json={**body, "require": ["card"]})
    expect(board).to_contain_text("✓ ready")
    board.get_by_role("button", name="Move prod here …").click()
    page.get_by_label("Why").fill("approved")
    page.keyboard.press("Enter")
    expect(board).to_contain_text("✓ here")
    assert registry.refs(name) == {"prod": 1}
    page.get_by_role("link", name="What is asked for").click()
    expect(row(page, "prod")).to_contain_text("card")


def test_a_protection_is_changed_by_the_line_that_keeps_it(visit, page, registry):
    name = registry.bot(versions=1)
    registry.call("PUT", f"repos/{name}/rules/good", json={"where": "metrics.loss < 1"})
    body = {"ref": "prod", "require": ["card", "tokenizer"], "rule": "good", "approvals": 2}
    registry.call("PUT", f"repos/{name}/protections", json=body)
    registry.call("PUT", f"repos/{name}/protections", json={"require": ["config"]})
    visit(f"repos/{name}?tab=protection")
    lines = page.locator(".paste pre")
    expect(lines).to_have_count(2)
    told = sorted(lines.all_inner_texts())
    assert told == [
        f"stemma protect set {name} --require config",
        f"stemma protect set {name}@prod --require tokenizer,card --rule good --approvals 2",
    ]


# ---- everywhere ----


def test_names_stay_text(visit, page, registry):
    name = f"{HOSTILE[:-1].replace('=', ' ')} مشروع {unique('n')}".replace("/", " ")
    registry.repo(name, description=HOSTILE, tags=[{"key": HOSTILE, "value": HOSTILE}])
    registry.publish(quoted := name, description=f"{HOSTILE}\n\n<script>document.title=2</script>")
    registry.call("PUT", f"repos/{quote(quoted)}/refs/prod", json={"version": 1, "reason": HOSTILE})
    for path in ("repos", f"repos/{quote(name)}", f"repos/{quote(name)}?tab=refs", f"repos/{quote(name)}/versions/1"):
        visit(path)
        expect(page.get_by_text(name).first).to_be_attached()
        expect(page.locator(".skeleton")).to_have_count(0)
        assert page.title() not in ("1", "2")


SCREENS = {
    "repos": "repos",
    "repo": "repos/{}",
    "repo-refs": "repos/{}?tab=refs",
    "repo-as-of": "repos/{}?tab=refs&at=2099-01-01",
    "repo-activity": "repos/{}?tab=activity",
    "version": "repos/{}/versions/3",
}


@pytest.mark.parametrize("name", SCREENS)
def test_fits_all_windows_and_axe_finds_nothing_serious(visit, page, bot, name):
    for scheme, width in (("dark", 1280), ("light", 1280), ("light", 360), ("light", 2560)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        visit(SCREENS[name].format(bot))
        expect(page.locator("main h1").first).to_be_visible()
        expect(page.locator("main .list, main .card").first).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        shot(page, f"{name}-{width if width != 1280 else scheme}")
        beyond = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert beyond <= 0, f"{beyond} px beyond the window of {width}"
        if width == 1280:
            assert serious_faults(page) == []
