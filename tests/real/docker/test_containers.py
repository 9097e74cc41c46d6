"""Containers of a real runtime come and go, and targets, routes and metrics follow."""

import json
import time

import pytest

import found
import runtimes
from ports import free_ports
from waiting import until

# From the moment that the client is done to the moment that the pages show it, on an idle machine.
FOLLOWS = 2.0


@pytest.fixture
def timed(runtime, discovery):
    """Waits until something is shown, and prints how long that took."""

    def timed(what, shown, deadline=FOLLOWS):
        began = time.monotonic()
        until(what, shown, deadline, discovery.program.log_tail)
        print(f"{runtime.name}: {what} after {1000 * (time.monotonic() - began):.0f} ms")

    return timed


def engine(runtime, name, *words, options=()):
    """Starts an engine; its port."""
    (port,) = free_ports(1)
    address = ["--host", "127.0.0.1", "--port", port]
    runtime.start(name, "org/weights", "--served-model-name", name, f"{name}-alias", *address, *words, options=options)
    return port


def test_an_engine_that_starts_and_stops(runtime, discovery, timed):
    port = engine(runtime, "llama")
    upstream = f"http://127.0.0.1:{port}"
    timed("its state", lambda: discovery.state("llama") == "running")
    timed("its target", lambda: discovery.targets().get("llama") == [f"127.0.0.1:{port}"])
    timed("its route", lambda: discovery.routes().get("llama") == (upstream, ["llama", "llama-alias"]))
    timed("its metrics", lambda: discovery.total("llm_engine_up", container="llama", model="llama") == 1)
    runtime.run("stop", "--time", 1, "llama")
    timed("its end", lambda: discovery.state("llama") == "exited")
    timed("its metrics' end", lambda: discovery.total("llm_engine_up", container="llama") == 0)
    # Prometheus has to see that it is down.
    assert "llama" in discovery.targets()
    runtime.run("start", "llama")
    timed("its second start", lambda: discovery.state("llama") == "running")
    timed("its metrics again", lambda: discovery.total("llm_engine_up", container="llama") == 1)
    runtime.run("rm", "--force", "llama")
    timed("that it is gone", lambda: discovery.state("llama") == "removed")


def test_two_engines_and_a_new_name(runtime, discovery, timed):
    engine(runtime, "first")
    engine(runtime, "second")
    both = {"first", "second"}
    timed("both routes", lambda: both <= discovery.routes().keys())
    runtime.run("rename", "second", "third")
    timed("the new name", lambda: discovery.state("third") == "running")


def test_a_container_that_pauses(runtime, discovery, timed):
    engine(runtime, "sleeper")
    timed("its state", lambda: discovery.state("sleeper") == "running")
    runtime.run("pause", "sleeper")
    timed("its pause", lambda: discovery.state("sleeper") == "paused")
    runtime.run("unpause", "sleeper")
    timed("that it goes on", lambda: discovery.state("sleeper") == "running")


def test_a_container_that_restarts_all_the_time(runtime, discovery, timed):
    options = ["--restart", "always", "--entrypoint", "false"]
    runtime.start("loop", options=options)
    restarts = lambda: discovery.total("llm_container_restarts_total", container="loop")
    timed("its restarts", lambda: restarts() >= 2, 10)
    engine(runtime, "calm")
    timed("another's route", lambda: "calm" in discovery.routes())


def test_a_container_that_is_killed_for_its_use_of_memory(runtime, discovery, timed):
    options = ["--memory", "24m", "--entrypoint", "tail"]
    runtime.start("hungry", "/dev/zero", options=options)
    until("it has ended", lambda: not runtime.inspect("hungry")["State"]["Running"])
    if not runtime.inspect("hungry")["State"]["OOMKilled"]:
        pytest.skip(f"{runtime.name} does not say here that it was killed for its use of memory")
    timed("the kill", lambda: discovery.total("llm_container_oom_killed_total", container="hungry") == 1)
    time_for_more = time.monotonic() + 1
    until("a second has passed", lambda: time.monotonic() > time_for_more)
    assert discovery.total("llm_container_oom_killed_total", container="hungry") == 1


def test_a_daemon_that_is_gone_and_back(runtime, discovery, timed, archive, tmp_path_factory):
    if runtime.name != "docker":
        pytest.skip("podman's containers have no daemon to lose")
    folder = tmp_path_factory.mktemp("r")
    with runtimes.containerd(folder):
        with runtimes.dockerd(folder) as docker:
            docker.load(archive)
            with found.running(folder, docker) as beside:
                engine(docker, "llama")
                timed("its route", lambda: "llama" in beside.routes())
                docker.program.stop()
                timed("that the daemon is gone", lambda: not beside.total("weir_source_up", source="docker"), 5)
                # Nobody is told that there are none.
                for ask in (beside.routes, beside.targets):
                    with pytest.raises(found.NotKnown):
                        ask()
                with runtimes.dockerd(folder) as again:
                    up = lambda: beside.total("weir_source_up", source="docker") == 1
                    timed("that it is back", up, 15)
                    engine(again, "qwen")
                    timed("a route after that", lambda: "qwen" in beside.routes())
                    lines = [json.loads(line) for line in beside.program.log.read_text().splitlines()]
                    warnings = [line for line in lines if line["level"] == "WARN" and line.get("source") == "docker"]
                    assert len(warnings) == 1, warnings
                    again.remove_all()
