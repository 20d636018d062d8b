# SPDX-License-Identifier: Apache-2.0
"""Charts: what is logged is drawn, every outlier of it; zoom, cursor, table twin, smoothing, logarithms; live
points; many series; files to save."""

import json
import math
import re
import urllib.request

import pytest
from conftest import go_back, reload, shot, unique
from playwright.sync_api import expect
from run_help import clipboard, comes

T0 = 1_750_000_000_000
HOSTILE = '<img src=x onerror="document.title=1">'


def ingest(server, points):
    members = ["run", "key", "step", "time_ms", "value"]
    body = "".join(json.dumps(dict(zip(members, p))) + "\n" for p in points)
    request = urllib.request.Request(
        server.uri + "/api/v1/ingest", body.encode(), {"Content-Type": "application/x-ndjson"}, method="POST"
    )
    with urllib.request.urlopen(request) as reply:
        assert json.load(reply)["points"] == len(points)


def make_runs(client, n, name="run"):
    project = client.create_experiment(unique("charts"))
    return project, [client.create_run(project, run_name=f"{name} {i}").info.run_id for i in range(n)]


@pytest.fixture(scope="module")
def world(server, client):
    """Three runs: two series with a shared prefix, one with odd values, one of the system."""
    project, runs = make_runs(client, 3)
    points = []
    for i, run in enumerate(runs):
        for step in range(200):
            time = T0 + 1000 * step
            points.append((run, "train/loss", step, time, math.exp(-step / 50) + i))
            points.append((run, "train/acc", step, time, 1 - math.exp(-step / 50) - i / 10))
            points.append((run, "system/cpu", step, time, 50 + i))
    odd = ["NaN", "NaN", "Infinity", "-Infinity", 1, 2, -3, 0]
    points += [(runs[0], "odd", step, T0 + step, value) for step, value in enumerate(odd)]
    ingest(server, points)
    return project, runs


def chart(page, key):
    return page.get_by_role("article", name=f"Chart of {key}", exact=True)


def drawn(page, key):
    """The chart, once its lines are drawn."""
    it = chart(page, key)
    expect(it.locator("canvas")).to_be_visible()
    expect(it.locator(".legend-row:not([hidden])").first).to_be_visible()
    return it


