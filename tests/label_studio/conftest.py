"""What the tests share: a Label Studio, started once, and a page of weir-loadtest for each project."""

import contextlib
import itertools
import os
import signal
import sys
from pathlib import Path

import pytest

# The programs that tests start and wait for are those of tests/real, whose modules look for files beside themselves.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "real"))

import page as pages
import run
import studio as studios

# Nothing here is reached through a proxy of the machine.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def pytest_configure():
    # A run that is ended from outside must still end what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def studio(tmp_path_factory):
    studio = studios.start(tmp_path_factory.mktemp("label-studio"))
    yield studio
    studio.program.stop()


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A store of runs with the run."""
    return run.imported(tmp_path_factory.mktemp("store"))


@pytest.fixture
def page(tmp_path, store, studio):
    """Starts the page, with a project and a token; ends what it started."""
    numbers = itertools.count()
    with contextlib.ExitStack() as ending:

        def start(project, token=studio.personal, url=studio.url):
            folder = tmp_path / f"page-{next(numbers)}"
            folder.mkdir()
            started = pages.start(folder, store, url, token, project)
            ending.callback(started.program.stop)
            return started

        yield start
