# SPDX-License-Identifier: Apache-2.0
"""`stemma run`: the program's output, exit status and signals go through unchanged; the run has its lines, state, source
and machine; a server that is away stops nothing and loses nothing."""

import http.server
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

import pytest
import servers
import wrapped
from conftest import Native, unique
from wrapped import PYTHON, command, sh


def status(api, run):
    seen = api.ok("GET", f"runs/{run}")
    return seen["status"], seen.get("reason")


# ---- how it ends -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script, code, state, reason",
    [
        ("exit 0", 0, "finished", None),
        ("exit 3", 3, "failed", "exit status 3"),
        ("exit 255", 255, "failed", "exit status 255"),
        ("kill -9 $$", 137, "killed", "signal 9 (Killed)"),
        ("kill -TERM $$", 143, "killed", "signal 15 (Terminated)"),
        ("kill -SEGV $$", 139, "failed", "signal 11 (Segmentation fault)"),
    ],
)
def test_exit_status(server, api, script, code, state, reason):
    got, out, err = wrapped.run(server.uri, sh(f"ulimit -c 0; {script}"))
    assert (got, out) == (code, b"")
    assert status(api, wrapped.run_id(err)) == (state, reason)


def test_programs_that_can_not_run_make_no_run(server, api, tmp_path):
    (tmp_path / "data").write_text("no program")
    before = len(api.ok("POST", "runs/search", json={"projects": []})["items"])
    assert wrapped.run(server.uri, command("no-such-program-at-all"))[0] == 127
    assert wrapped.run(server.uri, command(str(tmp_path / "data")))[0] == 126
    assert len(api.ok("POST", "runs/search", json={"projects": []})["items"]) == before


def test_script_without_interpreter_line(server, tmp_path):
    script = tmp_path / "script"
    script.write_text('echo "$1"\n')
    script.chmod(0o755)
    assert wrapped.run(server.uri, command(str(script), "a b"))[:2] == (0, b"a b\n")


def test_without_a_server_nothing_starts(tmp_path):
    code, out, err = wrapped.run(f"http://127.0.0.1:{servers.free_port()}", sh(f"touch {tmp_path}/ran"))
    assert code == 125 and not out and b"can not be reached" in err
    assert not (tmp_path / "ran").exists()


def test_quiet(server):
    assert wrapped.run(server.uri, sh("echo out; echo err >&2", options=["--quiet"])) == (0, b"out\n", b"err\n")


def test_options_make_the_run(server, api):
    project = unique("made by run")
    options = ["--project", project, "--name", "first", "--tag", "team=nlp", "--tag", "x=a=b", "--config", "lr=1e-3"]
    code, _, err = wrapped.run(server.uri, sh("true", options=options))
    run = api.ok("GET", f"runs/{wrapped.run_id(err)}")
    assert code == 0 and run["name"] == "first" and run["config"] == {"lr": "1e-3"}
    assert err.count(b"\n") == 2  # a line at its begin, one at its end
    assert run["tags"]["team"] == "nlp" and run["tags"]["x"] == "a=b"
    assert run["project"] == api.ok("GET", f"projects/{project}")["number"]
    assert wrapped.run(server.uri, sh("true", options=["--project", project]))[0] == 0  # it is there now
    assert wrapped.run(server.uri, sh("true", options=["--tag", "no value"]))[0] == 125


# ---- signals ---------------------------------------------------------------------------------

WAITS = "trap 'echo got INT; exit 7' INT; trap 'echo got TERM; exit 8' TERM; trap 'echo got HUP; exit 9' HUP;"
WAITS += " echo ready; while :; do sleep 0.05; done"


@pytest.mark.parametrize("sig, word, code", [("SIGINT", b"INT", 7), ("SIGTERM", b"TERM", 8), ("SIGHUP", b"HUP", 9)])
def test_signals_are_passed_on(server, api, sig, word, code):
    process = wrapped.start(server.uri, sh(WAITS))
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(getattr(signal, sig))
    got, out, err = wrapped.end(process)
    assert got == code and b"got " + word in out
    assert f"got {word.decode()}" in wrapped.texts(api, wrapped.run_id(err))


def test_whole_group_is_signalled(server):
    process = wrapped.start(server.uri, sh("sleep 100 & echo $!; wait"))
    sleeper = int(process.stdout.readline())
    process.terminate()
    assert wrapped.end(process)[0] == 143
    wrapped.wait_for(lambda: not wrapped.alive(sleeper))


