# SPDX-License-Identifier: Apache-2.0
"""What probes and Prometheus ask: `stemma health`, and /metrics."""

import json
import re
import subprocess
import sys
import time
import urllib.request

import pytest
import requests

import servers


def health(*options, **env):
    command = [servers.stemma_binary(), "health", *options]
    done = subprocess.run([str(c) for c in command], env=servers.fresh_environment(env), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.strip(), done.stderr


@pytest.fixture(scope="module")
def guarded(engine):
    started = servers.Stemma(engine, env={"STEMMA_TOKEN": "secret"})
    yield started
    started.stop()


def test_a_server_that_answers(guarded):
    assert health("--url", guarded.uri)[:2] == (0, "ok")
    assert health(STEMMA_URL=guarded.uri)[:2] == (0, "ok")
    code, out, _ = health("--json", STEMMA_URL=guarded.uri, STEMMA_TOKEN="secret")
    assert code == 0 and json.loads(out) == {"status": "ok"}


def test_another_token_is_not_healthy(guarded):
    code, out, error = health(STEMMA_URL=guarded.uri, STEMMA_TOKEN="zebra")
    assert code == 5 and not out and "401" in error and "zebra" not in error


def test_nobody_there():
    code, out, error = health("--url", f"http://127.0.0.1:{servers.free_port()}")
    assert code == 5 and not out and error.startswith("stemma: ")


def test_something_else_there(tmp_path):
    port = servers.free_port()
    other = subprocess.Popen([sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], cwd=tmp_path,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            except OSError:
                assert other.poll() is None
        code, _, error = health("--url", f"http://127.0.0.1:{port}")
        assert code == 5 and "404" in error
    finally:
        other.kill()
        other.wait()


def test_wrong_options():
    assert health("--url", "ftp://example.org")[0] == 2
    assert health("--data", "x")[0] == 2


def samples(server):
    """{(name, labels): value} of /metrics."""
    reply = requests.get(server.uri + "/metrics", headers={"Authorization": "Bearer secret"}, timeout=60)
    assert reply.status_code == 200 and reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    out, typed = {}, set()
    for line in reply.text.splitlines():
        if line.startswith("# TYPE "):
            assert line not in typed
            typed.add(line)
        elif not line.startswith("#"):
            name, labels, value = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (-?[\d.]+)", line).groups()
            assert (name, labels) not in out
            out[name, labels] = float(value)
    return out


def test_metrics_tell_what_happened(guarded):
    def one(values, name, labels=None):
        return values[f"stemma_{name}", labels]

    before = samples(guarded)
    for i in range(3):
        reply = requests.post(guarded.uri + "/api/v1/projects", json={"name": f"m{i}"}, headers={"Authorization": "Bearer secret"}, timeout=60)
        assert reply.status_code == 201
    write = 'class="write"'
    end = time.monotonic() + 30
    while one(after := samples(guarded), "http_request_seconds_count", write) < one(before, "http_request_seconds_count", write) + 3:
        assert time.monotonic() < end, "a request counts once its answer was sent"
        time.sleep(0.05)
    assert one(after, "http_request_seconds_count", write) == one(before, "http_request_seconds_count", write) + 3
    assert one(after, "http_request_seconds_sum", write) > one(before, "http_request_seconds_sum", write)
    assert one(after, "http_request_seconds_bucket", write + ',le="+Inf"') == one(after, "http_request_seconds_count", write)
    assert one(after, "db_write_seconds_count") >= one(before, "db_write_seconds_count") + 3
    assert one(after, "db_commit_seconds_count") > one(before, "db_commit_seconds_count")
    assert 0 < one(after, "data_free_bytes") <= one(after, "data_size_bytes")
    assert after["process_start_time_seconds", None] > 1_600_000_000 and after["process_resident_memory_bytes", None] > 0
    version = subprocess.run([servers.stemma_binary(), "version"], capture_output=True, text=True, timeout=60).stdout.split()[1]
    assert one(after, "build_info", f'version="{version}"') == 1
