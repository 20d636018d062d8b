# SPDX-License-Identifier: Apache-2.0
"""stemma import mlflow: registered models, their versions and aliases, and prompts: sealed, brought up to date, left alone."""

import json
import pathlib
import resource
import shutil
import sqlite3
import subprocess

import mlflow
import pytest

import servers

from import_target import target  # noqa: F401, a fixture
from mlflow_sources import MlflowClient, everything, fill

BOT = "bot äö"


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry")
    fill(MlflowClient(f"sqlite:///{folder}/mlflow.db"), f"file://{folder}/mlruns")
    return folder


@pytest.fixture
def source(filled, tmp_path):
    """A tracker of the test's own: its database and the client on it; files stay where they are."""
    shutil.copy(filled / "mlflow.db", tmp_path / "mlflow.db")
    return tmp_path / "mlflow.db", MlflowClient(f"sqlite:///{tmp_path}/mlflow.db"), ["--artifacts", str(filled / "mlruns")]


def counts(report):
    return [report["registered"][k] for k in ("new", "changed", "same", "left")]


def downloaded(client, name, version, folder):
    mlflow.set_tracking_uri(client.tracking_uri)
    got = pathlib.Path(mlflow.artifacts.download_artifacts(f"models:/{name}/{version}", dst_path=str(folder)))
    return {str(f.relative_to(got)): f.read_bytes() for f in got.rglob("*") if f.is_file() and f.name != "registered_model_meta"}


def shown_content(target, client, address):
    shown = json.loads(target.run_only("show", address, "--json", "--url", client.tracking_uri).stdout)
    return shown["version"].get("content")


def test_versions_are_sealed_and_numbers_go_on(source, target, tmp_path):
    path, _, options = source
    report = target.bring(path, *options)
    assert counts(report) == [4, 0, 0, 0] and report["equal"]
    assert {k: report["proof"][k]["here"]["count"] for k in ("repos", "versions", "aliases")} == {
        "repos": 4, "versions": 6, "aliases": 4}
    assert any("1 model versions are external" in note for note in report["notes"])
    with target.client() as client:
        assert downloaded(client, BOT, 1, tmp_path / "one") == {"er/big.bin": b"x" * 200_000}
        assert downloaded(client, BOT, 2, tmp_path / "two") == {"MLmodel": b"flavors: {}"}
        assert downloaded(client, "a copy", 1, tmp_path / "copy") == {"er/big.bin": b"x" * 200_000}
        assert client.get_model_version(BOT, "3").source == "s3://elsewhere/weights"
        run = client.get_model_version(BOT, "1").run_id
        client.delete_run(run)
        assert downloaded(client, BOT, 1, tmp_path / "kept"), "what the run does later is nothing to a version"
        made = client.create_model_version(BOT, "s3://elsewhere/more")
        assert int(made.version) == 5, "4 was given before, and deleted"
        assert client.get_prompt_version("greeting", 1).template == "Hello {{name}}"
        assert client.get_model_version_by_alias(BOT, "7").version in (2, "2")


