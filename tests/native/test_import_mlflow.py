# SPDX-License-Identifier: Apache-2.0
"""stemma import mlflow: from each kind of tracker, made by MLflow itself; again; and from what is damaged or foreign."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import textwrap

import pytest
import requests

import servers
from import_target import target  # noqa: F401, a fixture
from mlflow_sources import MlflowClient, Rows, everything, fill


class Source:
    def __init__(self, address, client):
        self.address, self.client = str(address), client


@pytest.fixture(scope="session")
def sqlite_source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sqlite")
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    fill(client, f"file://{folder}/mlruns")
    return Source(folder / "mlflow.db", client)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """An MLflow database with nothing but its schema."""
    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture(scope="session")
def files_source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files") / "mlruns"
    client = MlflowClient(f"file://{folder}")
    fill(client)
    return Source(folder, client)


@pytest.fixture(scope="session")
def http_source():
    reference = servers.Reference()
    client = MlflowClient(reference.uri)
    fill(client)
    yield Source(reference.uri, client)
    reference.stop()


@pytest.fixture(scope="session")
def postgres_source(tmp_path_factory):
    if not os.environ.get("STEMMA_TEST_PG"):
        pytest.skip("STEMMA_TEST_PG is not set: run by tests/pg.sh")
    database = servers.Database()
    folder = tmp_path_factory.mktemp("postgres")
    client = MlflowClient(database.url.replace("postgresql://", "postgresql+psycopg2://"))
    fill(client, f"file://{folder}/mlruns")
    source = Source(database.url, client)
    source.options = ["--artifacts", str(folder / "mlruns")]
    yield source
    database.drop()


def same(report):
    return report["runs"]["new"] == report["runs"]["changed"] == report["runs"]["left"] == report["files"]["new"] == 0


@pytest.mark.parametrize("kind", ["sqlite", "files", "http", "postgres"])
def test_a_tracker_comes_over_whole(kind, target, request):
    source = request.getfixturevalue(f"{kind}_source")
    options = getattr(source, "options", [])
    would = target.bring(source.address, "--dry-run", *options)
    first = target.bring(source.address, *options)
    assert first["equal"] and not first["lost"]
    assert first["runs"]["new"] == would["runs"]["new"] == 5
    assert first["proof"]["points"] == {
        "source": first["proof"]["points"]["here"], "here": would["proof"]["points"]["source"]}
    with target.client() as client:
        here, there = everything(client), everything(source.client)
        assert here.keys() == there.keys()
        for key in there:
            assert here[key] == there[key], key
    again = target.bring(source.address, *options)
    assert same(again) and again["equal"] and again["proof"] == first["proof"]


def test_a_tracking_server_with_a_token(target):
    """Ours stands in for one: it speaks the same protocol."""
    source = servers.Stemma("sqlite", env={"STEMMA_TOKEN": "secret"})
    try:
        rest = requests.Session()
        rest.auth = ("anybody", "secret")
        run = rest.post(source.uri + "/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()["run"]
        run = run["info"]["run_id"]
        points = [{"key": "m", "value": i, "timestamp": i, "step": i} for i in range(50)]
        rest.post(source.uri + "/api/2.0/mlflow/runs/log-batch", json={"run_id": run, "metrics": points})
        assert "401" in target.refused(source.uri)
        first = target.bring(source.uri.replace("://", "://anybody:secret@"))
        assert first["equal"] and first["proof"]["points"]["here"]["count"] == 50
        assert "secret" not in first["source"]
        assert same(target.bring(source.uri, env={"MLFLOW_TRACKING_TOKEN": "secret"}))
    finally:
        source.stop()


def test_a_password_in_the_query_is_not_kept(postgres_source, target):
    address = postgres_source.address + ("&" if "?" in postgres_source.address else "?") + "password=secret&connect_timeout=9"
    report = target.bring(address, "--no-artifacts", code=0)
    assert "secret" not in json.dumps(report) and report["source"].endswith("connect_timeout=9")


def test_new_ids_begin_behind_those_that_came(sqlite_source, target):
    target.bring(sqlite_source.address, "--no-artifacts")
    numbers = [int(e.experiment_id) for e in sqlite_source.client.search_experiments(view_type=3)]
    with target.client() as client:
        made = int(client.create_experiment("new here"))
        assert made == max(numbers) + 1


def test_what_is_new_at_the_source_comes_too(template, tmp_path, target):
    rows = Rows(tmp_path / "m.db", template)
    rows.experiment(1, "one")
    run, other = rows.run(1, 100), rows.run(1, 10)
    path = rows.done()
    assert target.bring(path)["runs"]["new"] == 2
    rows.db = sqlite3.connect(path)
    rows.points(run, 50, first=100)
    rows.db.execute("UPDATE runs SET status = 'FINISHED', end_time = 9 WHERE run_uuid = ?", (run,))
    rows.db.execute("DELETE FROM tags WHERE run_uuid = ?", (run,))
    rows.db.execute("UPDATE experiments SET name = 'renamed', lifecycle_stage = 'deleted' WHERE experiment_id = 1")
    third = rows.run(1, 5)
    rows.done()
    report = target.bring(path)
    assert (report["runs"]["new"], report["runs"]["changed"], report["runs"]["same"]) == (1, 1, 1)
    with target.client() as client:
        assert client.get_experiment("1").name == "renamed"
        assert client.get_experiment("1").lifecycle_stage == "deleted"
        assert len(client.get_metric_history(run, "loss")) == 150
        assert client.get_run(run).info.status == "FINISHED" and "mlflow.runName" not in client.get_run(run).data.tags
        assert {r.info.run_id for r in client.search_runs(["1"], run_view_type=3)} == {run, other, third}


def test_what_was_changed_here_is_left_alone(template, tmp_path, target):
    rows = Rows(tmp_path / "m.db", template)
    rows.experiment(1, "one")
    run, other = rows.run(1, 10), rows.run(1, 10)
    path = rows.done()
    target.bring(path)
    with target.client() as client:
        client.set_tag(run, "mine", "1")
    rows.db = sqlite3.connect(path)
    rows.points(run, 5, first=10)
    rows.points(other, 5, first=10)
    rows.done()
    report = target.bring(path, code=3)
    assert (report["runs"]["left"], report["runs"]["changed"]) == (1, 1) and report["equal"]
    assert run in report["lost"][0] and "changed here" in report["lost"][0]
    with target.client() as client:
        assert client.get_run(run).data.tags["mine"] == "1" and len(client.get_metric_history(run, "loss")) == 10
        assert len(client.get_metric_history(other, "loss")) == 15


def test_clashes(template, tmp_path, target):
    with target.client() as client:
        assert client.create_experiment("mine") == "1"
        client.create_experiment("two")
    rows = Rows(tmp_path / "m.db", template)
    rows.experiment(1, "theirs")
    rows.experiment(7, "two")
    rows.experiment(9, "free")
    run, free = rows.run(1, 3), rows.run(9, 3)
    path = rows.done()
    why = target.refused(path)
    assert "experiment 1 'theirs': its number belongs to project 1 'mine' here" in why
    assert "experiment 7 'two': its name belongs to project 2" in why and "--on-clash" in why
    assert "skip or rename" in target.refused(path, "--on-clash", "perhaps")
    with target.client() as client:
        assert len(client.search_experiments(view_type=3)) == 3, "nothing was brought over"
    assert target.bring(path, "--on-clash", "skip")["runs"]["new"] == 1
    report = target.bring(path, "--on-clash", "rename")
    assert report["equal"] and report["runs"]["new"] == 1
    assert same(target.bring(path, "--on-clash", "rename"))
    with target.client() as client:
        names = {e.experiment_id: e.name for e in client.search_experiments(view_type=3)}
        assert names["1"] == "mine" and names["9"] == "free"
        assert sorted(names.values()) == ["Default", "free", "mine", "theirs", "two", "two (imported)"]
        assert names[client.get_run(run).info.experiment_id] == "theirs"
        assert client.get_run(free).info.experiment_id == "9"


def test_the_same_tracker_by_another_way(template, tmp_path, target):
    rows = Rows(tmp_path / "a.db", template)
    rows.experiment(1, "one")
    run = rows.run(1, 10)
    first = rows.done()
    target.bring(first, "--as", "a")
    second = Rows(tmp_path / "b.db", first)
    second.db.execute("UPDATE runs SET name = 'other'")
    report = target.bring(second.done(), "--as", "b")
    assert report["runs"]["changed"] == 1, "the same run by another way is the same run"
    with target.client() as client:
        assert client.get_run(run).info.run_name == "other"


# ---- damage ---------------------------------------------------------------------------------


def pages_of(path, table):
    with contextlib.closing(sqlite3.connect(path)) as db:
        size = db.execute("PRAGMA page_size").fetchone()[0]
        try:
            rows = db.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (table,)).fetchall()
        except sqlite3.OperationalError:
            pytest.skip("this Python's SQLite has no dbstat")
    return size, [r[0] for r in rows]


@pytest.mark.parametrize("table", ["metrics", "runs", "params"])
def test_damaged_pages_cost_only_their_rows(table, template, tmp_path, target):
    rows = Rows(tmp_path / "m.db", template)
    rows.experiment(1, "one")
    runs = [rows.run(1, 60) for _ in range(200)]
    path = rows.done()
    size, pages = pages_of(path, table)
    assert len(pages) > 4
    with open(path, "r+b") as f:
        f.seek((pages[len(pages) // 2] - 1) * size)
        f.write(b"\xa5" * size)
    report = target.bring(path, code=3)
    assert report["equal"] and report["lost_count"] > 0
    assert any(f"table {table}" in lost and "can not be read" in lost for lost in report["lost"]), report["lost"][:5]
    came = {"metrics": ("points", 200 * 60), "runs": ("runs", 200), "params": ("params", 200)}[table]
    n = report["proof"][came[0]]["here"]["count"]
    assert came[1] * 0.5 < n < came[1]
    with target.client() as client:
        found = client.search_runs(["1"], max_results=1000)
        assert len(found) == report["proof"]["runs"]["here"]["count"]
        assert {r.info.run_id for r in found} <= set(runs)


def test_a_file_that_was_cut_off(template, tmp_path, target):
    rows = Rows(tmp_path / "m.db", template)
    rows.experiment(1, "one")
    for _ in range(100):
        rows.run(1, 300)
    path = rows.done()
    os.truncate(path, os.path.getsize(path) * 3 // 4 // 4096 * 4096)
    report = target.bring(path, code=3)
    assert report["equal"] and 0 < report["proof"]["points"]["here"]["count"] < 100 * 300
    assert any("can not be read" in lost for lost in report["lost"])


def test_a_metric_whose_key_is_no_text(template, tmp_path, target):
    """In more points than the keys of a piece have room for, were each kept anew."""
    rows, key = Rows(tmp_path / "bad.db", template), b"k" * 15 + b"\xff" * 55
    run = rows.run(0)
    rows.db.executemany(
        "INSERT INTO metrics(key, value, timestamp, run_uuid, step, is_nan) VALUES(CAST(? AS TEXT),?,?,?,?,0)",
        ((key, i, 1000 + i, run, i) for i in range(9000)))
    report = target.bring(rows.done(), code=3)
    assert report["equal"] and "U+FFFD" in report["lost"][0]
    with target.client() as client:
        points = client.get_metric_history(run, "k" * 15 + "\ufffd" * 55)
        assert [p.value for p in points] == list(range(9000))


def test_foreign_sources_are_refused(template, tmp_path, target):
    (tmp_path / "text.db").write_text("no database at all, only some text" * 10)
    assert "is no SQLite file" in target.refused(tmp_path / "text.db")
    sqlite3.connect(tmp_path / "other.db").executescript("CREATE TABLE runs(a); INSERT INTO runs VALUES(1);")
    assert "no database of MLflow: it has no table 'experiments'" in target.refused(tmp_path / "other.db")
    (tmp_path / "folder").mkdir()
    assert "no mlruns folder" in target.refused(tmp_path / "folder")
    assert "there is no" in target.refused(tmp_path / "missing.db")
    assert "is no folder" in target.refused(template, "--artifacts", str(tmp_path / "missing"))
    assert "mlflow server" in target.refused("mysql://u:p@h/db")
    assert "can not be reached" in target.refused(f"http://127.0.0.1:{servers.free_port()}")
    assert "needs SOURCE" in target.run("import", "mlflow").stderr


def test_a_server_that_is_no_tracker(tmp_path, target):
    other = servers.Stemma("sqlite")
    try:
        assert "tracking server" in target.refused(other.uri + "/api/v1")
    finally:
        other.stop()


def test_broken_files_of_a_file_store(files_source, tmp_path, target):
    folder = tmp_path / "mlruns"
    shutil.copytree(files_source.address, folder)
    loss = max(folder.rglob("metrics/loss"), key=lambda p: p.stat().st_size)
    loss.write_bytes(loss.read_bytes() + b"garbage here\n1 2\n1 2 3 set d\0\0\n1 2 3 set \xff")
    run = next(p.parent for p in folder.glob("*/*/meta.yaml") if len(p.parent.name) == 32 and p.parent != loss.parents[1])
    (run / "meta.yaml").write_text("artifact_uri: [unclosed\n")
    tag = loss.parents[1] / "tags" / "broken"
    tag.write_bytes(b"ok \xff\xfe bytes")
    link = next(p for p in folder.glob("*/*/inputs/*/meta.yaml") if "\ntags:\n" in p.read_text())
    link.write_text(link.read_text().replace("\ntags:\n", '\ntags:\n  nul: "a\\0b"\n'))
    report = target.bring(folder, code=3)
    assert report["equal"] and report["proof"]["runs"]["here"]["count"] == 4
    told = "\n".join(report["lost"])
    assert "3 lines are no points" in told and "meta.yaml" in told and "U+FFFD" in told
    with target.client() as client:
        assert client.get_run(loss.parents[1].name).data.tags["broken"] == "ok \ufffd\ufffd bytes"


# ---- a source in use ------------------------------------------------------------------------


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_source_in_use(mode, template, tmp_path, target):
    rows = Rows(tmp_path / "m.db", template)
    rows.db.execute(f"PRAGMA journal_mode = {mode}")
    rows.experiment(1, "one")
    run = rows.run(1, 500)
    rows.db.commit()
    rows.db.execute("BEGIN IMMEDIATE")
    rows.points(run, 100, first=500)  # not committed
    before = digest(rows.path)
    report = target.bring(rows.path)
    assert report["proof"]["points"]["here"]["count"] == 500
    assert digest(rows.path) == before
    rows.done()
    assert target.bring(rows.path)["proof"]["points"]["here"]["count"] == 600
    assert not list(pathlib.Path(target.folder, "data").glob("import-*")), "the copy was left behind"


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_source_whose_writer_was_killed(mode, template, tmp_path, target):
    rows = Rows(tmp_path / "m.db", template)
    rows.experiment(1, "one")
    run = rows.run(1, 500)
    path = rows.done()
    # Dirty pages go to the file before the commit, so a journal must be rolled back.
    code = f"""
        import os, signal, sqlite3
        db = sqlite3.connect({path!r}, isolation_level=None)
        db.execute("PRAGMA journal_mode = {mode}")
        db.execute("PRAGMA cache_size = 2"), db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("INSERT INTO tags VALUES('committed', 'yes', '{run}')")
        db.execute("BEGIN")
        db.execute("UPDATE metrics SET value = value + 1e6")
        db.execute("UPDATE runs SET name = 'never'")
        os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    leftover = [p for p in (path + "-journal", path + "-wal") if os.path.exists(p) and os.path.getsize(p)]
    assert leftover, "the crash left nothing"
    before = [digest(p) for p in [path, *leftover]]
    assert target.bring(path)["equal"]
    assert [digest(p) for p in [path, *leftover]] == before, "the source was written"
    with target.client() as client:
        found = client.get_run(run)
        assert found.info.run_name == "r" and found.data.tags["committed"] == "yes"
        assert max(m.value for m in client.get_metric_history(run, "loss")) < 1000


