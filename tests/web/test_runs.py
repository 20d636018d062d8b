# SPDX-License-Identifier: Apache-2.0
"""The runs of a project: table, columns, sorting, selection, acts, groups, live news."""

import re
import time

import pytest
from conftest import go_back, reload, shot, unique
from mlflow.entities import Metric, Param
from playwright.sync_api import expect
from run_help import clipboard, comes

MANY = 300


def log_run(client, experiment, name, *, metrics=None, params=None, status="FINISHED", start=None):
    run = client.create_run(experiment, run_name=name, start_time=start)
    now = int(time.time() * 1000)
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(k, v, now, 0) for k, v in (metrics or {}).items()],
        params=[Param(k, str(v)) for k, v in (params or {}).items()],
    )
    if status:
        client.set_terminated(run.info.run_id, status, end_time=(start or now) + 60_000)
    return run.info.run_id


@pytest.fixture(scope="module")
def zoo(client):
    """Twelve runs: r00 began first; loss falls and lr differs with the number."""
    experiment = client.create_experiment(unique("zoo"))
    ids = {}
    for i in range(12):
        name = f"r{i:02}"
        ids[name] = log_run(
            client,
            experiment,
            name,
            metrics={"loss": 1 - i / 20, "val/acc": i / 12},
            params={"lr": 10 ** -(i % 3 + 1), "optimizer": ["adam", "sgd"][i % 2], "same": "x"},
            status="FAILED" if i == 4 else "FINISHED",
            start=1_700_000_000_000 + i * 1000,
        )
    return experiment, ids


@pytest.fixture
def fresh(client):
    """A project of its own, for what changes runs: a, b, c."""
    experiment = client.create_experiment(unique("fresh"))
    ids = {
        name: log_run(client, experiment, name, metrics={"loss": i / 4}, start=1_700_000_000_000 + i * 1000)
        for i, name in enumerate("abc")
    }
    return experiment, ids


@pytest.fixture(scope="module")
def many(client):
    experiment = client.create_experiment(unique("many"))
    for i in range(MANY):
        log_run(client, experiment, f"n{i:03}", metrics={"loss": i / MANY}, start=1_700_000_000_000 + i * 1000)
    return experiment


def grid(page):
    return page.get_by_role("grid", name="Runs")


def row(page, name):
    return grid(page).get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def names(page):
    """As they stand below each other."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.table-body [role=row]')]
            .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
            .map((r) => r.querySelector('.name')?.textContent)"""
    )


def expect_names(page, wanted):
    page.wait_for_function(
        """(wanted) => JSON.stringify([...document.querySelectorAll('.table-body [role=row]')]
            .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
            .map((r) => r.querySelector('.name')?.textContent)) === JSON.stringify(wanted)""",
        arg=wanted,
    )


def heading(page, name):
    return grid(page).get_by_role("columnheader", name=name, exact=True)


def headings(page):
    return [h.split("\n")[0] for h in grid(page).get_by_role("columnheader").all_inner_texts()]


def focus_table(page):
    grid(page).focus()
    return page.keyboard


NEWEST_FIRST = [f"r{i:02}" for i in range(11, -1, -1)]


def test_shows_the_newest_first_with_what_differs(visit, zoo):
    page = visit(f"projects/{zoo[0]}")
    expect_names(page, NEWEST_FIRST)
    expect(grid(page)).to_have_attribute("aria-rowcount", "13")
    page.set_viewport_size({"width": 2400, "height": 800})
    expect(heading(page, "optimizer")).to_be_visible()
    expect(heading(page, "loss")).to_be_visible()
    expect(heading(page, "same")).to_have_count(0)  # tells nothing
    expect(row(page, "r04").get_by_title("failed")).to_be_visible()
    expect(row(page, "r00").get_by_title("1 s")).to_have_count(0)
    expect(row(page, "r00").get_by_text("1 min", exact=True)).to_be_visible()
    shot(page, "runs")