COLOURED = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const rows = new Set();
    for (let i = 0; i < data.length; i += 4) {
        const [r, g, b, a] = data.slice(i, i + 4);
        if (a < 40 || Math.max(r, g, b) - Math.min(r, g, b) < 40) continue;
        rows.add(Math.floor(i / 4 / width) / height);
    }
    return [...rows];
}"""


def coloured_rows(it):
    """Heights (0 on top to 1) at which a line or its envelope is seen."""
    return it.locator("canvas").evaluate(COLOURED)


def plot_box(it):
    return it.locator(".u-over").bounding_box()


def drag(page, it, start, end):
    box = plot_box(it)
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=4)
    page.mouse.up()


def query_of(page, key):
    found = re.search(rf"[?&]{key}=([^&]*)", page.url)
    return found and found[1]


# ---- what is drawn ----


def test_charts_appear_by_themselves_in_sections(visit, world):
    page = visit(f"projects/{world[0]}")
    it = drawn(page, "train/loss")
    assert len(coloured_rows(it)) > 50
    names = page.locator(".chart-fold bdi").all_inner_texts()
    assert names == ["Metrics", "train", "system"]
    fold = page.get_by_role("button", name=re.compile(r"train 2$"))
    fold.click()
    expect(it).to_have_count(0)
    reload(page)
    drawn(page, "odd")
    expect(it).to_have_count(0)
    fold.click()
    drawn(page, "train/loss")
    shot(page, "charts")


def test_many_keys_are_one_request(page, visit, world):
    asked = []
    page.on("request", lambda r: r.url.endswith("series/chart") and asked.append(r.post_data_json))
    visit(f"projects/{world[0]}/runs/{world[1][0]}?tab=charts")
    for key in ("train/loss", "train/acc", "odd"):
        drawn(page, key)
    assert len(asked) == 1 and sorted(asked[0]["keys"]) == ["odd", "train/acc", "train/loss"], asked


def test_no_outlier_is_lost(server, client, visit):
    project, [run] = make_runs(client, 1)
    values = [100 if s == 77_777 else math.sin(s / 5000) for s in range(100_000)]
    ingest(server, [(run, "spike", s, T0 + s, value) for s, value in enumerate(values)])
    it = drawn(visit(f"projects/{project}"), "spike")
    rows = coloured_rows(it)
    assert min(rows) < 0.2 and any(0.3 < r < 0.6 for r in rows), "one column up to the top"


def test_odd_values_are_counted_and_low_ones_told(visit, world):
    it = drawn(visit(f"projects/{world[0]}?charts=odd"), "odd")
    expect(it.locator(".legend-row").first).to_contain_text("2 NaN · 1 × ∞ · 1 × −∞")
    visit(f"projects/{world[0]}?charts=odd&log=y")
    expect(it).to_contain_text("values ≤ 0 are left out (3)")


def test_a_metric_that_no_run_has_says_why(visit, world):
    page = visit(f"projects/{world[0]}?chart=no/such/metric")
    expect(page.get_by_role("dialog")).to_contain_text("No run shown here has this metric.")


# ---- settings ----


def test_x_smoothing_and_logarithm_are_in_the_address(visit, world):
    page = visit(f"projects/{world[0]}?charts=train/loss")
    it = drawn(page, "train/loss")
    page.get_by_role("combobox", name="x", exact=True).select_option("rel")
    page.get_by_role("button", name="log y").click()
    page.get_by_role("slider", name="Smoothing").fill("60")
    expect(page).to_have_url(re.compile("x=rel.*log=y.*smooth=0.84"))
    reload(page)
    drawn(page, "train/loss")
    expect(page.get_by_role("slider", name="Smoothing")).to_have_value("60")
    expect(page.get_by_role("button", name="log y")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Tab")
    it.get_by_role("img").focus()
    page.keyboard.press("End")
    expect(it.locator(".chart-note")).to_contain_text("3:19 min")
    page.get_by_role("combobox", name="x", exact=True).select_option("wall")
    page.keyboard.press("Tab")
    it.get_by_role("img").focus()
    page.keyboard.press("End")
    expect(it.locator(".chart-note")).to_contain_text("2025-06-1")


def test_finds_charts_by_regular_expression(visit, world):
    page = visit(f"projects/{world[0]}")
    drawn(page, "train/loss")
    find = page.get_by_role("searchbox", name="Find charts by regular expression")
    find.fill("acc$|^sys")
    expect(chart(page, "train/loss")).to_have_count(0)
    expect(page.get_by_role("article")).to_have_count(2)
    expect(page).to_have_url(re.compile("charts="))
    find.fill("nothing like this")
    expect(page.get_by_role("heading", name="No metric has such a name")).to_be_visible()


# ---- zoom and cursor ----


def test_a_zoom_is_linked_and_in_the_address(visit, world):
    page = visit(f"projects/{world[0]}?charts=train")
    it = drawn(page, "train/loss")
    drawn(page, "train/acc")
    drag(page, it, 0.25, 0.5)
    expect(page).to_have_url(re.compile("z="))
    low, high = (float(v) for v in query_of(page, "z").split("_"))
    assert 45 < low < 55 and 95 < high < 105
    other = chart(page, "train/acc").get_by_role("img")
    other.focus()
    page.keyboard.press("Home")
    expect(chart(page, "train/acc").locator(".chart-note")).to_contain_text(re.compile("step (4|5)"))
    reload(page)
    drawn(page, "train/loss")
    expect(page.get_by_role("button", name="Whole range")).to_be_visible()
    it.locator(".u-over").dblclick()
    expect(page.get_by_role("button", name="Whole range")).to_have_count(0)
    go_back(page)
    expect(page.get_by_role("button", name="Whole range")).to_be_visible()


def test_a_zoom_reads_the_finer_level(server, client, page, visit):
    project, [run] = make_runs(client, 1)
    ingest(server, [(run, "long", s, T0 + s, s % 100) for s in range(50_000)])
    asked = []
    page.on("request", lambda r: r.url.endswith("series/chart") and asked.append(r.post_data_json))
    visit(f"projects/{project}")
    it = drawn(page, "long")
    drag(page, it, 0.5, 0.56)
    expect(page).to_have_url(re.compile("z="))
    it.get_by_role("button", name="long as a table").click()
    expect(it.get_by_role("rowheader").nth(20)).to_be_visible()
    assert any("end" in q and q["end"] - q["start"] < 6000 for q in asked), asked


def test_a_zoom_is_drawn_before_the_finer_level_is_read(server, client, page, visit):
    project, [run] = make_runs(client, 1)
    ingest(server, [(run, f"long/{k}", s, T0 + s, s % 100) for k in "ab" for s in range(20_000)])
    visit(f"projects/{project}")
    it, other = drawn(page, "long/a"), drawn(page, "long/b")
    held = []
    page.route("**/series/chart", lambda route: held.append(route))  # the server does not answer
    before = [one.locator("canvas").evaluate("c => c.toDataURL()") for one in (it, other)]
    drag(page, it, 0.5, 0.56)
    page.wait_for_function(
        "(before) => [...document.querySelectorAll('.chart canvas')].every((c, i) => c.toDataURL() !== before[i])", arg=before)
    for route in held:
        route.continue_()


def test_the_wheel_scrolls(visit, world):
    page = visit(f"projects/{world[0]}")
    drawn(page, "train/loss").locator(".u-over").hover()
    before = page.url
    page.mouse.wheel(0, 300)
    page.wait_for_function("() => [...document.querySelectorAll('*')].some(e => e.scrollTop > 0)")
    assert page.url == before


def test_the_cursor_is_linked_and_tells_values(visit, world):
    page = visit(f"projects/{world[0]}?charts=train")
    it, other = drawn(page, "train/loss"), drawn(page, "train/acc")
    box = plot_box(it)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    expect(it.locator(".chart-note")).to_contain_text(re.compile("step (99|100)"))
    expect(other.locator(".chart-note")).to_contain_text(re.compile("step (99|100)"))
    values = [float(v) for v in it.locator(".legend-row:not([hidden]) .legend-value").all_inner_texts()]
    assert len(values) == 3 and abs(values[0] - 2 - math.exp(-2)) < 0.01
    assert values == sorted(values, reverse=True)
    page.mouse.move(0, 0)
    expect(other.locator(".chart-note")).not_to_contain_text("step")


def test_a_legend_names_the_runs_that_are_drawn(visit, world):
    """Also when there are fewer than before, or more: the chart stays, and what it says of others goes."""
    page = visit(f"projects/{world[0]}?charts=train")
    names = drawn(page, "train/loss").locator(".legend-row:not([hidden]) .legend-name")
    expect(names).to_have_text(["run 2", "run 1", "run 0"])
    for where, runs in (("name = 'run 1'", ["run 1"]), ("name != 'run 1'", ["run 2", "run 0"]), ("", ["run 2", "run 1", "run 0"])):
        field = page.get_by_role("combobox").first
        field.fill(where)
        field.press("Escape")
        field.press("Enter")
        expect(names).to_have_text(runs)


def test_the_cursor_moves_by_key_and_says_so(visit, world):
    page = visit(f"projects/{world[0]}?charts=train/loss")
    it = drawn(page, "train/loss")
    it.get_by_role("img").focus()
    page.keyboard.press("ArrowRight")
    expect(it.get_by_role("status")).to_contain_text(re.compile("step 0: .*run 0 1"))
    page.keyboard.press("Shift+ArrowRight")
    expect(it.get_by_role("status")).to_contain_text("step 10")
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile("z="))
    page.keyboard.press("0")
    expect(page).not_to_have_url(re.compile("z="))


def test_a_table_says_the_same(visit, world):
    page = visit(f"projects/{world[0]}?charts=train/loss")
    it = drawn(page, "train/loss")
    it.get_by_role("button", name="train/loss as a table").click()
    heads = it.get_by_role("columnheader").all_inner_texts()
    assert heads[0] == "step" and sorted(heads[1:]) == ["run 0", "run 1", "run 2"]
    first = it.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()
    assert sorted(first) == ["1", "2", "3"]
    it.get_by_role("button", name="More rows").click()
    expect(it.get_by_role("row")).to_have_count(201)


# ---- acts ----


def menu(page, it, key, item):
    it.get_by_role("button", name=f"More about {key}").click()
    page.get_by_role("menuitem", name=item).click()


def test_saves_a_picture_and_the_numbers(visit, world):
    page = visit(f"projects/{world[0]}?charts=train/loss")
    it = drawn(page, "train/loss")
    with page.expect_download() as got:
        menu(page, it, "train/loss", "Save as PNG")
    assert got.value.suggested_filename == "train_loss.png"
    assert got.value.path().read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    with page.expect_download() as got:
        menu(page, it, "train/loss", "Save what is drawn as CSV")
    lines = got.value.path().read_text().splitlines()
    assert lines[0].startswith("run,name,first_step") and len(lines) == 601
    assert lines[1].split(",")[0] in world[1]


def test_opens_a_chart_alone_by_its_link(visit, world):
    page = visit(f"projects/{world[0]}?charts=train/loss")
    it = drawn(page, "train/loss")
    menu(page, it, "train/loss", "Copy link")
    assert comes(page, lambda: "#/projects/" in clipboard(page))
    link = clipboard(page)
    menu(page, it, "train/loss", "Open alone")
    dialog = page.get_by_role("dialog", name="train/loss")
    expect(dialog.locator("canvas")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.goto("about:blank")
    page.goto(link)
    expect(dialog.locator("canvas")).to_be_visible()
    shot(page, "charts-alone")


def test_hides_a_chart_and_takes_it_back(visit, world):
    page = visit(f"projects/{world[0]}?charts=train")
    it = drawn(page, "train/loss")
    menu(page, it, "train/loss", "Hide this chart")
    expect(it).to_have_count(0)
    page.get_by_role("button", name="Show 1 hidden chart").click()
    drawn(page, "train/loss")
    menu(page, it, "train/loss", "Full width")
    expect(it).to_have_class(re.compile("chart-wide"))


# ---- live ----


def test_a_logged_point_is_drawn(client, visit):
    project, [run] = make_runs(client, 1)
    client.log_metric(run, "loss", 5, step=0)
    page = visit(f"projects/{project}")
    value = drawn(page, "loss").locator(".legend-value").first
    expect(value).to_have_text("5")
    for step, logged in enumerate([4, 3, 2.5], start=1):
        client.log_metric(run, "loss", logged, step=step)
        expect(value).to_have_text(str(logged))


# ---- much, and hostile ----


def test_five_thousand_series_stay_usable(server, client, visit):
    project, [run] = make_runs(client, 1)
    keys = [f"layer{i // 100}/p{i % 100}" for i in range(4900)] + [f"k{i}" for i in range(100)]
    ingest(server, [(run, key, s, T0 + s, s) for key in keys for s in range(2)])
    page = visit(f"projects/{project}")
    expect(page.get_by_role("button", name=re.compile(r"layer48 100$"))).to_be_attached()
    expect(page.locator(".chart-box canvas").first).to_be_visible()
    assert page.locator(".chart-box canvas").count() < 40
    page.get_by_role("searchbox", name="Find charts by regular expression").fill("^layer17/p9[0-3]$")
    drawn(page, "layer17/p93")
    expect(page.get_by_role("article")).to_have_count(4)


def test_names_stay_text(server, client, visit):
    project, [run] = make_runs(client, 1, HOSTILE)
    strange = ("x" * 250, "مقياس/الخسارة", "🚀/🔥")
    ingest(server, [(run, key, s, T0 + s, s) for key in (HOSTILE, *strange) for s in range(3)])
    page = visit(f"projects/{project}")
    it = drawn(page, HOSTILE)
    expect(it.locator("h4")).to_have_text(HOSTILE)
    expect(it.locator(".legend-name").first).to_have_text(f"{HOSTILE} 0")
    expect(page).not_to_have_title("1")
    for key in strange:
        drawn(page, key)


@pytest.mark.parametrize("width", [360, 2560])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_every_window(page, visit, world, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    visit(f"projects/{world[0]}/runs/{world[1][0]}?tab=charts")
    drawn(page, "train/loss")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shot(page, f"charts-{width}-{scheme}")


# ---- by time ----

COLUMNS = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const columns = new Set();
    for (let i = 0; i < data.length; i += 4) {
        const [r, g, b, a] = data.slice(i, i + 4);
        if (a >= 40 && Math.max(r, g, b) - Math.min(r, g, b) >= 40) columns.add((i / 4) % width);
    }
    return columns.size / width;
}"""


