"""weir-discovery beside a runtime, and what its pages say."""

import contextlib
import json
import urllib.error
import urllib.request

from ports import free_ports
from processes import Program
from scrape import Scrape
from stack import BINARIES


class NotKnown(AssertionError):
    """A page says that it is not known what there is. For those who wait, it is not known yet."""


class Discovery:
    """A weir-discovery that is running."""

    def __init__(self, program, url):
        self.program = program
        self.url = url

    def page(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            if error.code == 503:
                raise NotKnown(f"{path}: {error.read().decode()}") from error
            raise

    def targets(self):
        """Addresses that Prometheus is given, by the name of the container."""
        groups = json.loads(self.page("/sd/vllm"))
        return {group["labels"]["container"]: group["targets"] for group in groups}

    def routes(self):
        """Routes that the proxy is given: models by upstream, by name."""
        routes = json.loads(self.page("/routes"))["routes"]
        return {route["name"]: (route["upstream"], route["models"]) for route in routes}

    def metrics(self):
        return Scrape.of_text(self.page("/metrics"))

    def state(self, container):
        """The one state of a container; None for one that is unknown."""
        states = self.metrics().by("llm_container_state", "state", container=container)
        assert len(states) <= 1, states
        return next(iter(states), None)

    def total(self, name, **labels):
        return self.metrics().total(name, **labels)


@contextlib.contextmanager
def running(folder, runtime):
    """Starts weir-discovery beside a runtime."""
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    command = [BINARIES / "weir-discovery", "--listen", address, "--docker", runtime.socket, "--log-format", "json"]
    program = Program(f"discovery-{runtime.name}", command, folder)
    discovery = Discovery(program, f"http://{address}")

    def follows():
        with contextlib.suppress(OSError):
            return discovery.total("weir_source_up", source="docker") == 1

    try:
        program.wait_until("discovery follows the runtime", follows, 10)
        yield discovery
    finally:
        program.stop()