def test_sorts_by_click_and_keeps_it_in_the_address(visit, zoo):
    page = visit(f"projects/{zoo[0]}?cols=name+metrics.loss+config.optimizer")
    heading(page, "loss").click()
    expect(heading(page, "loss")).to_have_attribute("aria-sort", "descending")
    expect_names(page, [f"r{i:02}" for i in range(12)])
    heading(page, "loss").click()
    expect_names(page, NEWEST_FIRST)
    expect(page).to_have_url(re.compile(r"sort=metrics\.loss(&|$)"))
    heading(page, "optimizer").click(modifiers=["Shift"])
    expect(heading(page, "optimizer")).to_have_attribute("aria-sort", "ascending")
    reload(page)
    expect(heading(page, "loss")).to_have_attribute("aria-sort", "ascending")
    expect(heading(page, "optimizer")).to_have_attribute("aria-sort", "ascending")
    heading(page, "loss").click()  # alone, and the other way's end: none
    expect(heading(page, "loss")).to_have_attribute("aria-sort", "none")


def test_draws_only_what_is_in_sight(visit, many):
    page = visit(f"projects/{many}")
    expect(grid(page)).to_have_attribute("aria-rowcount", str(MANY + 1))
    keyboard = focus_table(page)
    keyboard.press("Control+End")
    expect(row(page, "n000")).to_be_visible()
    assert page.locator(".table-body [role=row]").count() < 60
    keyboard.press("Control+Home")
    expect(row(page, f"n{MANY - 1}")).to_be_visible()
    keyboard.press("PageDown")
    keyboard.press("PageDown")
    expect(row(page, f"n{MANY - 1}")).not_to_be_in_viewport()


def test_comes_back_to_where_it_was(visit, many):
    page = visit(f"projects/{many}")
    focus_table(page).press("Control+End")
    row(page, "n005").get_by_role("link").click()
    expect(page).to_have_url(re.compile("/runs/"))
    go_back(page)
    expect(row(page, "n005")).to_be_in_viewport()


def test_columns_by_the_chooser(visit, zoo):
    page = visit(f"projects/{zoo[0]}?cols=name+status&pane=table")
    page.get_by_role("button", name="Columns").click()
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_role("searchbox").fill("loss|^config.*lr")
    dialog.get_by_role("checkbox", name="loss").check()
    dialog.get_by_role("checkbox", name="lr").check()
    dialog.get_by_role("button", name="min of loss").click()
    page.keyboard.press("Escape")
    expect(heading(page, "loss · min")).to_be_visible()
    assert headings(page) == ["name", "status", "loss", "lr", "loss · min"]
    expect(row(page, "r10").get_by_text("0.01", exact=True)).to_be_visible()
    reload(page)
    expect(heading(page, "loss · min")).to_be_visible()
    assert headings(page) == ["name", "status", "loss", "lr", "loss · min"]
    page.get_by_role("button", name="Columns").click()
    dialog.get_by_role("button", name="As at first").click()
    page.keyboard.press("Escape")
    expect(heading(page, "started")).to_be_visible()
    expect(page).not_to_have_url(re.compile("cols="))


def test_columns_move_and_resize_by_key(visit, zoo):
    page = visit(f"projects/{zoo[0]}?cols=name+status+user+metrics.loss&pane=table")
    expect_names(page, NEWEST_FIRST)
    keyboard = focus_table(page)
    for key in ["ArrowUp", "ArrowRight", "ArrowRight", "Control+ArrowLeft"]:
        keyboard.press(key)
    expect(page).to_have_url(re.compile(r"cols=name\+user\+status\+metrics\.loss"))
    width = heading(page, "user").bounding_box()["width"]
    keyboard.press("Shift+ArrowRight")
    expect(page).to_have_url(re.compile(rf"user\*{round(width) + 16}\+"))
    keyboard.press("Enter")
    expect(heading(page, "user")).to_have_attribute("aria-sort", "ascending")


def test_columns_move_and_resize_by_dragging(visit, zoo):
    page = visit(f"projects/{zoo[0]}?cols=name+status+user+metrics.loss&pane=table")
    expect_names(page, NEWEST_FIRST)
    heading(page, "metrics.loss" if heading(page, "metrics.loss").count() else "loss").drag_to(
        heading(page, "status"), target_position={"x": 5, "y": 10}
    )
    expect(page).to_have_url(re.compile(r"cols=name\+metrics\.loss\+status\+user"))
    box = heading(page, "user").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 60, box["y"] + 10, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"user\*15\d"))
    expect(heading(page, "user")).to_have_attribute("aria-sort", "none")  # a drag is no click


