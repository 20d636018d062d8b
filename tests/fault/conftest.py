# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the fault tests. The binary is build/release/stemma, or STEMMA_BIN; tests on PostgreSQL need
STEMMA_TEST_PG (run them by 'tests/pg.sh run pytest tests/fault').

    -m soak     the long ones instead of the short ones (make soak)
"""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.append(str(pathlib.Path(__file__).parents[1] / "clients"))

from site_of import Database, Site


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: takes hours; runs only by -m soak")
    if not config.option.markexpr:
        config.option.markexpr = "not soak"


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request):
    need_engine(request.param)
    return request.param


def need_engine(name):
    if name == "postgres" and not os.environ.get("STEMMA_TEST_PG"):
        pytest.skip("STEMMA_TEST_PG is not set: run by tests/pg.sh")


@pytest.fixture
def site(request, tmp_path):
    """A folder with SQLite that servers can be started on."""
    with Site(tmp_path) as s:
        yield s


@pytest.fixture
def any_site(engine, tmp_path):
    """The same on each engine."""
    with Site(tmp_path, Database() if engine == "postgres" else None) as s:
        yield s


@pytest.fixture
def pair(tmp_path):
    """PostgreSQL and a folder, for several servers at once."""
    need_engine("postgres")
    with Site(tmp_path, Database()) as s:
        yield s
