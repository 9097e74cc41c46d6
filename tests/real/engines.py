"""Simulated vLLM engines, each a process of its own."""

import contextlib
import urllib.request

from processes import Program


class Engine:
    """An engine that is running."""

    def __init__(self, program, url):
        self.program = program
        self.url = url


def start_engine(binary, folder, port, model, version, plan):
    """Starts an engine of a vLLM version; `plan` says how it answers where the header x-sim does not."""
    address = f"127.0.0.1:{port}"
    kind = ["--engine", f"vllm:{version}", "--model", model, "--plan", plan]
    program = Program(f"engine-{model}", [binary, "sim", "--listen", address, *kind], folder)
    return Engine(program, f"http://{address}")


def wait_until_ready(engine):
    def healthy():
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(engine.url + "/health", timeout=5).status == 200

    engine.program.wait_until("the engine is healthy", healthy, 20)
