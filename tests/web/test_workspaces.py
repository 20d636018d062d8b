# SPDX-License-Identifier: Apache-2.0
"""A workspace is a page of its own: its address names it, and nothing of another is shown in it."""

import re

import mlflow
import requests
from conftest import forgive, go_back, reload, shot, unique
from playwright.sync_api import expect
from run_help import clipboard, comes, serious_faults, stemma


def call(server, workspace, method, path, **more):
    headers = {"X-MLflow-Workspace": workspace}
    reply = requests.request(method, f"{server.uri}/api/v1/{path}", headers=headers, timeout=60, **more)
    assert reply.status_code < 300, reply.text
    return reply.json()


def link_in(text):
    return re.search(r"http://\S+", text)[0]


def test_two_workspaces_with_the_same_names(page, server, tmp_path):
    """The same project and repo in both: each address, each link that a command prints, and the switcher lead to the right one."""
    team, links = unique("team"), {}
    call(server, "default", "POST", "workspaces", json={"name": team})
    (tmp_path / "config.json").write_text("{}")
    for workspace in ("default", team):
        call(server, workspace, "POST", "projects", json={"name": "llm"})
        ran = stemma(server, "run", "--project", "llm", "--name", f"ran in {workspace}", "true", STEMMA_WORKSPACE=workspace)
        said = stemma(server, "push", tmp_path, "bot", "-m", f"pushed to {workspace}", STEMMA_WORKSPACE=workspace)
        shown = stemma(server, "show", "bot@1", STEMMA_WORKSPACE=workspace)
        links[workspace] = [link_in(text) for text in (ran, said, shown)]
        assert links[workspace][1] == links[workspace][2]
    for workspace in (team, "default"):
        run, version, _ = links[workspace]
        assert (f"workspace={team}" in run) == (workspace == team), run
        page.goto(run)
        expect(page.get_by_role("heading", name=f"ran in {workspace}")).to_be_visible()
        expect(page.get_by_role("combobox", name="Workspace")).to_have_value(workspace)
        page.goto(version)
        expect(page.get_by_text(f"pushed to {workspace}")).to_be_visible()
    page.get_by_role("combobox", name="Workspace").select_option(team)
    expect(page.get_by_role("heading", name="Repos", exact=True)).to_be_visible()
    page.get_by_role("link", name="Stemma").click()
    page.get_by_role("link", name="llm", exact=True).click()
    expect(page.get_by_text(f"ran in {team}").first).to_be_visible()
    reload(page)
    expect(page.get_by_text(f"ran in {team}").first).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.get_by_role("link", name="bot", exact=True).click()
    page.get_by_role("link", name="v1", exact=True).click()
    expect(page.get_by_text(f"pushed to {team}")).to_be_visible()
    expect(page.locator(".paste").first).to_contain_text(f"STEMMA_WORKSPACE={team} stemma pull")
    page.keyboard.press("c")
    expect(page.get_by_text("Copied")).to_be_visible()
    assert comes(page, lambda: clipboard(page) == f"{team}/bot@1"), clipboard(page)
    with page.expect_download() as got:  # a link would not name the workspace
        page.get_by_role("button", name="More ▾").click()
        page.get_by_role("menuitem", name="Download all files").click()
    assert b"config.json" in open(got.value.path(), "rb").read()
    page.keyboard.press("/")
    page.get_by_role("dialog").get_by_role("combobox").fill("workspace default")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Workspace")).to_have_value("default")
    go_back(page)
    expect(page.get_by_text(f"pushed to {team}")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    shot(page, "workspace-360")
    assert serious_faults(page) == []


def test_links_of_mlflow_name_the_workspace_and_a_foreign_one_is_refused(page, server, monkeypatch):
    team = unique("team")
    call(server, "default", "POST", "workspaces", json={"name": team})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    mlflow.set_tracking_uri(server.uri)
    mlflow.set_workspace(team)
    try:
        client = mlflow.MlflowClient(server.uri)
        project = client.create_experiment("llm")
        run = client.create_run(project, run_name=f"of {team}").info.run_id
    finally:
        mlflow.set_workspace("default")
    page.goto(f"{server.uri}/#/experiments/{project}/runs/{run}?workspace={team}")
    expect(page.get_by_role("heading", name=f"of {team}")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"#/projects/{project}/runs/{run}\?workspace={team}$"))
    page.goto(f"{server.uri}/#/repos?workspace=<b>no%20such</b>")
    expect(page.get_by_role("alert")).to_contain_text("not found")
    page.get_by_role("combobox", name="Workspace").select_option("default")
    expect(page.get_by_role("heading", name="Repos", exact=True)).to_be_visible()
    forgive(page.context, "status of 404")