def test_the_menu_of_a_heading(visit, zoo):
    page = visit(f"projects/{zoo[0]}?cols=name+status+user&pane=table")
    heading(page, "status").click(button="right")
    page.get_by_role("menuitem", name="Keep at the left").click()
    expect(page).to_have_url(re.compile("fix=2"))
    heading(page, "user").click(button="right")
    page.get_by_role("menuitem", name="Take the column away").click()
    expect(heading(page, "user")).to_have_count(0)


def eye(page, name):
    return page.get_by_role("button", name=f"Show {name} in the charts", exact=True)


def test_the_first_eight_are_in_the_charts(visit, zoo):
    page = visit(f"projects/{zoo[0]}")
    expect(eye(page, "r04")).to_have_attribute("aria-pressed", "true")
    expect(eye(page, "r03")).to_have_attribute("aria-pressed", "false")
    eye(page, "r03").click()
    eye(page, "r11").click()
    expect(eye(page, "r03")).to_have_attribute("aria-pressed", "true")
    expect(eye(page, "r11")).to_have_attribute("aria-pressed", "false")
    reload(page)
    expect(eye(page, "r11")).to_have_attribute("aria-pressed", "false")
    expect(eye(page, "r03")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("show first").fill("2")
    page.keyboard.press("Enter")
    expect(eye(page, "r10")).to_have_attribute("aria-pressed", "true")
    expect(eye(page, "r09")).to_have_attribute("aria-pressed", "false")


def selected(page):
    return page.locator(".table-body [aria-selected=true]")


def test_selects_by_click_and_compares(visit, zoo):
    page = visit(f"projects/{zoo[0]}?cols=name+status&pane=table")
    row(page, "r10").get_by_title("finished").click()
    expect(selected(page)).to_have_count(1)
    row(page, "r07").get_by_title("finished").click(modifiers=["Shift"])
    expect(selected(page)).to_have_count(4)
    row(page, "r08").get_by_title("finished").click(modifiers=["Control"])
    expect(selected(page)).to_have_count(3)
    expect(page.get_by_role("toolbar")).to_contain_text("3 selected")
    reload(page)
    expect(selected(page)).to_have_count(3)
    page.keyboard.press("d")
    expect(page).to_have_url(re.compile(r"#/compare\?runs="))


def test_selects_by_key(visit, zoo):
    page = visit(f"projects/{zoo[0]}?cols=name+status&pane=table")
    expect_names(page, NEWEST_FIRST)
    keyboard = focus_table(page)
    keyboard.press("Space")
    keyboard.press("Shift+ArrowDown")
    keyboard.press("Shift+ArrowDown")
    expect(selected(page)).to_have_count(3)
    keyboard.press("Control+a")
    expect(page.get_by_role("toolbar")).to_contain_text("12 selected (all)")
    keyboard.press("Space")
    expect(page.get_by_role("toolbar")).to_contain_text("11 selected")
    keyboard.press("Escape")
    expect(page.get_by_role("toolbar")).to_have_count(0)
    keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/runs/"))


def test_deletes_with_undo_and_restores_from_the_bin(visit, client, fresh):
    experiment, ids = fresh
    page = visit(f"projects/{experiment}")
    row(page, "b").get_by_title("finished").click()
    page.keyboard.press("Delete")
    expect_names(page, ["c", "a"])
    assert client.get_run(ids["b"]).info.lifecycle_stage == "deleted"
    page.get_by_role("button", name="Undo").click()
    expect_names(page, ["c", "b", "a"])
    row(page, "a").get_by_title("finished").click()
    page.keyboard.press("Delete")
    expect_names(page, ["c", "b"])
    page.get_by_role("button", name="Runs ▾").click()
    page.get_by_role("menuitem", name="Bin", exact=True).click()
    expect_names(page, ["a"])
    row(page, "a").get_by_title("finished").click()
    page.keyboard.press("r")
    expect(page.get_by_text("The bin is empty")).to_be_visible()
    assert client.get_run(ids["a"]).info.lifecycle_stage == "active"


def test_tags_renames_moves_and_pins(visit, client, fresh):
    experiment, ids = fresh
    target = unique("target")
    client.create_experiment(target)
    page = visit(f"projects/{experiment}?cols=name+status+tags.stage&pane=table")
    row(page, "b").get_by_title("finished").click()
    page.keyboard.press("t")
    page.get_by_label("Tag", exact=True).fill("stage")
    page.get_by_label("Value").fill("good one")
    page.keyboard.press("Enter")
    expect(row(page, "b").get_by_text("good one")).to_be_visible()
    assert client.get_run(ids["b"]).data.tags["stage"] == "good one"
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "b").get_by_text("good one")).to_have_count(0)
    page.keyboard.press("F2")
    page.get_by_label("Its new name").fill("better")
    page.keyboard.press("Enter")
    expect(row(page, "better")).to_be_visible()
    row(page, "a").get_by_title("finished").click()
    page.keyboard.press("p")
    expect(page.locator(".table-head").get_by_role("link", name="a", exact=True)).to_be_visible()
    page.keyboard.press("p")
    page.keyboard.press("m")
    page.get_by_role("searchbox").fill(target)
    page.get_by_role("button", name=target).click()
    expect_names(page, ["c", "better"])
    assert client.get_run(ids["a"]).info.experiment_id == client.get_experiment_by_name(target).experiment_id