def test_a_time_axis_is_divided_by_time(page, visit, server, client):
    """One run that logs without steps, one whose steps take longer and longer: each is drawn evenly, and followed."""
    asked = []
    page.on("request", lambda r: r.url.endswith("series/chart") and asked.append(r.post_data_json))
    project, runs = make_runs(client, 2)
    points = [(runs[0], "k", 0, T0 + 100 * i, math.sin(i / 300)) for i in range(6000)]
    points += [(runs[1], "k", i, T0 + i * i // 60, math.cos(i / 300)) for i in range(6000)]
    ingest(server, points)
    visit(f"projects/{project}?x=rel")
    it = drawn(page, "k")
    assert {(q["by"], q.get("start")) for q in asked if q["buckets"] > 100} == {("time", None)}
    assert it.locator("canvas").evaluate(COLUMNS) > 0.7
    ingest(server, [(runs[0], "k", 0, T0 + 700_000, 0.125)])
    expect(it.locator(".legend-row", has_text="run 0")).to_contain_text("0.125")
    drag(page, it, 0.4, 0.6)
    page.wait_for_function("() => /[?&]z=/.test(location.hash)")
    drawn(page, "k")
    assert it.locator("canvas").evaluate(COLUMNS) > 0.7


# ---- order ----


@pytest.fixture(scope="module")
def many_charts(server, client):
    project, (run,) = make_runs(client, 1)
    ingest(server, [(run, f"m/{k}", s, T0 + s, s) for k in "abcdef" for s in range(20)])
    return project



def expect_order(page, keys):
    expect(page.locator("article.chart h4")).to_have_text(list(keys))


def take(page, key, to, side):
    """Drags a chart at its title to a side (0 left to 1 right) of another, and does not let go."""
    start = chart(page, key).locator("h4").bounding_box()
    end = chart(page, to).bounding_box()
    page.mouse.move(start["x"] + 10, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + side * end["width"], end["y"] + end["height"] / 2, steps=5)


def test_charts_are_dragged_into_an_order(visit, many_charts):
    page = visit(f"projects/{many_charts}?pane=charts")
    drawn(page, "m/a")
    expect_order(page, "abcdef")
    take(page, "m/c", "m/a", 0.2)
    expect(chart(page, "m/a")).to_have_attribute("data-drop", "before")
    expect(chart(page, "m/c")).to_have_attribute("data-drop", "moving")
    shot(page, "charts-order-light")
    page.mouse.up()
    expect_order(page, "cabdef")
    # What stands right by itself is not in the address, which follows a moment behind what is drawn.
    expect(page).to_have_url(re.compile(r"[?&]order=m%2Fc(&|$)"))
    reload(page)
    expect_order(page, "cabdef")
    take(page, "m/c", "m/b", 0.8)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect_order(page, "cabdef")
    assert chart(page, "m/b").get_attribute("data-drop") is None
    take(page, "m/a", "m/f", 0.8)
    page.mouse.up()
    expect_order(page, "cbdefa")
    drawn(page, "m/a")


def test_charts_are_moved_by_keys_and_menu(visit, many_charts):
    page = visit(f"projects/{many_charts}?pane=charts")
    box = drawn(page, "m/b").locator(".chart-box")
    box.focus()
    page.keyboard.press("Control+ArrowRight")
    expect_order(page, "acbdef")
    expect(box).to_be_focused()
    expect(page.locator(".chart-section > [role=status]")).to_have_text("m/b is number 3 of 6")
    page.keyboard.press("Control+ArrowRight")
    page.keyboard.press("Control+Home")
    expect_order(page, "bacdef")
    page.keyboard.press("Control+ArrowLeft")
    expect_order(page, "bacdef")
    menu = page.get_by_role("button", name="More about m/b")
    menu.click()
    expect(page.get_by_role("menuitem", name="Move left")).to_be_disabled()
    page.get_by_role("menuitem", name="Move right").click()
    expect_order(page, "abcdef")
    expect(page).not_to_have_url(re.compile("[?&]order="))
    box.focus()
    page.keyboard.press("Control+End")
    expect_order(page, "acdefb")
    menu.click()
    page.get_by_role("menuitem", name="Natural order of this section").click()
    expect_order(page, "abcdef")
