"""Discovery's own process: its configuration, and its pages."""

import contextlib
import json
import urllib.request

from ports import free_ports
from processes import Program
from scrape import Scrape


class Discovery:
    """A weir-discovery that is running."""

    def __init__(self, program, url):
        self.program = program
        self.url = url

    def page(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read().decode()

    def status(self):
        return json.loads(self.page("/status"))

    def samples(self, name):
        """All samples of this name, those that are 0 too: (labels, value)."""
        scrape = Scrape.of_text(self.page("/metrics"))
        return [(dict(labels), value) for (known, labels), value in scrape.items() if known == name]

    def info(self, name, *labels):
        """The values of these labels, of each sample of this name."""
        return {tuple(known.get(label, "") for label in labels) for known, _ in self.samples(name)}


@contextlib.contextmanager
def running(binary, folder, configuration):
    """Starts it with what follows `[discovery]` in its configuration, waits until its pages are there, and ends it."""
    [port] = free_ports(1)
    file = folder / "discovery.toml"
    file.write_text(f"[discovery]\n{configuration}")
    command = [binary, "--config", file, "--listen", f"127.0.0.1:{port}", "--log-format", "json"]
    discovery = Discovery(Program("discovery", command, folder), f"http://127.0.0.1:{port}")
    try:
        discovery.program.wait_until("discovery is alive", lambda: _is_alive(discovery), 20)
        yield discovery
        assert discovery.program.stop(grace=5) == 0, discovery.program.log_tail()
    finally:
        discovery.program.stop()


def _is_alive(discovery):
    with contextlib.suppress(OSError):
        return discovery.page("/health")
