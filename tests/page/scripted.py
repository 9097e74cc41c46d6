"""A server that says what a test wants: the page's files from the tree, and the API of `weir-loadtest serve` over
plain data."""

import glob
import http.server
import json
import mimetypes
import os
import pathlib
import threading
import urllib.parse

import live_figures

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "loadtest/page"
# As the server sets it: a page that needs more than this would not work there.
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:"
PAGES = {"/": "index.html", "/benchmarks.html": "benchmarks.html", "/view_results.html": "view_results.html"}


def plotly():
    """The library that the Rust crate `plotly` carries, which the server hands on."""
    home = os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo"))
    found = glob.glob(f"{home}/registry/src/*/plotly-0.14.1/resource/plotly.min.js")
    assert found, "the crate `plotly` has not been fetched: cargo fetch --locked"
    return pathlib.Path(found[0])


class Refused(Exception):
    """An answer that is an error in words."""

    def __init__(self, status, error):
        super().__init__(error)
        self.status, self.error = status, error


class Site:
    """What the server knows. A test changes it while the page looks."""

    def __init__(self):
        self.runs = []
        self.links = {"label_studio": False}
        # Sources of live figures that are broken: the words, or a status with words.
        self.broken = {}
        self.figures = dict(live_figures.FIGURES)
        self.turns = {}
        self.down = False
        # What the page asked for, in order.
        self.asked = []
        self.pushed = []

    def run(self, id):
        for run in self.runs:
            if run["id"] == id:
                return run
        raise Refused(404, f"there is no run {id}")

    def add(self, *runs):
        self.runs = sorted([*self.runs, *runs], key=lambda run: run["started_at"], reverse=True)

    # --- The API.

    def answer(self, method, path, query, body):
        if self.down:
            raise Refused(503, "the store is locked")
        parts = [urllib.parse.unquote(part) for part in path.removeprefix("/api/").split("/")]
        match method, parts:
            case "GET", ["links"]:
                return self.links
            case "GET", ["metrics", source]:
                return self.metrics(source)
            case "GET", ["benchmarks"]:
                return self.listed(int(query.get("limit", 100)), int(query.get("offset", 0)))
            case "GET", ["benchmarks", id]:
                kept = {"contents": []} | ({"requests": []} if query.get("requests") == "false" else {})
                return self.run(id) | kept
            case "GET", ["benchmarks", id, "contents"]:
                return self.contents(self.run(id), query)
            case "PUT", ["benchmarks", id, "contents", request, "gold"]:
                return self.star(self.run(id), int(request), body["gold"])
            case "POST", ["benchmarks", id, "label-studio"]:
                return self.push(self.run(id), body["gold_only"])
            case "GET", ["benchmarks", id, "export.json" | "label-studio.json" | "fine-tuning.jsonl"]:
                return self.run(id)
        raise Refused(404, f"{method} {path}: nothing is here")

    def metrics(self, source):
        broken = self.broken.get(source)
        if isinstance(broken, tuple):
            raise Refused(*broken)
        turn = self.turns[source] = self.turns.get(source, 0) + 1
        return self.figures[source](turn) | ({"error": broken} if broken else {})

    def listed(self, limit, offset):
        without = {"timeline": [], "requests": [], "contents": []}
        return {"runs": [run | without for run in self.runs[offset : offset + limit]], "total": len(self.runs)}

    def contents(self, run, query):
        search = query.get("search", "").lower()
        found = [
            content
            for content in sorted(
                run["contents"], key=lambda c: (c["prompt_number"], c["turn"], c["model"], c["request"])
            )
            if search in (content["prompt"] + "\n" + content["answer"]).lower()
            and query.get("model") in (None, content["model"])
            and (query.get("gold") != "true" or content["gold"])
        ]
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
        return {"total": len(found), "contents": found[offset : offset + limit]}

    def star(self, run, request, gold):
        for content in run["contents"]:
            if content["request"] == request:
                content["gold"] = gold
                return {}
        raise Refused(404, f"request {request} has no contents")

    def push(self, run, gold_only):
        kept = [content for content in run["contents"] if content["gold"] or not gold_only]
        again = (run["id"], gold_only) in self.pushed
        self.pushed.append((run["id"], gold_only))
        there = len(kept) if again else 0
        return {"pushed": len(kept) - there, "already": there, "url": "http://127.0.0.1:8080/projects/7"}


class Server:
    """Serves a `Site` on a port of its own."""

    def __init__(self, site):
        library = plotly().read_bytes()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                url = urllib.parse.urlsplit(self.path)
                length = int(self.headers.get("content-length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                if url.path.startswith("/api/"):
                    site.asked.append(f"{self.command} {self.path}")
                    return self.api(url, body)
                if url.path == "/assets/plotly.js":
                    return self.send(200, "text/javascript", library)
                name = PAGES.get(url.path) or url.path.removeprefix("/assets/")
                file = PAGE / name
                if "/" in name or not file.is_file():
                    return self.send(404, "text/plain", b"nothing is here")
                self.send(200, mimetypes.guess_type(name)[0], file.read_bytes())

            do_GET = do_PUT = do_POST = handle_any

            def api(self, url, body):
                try:
                    query = dict(urllib.parse.parse_qsl(url.query))
                    status, said = 200, site.answer(self.command, url.path, query, body)
                except Refused as refused:
                    status, said = refused.status, {"error": refused.error}
                self.send(status, "application/json", json.dumps(said).encode())

            def send(self, status, kind, body):
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.send_header("content-security-policy", POLICY)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