# ---- older releases -------------------------------------------------------------------------

OLD_SCHEMA = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256) UNIQUE NOT NULL,
  artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32));
CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), source_type VARCHAR(20),
  source_name VARCHAR(500), entry_point_name VARCHAR(50), user_id VARCHAR(256), status VARCHAR(20), start_time BIGINT,
  end_time BIGINT, source_version VARCHAR(50), lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200),
  experiment_id INTEGER);
CREATE TABLE metrics (key VARCHAR(250), value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32));
CREATE TABLE params (key VARCHAR(250), value VARCHAR(250), run_uuid VARCHAR(32));
CREATE TABLE tags (key VARCHAR(250), value VARCHAR(250), run_uuid VARCHAR(32));
INSERT INTO experiments VALUES(0, 'Default', '/nowhere/0', 'active'), (1, 'old', '/nowhere/1', 'deleted');
INSERT INTO runs VALUES('00000000000000000000000000000abc', '', 'LOCAL', 'x', '', 'ann', 'FINISHED', 1, 2, '', 'active',
  '/nowhere/1/00000000000000000000000000000abc/artifacts', 1);
INSERT INTO metrics VALUES('m', 1.5, 10, '00000000000000000000000000000abc');
INSERT INTO params VALUES('p', 'v', '00000000000000000000000000000abc');
INSERT INTO tags VALUES('mlflow.runName', 'by the tag', '00000000000000000000000000000abc');
"""


def test_a_schema_of_the_first_releases(tmp_path, target):
    with contextlib.closing(sqlite3.connect(tmp_path / "old.db")) as db:
        db.executescript(OLD_SCHEMA)
    report = target.bring(tmp_path / "old.db")
    assert report["equal"]
    with target.client() as client:
        run = client.get_run("00000000000000000000000000000abc")
        assert run.info.run_name == "by the tag" and run.data.metrics == {"m": 1.5} and run.data.params == {"p": "v"}
        assert client.get_experiment("1").lifecycle_stage == "deleted"


OLD_RELEASE = """
import sys
from mlflow import MlflowClient
c = MlflowClient(sys.argv[1])
e = c.create_experiment("by 2.22", tags={"k": "v"})
r = c.create_run(e, run_name="r").info.run_id
c.log_param(r, "p", "1")
for i in range(20):
    c.log_metric(r, "m", i, timestamp=i, step=i)
