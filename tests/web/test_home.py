# SPDX-License-Identifier: Apache-2.0
"""Home: the projects and what changed last; how an empty server is filled."""

import re

import pytest
from conftest import forgive, go_back, reload, shot, unique
from playwright.sync_api import expect
from run_help import clipboard, comes


def row(page, name):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def test_an_empty_server_shows_how_to_log_and_turns_live(server, client, visit):
    page = visit()
    expect(page.get_by_role("heading", name="Log a first run")).to_be_visible()
    lines = page.locator(".paste pre")
    expect(lines).to_contain_text(f"MLFLOW_TRACKING_URI={server.uri}")
    page.get_by_role("button", name="Any command").click()
    expect(lines).to_contain_text("stemma run")
    page.get_by_role("button", name="Copy these lines").click()
    assert comes(page, lambda: clipboard(page) == lines.inner_text()), clipboard(page)
    shot(page, "home-empty")
    client.create_run(client.create_experiment("first steps"))
    expect(page.get_by_role("link", name="first steps")).to_be_visible()


@pytest.fixture
def project(client):
    name = unique("home")
    client.create_experiment(name)
    return name


def test_lists_and_opens_a_project(visit, project):
    page = visit()
    page.get_by_role("link", name=project).click()
    expect(page).to_have_url(re.compile(r"#/projects/\d+$"))
    go_back(page)
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()


def test_the_filter_is_in_the_address(visit, project):
    page = visit()
    page.get_by_role("searchbox", name="Filter the projects").fill(project)
    expect(page).to_have_url(re.compile(f"q={project}"))
    expect(page.get_by_text("1 project", exact=True)).to_be_visible()
    reload(page)
    expect(page.get_by_text("1 project", exact=True)).to_be_visible()
    page.get_by_role("searchbox", name="Filter the projects").fill("no such (")
    expect(page.get_by_text("No project matches no such (")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("link", name=project)).to_be_visible()


def test_creates_a_project_by_key(visit):
    page, name = visit(), unique("made")
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
    page.keyboard.press("n")
    page.get_by_role("textbox", name="Name").fill(name)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"#/projects/\d+$"))


def test_deletes_with_undo(visit, client, project):
    page = visit()
    row(page, project).get_by_role("button", name=re.compile("Acts")).click()
    page.get_by_role("menuitem", name="Move to the bin").click()
    expect(row(page, project)).to_have_count(0)
    assert client.get_experiment_by_name(project).lifecycle_stage == "deleted"
    page.get_by_role("button", name="Undo").click()
    expect(row(page, project)).to_have_count(1)
    assert client.get_experiment_by_name(project).lifecycle_stage == "active"


def test_the_bin_brings_back(visit, client, project):
    client.delete_experiment(client.get_experiment_by_name(project).experiment_id)
    page = visit("?view=deleted")
    row(page, project).get_by_role("button", name=re.compile("Acts")).click()
    page.get_by_role("menuitem", name="Bring back").click()
    expect(row(page, project)).to_have_count(0)
    assert client.get_experiment_by_name(project).lifecycle_stage == "active"


def test_renames_with_undo(visit, client, project):
    page, new = visit(), unique("renamed")
    number = client.get_experiment_by_name(project).experiment_id
    row(page, project).get_by_role("button", name=re.compile("Acts")).click()
    page.get_by_role("menuitem", name="Rename …").click()
    page.get_by_role("textbox", name="Name").fill(new)
    page.keyboard.press("Enter")
    expect(row(page, new)).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(row(page, project)).to_have_count(1)
    assert client.get_experiment(number).name == project


def test_a_name_that_is_taken_is_told(visit, client, project):
    page, other = visit(), unique("taken")
    client.create_experiment(other)
    row(page, project).get_by_role("button", name=re.compile("Acts")).click()
    page.get_by_role("menuitem", name="Rename …").click()
    page.get_by_role("textbox", name="Name").fill(other)
    page.keyboard.press("Enter")
    expect(page.locator(".toast-bad")).to_contain_text(other)
    forgive(page.context, "status of 4")
