"""Real runtimes, once for all tests, and a weir-discovery beside each."""

import pytest

import found
import image_files
import runtimes


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    return image_files.archive(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="session", params=[runtimes.docker, runtimes.podman], ids=["docker", "podman"])
def runtime(request, archive, tmp_path_factory):
    # Paths of sockets have to be short.
    folder = tmp_path_factory.mktemp("r")
    with request.param(folder) as runtime:
        runtime.folder = folder
        runtime.load(archive)
        yield runtime


@pytest.fixture(scope="session")
def discovery(runtime, tmp_path_factory):
    with found.running(tmp_path_factory.mktemp("d"), runtime) as discovery:
        yield discovery


@pytest.fixture(autouse=True)
def no_containers(runtime):
    yield
    runtime.remove_all()
