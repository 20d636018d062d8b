# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the client tests: a server (ours by default), the official client, an experiment, a run.

    --server stemma|reference   what to test; the reference proves the tests
    --server-url URL            a server that runs already
    --engine sqlite|postgres    what our server keeps its records in (postgres needs STEMMA_TEST_PG: tests/pg.sh)
    --servers N                 so many of our servers on one PostgreSQL; requests go to each in turn

A test marked `differs("why")` states where we deliberately differ from the reference: it is skipped there.
"""

import itertools
import logging
import os
import urllib.parse
import uuid

# Set before mlflow is imported: errors fail at once instead of after minutes of retries.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

import mlflow
import pytest
import requests.adapters
from mlflow import MlflowClient

import servers
from rest import Rest

logging.getLogger("mlflow").setLevel(logging.ERROR)


def pytest_addoption(parser):
    group = parser.getgroup("stemma")
    group.addoption("--server", choices=["stemma", "reference"], default="stemma")
    group.addoption("--server-url")
    group.addoption("--engine", choices=["sqlite", "postgres"], default="sqlite")
    group.addoption("--servers", type=int, default=1)


def pytest_configure(config):
    config.addinivalue_line("markers", "differs(why): where Stemma deliberately differs; skipped on the reference")
    config.addinivalue_line("markers", "own_server: starts Stemma servers of its own, whatever --server says")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--server") == "stemma":
        return
    for item in items:
        for mark in ("differs", "own_server"):
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=f"{mark}: about Stemma only"))


def pytest_xdist_auto_num_workers(config):
    return 2


@pytest.fixture(scope="session")
def reference():
    """The reference server, for comparisons; it takes seconds to start, so one a session."""
    server = servers.Reference()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def server(request):
    option = request.config.getoption
    if option("--server-url"):
        started = servers.Given(option("--server-url"))
    elif option("--server") == "reference":
        started = request.getfixturevalue("reference")
    else:
        started = servers.Stemma(option("--engine"), option("--servers"))
    yield started
    if not isinstance(started, servers.Reference):
        started.stop()


@pytest.fixture
def new_server(request):
    """Starts a server of the test's own: new_server(options=[...], env={...})."""
    started = []

    def start(**kwargs):
        started.append(servers.Stemma(request.config.getoption("--engine"), **kwargs))
        return started[-1]

    yield start
    for s in started:
        s.stop()


@pytest.fixture(scope="session", autouse=True)
def spread(server):
    """With several servers, each request of this process goes to the next of them."""
    if len(server.uris) < 2:
        yield
        return
    hosts = [urllib.parse.urlsplit(u).netloc for u in server.uris]
    turn, send = itertools.cycle(hosts), requests.adapters.HTTPAdapter.send

    def send_in_turn(self, request, **kwargs):
        parts = urllib.parse.urlsplit(request.url)
        if parts.netloc in hosts:
            request.url = urllib.parse.urlunsplit(parts._replace(netloc=next(turn)))
        return send(self, request, **kwargs)

    requests.adapters.HTTPAdapter.send = send_in_turn
    yield
    requests.adapters.HTTPAdapter.send = send


@pytest.fixture(scope="session")
def uri(server):
    return server.uri


@pytest.fixture(autouse=True)
def tracking(uri):
    """The fluent API points at the server, and no run stays active."""
    mlflow.set_tracking_uri(uri)
    yield
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def client(uri):
    return MlflowClient(uri)


@pytest.fixture
def rest(uri):
    return Rest(uri)


def unique(name):
    return f"{name} {uuid.uuid4().hex[:12]}"


@pytest.fixture
def experiment(client, request):
    """The id of a new experiment, which is also the fluent API's."""
    experiment_id = client.create_experiment(unique(request.node.name[:200]))
    mlflow.set_experiment(experiment_id=experiment_id)
    return experiment_id


@pytest.fixture
def run(client, experiment):
    """The id of a new run."""
    return client.create_run(experiment).info.run_id