def test_kill_9_of_the_program(server, api):
    process = wrapped.start(server.uri, sh("echo $$; exec sleep 100"))
    os.kill(int(process.stdout.readline()), signal.SIGKILL)
    code, _, err = wrapped.end(process)
    assert code == 137
    assert status(api, wrapped.run_id(err)) == ("killed", "signal 9 (Killed)")


def test_kill_9_of_the_wrapper_ends_the_program(server):
    process = wrapped.start(server.uri, sh("echo $$; exec sleep 100"))
    pid = int(process.stdout.readline())
    process.kill()
    wrapped.end(process)
    wrapped.wait_for(lambda: not wrapped.alive(pid))


def test_stop_and_go_on(server):
    script = "import os, time\nprint(os.getpid(), flush=True)\nfor _ in range(20): time.sleep(0.02)\nprint('end')"
    process = wrapped.start(server.uri, command(PYTHON, "-c", script))
    pid = int(process.stdout.readline())
    process.send_signal(signal.SIGTSTP)
    wrapped.wait_for(lambda: pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
    process.send_signal(signal.SIGCONT)
    code, out, _ = wrapped.end(process)
    assert (code, out) == (0, b"end\n")


def test_reader_that_goes_away(server):
    """`stemma run -- yes | head` ends as `yes | head` does."""
    process = wrapped.start(server.uri, command("yes"))
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    assert wrapped.end(process)[0] == 141


# ---- what it prints --------------------------------------------------------------------------


def test_streams_stay_apart(server, api):
    code, out, err = wrapped.run(server.uri, sh("echo a; echo b >&2; printf 'no end'"))
    run = wrapped.run_id(err)
    assert code == 0 and out == b"a\nno end" and b"\nb\n" in err
    assert sorted(wrapped.lines(api, run)) == [("err", "b"), ("out", "a"), ("out", "no end")]
    assert wrapped.texts(api, run, stream="err") == ["b"]


def test_binary_output(server, api, tmp_path):
    data = bytes(range(256)) * 700
    (tmp_path / "binary").write_bytes(data)
    code, out, err = wrapped.run(server.uri, command("cat", str(tmp_path / "binary")))
    assert code == 0 and out == data
    kept = wrapped.texts(api, wrapped.run_id(err))
    assert len(kept) == 701 and "\\0" in kept[0] and "\ufffd" in kept[1]


def test_progress_bar_is_a_line(server, api):
    script = "import sys\nfor i in range(3000):\n    sys.stderr.write(f'\\r{i}/3000')\nprint(file=sys.stderr)"
    code, _, err = wrapped.run(server.uri, command(PYTHON, "-c", script))
    assert code == 0 and wrapped.texts(api, wrapped.run_id(err)) == ["2999/3000"]


def test_many_lines_fast(server):
    script = "for i in range(100000):\n    print(f'line {i} of many, and some more text to make it longer')"
    code, out, err = wrapped.run(server.uri, command(PYTHON, "-c", script))
    assert code == 0 and out.count(b"\n") == 100000
    kept = wrapped.stemma(server.uri, "console", wrapped.run_id(err)).stdout
    assert kept == out


def test_terminal(server, api):
    script = "test -t 0 && test -t 1 && test -t 2 && echo all terminals; stty size; read x; echo \"got <$x>\"; exit 4"
    t = wrapped.Terminal(server.uri, sh(script))
    t.read(until=b"all terminals")
    t.type(b"typed\r")
    assert t.end() == 4
    run = wrapped.run_id(t.seen)
    assert b"got <typed>" in t.seen
    kept = wrapped.texts(api, run)
    assert kept[0] == "all terminals" and kept[-1] == "got <typed>"
    assert status(api, run) == ("failed", "exit status 4")


def test_terminal_ctrl_c(server, api):
    t = wrapped.Terminal(server.uri, sh(WAITS))
    t.read(until=b"ready\r\n")  # not a run of that name
    t.type(b"\x03")
    assert t.end() == 7
    assert b"got INT" in t.seen and t.seen.count(b"got INT") == 1
    assert status(api, wrapped.run_id(t.seen))[0] == "failed"


def test_children_that_stay_do_not_hold_it_up(server):
    process = wrapped.start(server.uri, sh("sleep 100 & echo $!"))
    sleeper = int(process.stdout.readline())
    process.wait(30)
    os.kill(sleeper, signal.SIGKILL)
    wrapped.end(process)


# ---- what it tells about the source and the machine ------------------------------------------


def git(folder, *args):
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "t", f"GIT_{who}_EMAIL": "t@example.org"}
    return subprocess.run(["git", *args], cwd=folder, env=env, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "train.py").write_text("lr = 1\n")
    (tmp_path / "both.txt").write_text("one\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "remote", "add", "origin", "https://user:secret@git.example.org/team/repo.git")
    return tmp_path


def read_file(api, run, path):
    reply = api.get(f"runs/{run}/files/{path}")
    assert reply.status_code == 200, reply.text
    return reply.content.decode()


def test_git_commit_and_changes(server, api, repository):
    (repository / "train.py").write_text("lr = 2\n")
    (repository / "both.txt").write_text("two\n")
    git(repository, "add", "both.txt")
    (repository / "new.py").write_text("print()\n")
    (repository / "below").mkdir()
    _, _, err = wrapped.run(server.uri, sh("true"), cwd=repository / "below")
    run = wrapped.run_id(err)
    tags = api.ok("GET", f"runs/{run}")["tags"]
    assert tags["mlflow.source.git.commit"] == git(repository, "rev-parse", "HEAD").strip()
    assert tags["mlflow.source.git.branch"] == "trunk"
    assert tags["mlflow.source.git.repoURL"] == "https://git.example.org/team/repo.git"
    assert tags["stemma.git.uncommitted"] == "true"
    assert read_file(api, run, "source/untracked.txt").splitlines() == ["new.py"]
    patch = read_file(api, run, "source/patch.diff")
    git(repository, "stash", "-q")
    subprocess.run(["git", "apply"], cwd=repository, input=patch, text=True, check=True)
    assert (repository / "train.py").read_text() == "lr = 2\n" and (repository / "both.txt").read_text() == "two\n"


def test_git_without_changes(server, api, repository):
    _, _, err = wrapped.run(server.uri, sh("true"), cwd=repository)
    run = wrapped.run_id(err)
    assert api.ok("GET", f"runs/{run}")["tags"]["stemma.git.uncommitted"] == "false"
    assert api.get(f"runs/{run}/files/source/patch.diff").status_code == 404


def test_git_changes_that_are_too_long(server, api, repository):
    (repository / "train.py").write_text("".join(f"x = {i}\n" for i in range(200000)))
    _, _, err = wrapped.run(server.uri, sh("true"), cwd=repository)
    patch = read_file(api, wrapped.run_id(err), "source/patch.diff")
    assert 1 << 20 < len(patch) < (1 << 20) + 100 and "cut here" in patch[-100:]


def test_machine_and_command(server, api, tmp_path):
    script = "import sys"
    argv = [PYTHON, "-c", script, "--token", "hush1", "--api-key=hush2", "--lr", "0.1", "HF_TOKEN=hush3"]
    argv += ["http://me:hush4@example.org/x", "--max-tokens", "512"]
    _, _, err = wrapped.run(server.uri, command(*argv), cwd=tmp_path)
    run = wrapped.run_id(err)
    tags = api.ok("GET", f"runs/{run}")["tags"]
    assert "hush" not in str(tags)
    assert tags["stemma.command"].endswith("HF_TOKEN=*** http://example.org/x --max-tokens 512")
    assert tags["stemma.folder"] == str(tmp_path)
    for name in ("stemma.host", "stemma.kernel", "stemma.cores", "stemma.memory_mb", "mlflow.user"):
        assert tags[name], name
    assert tags["mlflow.source.type"] == "LOCAL" and "mlflow.source.git.commit" not in tags
    packages = read_file(api, run, "source/requirements.txt").splitlines()
    assert any(line.startswith("mlflow==") for line in packages) and packages == sorted(packages)
    assert tags["stemma.python"].startswith("3.")


def test_measurements(server, api):
    _, _, err = wrapped.run(server.uri, sh("sleep 2.5", options=["--sample", "1"]))
    metrics = api.ok("GET", f"runs/{wrapped.run_id(err)}")["metrics"]
    assert metrics["system/process_memory_megabytes"]["last"]["value"] > 0
    assert 0 <= metrics["system/cpu_utilization_percentage"]["last"]["value"] <= 100
    assert metrics["system/process_cpu_percentage"]["min"] >= 0


# ---- others in the same run ------------------------------------------------------------------

MLFLOW = """
import mlflow
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5, step=3)
    mlflow.log_param("lr", 0.1)
    print("in", run.info.run_id)
"""


def test_mlflow_joins_the_run(server, api):
    code, out, err = wrapped.run(server.uri, command(PYTHON, "-c", MLFLOW, options=["--project", unique("p")]))
    run_id = wrapped.run_id(err)
    assert code == 0 and f"in {run_id}".encode() in out
    run = api.ok("GET", f"runs/{run_id}")
    assert run["metrics"]["loss"]["last"]["value"] == 0.5 and run["config"] == {"lr": "0.1"}
    assert run["status"] == "finished"


def test_log_within_and_outside(server, api):
    binary = servers.stemma_binary()
    script = f"{binary} log acc=0.5 acc2=1e3 --step 2 --tag a=b; echo '{{\"step\": 1, \"x\": 2, \"y\": NaN}}' | {binary} log -"
    code, out, err = wrapped.run(server.uri, sh(script))
    run = wrapped.run_id(err)
    seen = api.ok("GET", f"runs/{run}")
    assert code == 0 and not out and seen["tags"]["a"] == "b"
    assert seen["metrics"]["acc"]["last"] | {"time_ms": 0} == {"step": 2, "value": 0.5, "time_ms": 0}
    assert seen["metrics"]["x"]["last"]["value"] == 2 and seen["metrics"]["y"]["last"]["value"] == "NaN"
    done = wrapped.stemma(server.uri, "log", run, "z=1", "--time", "123", "--config", "k=v", "--config", "k2=v2")
    assert done.returncode == 0, done.stderr
    seen = api.ok("GET", f"runs/{run}")
    assert seen["metrics"]["z"]["last"]["time_ms"] == 123 and seen["config"] == {"k": "v", "k2": "v2"}


def test_log_takes_many_lines(server, api):
    run = api.ok("POST", "runs", json={"project": 0})["id"]
    data = "".join(f'{{"step": {i}, "loss": {i / 10}, "time_ms": {1000 + i}}}\n' for i in range(5000))
    done = wrapped.stemma(server.uri, "log", run, "-", "--json", input=data.encode())
    assert done.returncode == 0 and done.stdout == b'{"points":5000}\n'
    assert api.ok("GET", f"runs/{run}")["metrics"]["loss"]["last"] == {"step": 4999, "time_ms": 5999, "value": 499.9}


def test_log_takes_wide_lines(server, api):
    """A line of less than 256 KiB, which is more than a request takes as points."""
    run = api.ok("POST", "runs", json={"project": 0})["id"]
    wide = "{" + ",".join(f'"k{i:05}":1' for i in range(20_000)) + "}"
    data = '{"loss": 1}\n' * 999 + wide + '\n{"step": 1, "loss": 2}\n[1]\n'
    assert len(wide) < 240_000
    done = wrapped.stemma(server.uri, "log", run, "-", input=data.encode())
    assert done.returncode == 2 and b"line 1002: it is no object" in done.stderr, done
    metrics = api.ok("GET", f"runs/{run}")["metrics"]
    assert metrics["loss"]["last"]["value"] == 2 and len(metrics) == 20_001


@pytest.mark.parametrize(
    "args, says",
    [
        (["a=text"], b"no number"),
        (["a=1e400"], b"beyond what a number holds"),
        (["=1"], b"KEY=VALUE"),
        ([], b"nothing to log"),
        (["a=1", "--step", "x"], b"--step"),
        (["-"], b"line 2"),
    ],
)
def test_log_refuses(server, api, args, says):
    run = api.ok("POST", "runs", json={"project": 0})["id"]
    done = wrapped.stemma(server.uri, "log", run, *args, input=b'{"a": 1}\n[1]\n')
    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert wrapped.stemma(server.uri, "log", "0" * 32, "a=1").returncode == 4
    assert b"name the run" in wrapped.stemma(server.uri, "log", "a=1").stderr


@pytest.mark.parametrize(
    "line, says",
    [
        ('{"a": 1e400}', b"'1e400' is beyond what a number holds"),
        ('{"a": -1e400}', b"'-1e400' is beyond what a number holds"),
        ('{"a": "1e400"}', b"'1e400' is beyond what a number holds"),
        ('{"a": "x"}', b"a value is no number"),
        ('{"a": 1, "c": "x"}', b"a value is no number"),
        ('{"a": 1, "step": 2.5}', b"'step' is no whole number"),
        ('{"a": 1, "step": 1e400}', b"'step' is no whole number"),
        ('{"a": 1, "time_ms": "9"}', b"'time_ms' is no whole number"),
    ],
)
def test_log_names_the_line_that_holds_no_number(server, api, line, says):
    run = api.ok("POST", "runs", json={"project": 0})["id"]
    done = wrapped.stemma(server.uri, "log", run, "-", input=f'{{"b": 1}}\n\n{line}\n{{"b": 2, "late": 3}}\n'.encode())
    assert done.returncode == 2 and b"line 3: " in done.stderr and says in done.stderr, done.stderr
    metrics = api.ok("GET", f"runs/{run}")["metrics"]
    assert list(metrics) == ["b"], "the lines before it are logged, and nothing of its own"


def test_log_takes_infinities_that_are_written(server, api):
    run = api.ok("POST", "runs", json={"project": 0})["id"]
    line = b'{"a": Infinity, "b": "-inf", "c": NaN, "d": 1e308, "e": null, "step": null, "time_ms": 5}\n'
    done = wrapped.stemma(server.uri, "log", run, "-", input=line)
    assert done.returncode == 0, done.stderr
    seen = {key: m["last"]["value"] for key, m in api.ok("GET", f"runs/{run}")["metrics"].items()}
    assert seen == {"a": "Infinity", "b": "-Infinity", "c": "NaN", "d": 1e308}


# ---- a server that is away -------------------------------------------------------------------

COUNTS = "import sys, time, pathlib\nfor i in range(200):\n    print('line', i, flush=True)\n    time.sleep(0.005)\n"
COUNTS += "    while i == 100 and not pathlib.Path(sys.argv[1]).exists():\n        time.sleep(0.01)\n"


@pytest.fixture
def own_server(engine):
    started = servers.Stemma(engine)
    yield started
    started.stop()


def test_server_down_in_the_middle_and_back(own_server, tmp_path):
    port, flag = own_server.servers[0].port, tmp_path / "go on"
    process = wrapped.start(own_server.uri, command(PYTHON, "-c", COUNTS, str(flag), options=["--wait", "60s"]))
    for _ in range(50):
        process.stdout.readline()
    argv = own_server.servers[0].command
    own_server.stop_servers()
    for _ in range(51):
        process.stdout.readline()  # it goes on without a server
    flag.touch()
    time.sleep(0.5)
    own_server.servers.append(servers.Server("stemma", argv, own_server.folder, port, own_server.env))
    code, _, err = wrapped.end(process)
    api = Native(own_server.uri)
    run = wrapped.run_id(err)
    assert code == 0 and b"not everything" not in err
    assert wrapped.texts(api, run) == [f"line {i}" for i in range(200)]
    assert status(api, run) == ("finished", None)


def test_what_is_not_sent_is_kept_and_sent_later(own_server, tmp_path):
    port, flag = own_server.servers[0].port, tmp_path / "go on"
    spool = tmp_path / "spool"
    spool.mkdir()
    argv = command(PYTHON, "-c", COUNTS, str(flag), options=["--wait", "0"])
    process = wrapped.start(own_server.uri, argv, env={"TMPDIR": spool})
    for _ in range(50):
        process.stdout.readline()
    server_argv = own_server.servers[0].command
    own_server.stop_servers()
    flag.touch()
    code, _, err = wrapped.end(process)
    assert code == 0 and b"not everything was sent" in err
    (kept,) = spool.iterdir()
    assert str(kept).encode() in err
    uri = f"http://127.0.0.1:{port}"
    assert wrapped.stemma(uri, "send", kept).returncode == 5
    own_server.servers.append(servers.Server("stemma", server_argv, own_server.folder, port, own_server.env))
    copy = tmp_path / "copy"
    shutil.copy(kept, copy)
    for file in (kept, copy):  # twice does no harm
        done = wrapped.stemma(uri, "send", file)
        assert done.returncode == 0 and not file.exists(), done.stderr
    api = Native(own_server.uri)
    run = wrapped.run_id(err)
    assert wrapped.texts(api, run) == [f"line {i}" for i in range(200)]
    assert status(api, run) == ("finished", None)
    (tmp_path / "junk").write_bytes(b"x" * 100)
    assert b"no file that" in wrapped.stemma(own_server.uri, "send", tmp_path / "junk").stderr


def kept_file(own_server, folder):
    """What a run of 200 lines kept whose server went away after 50: its id and the file."""
    spool = folder / "spool"
    spool.mkdir()
    argv = command(PYTHON, "-c", COUNTS, str(folder / "go on"), options=["--wait", "0"])
    process = wrapped.start(own_server.uri, argv, env={"TMPDIR": spool})
    for _ in range(50):
        process.stdout.readline()
    own_server.stop_servers()
    (folder / "go on").touch()
    _, _, err = wrapped.end(process)
    (kept,) = spool.iterdir()
    return wrapped.run_id(err), kept


class LoginPage(http.server.BaseHTTPRequestHandler):
    """A proxy that wants people to log in first."""

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "15")
        self.end_headers()
        self.wfile.write(b"<p>Log in, do!\n")

    do_GET = do_POST = do_PATCH = do_PUT = answer

    def log_message(self, *_):
        pass


