"""Simulated vLLM engines, each a process of its own, and what they count themselves."""

import contextlib
import urllib.request

from processes import Program
from scrape import Scrape


class Engine:
    """An engine that is running."""

    def __init__(self, program, url):
        self.program = program
        self.url = url

    def tokens(self):
        """(input, output) tokens since the start, as the engine's own metrics have them."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as page:
            scrape = Scrape.of_text(page.read().decode())
        return tuple(scrape.total(f"vllm:{kind}_tokens_total") for kind in ("prompt", "generation"))


def start_engine(binary, folder, port, name, models, version, plan):
    """Starts an engine of a vLLM version; `plan` says how it answers where the header x-sim does not."""
    address = f"127.0.0.1:{port}"
    kind = ["--engine", f"vllm:{version}", "--plan", plan]
    kind += [word for model in models for word in ("--model", model)]
    program = Program(f"engine-{name}", [binary, "sim", "--listen", address, *kind], folder)
    return Engine(program, f"http://{address}")


def wait_until_ready(engine):
    def healthy():
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(engine.url + "/health", timeout=5).status == 200

    engine.program.wait_until("the engine is healthy", healthy, 20)
