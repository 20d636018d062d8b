# SPDX-License-Identifier: Apache-2.0
"""The lineage of versions and runs: the graph and its table twin, which way and how far, and the ways to it."""

import re
from urllib.parse import quote

import pytest
from conftest import forgive, go_back, reload, shot, unique
from playwright.sync_api import expect
from repo_help import HOSTILE, Registry, row
from run_help import clipboard, comes, moved, serious_faults, watch


@pytest.fixture(scope="module")
def registry(server):
    return Registry(server)


def derived(registry, name, files, relation, base, **more):
    """A version out of the files of a run, that says what it derives from."""
    run = registry.make(f"run of {name}")
    scratch = unique("scratch")
    registry.repo(scratch)
    registry.publish(scratch, files, run)
    tree = registry.call("GET", f"repos/{scratch}/versions/1")["tree"]
    body = {"tree": tree, "kind": "model", "run": run, "parents": [{"relation": relation, "address": base}], **more}
    return registry.call("POST", f"repos/{quote(name)}/versions", json=body)


@pytest.fixture(scope="module")
def family(registry):
    """(base, bot): a run made base of a data set; an adapter that its files prove, and a merge of it that is only said; prod."""
    base, bot = unique("base"), unique("bot")
    registry.repo(base)
    run = registry.make("pretraining")
    data = {"name": "corpus", "digest": "3f2a", "source_type": "http", "source": "{}"}
    registry.call("POST", "../2.0/mlflow/runs/log-inputs", json={"run_id": run, "datasets": [{"dataset": data}]})
    registry.publish(base, {"model.safetensors": base}, run)
    adapter = '{"base_model_name_or_path": "%s"}' % base
    derived(registry, bot, {"adapter_config.json": adapter}, "adapter", f"{base}@1")
    derived(registry, bot, {"merged.bin": bot}, "merged", f"{bot}@1")
    registry.move(bot, "prod", 2)
    return base, bot


def graph(page):
    return page.get_by_role("group", name=re.compile("^Lineage of"))


def node(page, text):
    return graph(page).get_by_role("link").filter(has_text=text)


def left(page, text):
    return node(page, text).first.bounding_box()["x"]


def test_the_graph_runs_from_data_to_where_it_is_live(visit, page, family):
    base, bot = family
    visit(f"repos/{bot}/versions/2")
    page.get_by_role("region", name="Where it is from").get_by_role("link", name="Lineage").click()
    expect(page).to_have_url(re.compile(f"#/lineage/{bot}%402$"))
    expect(page.get_by_role("heading", name=f"Lineage of {bot} v2")).to_be_visible()
    expect(node(page, "data set")).to_contain_text("corpus")
    order = [left(page, what) for what in ("corpus", "pretraining", f"{base} v1", f"{bot} v1", f"{bot} v2", "prod")]
    assert order == sorted(order) and len(set(order)) == 6
    assert graph(page).locator(".lineage-is-verified, .lineage-is-declared").count() == 2
    expect(graph(page).locator(".lineage-is-verified")).to_contain_text(f"its adapter_config.json names {base}")
    expect(graph(page).locator(".lineage-is-declared")).to_have_count(1)
    expect(graph(page).locator("svg text").filter(has_text="merged")).to_have_count(1)
    node(page, "prod").click()
    expect(page.get_by_role("region", name="History of prod")).to_be_visible()
    go_back(page)
    node(page, f"{base} v1").click()
    expect(page).to_have_url(re.compile(f"#/repos/{base}/versions/1$"))
    expect(page.get_by_role("heading", name=f"{base} v1")).to_be_visible()
    page.keyboard.press("l")
    expect(node(page, f"{bot} v2")).to_be_visible()


def test_ways_keys_and_the_table_twin(visit, page, family):
    base, bot = family
    visit(f"lineage/{bot}@1")
    expect(node(page, f"{bot} v1")).to_be_visible()
    page.keyboard.press("u")
    expect(node(page, f"{bot} v2")).to_have_count(0)
    reload(page)
    expect(page.get_by_role("button", name="Made of")).to_have_attribute("aria-pressed", "true")
    expect(node(page, "corpus")).to_be_visible()
    page.keyboard.press("c")
    assert comes(page, lambda: clipboard(page).startswith(f"stemma lineage {bot}@1 --up")), clipboard(page)
    page.keyboard.press("b")
    expect(node(page, f"{bot} v2")).to_be_visible()
    node(page, f"{bot} v1").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert graph(page).locator("a[tabindex='0']").count() == 1
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(node(page, f"{bot} v2")).to_be_focused()
    page.keyboard.press("2")
    expect(page).to_have_url(re.compile("view=table"))
    table = page.get_by_role("table", name=re.compile("^Lineage of"))
    merged = row(table, f"{bot} v2").first
    expect(merged).to_contain_text("1 down")
    expect(merged).to_contain_text(f"merged of {bot} v1 (declared)")
    expect(row(table, f"adapter of {base} v1")).to_contain_text("(verified: its adapter_config.json names")
    row(table, "data set").get_by_role("link", name="of this").click()
    expect(page.get_by_role("heading", name="Lineage of corpus")).to_be_visible()
    expect(node(page, "prod")).to_be_visible()  # what of this data is live


def test_what_a_version_was_measured_on(visit, page, registry):
    name, exam = registry.bot(versions=1), unique("exam")
    registry.repo(exam, kind="data")
    registry.publish(exam)
    visit(f"lineage/{exam}@1")
    expect(node(page, f"{exam} v1")).to_be_visible()
    body = {"suite": "safety", "scores": [{"name": "a", "value": 1}], "data": f"{exam}@1"}
    registry.call("POST", f"repos/{name}/versions/1/evaluations", json=body)
    expect(node(page, f"{name} v1")).to_be_visible()  # as it comes
    page.keyboard.press("2")
    table = page.get_by_role("table", name=re.compile("^Lineage of"))
    expect(row(table, f"evaluated on {exam} v1")).to_contain_text(f"{name} v1")


