"""Pages of metrics of what can't be had here: cAdvisor, Loki, Alloy, Tempo, Grafana. Which metrics they have, with
which types and labels, is in foreign.yml; the numbers are made up. Counters grow by one and a bit per second."""

import contextlib
import http.server
import itertools
import threading
import time

from exported import families

# What a label is, where it is more than its own name.
LABELS = {
    "boot_id": ["0c5d1f6e"],
    "component_id": ["loki.write.loki"],
    "cpu": ["total"],
    "datasource": ["Prometheus"],
    "device": ["/dev/sda"],
    "handler": ["/api/ds/query"],
    "health_type": ["healthy", "unhealthy"],
    "host": ["loki:3100"],
    "interface": ["eth0"],
    "method": ["GET", "POST"],
    "status_code": ["200", "500"],
    "code": ["200", "500"],
    "tenant": ["fake"],
    "ws": ["false"],
}
# What a gauge shows, where 1 would make no sense.
GAUGES = {
    "alloy_component_controller_running_components": 9,
    "container_last_seen": time.time,
    "container_memory_cache": 2e8,
    "container_memory_rss": 2.5e9,
    "container_memory_working_set_bytes": 3e9,
    "container_processes": 12,
    "container_scrape_error": 0,
    "container_spec_memory_limit_bytes": 8e9,
    "container_start_time_seconds": lambda: STARTED,
    "grafana_stat_totals_dashboard": 11,
    "loki_ingester_memory_streams": 14,
    "machine_cpu_cores": 16,
    "machine_memory_bytes": 128e9,
    "tempo_ingester_live_traces": 30,
}
# Put on by relabelling.
ADDED = {"container", "container_id"}
STARTED = time.time()
EDGES = ("0.005", "0.05", "0.5", "5.0", "+Inf")


def page(owner, containers=()):
    """A page in text format: what `owner` shows now."""
    lines = []
    for name, family in sorted(families().items()):
        if family.owner == owner:
            lines.append(f"# TYPE {name} {family.kind}")
            for labels in _labels(family.labels - ADDED, containers):
                lines += _samples(name, family.kind, labels)
    return "\n".join(lines) + "\n"


def _labels(names, containers):
    """Each combination of values; a container is told by three labels at once."""
    of_a_container = {"id", "image", "name"}
    plain = sorted(names - of_a_container)
    values = itertools.product(*(LABELS.get(name, [name]) for name in plain))
    combinations = [dict(zip(plain, each)) for each in values]
    if not of_a_container <= names:
        return combinations
    # As cAdvisor names control groups of systemd; those of no container have no name.
    told = [
        {"id": f"/system.slice/docker-{each.id}.scope", "image": each.image, "name": each.name} for each in containers
    ] + [{"id": "/system.slice/ssh.service"}]
    return [labels | each for labels in combinations for each in told]


def _samples(name, kind, labels):
    grown = 100 + 1.1 * (time.time() - STARTED)
    text = ",".join(f'{label}="{value}"' for label, value in labels.items())
    if kind == "gauge":
        value = GAUGES.get(name, 1)
        return [f"{name}{{{text}}} {value() if callable(value) else value}"]
    if kind == "counter":
        return [f"{name}{{{text}}} {grown}"]
    if kind == "histogram":
        comma = "," if text else ""
        buckets = [f'{name}_bucket{{{text}{comma}le="{edge}"}} {grown * at / 4}' for at, edge in enumerate(EDGES)]
        return [*buckets, f"{name}_sum{{{text}}} {grown / 10}", f"{name}_count{{{text}}} {grown}"]
    raise ValueError(f"{name} is a {kind}: tests/stack/simulated_pages.py can't make one up")


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.server.text().encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(text):
    """Serves what `text` returns at any path; yields the port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.text = text
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Sink(http.server.BaseHTTPRequestHandler):
    """Takes what Prometheus writes elsewhere, and keeps nothing."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def sink():
    """Serves it; yields its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "http://{}:{}/write".format(*server.server_address)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