c.log_text(r, "hello", "a.txt")
c.set_terminated(r)
print(r)
"""


def test_a_file_store_of_release_2(tmp_path, target):
    python = servers.VENV_OLD / "python"
    if not python.exists():
        pytest.skip("build/venv-old is not there: run tools/setup.sh test")
    made = subprocess.run([python, "-c", OLD_RELEASE, f"file://{tmp_path}/mlruns"], check=True, capture_output=True,
                          text=True, cwd=tmp_path, env=servers.fresh_environment())  # fmt: skip
    report = target.bring(tmp_path / "mlruns")
    assert report["equal"] and report["proof"]["points"]["here"]["count"] == 20 and report["files"]["new"] == 1
    with target.client() as client:
        run = client.get_run(made.stdout.split()[-1])
        assert run.info.status == "FINISHED" and run.data.params == {"p": "1"} and run.data.metrics == {"m": 19}


# ---- artifacts ------------------------------------------------------------------------------


def test_no_record_makes_the_import_read_elsewhere(template, tmp_path, target):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text("secret")
    root = tmp_path / "mlruns"
    rows = Rows(tmp_path / "m.db", template)
    rows.experiment(1, "one")
    runs = [rows.run(1, 1, uri=uri) for uri in (
        str(secret), f"file://{secret}", f"{root}/../secret", f"file://{root}/%2e%2e/secret",
        "mlflow-artifacts:/../secret", "mlflow-artifacts:/link", "s3://bucket/1/x/artifacts")]  # fmt: skip
    own = root / "1" / runs[0] / "artifacts"
    own.mkdir(parents=True)
    (own / "fine.txt").write_text("fine")
    (own / "link.txt").symlink_to(secret / "key.txt")
    (root / "link").symlink_to(secret)
    report = target.bring(rows.done(), code=3)
    assert report["files"]["new"] == 1 and report["equal"]
    with target.client() as client:
        assert [f.path for f in client.list_artifacts(runs[0])] == ["fine.txt"]
        assert client.get_run(runs[6]).info.artifact_uri == "s3://bucket/1/x/artifacts"


@pytest.mark.parametrize("location", ["file:", "mlflow-artifacts:/"])
def test_artifacts_of_a_file_store_that_lie_elsewhere(location, tmp_path, target):
    client = MlflowClient(f"file://{tmp_path}/mlruns")
    experiment = client.create_experiment("one", artifact_location=f"file://{tmp_path}/store/1")
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "a", "a.txt")
    [meta] = (tmp_path / "mlruns").glob(f"*/{run.info.run_id}/meta.yaml")
    assert (meta.parent / "artifacts").is_dir() and not any((meta.parent / "artifacts").iterdir()), "made, and empty"
    if location.startswith("mlflow"):  # as a tracking server on the same folder has it
        at = f"{experiment}/{run.info.run_id}/artifacts"
        meta.write_text(meta.read_text().replace(run.info.artifact_uri, location + at))
        (tmp_path / "store" / experiment).mkdir()
        shutil.move(tmp_path / "store/1" / run.info.run_id, tmp_path / "store" / experiment)
    report = target.bring(tmp_path / "mlruns", "--artifacts", str(tmp_path / "store"))
    assert report["equal"] and report["files"]["new"] == 1
    with target.client() as here:
        assert [f.path for f in here.list_artifacts(run.info.run_id)] == ["a.txt"]


def test_artifacts_of_the_proxy_beside_the_database(template, tmp_path, target):
    rows = Rows(tmp_path / "m.db", template)
    rows.experiment(1, "one")
    run = rows.run(1, 1)
    rows.db.execute("UPDATE runs SET artifact_uri = ?", (f"mlflow-artifacts:/1/{run}/artifacts",))
    path = rows.done()
    elsewhere = tmp_path / "store"
    (elsewhere / "1" / run / "artifacts").mkdir(parents=True)
    (elsewhere / "1" / run / "artifacts" / "a.txt").write_text("a")
    assert "--artifacts" in "\n".join(target.bring(path)["notes"])
    report = target.bring(path, "--artifacts", str(elsewhere))
    assert report["files"]["new"] == 1
    assert target.bring(path, "--artifacts", str(elsewhere))["files"] == {"new": 0, "same": 1, "bytes": 0}
    with target.client() as client:
        assert client.list_artifacts(run)[0].path == "a.txt"