def test_news_come_and_leave_what_one_looks_at(visit, page, registry):
    base, child = unique("base"), unique("child")
    registry.repo(base)
    registry.publish(base, {"w": base})
    for i in range(12):
        derived(registry, child, {"w": f"{child} {i}"}, "fine-tune", f"{base}@1")
    page.set_viewport_size({"width": 700, "height": 420})
    visit(f"lineage/{base}@1")
    chosen = node(page, f"{child} v9")
    chosen.focus()
    place = chosen.bounding_box()
    watch(graph(page))
    with page.expect_response(lambda r: "/api/v1/lineage" in r.url):
        registry.repo(unique("other"))
    assert moved(page) == 0, "nothing of it changed"
    derived(registry, child, {"w": f"{child} more"}, "distilled", f"{base}@1")
    expect(node(page, f"{child} v13")).to_be_attached()
    registry.move(child, "prod", 9)
    expect(node(page, "prod")).to_be_attached()
    expect(chosen).to_be_focused()
    now = chosen.bounding_box()
    assert abs(now["x"] - place["x"]) <= 1 and abs(now["y"] - place["y"]) <= 1
    registry.call("POST", f"repos/{child}/versions/9/mark", json={"mark": "bad", "reason": "wrong"})
    expect(chosen).to_contain_text("bad")


def test_much_is_cut_and_more_is_shown(visit, page, registry):
    name = unique("chain")
    registry.repo(name)
    registry.publish(name, {"w": name})
    tree = registry.call("GET", f"repos/{name}/versions/1")["tree"]
    for i in range(1, 14):
        body = {"tree": tree, "again": True, "parents": [{"relation": "next", "address": f"{name}@{i}"}]}
        registry.call("POST", f"repos/{name}/versions", json=body)
    visit(f"lineage/{name}@14?way=up&depth=2&nodes=5")
    expect(page.get_by_role("status").filter(has_text="5 nodes; ")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(page).to_have_url(re.compile("nodes=15"))
    page.keyboard.press("m")
    expect(page.get_by_role("status").filter(has_text=re.compile("^15 nodes"))).to_be_visible()
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_of_many_children_some_are_drawn_and_all_are_in_the_table(visit, page, registry):
    base, bot = unique("base"), unique("bot")
    registry.repo(base)
    registry.publish(base, {"w": base})
    tree = registry.call("GET", f"repos/{base}/versions/1")["tree"]
    for _ in range(40):
        body = {"tree": tree, "kind": "model", "again": True, "parents": [{"relation": "quantised", "address": f"{base}@1"}]}
        registry.call("POST", f"repos/{bot}/versions", json=body)
    registry.move(bot, "prod", 40)
    visit(f"lineage/{base}@1")
    expect(node(page, f"{bot} v40")).to_be_attached()
    expect(node(page, f"{bot} v")).to_have_count(12)
    shot(page, "lineage-many")
    boxes = page.evaluate("[...document.querySelectorAll('.lineage-lines text')].map((t) => t.getBoundingClientRect().toJSON())")
    boxes.sort(key=lambda b: b["top"])
    assert len(boxes) == 24, "two lines between the same two are both told"
    for above, below in zip(boxes, boxes[1:], strict=False):
        assert below["top"] >= above["bottom"] - 4, "and not over each other"
    node(page, "and 28 more").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("view=table"))
    expect(page.get_by_role("status").filter(has_text="42 nodes")).to_be_visible()
    expect(row(page, f"{bot} v17").first).to_be_attached()


def test_hostile_names_what_is_gone_and_what_is_not_there(visit, page, registry):
    name = f"{HOSTILE[:-1].replace('=', ' ')} {unique('n')}".replace("/", " ")
    registry.repo(name)
    run = registry.make(HOSTILE)
    registry.publish(name, {"w": name}, run)
    derived(registry, name, {"w": HOSTILE}, "fine-tune", "https://h.example/\u202egnp")
    registry.call("POST", f"repos/{quote(name)}/versions/1/mark", json={"mark": "bad", "reason": "wrong"})
    registry.call("DELETE", f"repos/{quote(name)}/versions/1", json={"reason": "wrong split"})
    visit(f"runs/{run}")
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    page.keyboard.press("l")
    expect(page.get_by_role("heading", name=f"Lineage of {HOSTILE}")).to_be_visible()
    expect(node(page, f"{name} v1")).to_contain_text("bad, deleted")
    visit(f"lineage/{quote(name)}@2")
    expect(node(page, "https://h.example/�gnp")).to_contain_text("elsewhere")
    node(page, "https://h.example/").click()
    expect(page.get_by_role("heading", name="Lineage of https://h.example/�gnp")).to_be_visible()
    assert page.title() not in ("1", "2")
    visit("lineage/no-such@1")
    expect(page.get_by_role("alert")).to_be_visible()
    forgive(page.context, "status of 404")


def test_fits_all_windows_and_axe_finds_nothing_serious(visit, page, family):
    for view, scheme, width in (("", "dark", 1280), ("", "light", 360), ("?view=table", "light", 1280), ("?view=table", "dark", 360)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        visit(f"lineage/{family[1]}@1{view}")
        expect(page.get_by_text("prod").first).to_be_visible()
        shot(page, f"lineage-{view[6:] or 'graph'}-{width if width != 1280 else scheme}")
        beyond = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert beyond <= 0, f"{view}: {beyond} px beyond the window of {width}"
        if width == 1280:
            assert serious_faults(page) == []
