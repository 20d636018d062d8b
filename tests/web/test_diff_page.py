# SPDX-License-Identifier: Apache-2.0
"""The page of two versions' differences: values, tensors by layer, files, texts, tokenizers, and the ways to it."""

import json
import re
import sys

import pytest
from conftest import ROOT, forgive, go_back, reload, shot, unique
from playwright.sync_api import expect
from repo_help import HOSTILE, Registry, row
from run_help import clipboard, comes, moved, serious_faults, watch

sys.path.append(str(ROOT / "tests/native"))

from weights import bf16, f32, safetensors

LAYERS = 24
README = "".join(f"line {i}\n" for i in range(30))
TOKENS = {"<s>": 0, "hello": 1, "world": 2}


def weights(moved):
    """Layer i is further from where it was the greater i is; the head has another shape."""
    tensors = {
        f"model.layers.{i}.{part}.weight": ("BF16", [4, 2], bf16([1 + (moved and i / 8)] * 8))
        for i in range(LAYERS)
        for part in ("mlp", "attn")
    }
    tensors["lm_head.weight"] = ("F32", [2, 1], f32([1, 2])) if moved else ("F32", [2], f32([1, 2]))
    return safetensors(tensors | ({"new.bias": ("F32", [1], f32([1]))} if moved else {}))


def tokenizer(tokens, template):
    body = {"model": {"type": "BPE", "vocab": tokens, "merges": []}}
    return {
        "tokenizer.json": json.dumps(body),
        "tokenizer_config.json": json.dumps({"chat_template": template, "eos_token": "<s>" if len(tokens) < 4 else "</s>"}),
    }


def publish(registry, name, moved, config=None, **more):
    run = registry.make("second" if moved else "first", {"lr": "0.001" if moved else "0.01"})
    registry.log(run, [("loss", 1, 0.25 if moved else 0.5)])
    files = {
        "config.json": json.dumps({"hidden_size": 64 + moved, "rope": {"theta": 10_000 * (1 + moved)}, **(config or {})}),
        "generation_config.json": json.dumps({"temperature": 0.7 if moved else 1}),
        "README.md": README.replace("line 3\n", "line three\n") if moved else README,
        "model.safetensors": weights(moved),
        **tokenizer(TOKENS | ({"new": 3, "hello": 2, "world": 1} if moved else {}), "one\ntwo\n" if moved else "one\n2\n"),
        **more,
    }
    return registry.publish(name, files, run, description="moved" if moved else "as it began")


@pytest.fixture(scope="module")
def registry(server):
    return Registry(server)


@pytest.fixture(scope="module")
def bot(registry):
    """Two versions that differ in everything, and a third that is as the second."""
    name = unique("bot")
    registry.repo(name)
    for moved in (0, 1, 1):
        publish(registry, name, moved)
    registry.move(name, "prod", 1)
    return name


def region(page, name):
    return page.get_by_role("region", name=name, exact=True)


def layers(page):
    return page.get_by_role("table", name="Layers that differ")


def test_versions_lead_to_their_differences(visit, page, registry, bot):
    visit(f"repos/{bot}")
    page.get_by_label("Compare version 1").check()
    expect(page.get_by_text("Pick one more to compare v1 with")).to_be_visible()
    page.get_by_label("Compare version 3").check()
    reload(page)
    expect(page.get_by_role("link", name="Compare v1 with v3")).to_be_visible()
    page.keyboard.press("d")
    expect(page).to_have_url(re.compile(f"#/repos/{bot}/diff/1/3$"))
    visit(f"repos/{bot}")
    page.get_by_role("link", name="to v2").click()
    expect(page.get_by_role("heading", name=f"{bot} v2 → v3")).to_be_visible()
    expect(region(page, "Nothing differs")).to_be_visible()
    registry.call("PUT", f"repos/{bot}/protections", json={"ref": "prod", "require": ["config"]})
    visit(f"repos/{bot}/versions/2")
    page.get_by_role("link", name="What differs from v1").click()
    expect(page).to_have_url(re.compile(f"#/repos/{bot}/diff/1/2$"))
    go_back(page)
    region(page, "Where it is from").get_by_role("link", name="differences").click()
    expect(page.get_by_role("heading", name=f"{bot} v1 → v2")).to_be_visible()


