"""The shipped configuration of Prometheus, at work: only addresses, files and intervals are others."""

import contextlib
import http.server
import json
import re
import shutil
import threading
from pathlib import Path

import gateway
import scraper
from ports import free_ports

SHIPPED = Path(__file__).parents[2] / "config/prometheus"

ID = "51a0" * 16
# What discovery says of a container.
METRICS = f'llm_container_info{{container="vllm-llama",container_id="{ID}",role="vllm"}} 1\n'.encode()


class Lists(http.server.BaseHTTPRequestHandler):
    """Discovery's lists of targets, and a metric of its own."""

    def do_GET(self):
        if self.path == "/metrics":
            return self.answer(200, "text/plain; version=0.0.4", METRICS)
        body = json.dumps(self.server.lists.get(self.path.removeprefix("/sd/"), [])).encode()
        self.server.asked += 1
        self.answer(503 if self.server.is_failing else 200, "application/json", body)

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(lists):
    """Serves these lists; yields the server, whose `is_failing` may be set, and whose `asked` counts."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lists)
    server.lists, server.is_failing, server.asked = lists, False, 0
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def running_prometheus(folder, lists, proxy):
    """Starts Prometheus with the lists at this address, and the proxy's admin pages at that one."""
    key_file = folder / "litellm.key"
    key_file.write_text(gateway.KEY)
    shutil.copytree(SHIPPED / "rules", folder / "rules")
    text = (SHIPPED / "prometheus.yml").read_text()
    for shipped, here in {
        "127.0.0.1:9901": lists,
        "127.0.0.1:9900": proxy,
        "/run/secrets/litellm-key": str(key_file),
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    text = re.sub(r"(interval: )\d+s", r"\g<1>1s", text)
    [port] = free_ports(1)
    # Braces are places for addresses there.
    text = text.replace("{", "{{").replace("}", "}}")
    prometheus = scraper.start_prometheus(folder, port, text)
    try:
        scraper.wait_until_ready(prometheus)
        yield prometheus
    finally:
        prometheus.program.stop()
