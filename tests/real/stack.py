"""All that runs beside the tests: engines, Weir, LiteLLM, Prometheus, each a process of its own.

client -> Weir (edge) -> LiteLLM -> Weir (engine) -> engine
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import engines
import gateway
import otlp
import scraper
import weir
from ports import free_ports

ROOT = Path(__file__).parents[2]
BINARIES = Path(os.environ.get("REAL_BINARIES", ROOT / "target/debug"))
LITELLM = ROOT / ".venv/litellm/bin"

# How the engines answer, where nobody says otherwise: so many tokens, two milliseconds apart.
TOKENS = 12
PLAN = f"tokens={TOKENS},ttft=10ms,gap=2ms"

# vLLM versions, and the models that they serve. Audio requests for names of OpenAI's are answered as OpenAI does.
ENGINES = {
    "llama": ("0.32.0", ["llama"]),
    "qwen": ("0.10.0", ["qwen"]),
    "sound": ("0.32.0", ["whisper", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-tts", "gpt-realtime"]),
}


@dataclass
class Stack:
    """What is running."""

    weir: weir.Weir
    gateway: gateway.Gateway
    prometheus: scraper.Prometheus
    collector: otlp.Collector
    engines: dict

    @property
    def programs(self):
        """Those that ask others come before the others: the order in which they are stopped."""
        askers = [self.prometheus, self.gateway, self.weir]
        return [running.program for running in (*askers, *self.engines.values(), self.collector)]

    @contextlib.contextmanager
    def counting(self, edge=0, engine=0):
        """As `Weir.counting`; what it yields can also tell what the engines themselves have counted."""

        def made():
            each = [engine.tokens() for engine in self.engines.values()]
            return tuple(sum(kind) for kind in zip(*each))

        before = made()
        with self.weir.counting(edge, engine) as counted:
            counted.made = lambda: tuple(now - then for now, then in zip(made(), before))
            yield counted


@contextlib.contextmanager
def running_stack(folder):
    """Starts everything, waits until all of it is ready, and ends it."""
    names = ("edge", "engine", "admin", "gateway", "prometheus", *ENGINES)
    ports = dict(zip(names, free_ports(len(names))))
    with contextlib.ExitStack() as ending:

        def kept(running):
            ending.callback(running.program.stop)
            return running

        loadtest = BINARIES / "weir-loadtest"
        running = {
            name: kept(engines.start_engine(loadtest, folder, ports[name], name, models, version, PLAN))
            for name, (version, models) in ENGINES.items()
        }
        routes = {name: engine.url for name, engine in running.items()}
        collector = kept(otlp.start_collector(folder))
        exports = collector.environment("http/protobuf")
        proxy = kept(weir.start_weir(BINARIES / "weir-proxy", folder, ports, routes, gateway.KEY, exports))
        litellm = kept(gateway.start_gateway(LITELLM, folder, ports["gateway"], proxy.engine))
        targets = {"weir": f"127.0.0.1:{ports['admin']}", "gateway": f"127.0.0.1:{ports['gateway']}"}
        targets["key"] = gateway.KEY
        prometheus = kept(scraper.start_prometheus(folder, ports["prometheus"], **targets))

        for engine in running.values():
            engines.wait_until_ready(engine)
        gateway.wait_until_ready(litellm)
        known = {(name, model) for name, (_, models) in ENGINES.items() for model in models}
        weir.wait_until_ready(proxy, known | {("litellm", "llama")})
        scraper.wait_until_ready(prometheus)
        yield Stack(proxy, litellm, prometheus, collector, running)

        # Nothing is under way, but LiteLLM and Prometheus hold connections open: Weir ends all the same, at once.
        assert proxy.program.stop(grace=5) == 0, proxy.program.log_tail()