def test_overview_tells_all_at_one_glance(visit, page, bot):
    visit(f"repos/{bot}/diff/prod/2")
    expect(page).to_have_url(re.compile("/diff/1/2$"))  # what prod is now
    config = region(page, "Configuration")
    expect(config).to_contain_text("generation_config.json")
    expect(row(config, "rope.theta")).to_contain_text("+10000 (+100 %)")
    expect(row(region(page, "Metrics"), "loss")).to_contain_text("-0.25 (-50 %)")
    expect(row(region(page, "Parameters"), "lr")).to_contain_text("0.001")
    expect(region(page, "Tensors").get_by_role("listitem").first).to_contain_text(f"model.layers.{LAYERS - 1}")
    files = region(page, "Files")
    expect(files).to_contain_text("1 token added, 2 tokens with another number")
    page.keyboard.press("c")
    assert comes(page, lambda: clipboard(page) == f"stemma diff {bot}@1 {bot}@2"), clipboard(page)
    page.keyboard.press("x")
    expect(page).to_have_url(re.compile("/diff/2/1$"))
    expect(row(config, "rope.theta")).to_contain_text("-10000 (-50 %)")
    files.get_by_role("link", name="1 template").click()
    expect(page.get_by_role("list", name=re.compile("chat_template"))).to_contain_text("+2")


def test_tensors_have_a_bar_a_layer_and_a_table(visit, page, bot):
    visit(f"repos/{bot}/diff/1/2")
    expect(page.get_by_role("link", name="Tensors 48")).to_be_visible()
    page.keyboard.press("2")
    expect(page).to_have_url(re.compile("tab=tensors"))
    first = layers(page).get_by_role("row").nth(1)
    expect(first).to_contain_text(f"model.layers.{LAYERS - 1}")
    expect(first).to_contain_text("288 %")  # 23 / 8, in bfloat16
    expect(page.get_by_text("46 changed, 1 added, 1 reshaped, 2 the same")).to_be_visible()
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile("order=model"))
    expect(layers(page).get_by_role("row").nth(2)).to_contain_text("model.layers.1")
    page.get_by_role("link", name="model.layers.5", exact=True).click()
    table = page.get_by_role("table", name="Tensors that differ")
    expect(table.get_by_role("row")).to_have_count(3)
    reload(page)
    expect(row(table, "model.layers.5.mlp.weight")).to_contain_text("BF16 4×2")
    page.keyboard.press("a")
    page.get_by_role("searchbox", name="Find tensors").fill("head|new")
    expect(row(table, "lm_head.weight")).to_contain_text("F32 2 → F32 2×1")
    expect(row(table, "new.bias")).to_contain_text("added")
    page.get_by_role("searchbox", name="Find tensors").fill("")
    table.get_by_role("button", name="Tensor").click()
    table.get_by_role("button", name="Tensor").click()
    expect(table.get_by_role("row").nth(1)).to_contain_text("new.bias")
    expect(page).to_have_url(re.compile("sort=name"))


def test_files_texts_and_tokenizers(visit, page, bot):
    visit(f"repos/{bot}/diff/1/2?tab=files")
    files = page.get_by_role("table", name="Files that differ")
    expect(row(files, "README.md")).to_contain_text("changed")
    page.keyboard.press("4")
    text = page.get_by_role("list", name="Differences of README.md")
    expect(text.get_by_role("listitem").filter(has_text="line three")).to_contain_text("+line three")
    page.keyboard.press("u")
    expect(text.get_by_role("listitem").filter(has_text="line three")).to_contain_text("line 3")
    reload(page)
    expect(page.get_by_role("button", name="Side by side")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name=re.compile("^Tokenizer")).click()
    tokens = page.get_by_role("table", name="Tokens that differ")
    expect(row(tokens, '"new"')).to_contain_text("added")
    expect(row(tokens, '"hello"')).to_contain_text("moved")
    page.get_by_role("link", name=re.compile("Special tokens")).click()
    expect(row(page, "eos_token")).to_contain_text("</s>")