def test_the_menu_of_a_row_by_mouse_and_key(visit, zoo):
    page = visit(f"projects/{zoo[0]}?cols=name+config.optimizer&pane=table")
    row(page, "r05").get_by_text("sgd").click(button="right")
    page.get_by_role("menuitem", name="Only runs with this value").click()
    expect_names(page, ["r11", "r09", "r07", "r05", "r03", "r01"])
    keyboard = focus_table(page)
    keyboard.press("ArrowDown")
    keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_visible()
    keyboard.press("Escape")
    expect(grid(page)).to_be_focused()


def test_groups(visit, zoo):
    page = visit(f"projects/{zoo[0]}?cols=name+metrics.loss&pane=table")
    page.get_by_role("button", name="Group", exact=True).click()
    page.get_by_role("checkbox", name="optimizer").check()
    page.keyboard.press("Escape")
    tree = page.get_by_role("treegrid", name="Runs")
    adam = tree.get_by_role("row", name=re.compile("adam"))
    expect(adam).to_contain_text("6")
    expect(adam).to_contain_text("0.75 ± 0.187")
    expect(adam.get_by_title(re.compile("least 0.5"))).to_be_visible()
    shot(page, "runs-groups")
    adam.get_by_role("button", name="Open the group").click()
    expect(adam).to_have_attribute("aria-expanded", "true")
    expect(tree.get_by_role("link", name="r10")).to_be_visible()
    expect(tree.get_by_role("link", name="r09")).to_have_count(0)
    reload(page)
    expect(tree.get_by_role("link", name="r10")).to_be_visible()
    page.get_by_role("button", name="Ungroup").click()
    expect_names(page, NEWEST_FIRST)


def test_new_runs_states_and_metrics_come_by_themselves(visit, client, fresh):
    experiment, _ = fresh
    page = visit(f"projects/{experiment}?cols=name+status+metrics.loss&spark=none&pane=table")
    expect_names(page, ["c", "b", "a"])
    live = client.create_run(experiment, run_name="live").info.run_id
    expect_names(page, ["live", "c", "b", "a"])
    expect(row(page, "live").get_by_title("running")).to_be_visible()
    client.log_metric(live, "loss", 0.125)
    expect(row(page, "live").get_by_title("0.125", exact=True)).to_be_visible()
    client.set_terminated(live, "FAILED")
    expect(row(page, "live").get_by_title("failed")).to_be_visible()


