# SPDX-License-Identifier: Apache-2.0
"""Prompts: what a version says, how it differs from another, and how it is loaded. As MLflow's client registers them, and as
they are pushed."""

import re

import mlflow
import pytest
from conftest import forgive, go_back, reload, shot, unique
from playwright.sync_api import expect
from run_help import clipboard, comes, serious_faults, stemma

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
TEXT = "You are a {} assistant of {{{{company}}}}.\n\n{{% if user %}}Say hello to {{{{ user.name }}}}.{{% endif %}}\n"


@pytest.fixture(scope="module")
def genai(server):
    mlflow.set_tracking_uri(server.uri)
    return mlflow.genai


@pytest.fixture(scope="module")
def greeting(genai):
    """Two versions of a text; prod is at the first."""
    name = unique("greeting")
    genai.register_prompt(name, TEXT.format("friendly"), commit_message="the first", tags={"team": "support"})
    config = {"model_name": "large-1", "temperature": 1e-6}
    genai.register_prompt(name, TEXT.format("brief"), commit_message="shorter", model_config=config)
    genai.set_prompt_alias(name, alias="prod", version=1)
    return name


@pytest.fixture(scope="module")
def chat(genai):
    name = unique("chat")
    ask = {"role": "user", "content": "{{question}}"}
    genai.register_prompt(name, [{"role": "system", "content": "You are kind."}, ask])
    genai.register_prompt(
        name, [{"role": "system", "content": "You are brief."}, {"role": "assistant", "content": "How can I help?"}, ask]
    )
    return name


def card(page, title):
    return page.get_by_role("region", name=title)


def settled(page):
    expect(page.locator("main h1").first).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)


def test_a_prompt_its_versions_and_their_differences(visit, page, genai, greeting):
    visit()
    page.keyboard.press("g")
    page.keyboard.press("p")
    row = page.get_by_role("row").filter(has_text=greeting)
    expect(row).to_contain_text("You are a brief assistant")
    expect(row).to_contain_text("prodv1")
    row.get_by_role("link", name=greeting).click()
    expect(page).to_have_url(re.compile(f"#/prompts/{greeting}$"))
    expect(card(page, "v2")).to_contain_text("shorter")
    expect(page.locator(".prompt-text .prompt-variable")).to_have_text(["{{company}}", "{{ user.name }}"])
    expect(page.locator(".prompt-statement")).to_have_count(2)
    expect(card(page, "Variables").locator("code")).to_have_text(["company", "user.name"])
    expect(card(page, "Model configuration")).to_contain_text("1e-06")
    page.keyboard.press("d")
    expect(page).to_have_url(re.compile(r"from=1$"))
    differences = card(page, "v1 → v2")
    expect(differences.locator("del")).to_have_text("friendly")
    expect(differences.locator("ins")).to_have_text("brief")
    expect(card(page, "Model configuration: differences").locator("ins")).to_contain_text("large-1")
    expect(card(page, "Tags: differences").locator("del")).to_contain_text("team: support")
    reload(page)
    expect(differences.locator("ins")).to_have_text("brief")
    shot(page, "prompt-differences")
    page.keyboard.press("d")
    page.keyboard.press("j")
    expect(card(page, "v1")).to_contain_text("the first")
    expect(page).to_have_url(re.compile(r"version=1$"))
    page.keyboard.press("c")
    expect(page.get_by_text("Copied")).to_be_visible()
    assert comes(page, lambda: clipboard(page) == f'mlflow.genai.load_prompt("prompts:/{greeting}@prod")'), clipboard(page)
    assert genai.load_prompt(f"prompts:/{greeting}@prod").template == TEXT.format("friendly")
    page.get_by_label("Differences from").select_option("from v2")
    expect(card(page, "v2 → v1").locator("ins")).to_have_text("friendly")
    page.keyboard.press("a")
    page.get_by_label("Alias, such as prod").fill("beta")
    page.keyboard.press("Enter")
    expect(page.locator(".head").get_by_role("link", name="beta")).to_be_visible()
    assert genai.load_prompt(f"prompts:/{greeting}@beta").version == 1
    genai.register_prompt(greeting, "Hi {{name}}", commit_message="quite another")  # shows by itself
    expect(card(page, "Versions")).to_contain_text("quite another")
    page.get_by_title("Show how v1 differs from v3").click()
    expect(card(page, "v3 → v1")).to_be_visible()
    go_back(page)
    expect(card(page, "v2 → v1")).to_be_visible()
    visit(f"prompts/{greeting}?version=beta")
    expect(card(page, "v1")).to_contain_text("the first")


