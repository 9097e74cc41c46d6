"""What the tests share: each load, run once by all tools."""

import os
import signal
import sys
from pathlib import Path

import pytest

# Engines, Weir and waiting are those of tests/real.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "real"))

import measure
import page

# Nothing here is reached through a proxy of the machine.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"

MEASURED = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--write", action="store_true", help="write the tables into AGREEMENT.md if all tests pass")


def pytest_configure(config):
    # A run that is ended from outside must still end what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def measured(tmp_path_factory, pytestconfig):
    measured = measure.Measured(tmp_path_factory.mktemp("agree"))
    pytestconfig.stash[MEASURED] = measured
    return measured


def pytest_sessionfinish(session, exitstatus):
    measured = session.config.stash.get(MEASURED, None)
    if session.config.getoption("--write") and exitstatus == 0 and measured:
        page.write(page.tables(measured))
