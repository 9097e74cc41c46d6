"""A server with simulated GPUs: the exporter, a page that says which container runs which model and counts their
tokens, and a Prometheus with the shipped rules that scrapes both every second.
"""

import contextlib
import http.server
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import scraper
from ports import free_ports
from processes import Program

RULES = Path(__file__).parents[2] / "config/prometheus/rules/gpu.yml"
# Seconds. The shipped rules look back for five minutes, and a test does not wait that long.
WINDOW = 10

CONFIGURATION = """
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: ["{rules}"]
scrape_configs:
  - job_name: gpu
    static_configs: [{{targets: ["{exporter}"]}}]
  - job_name: models
    static_configs: [{{targets: ["{models}"]}}]
"""


@dataclass
class Model:
    """What runs in one of the containers that use the simulated GPUs."""

    container_id: str
    gpus: int
    # Of output; nothing for a model that was never asked.
    tokens_per_second: float | None = None


MODELS = {
    "large": Model("51a0" * 16, 4, 800),
    "medium": Model("51a1" * 16, 2, 90),
    "silent": Model("51a2" * 16, 1),
}
# The last GPU is used by a container that nobody knows.
UNKNOWN = "51a3" * 16


class ModelsPage(http.server.BaseHTTPRequestHandler):
    """What discovery would say of the containers, and the proxy of the tokens of models that write steadily."""

    started = time.monotonic()

    def do_GET(self):
        body = "".join(self._lines()).encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _lines(self):
        elapsed = time.monotonic() - self.started
        for name, model in MODELS.items():
            yield f'llm_container_info{{container_id="{model.container_id}",container="vllm-{name}",model="{name}"}} 1\n'
            labels = f'container_id="{model.container_id}",container="vllm-{name}",model="{name}",engine_version="0.32.0"'
            yield f"llm_engine_up{{{labels}}} 1\n"
            if model.tokens_per_second:
                tokens = 1_000_000 + int(model.tokens_per_second * elapsed)
                for hop in ("edge", "engine"):
                    labels = f'hop="{hop}",route="{name}",model="{name}",kind="output",source="reported"'
                    yield f"llm_tokens_total{{{labels}}} {tokens}\n"

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def models_page():
    """Serves the page; yields its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ModelsPage)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "{}:{}".format(*server.server_address)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Gpus:
    """The server that is running."""

    def __init__(self, program, url, prometheus):
        self.program = program
        self.url = url
        self.prometheus = prometheus

    def page(self, path, accept="*/*"):
        request = urllib.request.Request(self.url + path, headers={"accept": accept})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()


@contextlib.contextmanager
def running_gpus(binary, folder):
    """Starts everything, waits until the rules have a whole window to look at, and ends it."""
    rules = folder / "gpu.yml"
    rules.write_text(RULES.read_text().replace("[5m]", f"[{WINDOW}s]"))
    exporter_port, prometheus_port = free_ports(2)
    address = f"127.0.0.1:{exporter_port}"
    with contextlib.ExitStack() as ending:
        models = ending.enter_context(models_page())
        program = Program("gpu-exporter", [binary, "--source", "simulate", "--listen", address], folder)
        ending.callback(program.stop)
        gpus = Gpus(program, f"http://{address}", None)
        program.wait_until("the exporter is ready", lambda: _is_ready(gpus), 20)
        targets = {"rules": rules, "exporter": address, "models": models}
        prometheus = scraper.start_prometheus(folder, prometheus_port, CONFIGURATION, **targets)
        ending.callback(prometheus.program.stop)
        gpus.prometheus = prometheus
        scraper.wait_until_ready(prometheus)
        prometheus.program.wait_until(f"{WINDOW} s were scraped", lambda: _has_a_window(prometheus), WINDOW + 30)
        yield gpus
        assert program.stop(grace=5) == 0, program.log_tail()


def _is_ready(gpus):
    with contextlib.suppress(OSError):
        return gpus.page("/ready")


def _has_a_window(prometheus):
    """Of both targets, and one scrape more: the rules are evaluated now and then, and not now."""
    return all(
        samples and min(number for _, number in samples) >= WINDOW + 1
        for samples in (
            prometheus.ask(f'count_over_time({name}[{WINDOW + 3}s])')
            for name in ("nvidia_gpu_energy_joules_total", "llm_container_info")
        )
    )