def test_a_chat_is_held_against_another_message_by_message(visit, page, chat):
    visit(f"prompts/{chat}?from=1")
    said = card(page, "v1 → v2")
    expect(said.get_by_role("region", name="system").locator("ins")).to_have_text("brief")
    expect(said.get_by_role("region", name="assistant")).to_contain_text("new")
    expect(said.get_by_role("region", name="user")).to_contain_text("unchanged")
    page.get_by_label("Differences from").select_option("no differences")
    expect(card(page, "v2").get_by_role("region", name="user").locator("mark")).to_have_text("{{question}}")
    for screen, path in (("prompts", "prompts"), ("prompt", f"prompts/{chat}"), ("prompt-chat", f"prompts/{chat}?from=1")):
        for scheme, width in (("dark", 1280), ("light", 1280), ("light", 360)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            visit(path)
            settled(page)
            shot(page, f"{screen}-{width if width == 360 else scheme}")
            assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        assert serious_faults(page) == []


def test_differences_from_the_version_before_skip_a_deleted_one(visit, page, server, genai):
    name = unique("gappy")
    for text in ("One {{x}}", "Two {{x}}", "Three {{x}}"):
        genai.register_prompt(name, text)
    stemma(server, "delete", f"{name}@2", "-m", "wrong", "--yes")
    visit(f"prompts/{name}")
    expect(card(page, "v3")).to_contain_text("Three")
    expect(card(page, "Versions").get_by_role("link", name="v1", exact=True)).to_be_visible()
    page.keyboard.press("d")
    expect(card(page, "v1 → v3").locator("del")).to_have_text("One")


def test_pushed_prompts_and_hostile_texts(visit, page, server, genai, tmp_path, chat):
    name = unique("pushed")
    (tmp_path / "prompt.md").write_text(f"Summarise {{{{text}}}} {HOSTILE}\n")
    (tmp_path / "config.json").write_text('{"model": "small-1"}')
    stemma(server, "push", tmp_path, name, "--kind", "prompt", "-m", HOSTILE)
    stemma(server, "alias", f"{name}@1", "prod")
    visit(f"prompts/{name}")
    expect(page.locator(".prompt-text").first).to_have_text(f"Summarise {{{{text}}}} {HOSTILE}\n")
    expect(card(page, "Model configuration")).to_contain_text("small-1")
    lines = page.locator(".paste")
    expect(lines.nth(0)).to_contain_text(f'mlflow.genai.load_prompt("prompts:/{name}@prod")')
    assert genai.load_prompt(f"prompts:/{name}@prod").template == f"Summarise {{{{text}}}} {HOSTILE}\n"
    expect(lines.nth(1)).to_contain_text(f"stemma pull {name}@prod --url {server.uri}")
    stemma(server, "pull", f"{name}@prod", tmp_path / "got")
    assert HOSTILE in (tmp_path / "got/prompt.md").read_text()
    hostile = unique("hostile")
    genai.register_prompt(hostile, HOSTILE, commit_message=HOSTILE, tags={"key": HOSTILE})
    genai.register_prompt(hostile, [{"role": "user", "content": HOSTILE + "2"}], model_config={"model_name": HOSTILE})
    for path in ("prompts", f"prompts/{hostile}?version=1", f"prompts/{hostile}?from=1"):
        visit(path)
        settled(page)
        expect(page.get_by_text(HOSTILE).first).to_be_attached()
        assert page.title() not in ("1", "2")
    visit(f"prompts?q={name}")
    expect(page.get_by_text("1 prompt", exact=True)).to_be_visible()
    page.get_by_role("searchbox").fill("no such (")
    page.get_by_role("button", name="Show all").click()
    visit(f"prompts/{chat}?version=99")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="v1", exact=True).click()
    expect(card(page, "v1")).to_contain_text("You are kind.")
    visit("prompts/no-such")
    expect(page.get_by_role("alert")).to_be_visible()
    forgive(page.context, "status of 404")
