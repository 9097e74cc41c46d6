"""A real Alertmanager, and somebody who is told by it."""

import contextlib
import datetime
import http.server
import json
import queue
import threading
import urllib.request

from ports import free_ports
from processes import Program


class Alertmanager:
    """One that is running."""

    def __init__(self, program, url):
        self.program = program
        self.url = url

    def post(self, alerts):
        """Tells it of alerts, each a dictionary of labels, that begin now."""
        self._send(alerts, startsAt=now(), endsAt=now() + datetime.timedelta(hours=1))

    def end(self, alerts):
        self._send(alerts, endsAt=now())

    def _send(self, alerts, **times):
        times = {name: time.isoformat() for name, time in times.items()}
        body = [{"labels": labels, "annotations": words(labels["alertname"])} | times for labels in alerts]
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    def states(self):
        """`active`, `suppressed` or `unprocessed`, by the alerts' labels (as a frozen set of pairs)."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            return {key(alert["labels"]): alert["status"]["state"] for alert in json.load(answer)}


def words(name):
    return {
        "summary": f"{name} in short", "description": "What to do.",
        "runbook": "RUNBOOK.md#x", "dashboard": "/d/weir-self?var-instance=x",
    }


def now():
    return datetime.datetime.now(datetime.UTC)


def key(labels):
    return frozenset(labels.items())


@contextlib.contextmanager
def running(folder, file, *flags):
    """Starts it with this configuration."""
    [port] = free_ports(1)
    command = ["prometheus-alertmanager", f"--config.file={file}", f"--storage.path={folder / 'data'}", "--log.level=warn"]
    # Alone: without an address it looks for no others.
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", *flags]
    alertmanager = Alertmanager(Program("alertmanager", command, folder), f"http://127.0.0.1:{port}")

    def ready():
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(alertmanager.url + "/-/ready", timeout=5).status == 200

    try:
        alertmanager.program.wait_until("Alertmanager is ready", ready, 30)
        yield alertmanager
    finally:
        alertmanager.program.stop()


class Listener(http.server.BaseHTTPRequestHandler):
    """Whoever is called; keeps what was said, by the path."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.put((self.path, json.loads(body), self.headers.get("authorization")))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def listening():
    """Somebody who listens; yields the server, with `url`, and `heard`: (path, body, authorization) of each call."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.url = "http://{}:{}".format(*server.server_address)
    server.heard = queue.Queue()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