class Redirecting(LoginPage):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(307)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PATCH = do_PUT = answer


class NotFound(LoginPage):
    status = 404

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_error(self.status)

    do_GET = do_POST = do_PATCH = do_PUT = answer


class TooLong(NotFound):
    status = 413


@pytest.fixture
def listen():
    """Makes a server of a handler; its address."""
    started = []

    def start(handler):
        started.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=started[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{started[-1].server_port}"

    yield start
    for one in started:
        one.shutdown()
        one.server_close()


def test_a_kept_file_stays_until_its_server_took_it(own_server, server, listen, tmp_path):
    run, kept = kept_file(own_server, tmp_path)
    whole = kept.read_bytes()
    for handler in (LoginPage, Redirecting, NotFound):
        done = wrapped.stemma(listen(handler), "send", kept)
        assert done.returncode != 0 and b"is it " in done.stderr and kept.exists(), (handler, done)
    done = wrapped.stemma(listen(TooLong), "send", kept)  # a proxy's limit, of that request alone
    assert done.returncode == 1 and b"refused" in done.stderr and b"refused 1 " not in done.stderr, done
    copy = tmp_path / "copy"
    shutil.copy(kept, copy)
    done = wrapped.stemma(server.uri, "send", kept, copy)  # a Stemma that does not know the run
    assert done.returncode == 1, done
    for file in (kept, copy):
        assert b"refused" in done.stderr and f"{file}, which stays".encode() in done.stderr, done
        assert file.read_bytes() == whole
    own_server.options = ["--token", "secret"]
    own_server.start()
    for env, code in (({}, 1), ({"STEMMA_TOKEN": "another"}, 1), ({"STEMMA_TOKEN": "secret"}, 0)):
        done = wrapped.stemma(own_server.uri, "send", kept, env=env)
        assert (done.returncode, kept.exists()) == (code, code != 0), done
        assert code == 0 or b"token" in done.stderr, done
    own_server.options = []
    own_server.restart()
    assert wrapped.texts(Native(own_server.uri), run) == [f"line {i}" for i in range(200)]


def test_a_token_that_expires_loses_nothing(own_server, tmp_path):
    port, flag, spool = own_server.servers[0].port, tmp_path / "go on", tmp_path / "spool"
    spool.mkdir()
    argv = command(PYTHON, "-c", COUNTS, str(flag), options=["--wait", "1s"])
    process = wrapped.start(own_server.uri, argv, env={"TMPDIR": spool})
    for _ in range(50):
        process.stdout.readline()
    own_server.stop_servers()
    own_server.options = ["--token", "secret"]
    own_server.start_at(port)
    flag.touch()
    code, _, err = wrapped.end(process)
    assert code == 0 and b"not everything was sent" in err and b"token" in err and b"refused" not in err, err
    (kept,) = spool.iterdir()
    assert wrapped.stemma(own_server.uri, "send", kept, env={"STEMMA_TOKEN": "secret"}).returncode == 0
    own_server.options = []
    own_server.restart()
    api = Native(own_server.uri)
    assert wrapped.texts(api, wrapped.run_id(err)) == [f"line {i}" for i in range(200)]


def test_run_on_a_folder_without_a_server(own_server):
    own_server.stop_servers()
    argv = [servers.stemma_binary(), "run", *own_server.data, "--", PYTHON, "-c", MLFLOW]
    env = servers.fresh_environment()
    done = subprocess.run(argv, env=env, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    run = wrapped.run_id(done.stderr)
    shown = [servers.stemma_binary(), "console", run, *own_server.data]
    assert f"in {run}\n".encode() in subprocess.run(shown, env=env, capture_output=True, timeout=60).stdout