def test_what_came_is_of_stemma(source, target, tmp_path):
    path, _, options = source
    target.bring(path, *options)
    with target.client() as client:
        url = ["--url", client.tracking_uri]
        words = lambda *w: target.run_only(*w, *url)  # noqa: E731
        assert words("pull", f"{BOT}@prod", str(tmp_path / "bot")).returncode == 0
        assert (tmp_path / "bot/er/big.bin").stat().st_size == 200_000
        assert words("pull", "greeting@prod", str(tmp_path / "greeting")).returncode == 0
        assert (tmp_path / "greeting/prompt.txt").read_text() == "Hello {{name}}"
        history = words("history", f"{BOT}@prod")
        assert f"as in {path}" in history.stdout, history.stdout + history.stderr
        same = shown_content(target, client, f"{BOT}@1")
        assert same and same == shown_content(target, client, "a copy@1")
        verified = words("verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr


def test_what_changed_at_the_source_is_brought(source, target):
    path, client, options = source
    target.bring(path, *options)
    assert counts(target.bring(path, *options)) == [0, 0, 4, 0]
    run = client.get_model_version(BOT, "1")
    client.set_registered_model_alias(BOT, "prod", "2")
    client.delete_registered_model_alias(BOT, "7")
    client.transition_model_version_stage(BOT, "1", "Archived")
    client.update_model_version(BOT, "1", "said better")
    client.delete_model_version_tag(BOT, "1", "k/1")
    client.delete_model_version(BOT, "3")
    client.create_model_version(BOT, run.source.replace("/deep", "/notes"), run.run_id)
    client.update_registered_model("empty", "still is")
    report = target.bring(path, *options)
    assert counts(report) == [0, 2, 2, 0] and report["equal"]
    with target.client() as here:
        want = {k: v for k, v in everything(client).items() if k[0] in ("registered", "version")}
        assert want == {k: v for k, v in everything(here).items() if k[0] in ("registered", "version")}
        moves = json.loads(target.run_only("history", f"{BOT}@prod", "--json", "--url", here.tracking_uri).stdout)
        assert [(m.get("from"), m["to"]) for m in moves["items"]] == [(1, 2), (None, 1)], "it moved, and was never gone"


def test_what_was_changed_here_is_left(source, target):
    path, client, options = source
    target.bring(path, *options)
    with target.client() as here:
        here.set_registered_model_alias(BOT, "prod", "2")
        here.set_prompt_version_tag("greeting", 1, "mine", "1")
    assert counts(target.bring(path, *options)) == [0, 0, 2, 2], "nothing is new at the source"
    client.set_registered_model_alias(BOT, "canary", "1")
    report = target.bring(path, *options, code=3)
    assert counts(report) == [0, 0, 2, 2] and report["equal"]
    assert len(report["lost"]) == 1 and "'bot äö' was changed or protected here" in report["lost"][0]
    with target.client() as here:
        assert set(here.get_registered_model(BOT).aliases) == {"prod", "next", "7"}


def test_a_protected_repo_is_left(source, target):
    path, client, options = source
    target.bring(path, *options)
    with target.client() as here:
        done = target.run_only("protect", "set", f"{BOT}@prod", "--approvals", "2", "--url", here.tracking_uri)
        assert done.returncode == 0, done.stderr
    client.set_registered_model_alias(BOT, "prod", "2")
    assert counts(target.bring(path, *options, code=3)) == [0, 0, 3, 1]


def test_a_name_that_is_taken(source, target):
    path, _, options = source
    with target.client() as here:
        here.create_registered_model("empty", description="mine")
    report = target.bring(path, *options, code=3)
    assert counts(report) == [3, 0, 0, 1] and report["equal"]
    assert "'empty' has the name of a repo that is here already" in report["lost"][0]
    with target.client() as here:
        assert here.get_registered_model("empty").description == "mine"


def test_the_same_name_at_another_tracker(source, target, tmp_path):
    path, client, options = source
    target.bring(path, *options)
    other = MlflowClient(f"sqlite:///{tmp_path}/other.db")
    other.create_registered_model(BOT, description="of somebody else")
    report = target.bring(tmp_path / "other.db", code=3)
    assert counts(report) == [0, 0, 0, 1] and "has the name of a repo that is here already" in report["lost"][0]
    client.delete_registered_model("empty")
    client.create_registered_model("empty", description="anew")
    assert "'empty' has the name" in target.bring(path, *options, code=3)["lost"][0]
    with target.client() as here:
        assert here.get_registered_model(BOT).description == "answers\nletters"
        assert len(here.search_model_versions(f"name = '{BOT}'")) == 3


def test_files_that_come_later(source, target, tmp_path):
    path, _, options = source
    first = target.bring(path, "--no-artifacts")
    assert first["equal"] and any("4 model versions are external" in note for note in first["notes"])
    with target.client() as here:
        number = here.get_model_version_by_alias(BOT, "prod").version
        assert here.get_model_version_download_uri(BOT, number).startswith("file:")
    # Runs whose files were left come again with their URIs changed, so that all is brought up to date.
    second = target.bring(path, *options)
    assert second["equal"] and counts(second) == [0, 2, 2, 0]
    with target.client() as here:
        assert downloaded(here, BOT, 1, tmp_path / "one") == {"er/big.bin": b"x" * 200_000}


def test_odd_rows(source, target):
    path, _, options = source
    db = sqlite3.connect(path)
    db.execute("UPDATE registered_models SET name = 'a/b' WHERE name = 'empty'")
    db.execute("INSERT INTO registered_models (workspace, name) VALUES ('team', 'theirs')")
    db.execute("UPDATE model_versions SET status = 'PENDING_REGISTRATION' WHERE name = 'a copy'")
    db.execute("UPDATE model_versions SET run_id = 'no id', storage_location = 'file:///etc', source = '/etc/passwd'"
               " WHERE version = 3")  # fmt: skip
    db.execute("UPDATE model_versions SET storage_location = replace(storage_location, '/deep', '/../../../..')"
               " WHERE version = 1 AND name = 'bot äö'")  # fmt: skip
    db.commit()
    db.close()
    report = target.bring(path, *options, code=3)
    assert counts(report) == [3, 0, 0, 0] and report["equal"]
    assert any("'a/b'" in lost for lost in report["lost"]), report["lost"]
    assert any("PENDING_REGISTRATION" in note for note in report["notes"])
    assert any("1 registered models of other workspaces" in note for note in report["notes"])
    with target.client() as here:
        assert len(here.search_model_versions(f"name = '{BOT}'")) == 3
        assert shown_content(target, here, f"{BOT}@1") is None, "a path out of the artifacts is no path"
        assert here.get_model_version_download_uri(BOT, "3") == "file:///etc", "named as it was, and never read"
        assert not here.search_model_versions("name = 'a copy'")


def changed(path, *statements):
    db = sqlite3.connect(path)
    for words in statements:
        db.execute(*words) if isinstance(words, tuple) else db.execute(words)
    db.commit()
    db.close()


def test_a_renamed_experiment(source, target, tmp_path):
    """Its number is known only once it is here; then its files lie under that one."""
    path, _, options = source
    with target.client() as here:
        here.create_experiment("the first number is taken")
    report = target.bring(path, *options, "--on-clash", "rename")
    assert report["equal"] and any("1 model versions are external" in note for note in report["notes"]), report["notes"]
    with target.client() as here:
        experiment = here.get_experiment_by_name("first äö")
        assert experiment.artifact_location == f"mlflow-artifacts:/{experiment.experiment_id}" != "mlflow-artifacts:/1"
        assert downloaded(here, BOT, 1, tmp_path / "one") == {"er/big.bin": b"x" * 200_000}
        assert downloaded(here, BOT, 2, tmp_path / "two") == {"MLmodel": b"flavors: {}"}
    assert target.bring(path, *options, "--on-clash", "rename")["equal"]


def test_numbers_that_no_version_has(source, target):
    path, _, options = source
    db = sqlite3.connect(path)
    columns = [c[1] for c in db.execute("PRAGMA table_info(model_versions)")]
    db.close()
    copy = f"INSERT INTO model_versions SELECT {', '.join('? AS version' if c == 'version' else c for c in columns)}" \
           " FROM model_versions WHERE name = 'a copy' AND version = 1"  # fmt: skip
    changed(path, *((copy, (n,)) for n in (0, -1, 2**63 - 1, -(2**63), 2**31 - 1)),
            "UPDATE registered_models SET creation_time = 9223372036854775807, last_updated_time = -9223372036854775808"
            " WHERE name = 'empty'")  # fmt: skip
    report = target.bring(path, *options, code=3)
    assert counts(report) == [4, 0, 0, 0] and report["equal"], report
    assert len([lost for lost in report["lost"] if "of 'a copy'" in lost]) == 4, report["lost"]
    with target.client() as here:
        assert sorted(int(v.version) for v in here.search_model_versions("name = 'a copy'")) == [1, 2**31 - 1]
        assert int(here.create_model_version("a copy", "s3://bucket/x").version) == 2**31
    assert counts(target.bring(path, *options, code=3)) == [0, 0, 3, 1]


def test_a_version_of_very_many_aliases(source, target):
    path, _, options = source
    db = sqlite3.connect(path)
    db.executemany("INSERT INTO registered_model_aliases (name, alias, version, workspace) VALUES (?, ?, 1, 'default')",
                   ((BOT, f"a{i}") for i in range(50_000)))  # fmt: skip
    db.commit()
    db.close()
    done = subprocess.run([servers.stemma_binary(), "import", "mlflow", str(path), "--json", "--dry-run", *options, *target.data],
                          capture_output=True, text=True, timeout=300, cwd=target.folder, env=servers.fresh_environment(),
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)))  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_names_of_a_tracking_server(target):
    """A name with quotes of both kinds is no word of a filter."""
    names = ["it's", 'say "so"', "it's \"both\"", "_t's \"both\"", "100% a\\b; --"]
    server = servers.Reference()
    try:
        client = MlflowClient(server.uri)
        for i, name in enumerate(names):
            client.create_registered_model(name)
            for _ in range(i + 1):
                client.create_model_version(name, f"s3://bucket/{i}")
        report = target.bring(server.uri)
        assert counts(report) == [len(names), 0, 0, 0] and report["equal"]
        assert report["proof"]["versions"]["here"]["count"] == 15
    finally:
        server.stop()


