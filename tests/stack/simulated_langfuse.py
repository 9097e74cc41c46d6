"""LangFuse's metrics API as version 4 answers it, for a project in which so much happens in every window.

The shapes are those of tests/real/langfuse/openapi.yml: numbers of 64 bits and sums of decimals are strings.
"""

import base64
import contextlib
import http.server
import json
import threading
import urllib.parse

PUBLIC_KEY, SECRET_KEY = "pk-lf-simulated", "sk-lf-simulated"

# Of a window: generations, and tokens and dollars of all of them.
MODELS = {
    "llama": {"count": 30, "input": 600, "output": 900, "cost": "0.004200000000", "errors": 2},
    "qwen": {"count": 10, "input": 200, "output": 400, "cost": "0.001800000000", "errors": 0},
}
TRACES = 25


def rows(query):
    """What is answered to a query, told by what it looks at and by which filters."""
    filters = {each["column"]: each["value"] for each in query["filters"]}
    if query["view"] == "scores-numeric":
        return [{"name": "quality", "dataType": "NUMERIC", "count_count": "12", "avg_value": 0.8}]
    if query["view"] == "scores-categorical":
        return [{"name": "tone", "stringValue": value, "count_count": "5"} for value in ("good", "bad")]
    if query["view"] == "observations" and filters.get("isRootObservation"):
        return [{"count_count": str(TRACES)}]
    if query["view"] == "observations" and filters.get("level") == "ERROR":
        errors = {model: known["errors"] for model, known in MODELS.items() if known["errors"]}
        return [{"providedModelName": model, "count_count": str(count)} for model, count in errors.items()]
    if query["view"] == "observations":
        return [generations(model, **known) for model, known in MODELS.items()]
    raise ValueError(f"a question that this LangFuse does not know: {query}")


def generations(model, count, input, output, cost, **_):
    return {
        "providedModelName": model, "count_count": str(count),
        "sum_inputTokens": str(input), "sum_outputTokens": str(output), "sum_totalTokens": str(input + output),
        "sum_totalCost": cost, "p50_latency": 900, "p95_latency": 2400,
        "p50_timeToFirstToken": 120, "p95_timeToFirstToken": 480,
    }


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/api/public/health":
            return self.answer(200, {"status": "OK", "version": "4.16.0"})
        if url.path != "/api/public/v2/metrics":
            return self.answer(404, {"message": "Not found"})
        keys = base64.b64encode(f"{PUBLIC_KEY}:{SECRET_KEY}".encode()).decode()
        if self.headers["authorization"] != f"Basic {keys}":
            return self.answer(401, {"message": "Invalid credentials"})
        [query] = urllib.parse.parse_qs(url.query)["query"]
        return self.answer(200, {"data": rows(json.loads(query))})

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def running():
    """Serves the API; yields its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "http://{}:{}".format(*server.server_address)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
