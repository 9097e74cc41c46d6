"""An engine that speculates: the pages of a simulated one, whose metrics have those of speculative decoding as well.

`weir-loadtest sim` has no switch for it. Names are those of vLLM 0.32.0: three drafted tokens to a draft, one taken.
"""

import contextlib
import http.server
import re
import threading
import urllib.error
import urllib.request

GENERATED = re.compile(r"^vllm:generation_tokens_total(\{.*\}) (\S+)$", re.M)


def with_drafts(page):
    found = GENERATED.search(page)
    assert found, "the page of an engine has no vllm:generation_tokens_total"
    labels, tokens = found[1], float(found[2])
    # Each step has a token of its own, and one that was drafted.
    steps = tokens // 2
    counts = {"drafts": steps, "draft_tokens": 3 * steps, "accepted_tokens": steps}
    lines = [
        f"# TYPE vllm:spec_decode_num_{name}_total counter\nvllm:spec_decode_num_{name}_total{labels} {count}\n"
        for name, count in counts.items()
    ]
    return page + "".join(lines)


class Front(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            with urllib.request.urlopen(self.server.engine + self.path, timeout=10) as answer:
                status, kind, body = answer.status, answer.headers["content-type"], answer.read()
        except urllib.error.HTTPError as error:
            status, kind, body = error.code, error.headers["content-type"], error.read()
        if self.path == "/metrics":
            body = with_drafts(body.decode()).encode()
        self.send_response(status)
        self.send_header("content-type", kind or "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def in_front_of(engine):
    """Serves the pages of the engine at this URL; yields the port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
    server.engine = engine
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