def test_a_schema_without_versions(source, target):
    path, _, options = source
    changed(path, "DROP TABLE model_versions")
    assert counts(target.bring(path, *options)) == [0, 0, 0, 0]


def test_a_version_made_here_outlives_an_import_that_goes_on(source, target):
    """An import that broke off in the midst of a repo does not know what was made here since."""
    path, client, options = source
    changed(path, ("INSERT INTO registered_model_aliases (name, alias, version, workspace) VALUES (?, ?, 1, 'default')",
                   (BOT, "x" * 300)))  # fmt: skip
    report = target.bring(path, *options, code=3)
    assert counts(report) == [3, 0, 0, 0] and "a ref had length 300" in report["lost"][0]
    with target.client() as here:
        mine = here.create_model_version(BOT, "s3://bucket/mine", description="mine").version
    changed(path, "DELETE FROM registered_model_aliases WHERE length(alias) = 300")
    client.create_model_version(BOT, "s3://bucket/theirs", description="theirs")
    report = target.bring(path, *options, code=3)
    assert counts(report) == [0, 0, 3, 1] and f"'{BOT}' was changed" in report["lost"][0], report
    with target.client() as here:
        assert here.get_model_version(BOT, mine).description == "mine"


def test_what_no_repo_can_have_is_told_before(source, target):
    path, _, options = source
    changed(path, "UPDATE registered_models SET name = 'a/b' WHERE name = 'empty'")
    report = target.bring(path, *options, "--dry-run", code=3)
    assert counts(report) == [3, 0, 0, 0] and "'a/b'" in report["lost"][0]


