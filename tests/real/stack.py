"""All that runs beside the tests: two engines, Weir, LiteLLM, Prometheus, each a process of its own.

client -> Weir (edge) -> LiteLLM -> Weir (engine) -> engine
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import engines
import gateway
import scraper
import weir
from ports import free_ports

ROOT = Path(__file__).parents[2]
BINARIES = Path(os.environ.get("REAL_BINARIES", ROOT / "target/debug"))
LITELLM = ROOT / ".venv/litellm/bin"

# How the engines answer, where nobody says otherwise: so many tokens, two milliseconds apart.
TOKENS = 12
PLAN = f"tokens={TOKENS},ttft=10ms,gap=2ms"


@dataclass
class Stack:
    """What is running."""

    weir: weir.Weir
    gateway: gateway.Gateway
    prometheus: scraper.Prometheus
    engines: dict

    @property
    def programs(self):
        """Those that ask others come before the others: the order in which they are stopped."""
        askers = [self.prometheus, self.gateway, self.weir]
        return [running.program for running in (*askers, *self.engines.values())]


@contextlib.contextmanager
def running_stack(folder):
    """Starts everything, waits until all of it is ready, and ends it."""
    names = ("edge", "engine", "admin", "gateway", "llama", "qwen", "prometheus")
    ports = dict(zip(names, free_ports(len(names))))
    with contextlib.ExitStack() as ending:

        def kept(running):
            ending.callback(running.program.stop)
            return running

        loadtest = BINARIES / "weir-loadtest"
        llama = kept(engines.start_engine(loadtest, folder, ports["llama"], "llama", "0.32.0", PLAN))
        qwen = kept(engines.start_engine(loadtest, folder, ports["qwen"], "qwen", "0.10.0", PLAN))
        routes = {"llama": llama.url, "qwen": qwen.url}
        proxy = kept(weir.start_weir(BINARIES / "weir-proxy", folder, ports, routes, gateway.KEY))
        litellm = kept(gateway.start_gateway(LITELLM, folder, ports["gateway"], proxy.engine))
        targets = {"weir": f"127.0.0.1:{ports['admin']}", "gateway": f"127.0.0.1:{ports['gateway']}"}
        prometheus = kept(scraper.start_prometheus(folder, ports["prometheus"], **targets))

        engines.wait_until_ready(llama)
        engines.wait_until_ready(qwen)
        gateway.wait_until_ready(litellm)
        weir.wait_until_ready(proxy, {("llama", "llama"), ("qwen", "qwen"), ("litellm", "llama")})
        scraper.wait_until_ready(prometheus)
        yield Stack(proxy, litellm, prometheus, {"llama": llama, "qwen": qwen})

        # Nothing is under way, but LiteLLM and Prometheus hold connections open: Weir ends all the same, at once.
        assert proxy.program.stop(grace=5) == 0, proxy.program.log_tail()