def test_scores_and_what_is_no_number_any_more(visit, page, registry):
    name = unique("odd")
    registry.repo(name)
    for moved in (0, 1):
        vocab = [["a", -1], ["b", -2 - moved / 2]]
        tensors = {"h.0.w": ("F32", [4], f32([float("nan")] * 4 if moved else [1] * 4)), "h.1.w": ("F32", [2], f32([1, 2 + moved]))}
        config = json.dumps({"rows": 32_000_000 + moved, "seed": 2**60 + moved})
        registry.publish(name, {"config.json": config, "tokenizer.json": json.dumps({"model": {"type": "Unigram", "vocab": vocab}}), "m.safetensors": safetensors(tensors)})
    visit(f"repos/{name}/diff/1/2")
    expect(row(page, "rows")).to_contain_text("3200000032000001+1")
    expect(row(page, "seed")).to_contain_text("+1")  # the browser has one number for both
    visit(f"repos/{name}/diff/1/2?tab=tokenizer")
    expect(page.get_by_text("1 token with another score")).to_be_visible()
    expect(row(page.get_by_role("table", name="Scores of tokens"), "-2.5")).to_contain_text("-2")
    page.get_by_role("link", name=re.compile("^Tensors")).click()
    expect(page.get_by_role("table", name="Layers that differ").get_by_role("row").nth(1)).to_contain_text("4 NaN (was 0)")
    tensors = page.get_by_role("table", name="Tensors that differ")
    expect(tensors.get_by_role("row").nth(1)).to_contain_text("h.0.w")
    expect(row(tensors, "h.0.w")).to_contain_text("4 NaN (was 0)")


def test_what_is_measured_since_comes_and_leaves_the_rest(visit, page, registry):
    name = unique("live")
    registry.repo(name)
    many = {f"data/part-{i:03}.bin": f"{i}" for i in range(200)}
    for version in (0, 1):
        publish(registry, name, version, **{path: f"{data} {version}" for path, data in many.items()})
    visit(f"repos/{name}/diff/1/2?tab=files")
    table = page.get_by_role("table")
    expect(row(table, "part-000")).to_be_visible()
    page.mouse.move(400, 500)
    page.mouse.wheel(0, 1500)
    expect(row(table, "part-070")).to_be_visible()
    watch(table)
    for version, value in ((1, 0.5), (2, 0.75)):
        body = {"suite": "safety", "scores": [{"name": "refusals", "value": value}]}
        registry.call("POST", f"repos/{name}/versions/{version}/evaluations", json=body)
    expect(page.get_by_role("link", name="Evaluations 1")).to_be_visible()
    expect(row(table, "part-070")).to_be_visible()
    assert moved(page) == 0, "the files are as they were"
    page.get_by_role("link", name="Evaluations 1").click()
    expect(row(page, "refusals")).to_contain_text("0.75")
    registry.call("POST", f"repos/{name}/versions/2/evaluations/1/withdraw", json={"reason": "wrong prompt"})
    expect(row(page, "refusals")).not_to_contain_text("0.75")


def test_long_lists_are_read_as_they_are_scrolled(visit, page, registry):
    name = unique("long")
    registry.repo(name)
    for moved in (0, 1):
        registry.publish(name, {"config.json": json.dumps({f"key{i:04}": i + moved for i in range(3000)})})
    asked = []
    page.on("request", lambda r: asked.extend(re.findall(r"[?&]skip=(\d+)", r.url)))
    visit(f"repos/{name}/diff/1/2")
    page.get_by_role("link", name="All 3,000").click()
    table = page.get_by_role("table", name="Configuration")
    expect(row(table, "key0000")).to_be_visible()
    assert table.get_by_role("row").count() < 200
    table.focus()
    for told in ("1,100 of 3,000", "2,100 of 3,000"):  # each page when the end of the last is near
        expect(page.get_by_role("status").filter(has_text=told)).to_be_visible()
        page.keyboard.press("End")
    expect(page.get_by_role("status").filter(has_text="are here")).to_have_count(0)
    page.keyboard.press("End")
    expect(row(table, "key2999")).to_be_visible()
    assert asked == ["100", "1100", "2100"], "each page once"


