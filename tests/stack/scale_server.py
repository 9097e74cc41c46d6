"""A server with three engines, as processes: vLLM of three versions (simulated), the proxy with both hops, discovery, simulated GPUs, and
chats of all models. For scale.py.
"""

import contextlib
import http.client
import http.server
import itertools
import json
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import engines
import weir
from ports import free_ports
from processes import Program
from stack import BINARIES

# Versions of vLLM; each serves a model that is called as it is here.
ENGINES = {"old": "0.10.2", "recent": "0.20.0", "new": "0.32.0"}
PLAN = "tokens=12,ttft=5ms,gap=1ms"
# Of the simulated exporter.
GPUS = 8

PROXY = """
[proxy]
admin = "127.0.0.1:{admin}"
edge = "127.0.0.1:{edge}"
engine = "127.0.0.1:{engine}"
threads = 2

[proxy.access_log]
path = "{log}"

[[proxy.routes]]
name = "gateway"
hop = "edge"
upstream = "{gateway}"
poll_models = "1s"
"""
ROUTE = """
[[proxy.routes]]
name = "{name}"
upstream = "{url}"
poll_models = "1s"
"""


class Spans(http.server.BaseHTTPRequestHandler):
    """A collector that only counts bytes."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received += len(body)
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def collector():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Spans)
    server.received = 0
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Running:
    """The processes of a server with three engines."""

    proxy: weir.Weir
    log: Path
    spans: http.server.ThreadingHTTPServer
    # URLs of pages with metrics, by job; of vLLM by engine.
    pages: dict
    vllm: dict

    def page(self, job):
        return fetch(self.pages[job])


@contextlib.contextmanager
def running(folder):
    names = ("edge", "engine", "admin", "gateway", "discovery", "gpus", *ENGINES)
    ports = dict(zip(names, free_ports(len(names))))
    at = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    log = folder / "access.jsonl"
    with contextlib.ExitStack() as ending:

        def start(name, *command, environment=None):
            program = Program(name, command, folder, environment)
            ending.callback(program.stop)
            return program

        spans = ending.enter_context(collector())
        for name, version in ENGINES.items():
            engine = engines.start_engine(BINARIES / "weir-loadtest", folder, ports[name], name, [name], version, PLAN)
            ending.callback(engine.program.stop)
        served = [word for name in ENGINES for word in ("--model", name)]
        start("gateway", BINARIES / "weir-loadtest", "sim", "--listen", f"127.0.0.1:{ports['gateway']}",
              "--engine", "litellm:1.80.0", "--plan", PLAN, *served)
        (folder / "weir.toml").write_text(
            PROXY.format(log=log, **(ports | {"gateway": at["gateway"]}))
            + "".join(ROUTE.format(name=name, url=at[name]) for name in ENGINES)
        )
        telemetry = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:{}".format(spans.server_address[1]),
                     "OTEL_BSP_SCHEDULE_DELAY": "100"}
        program = start("weir-proxy", BINARIES / "weir-proxy", "--config", folder / "weir.toml", environment=telemetry)
        proxy = weir.Weir(program, ports)
        by_hand = ", ".join(f'{{name = "{name}", url = "{at[name]}"}}' for name in ENGINES)
        discovery = start("weir-discovery", BINARIES / "weir-discovery", "--docker", "off",
                          "--listen", f"127.0.0.1:{ports['discovery']}",
                          environment={"WEIR_DISCOVERY__ENGINES": f"[{by_hand}]", "WEIR_DISCOVERY__INTERVAL": "500ms"})
        gpus = start("weir-gpu-exporter", BINARIES / "weir-gpu-exporter", "--source", "simulate",
                     "--listen", f"127.0.0.1:{ports['gpus']}", environment={"WEIR_GPU_EXPORTER__INTERVAL": "100ms"})

        models = {("gateway", name) for name in ENGINES} | {(name, name) for name in ENGINES}
        weir.wait_until_ready(proxy, models)
        discovery.wait_until("discovery is ready", lambda: answers(at["discovery"] + "/ready"), 20)
        gpus.wait_until("the GPUs are read", lambda: answers(at["gpus"] + "/ready"), 20)
        pages = {"weir-proxy": at["admin"], "weir-discovery": at["discovery"], "weir-gpu-exporter": at["gpus"]}
        yield Running(
            proxy, log, spans,
            {job: url + "/metrics" for job, url in pages.items()},
            {name: at[name] + "/metrics" for name in ENGINES},
        )


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def answers(url):
    with contextlib.suppress(OSError):
        return fetch(url)


class Client:
    """One connection to a listener."""

    def __init__(self, url):
        self._address = url.removeprefix("http://")
        self._open()

    def _open(self):
        self._connection = http.client.HTTPConnection(self._address, timeout=30)

    def ask(self, path, body, plan=PLAN):
        """Sends a request and reads all of the answer; its status."""
        headers = {"content-type": "application/json", "x-sim": plan}
        try:
            self._connection.request("POST", path, json.dumps(body), headers)
            answer = self._connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            # A stream that broke off, as it was asked to.
            self._connection.close()
            self._open()
            return None


PROMPT = [{"role": "user", "content": "What is a weir? Answer in one sentence, and name the rivers of your home."}]


def chat_round(clients):
    """Of each model, at both hops: a stream, an answer in one piece, and now and then failures."""
    for client, name in itertools.product(clients, ENGINES):
        chat = {"model": name, "messages": PROMPT}
        client.ask("/v1/chat/completions", chat | {"stream": True}, f"{PLAN},prompt=200,cached=64")
        client.ask("/v1/chat/completions", chat | {"stream": True}, f"{PLAN},reasoning=4")
        client.ask("/v1/chat/completions", chat)


def failing_round(clients):
    for client, name in itertools.product(clients, ENGINES):
        chat = {"model": name, "messages": PROMPT, "stream": True}
        client.ask("/v1/chat/completions", chat, "fault=status:503")
        client.ask("/v1/chat/completions", chat, f"{PLAN},fault=close_mid_stream:5")


def embedding_round(clients):
    for client, name in itertools.product(clients, ENGINES):
        client.ask("/v1/embeddings", {"model": name, "input": "What is a weir?"})
