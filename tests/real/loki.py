"""Loki as far as its push API goes, and the stages by which the shipped configurations send it lines.

Neither Loki nor Alloy can be had as a package: this follows their documentation, see config/alloy/config.alloy.
"""

import contextlib
import datetime
import http.server
import json
import re
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path

CONFIG = Path(__file__).parents[2] / "config"
ALLOY = CONFIG / "alloy/config.alloy"
STACK = CONFIG / "alloy/stack.alloy"
PROMTAIL = CONFIG / "promtail/promtail.yml"

LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# What a template makes of other fields: how it is written, and what it comes to.
MADE = {"latency": "{{ if .duration_ms }}{{ divf .duration_ms 1000 }}{{ end }}"}
FROM = "duration_ms"


@dataclass
class Stages:
    """What the stages of a pipeline name."""

    json: list
    labels: list
    metadata: list
    timestamp: str

    def entry(self, line):
        """Labels, and the triple that Loki takes for a line; `None` for what is dropped."""
        try:
            fields = json.loads(line)
        except ValueError:
            return None
        found = {name: fields[name] for name in self.json if name in fields}
        if FROM in found:
            found["latency"] = found[FROM] / 1000
        pick = lambda names: {name: str(found[name]) for name in names if name in found}
        return {"job": "weir"} | pick(self.labels), [nanoseconds(found[self.timestamp]), line, pick(self.metadata)]


def nanoseconds(ts):
    """RFC 3339 as the Unix time that Loki takes, a text."""
    at = datetime.datetime.fromisoformat(ts)
    assert at.utcoffset() == datetime.timedelta(0), ts
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return str((at - epoch) // datetime.timedelta(microseconds=1) * 1000)


def of_alloy(configuration=ALLOY):
    """The stages of a shipped configuration of Alloy."""
    text = re.sub(r'/\*.*?\*/|^\s*//[^\n]*', "", configuration.read_text(), flags=re.S | re.M)

    def names(stage, of):
        [block] = re.findall(rf"stage\.{stage} {{.*?{of}\s*= {{(.*?)}}", text, flags=re.S)
        # Nothing is renamed on its way.
        assert set(re.findall(r'= ("[^"]*")', block)) == {'""'}, block
        return re.findall(r"(\w+)\s*=", block)

    [timestamp] = re.findall(r'stage\.timestamp {\s*source = "(\w+)"\s*format = "RFC3339Nano"', text)
    assert dict(re.findall(r'stage\.template {\s*source\s*= "(\w+)"\s*template\s*= "(.*?)"\n', text)) == MADE
    extracted, labels = names("json", "expressions"), names("labels", "values")
    return Stages(extracted, labels, names("structured_metadata", "values"), timestamp)


def of_promtail():
    """The stages of the shipped promtail.yml."""
    text = PROMTAIL.read_text()

    def names(key, indent):
        [block] = re.findall(rf"^ *(?:- )?{key}:\n((?: {{{indent}}}\w+:\n)+)", text, flags=re.M)
        return re.findall(r"(\w+):", block)

    [timestamp] = re.findall(r"- timestamp:\n *source: (\w+)\n *format: RFC3339Nano", text)
    assert dict(re.findall(r'- template:\n *source: (\w+)\n *template: "(.*)"', text)) == MADE
    return Stages(names("expressions", 12), names("labels", 10), names("structured_metadata", 10), timestamp)


class Push(http.server.BaseHTTPRequestHandler):
    """POST /loki/api/v1/push with JSON: streams, and of each line time, text and structured metadata."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            assert self.path == "/loki/api/v1/push", self.path
            assert self.headers["content-type"] == "application/json"
            entries = [entry for stream in json.loads(body)["streams"] for entry in self.entries(stream)]
        except (AssertionError, KeyError, ValueError) as error:
            return self.answer(400, repr(error).encode())
        self.server.entries += entries
        return self.answer(204, b"")

    def entries(self, stream):
        labels = stream["stream"]
        assert labels and set(stream) == {"stream", "values"}, stream
        for value in stream["values"]:
            time, line, *metadata = value
            assert len(metadata) < 2 and time.isdigit() and isinstance(line, str), value
            metadata = metadata[0] if metadata else {}
            for name, text in (labels | metadata).items():
                assert LABEL.fullmatch(name) and isinstance(text, str) and text, (name, text)
            yield labels, time, line, metadata

    def answer(self, code, body):
        self.send_response(code)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def receiving():
    """A receiver; its `entries` are (labels, time, line, metadata)."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Push)
    server.entries = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ship(lines, stages, receiver):
    """Sends lines as a pipeline of these stages does."""
    streams = {}
    for labels, value in filter(None, map(stages.entry, lines)):
        streams.setdefault(tuple(labels.items()), []).append(value)
    body = {"streams": [{"stream": dict(labels), "values": values} for labels, values in streams.items()]}
    url = f"http://127.0.0.1:{receiver.server_port}/loki/api/v1/push"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 204