def test_many_bytes_are_read_only_when_asked(visit, page, bot):
    half = {"file": "m.safetensors", "type": "BF16", "shape": [1 << 20, 1 << 11], "bytes": 1 << 32}
    tensor = {"what": "changed", "name": "h.0.w", "layer": "h.0", "was": half, "is": half}
    layer = {"name": "h.0", "tensors": 1, "differ": 1, "change": "NaN", "largest": 0}
    whats = dict.fromkeys(("same", "added", "removed", "reshaped", "retyped", "bytes_read", "elements", "elements_equal"), 0)
    rest = {"differs": True, "changed": 1, "layers": [layer], "metadata": {"items": [], "total": 0}, "notes": []}
    asked = []

    def answer(route):
        asked.append("names_only" not in route.request.url)
        lines = [{"tensor": tensor}] + ([] if asked[-1] else [{"summary": whats | rest}])
        route.fulfill(content_type="application/x-ndjson", body="".join(json.dumps(x) + "\n" for x in lines))

    page.route("**/diff/tensors?*", answer)
    visit(f"repos/{bot}/diff/1/2?tab=tensors")
    expect(page.get_by_text("1 that may be changed")).to_be_visible()
    expect(row(page.get_by_role("table", name="Tensors that differ"), "h.0.w")).to_contain_text("BF16 1048576×2048")
    assert asked == [False]
    page.get_by_role("button", name="Measure: reads 8.6 GB").click()
    expect(page.get_by_role("alert")).to_contain_text("ended before the comparison was whole")
    assert asked == [False, True]
    page.unroute("**/diff/tensors?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("46 changed, 1 added")).to_be_visible()


def test_hostile_names_and_what_can_not_be_compared(visit, page, registry, bot):
    name = unique("odd")
    registry.repo(name)
    config = {HOSTILE: HOSTILE, "long": f"{HOSTILE} " * 20}
    publish(registry, name, 0, config, **{"broken.safetensors": b"\xff" * 64, "notes.txt": f"{HOSTILE}\n"})
    config = {HOSTILE: "\u202egnp", "long": f"{HOSTILE} is " * 20}
    publish(registry, name, 1, config, **{"broken.safetensors": b"\xfe" * 64, "notes.txt": f"<b>{HOSTILE}</b>\n"})
    registry.publish(name)
    visit(f"repos/{name}/diff/1/2")
    expect(row(region(page, "Configuration"), HOSTILE).first).to_contain_text("�gnp")
    expect(region(page, "Configuration").locator("ins").first).to_contain_text("is")
    expect(region(page, "Not compared")).to_contain_text("broken.safetensors")
    visit(f"repos/{name}/diff/1/2?tab=texts&file=notes.txt")
    expect(page.get_by_text(f"+<b>{HOSTILE}</b>")).to_be_visible()
    assert page.title() not in ("1", "2")
    visit(f"repos/{name}/diff/{bot}@1/3")
    expect(page.get_by_role("heading", name=f"{bot} v1 → {name} v3")).to_be_visible()
    expect(region(page, "Not compared")).to_contain_text("elsewhere")
    visit(f"repos/{name}/diff/1/99")
    expect(page.get_by_role("alert")).to_be_visible()
    forgive(page.context, "status of 404")


TABS = ("", "?tab=tensors", "?tab=texts", "?tab=tokenizer")


def test_fits_all_windows_and_axe_finds_nothing_serious(visit, page, bot):
    for tab in TABS:
        for scheme, width in (("dark" if tab else "light", 1280), ("light", 360)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            visit(f"repos/{bot}/diff/1/2{tab}")
            expect(page.locator("main h1")).to_be_visible()
            expect(page.locator(".skeleton")).to_have_count(0)
            if "tensors" in tab:
                expect(page.get_by_text("changed").last).to_be_visible()
            shot(page, f"diff-{tab[5:] or 'overview'}-{width if width != 1280 else scheme}")
            beyond = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
            assert beyond <= 0, f"{tab}: {beyond} px beyond the window of {width}"
            if width == 1280:
                assert serious_faults(page) == []
