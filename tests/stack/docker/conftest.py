"""The stack of compose/compose.yaml with its profile `simulated`, on a Docker daemon of its own."""

import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Programs that run beside tests, and daemons, are those of tests/real.
sys.path += [str(ROOT / "tests/real"), str(ROOT / "tests/real/docker")]

import isolated  # noqa: E402
import stand_ins  # noqa: E402
from stand_ins import SERVICES  # noqa: E402

COMPOSE = ROOT / ".venv/bin/docker-compose"
FILES = [ROOT / "compose/compose.yaml", Path(__file__).with_name("stand-ins.yaml")]

@pytest.fixture(scope="session")
def docker(tmp_path_factory):
    # Paths of sockets have to be short.
    folder = tmp_path_factory.mktemp("s")
    with isolated.docker(folder) as docker:
        stand_ins.load(docker, tmp_path_factory.mktemp("images"))
        yield docker


@pytest.fixture(scope="session")
def prometheus_settings(tmp_path_factory):
    """A copy of config/prometheus that Prometheus 2.42 takes, and that tests may change."""
    folder = tmp_path_factory.mktemp("p") / "prometheus"
    shutil.copytree(ROOT / "config/prometheus", folder)
    file = folder / "stack.yml"
    text, count = re.subn(r"^ +(scrape_native|always_scrape_classic)_histograms: true\n", "", file.read_text(), flags=re.M)
    assert count == 2, "the settings that Debian's Prometheus does not know"
    file.write_text(text)
    for path in (folder.parent, folder):
        path.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def stack(docker, prometheus_settings):
    environment = {
        "WEIR_TEST_PROMETHEUS": str(prometheus_settings),
        "DOCKER_SOCKET": docker.socket.removeprefix("unix://"),
        "CONTAINERD_FOLDER": str(docker.folder),
        "DOCKER_FOLDER": str(docker.folder / "data"),
        # More of it, so that there is something to see soon.
        "TRAFFIC_RATE": "10",
    }
    compose = isolated.Compose(docker, COMPOSE, FILES, environment, profiles=["simulated"])
    compose.run("up", "--detach", "--no-build", *SERVICES)
    try:
        compose.wait_until_healthy(SERVICES)
        yield compose
    finally:
        compose.run("down", "--volumes", "--timeout", "10")