def test_a_version_that_can_not_be_read_any_more(target, tmp_path):
    """A source that was damaged since takes nothing away."""
    client = MlflowClient(f"file://{tmp_path}/mlruns")
    client.create_registered_model("bot")
    for i in range(2):
        client.create_model_version("bot", f"s3://bucket/{i}")
    assert counts(target.bring(tmp_path / "mlruns")) == [1, 0, 0, 0]
    meta = tmp_path / "mlruns/models/bot/version-1/meta.yaml"
    was = meta.read_bytes()
    meta.write_bytes(b"\x00")
    report = target.bring(tmp_path / "mlruns", code=3)
    assert counts(report) == [0, 0, 0, 1] and "'bot' is here, and can not be read whole" in report["lost"][-1]
    with target.client() as here:
        assert len(here.search_model_versions("name = 'bot'")) == 2
    meta.write_bytes(was)
    assert counts(target.bring(tmp_path / "mlruns")) == [0, 0, 1, 0]


def test_a_version_that_goes_and_comes_again(source, target):
    """A number is given once: the version is told, and everything else comes."""
    path, _, options = source
    target.bring(path, *options)
    changed(path, "UPDATE model_versions SET status = 'PENDING_REGISTRATION' WHERE version = 2")
    assert counts(target.bring(path, *options)) == [0, 2, 2, 0]
    changed(path, "UPDATE model_versions SET status = 'READY' WHERE version = 2")
    report = target.bring(path, *options, code=3)
    assert counts(report) == [0, 0, 2, 0] and report["equal"] and len(report["lost"]) == 2
    assert all("version 2 was deleted here" in lost for lost in report["lost"]), report["lost"]
