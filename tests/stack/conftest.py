"""What the tests share."""

import os
import signal
import sys
import warnings
from pathlib import Path

import pytest

# The programs that tests start and wait for are those of tests/real. `pythonpath` of pytest.ini would name that
# folder by `..`, and its modules look for files beside themselves.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "real"))

import simulated
import simulated_prometheus
from processes import Ended
from prometheus_api import Asked

# Nothing here is reached through a proxy of the machine.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def pytest_configure():
    # A run that is ended from outside must still end what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    # What needs the simulated stack comes after the rest.
    items.sort(key=lambda item: (item.get_closest_marker("last") is not None, "history" in item.fixturenames))


@pytest.fixture(scope="session")
def history(tmp_path_factory):
    """What the simulated stack has left behind after a minute of traffic."""
    try:
        return _run_with_crashes_of_others(lambda: simulated.run(tmp_path_factory.mktemp("simulated")))
    except (AssertionError, OSError, RuntimeError) as error:
        # Hundreds of tests need it, and all of them would say the same.
        pytest.exit(f"the simulated stack did not run as it should: {error}", returncode=1)


def _run_with_crashes_of_others(run):
    """Runs once more if LiteLLM has crashed: its interpreter does, rarely (SIGSEGV), and that says nothing of Weir."""
    try:
        return run()
    except Ended as ended:
        if not (ended.name == "litellm" and ended.has_crashed):
            raise
        warnings.warn(f"once more, for LiteLLM has crashed: {ended}", stacklevel=2)
        return run()


@pytest.fixture(scope="session")
def prometheus(history):
    """Its Prometheus, asked about the run."""
    with simulated_prometheus.at_rest(history.folder) as url:
        yield Asked(url, history.start, history.end)