def test_what_is_under_the_eye_stays(visit, client, many):
    page = visit(f"projects/{many}?cols=name+status&pane=table")
    expect(row(page, f"n{MANY - 1}")).to_be_visible()
    grid(page).evaluate("(table) => { table.scrollTop = 28 * 100; }")
    expect(row(page, "n199")).to_be_visible()
    at = "(row) => Math.round(row.getBoundingClientRect().y)"
    before = row(page, "n195").evaluate(at)

    def stays():  # rows that came above are drawn, and made up for, one after the other
        return comes(page, lambda: row(page, "n195").evaluate(at) == before)

    extra = log_run(client, many, "extra", start=1_800_000_000_000)
    expect(grid(page)).to_have_attribute("aria-rowcount", str(MANY + 2))
    assert stays()
    client.delete_run(extra)
    expect(grid(page)).to_have_attribute("aria-rowcount", str(MANY + 1))
    assert stays()


def test_an_empty_project_shows_how_to_log_and_turns_live(server, visit, client):
    experiment = client.create_experiment(unique("empty"))
    page = visit(f"projects/{experiment}")
    expect(page.get_by_text("No runs yet")).to_be_visible()
    expect(page.locator(".paste pre")).to_contain_text(f"MLFLOW_TRACKING_URI={server.uri}")
    expect(page.locator(".paste pre")).to_contain_text(f'experiment_id="{experiment}"')
    shot(page, "runs-empty")
    log_run(client, experiment, "first", metrics={"loss": 1})
    expect(row(page, "first")).to_be_visible()
    expect(heading(page, "loss")).to_be_attached()


HOSTILE = ["<img src=x onerror=alert(1)>", "שלום עולם", "🦊 fox 🦊", "x" * 250, "</script><svg onload=alert(1)>"]


def test_hostile_and_long_names_stay_text(visit, client):
    experiment = client.create_experiment(unique("hostile"))
    for name in HOSTILE:
        log_run(client, experiment, name, metrics={"a/b": 1, "nan": float("nan")}, params={"i": name[:200]})
    page = visit(f"projects/{experiment}?pane=table")
    for name in HOSTILE:
        expect(row(page, name)).to_be_visible()
    expect(page.locator(".table img, .table svg:not(.spark), .table script")).to_have_count(0)
    page.set_viewport_size({"width": 2000, "height": 800})
    expect(row(page, HOSTILE[1]).get_by_text("NaN", exact=True)).to_be_visible()
    shot(page, "runs-hostile")


def test_table_and_charts_share_the_screen(visit, zoo):
    page = visit(f"projects/{zoo[0]}")
    line = page.get_by_role("separator", name="Width of the table")
    line.focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("split=51"))
    page.get_by_role("button", name="Charts only").click()
    expect(grid(page)).to_have_count(0)
    page.get_by_role("button", name="Table only").click()
    expect(grid(page)).to_be_visible()
    expect(line).to_have_count(0)


def test_a_narrow_screen_shows_one_at_a_time(visit, zoo):
    page = visit(f"projects/{zoo[0]}")
    page.set_viewport_size({"width": 360, "height": 700})
    expect(grid(page)).to_be_visible()
    shot(page, "runs-narrow")
    page.get_by_role("group", name="What is shown").get_by_role("button", name="Charts").click()
    expect(grid(page)).to_have_count(0)


def test_copies_the_view_as_a_command(visit, zoo):
    page = visit(f"projects/{zoo[0]}?where=metrics.loss+<+0.7&sort=-metrics.loss&cols=name+config.lr")
    expect(row(page, "r07")).to_be_visible()
    page.get_by_role("button", name="Copy ▾").click()
    page.get_by_role("menuitem", name="This table as a command line").click()
    assert comes(page, lambda: clipboard(page).startswith("stemma runs search 'metrics.loss < 0.7' --project zoo-"))
    assert clipboard(page).endswith("--sort 'metrics.loss desc' --columns name,config.lr")


def test_the_rows_as_a_scatter_and_over_parallel_axes(visit, zoo):
    page = visit(f"projects/{zoo[0]}?cols=name+status+config.lr+metrics.loss")
    page.get_by_role("button", name="Scatter").click()
    expect(page).to_have_url(re.compile("side=scatter"))
    expect(page.locator(".runs-side canvas").first).to_be_visible()
    reload(page)
    expect(page.locator(".runs-side canvas").first).to_be_visible()
    page.get_by_role("button", name="Parallel").click()
    expect(page.locator(".runs-side").get_by_text("12 runs")).to_be_visible()
    shot(page, "runs-parallel")
