"""Weir's own process: its configuration, its addresses, and what it counts."""

import contextlib
import json
import urllib.request

from processes import Program
from scrape import Scrape
from waiting import until

CONFIGURATION = """
[proxy]
admin = "127.0.0.1:{admin}"
edge = "127.0.0.1:{edge}"
engine = "127.0.0.1:{engine}"
# LiteLLM passes traces on by this.
hop_header = true

[proxy.access_log]
path = "{access_log}"

[[proxy.routes]]
name = "litellm"
hop = "edge"
upstream = "http://127.0.0.1:{gateway}"
models_key_file = "{key_file}"
poll_models = "1s"

[[proxy.prices]]
model = "priced"
input = 1
output = 4
cached_input = 0.25
"""

ENGINE_ROUTE = """
[[proxy.routes]]
name = "{name}"
upstream = "{url}"
poll_models = "1s"
"""


class Weir:
    """A weir-proxy with an edge route to LiteLLM and one engine route for each engine."""

    def __init__(self, program, ports):
        self.program = program
        self.edge = f"http://127.0.0.1:{ports['edge']}"
        self.engine = f"http://127.0.0.1:{ports['engine']}"
        self.admin = f"http://127.0.0.1:{ports['admin']}"
        # Its file, where it has one.
        self.access_log = None

    def page(self, path, accept="*/*"):
        """A page of the admin endpoints: its content type and text."""
        kind, body = self.page_bytes(path, accept)
        return kind, body.decode()

    def page_bytes(self, path, accept):
        """The same of a page that is no text."""
        request = urllib.request.Request(self.admin + path, headers={"accept": accept})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.headers["content-type"], answer.read()

    def scrape(self):
        return Scrape.of_text(self.page("/metrics")[1])

    def quiet(self, edge=0, engine=0):
        """A scrape of a moment in which every request has ended: on each hop, as many as are asked for."""

        def settled():
            scrape = self.scrape()
            ended = scrape.total("llm_requests_total")
            assert scrape.total("llm_requests_started_total") == ended
            assert scrape.total("llm_active_requests") == 0
            assert scrape.total("llm_requests_total", hop="edge") >= edge
            assert scrape.total("llm_requests_total", hop="engine") >= engine
            return scrape

        details = lambda: self.page("/status")[1] + self.program.log_tail()
        return until(f"all requests ended, {edge} at the edge, {engine} at the engines", settled, 20, details)

    @contextlib.contextmanager
    def counting(self, edge=None, engine=None):
        """Yields a `Counted` that holds, once the block is over, what Weir has counted meanwhile.

        `edge` and `engine`: how many requests the block makes on each hop, where that is known. No more and no less
        may be counted.
        """
        before = self.quiet()
        ended = lambda hop: before.total("llm_requests_total", hop=hop)
        counted = Counted()
        yield counted
        after = self.quiet(ended("edge") + (edge or 0), ended("engine") + (engine or 0))
        counted.scrape = after - before
        for hop, expected in (("edge", edge), ("engine", engine)):
            if expected is not None:
                assert counted.requests(hop) == expected, counted.outcomes(hop)


class Counted:
    """What Weir has counted during a block."""

    scrape = None
    # Asks the engines what they have made meanwhile: (input, output) tokens. Set by `Stack.counting`.
    made = None

    def requests(self, hop):
        return self.scrape.total("llm_requests_total", hop=hop)

    def outcomes(self, hop):
        """How often each outcome came up."""
        return self.scrape.by("llm_requests_total", "outcome", hop=hop)

    def endpoints(self, hop):
        return self.scrape.by("llm_requests_total", "endpoint", hop=hop)

    def models(self, hop):
        return self.scrape.by("llm_requests_total", "model", hop=hop)

    def tokens(self, hop):
        """(input, output) tokens, as the server reported them."""
        return tuple(
            self.scrape.total("llm_tokens_total", hop=hop, kind=kind, source="reported")
            for kind in ("input", "output")
        )

    def parts(self, hop):
        """Those of the tokens that were cached or went into reasoning."""
        return self.scrape.by("llm_tokens_detail_total", "kind", hop=hop)

    def seconds(self, hop):
        """Seconds of audio, as the server reported them."""
        return self.scrape.total("llm_audio_seconds_total", hop=hop)

    def passed_through(self, hop):
        """Requests that run no model."""
        return self.scrape.total("weir_passthrough_requests_total", hop=hop)

    def estimated(self):
        """Tokens that nobody reported, by hop."""
        return self.scrape.by("llm_tokens_total", "hop", source="estimated")

    def usage_missing(self):
        """Answers without the usage that they should have carried, by hop and reason."""
        return self.scrape.by("llm_usage_missing_total", "hop", "reason")


def start_weir(binary, folder, ports, engines, key, environment=None):
    """Starts weir-proxy. `engines` maps names of routes to URLs."""
    key_file = folder / "litellm.key"
    key_file.write_text(key)
    access_log = folder / "access.jsonl"
    text = CONFIGURATION.format(key_file=key_file, access_log=access_log, **ports)
    text += "".join(ENGINE_ROUTE.format(name=name, url=url) for name, url in engines.items())
    configuration = folder / "weir.toml"
    configuration.write_text(text)
    program = Program("weir", [binary, "--config", configuration, "--log-format", "json"], folder, environment)
    weir = Weir(program, ports)
    weir.access_log = access_log
    return weir


def wait_until_ready(weir, models):
    """Waits until Weir is ready, and knows these (route, model): before that, they would be counted as `other`."""

    def ready():
        with contextlib.suppress(OSError):
            weir.page("/ready")
            known = json.loads(weir.page("/models")[1])["models"]
            return models <= {(model["route"], model["model"]) for model in known}

    weir.program.wait_until("Weir is ready and knows the models", ready, 20)
