"""Runs the tools: each load by one after the other, against the same simulated engine, directly or through the proxy."""

import contextlib
import functools

import aiperf_tool
import engines
import guidellm_tool
import weir
import weir_tool
from ports import free_ports
from processes import Program
from stack import BINARIES
from tolerances import is_late

TOOLS = {"weir-loadtest": weir_tool, "aiperf": aiperf_tool, "guidellm": guidellm_tool}
# A run takes 10 s or 20, and Python as many to come up, more on a busy machine.
SECONDS = 120
# A client that was late, since the machine was busy, runs again.
TRIES = 3


class Measured:
    """What the tools say, each load run when it is asked for, and only once."""

    def __init__(self, folder):
        self._folder = folder

    @functools.cache
    def direct(self, case):
        """Figures by tool."""
        folder = self._fresh(case, "direct")
        with running_engine(folder, case) as engine:
            return {name: self._in_time(name, case, engine.url, folder)[0] for name in TOOLS}

    @functools.cache
    def proxied(self, case):
        """(Figures of the tool, what the proxy counted meanwhile), by tool."""
        folder = self._fresh(case, "proxied")
        with running_engine(folder, case) as engine, running_proxy(folder, engine) as proxy:
            counting = functools.partial(proxy.counting, engine=case.requests)
            return {name: self._in_time(name, case, proxy.engine, folder, counting) for name in TOOLS}

    def _fresh(self, case, way):
        folder = self._folder / f"{case.name} {way}".replace(" ", "-")
        folder.mkdir()
        return folder

    def _in_time(self, name, case, url, folder, counting=contextlib.nullcontext):
        """Runs a tool, again if it was late. Returns the figures of the last run, and what was counted meanwhile."""
        for number in range(TRIES):
            here = folder / f"{name}-{number}"
            here.mkdir()
            with counting() as counted:
                figures = TOOLS[name].run(case, url, here, SECONDS)
            if not is_late(case, figures):
                break
        return figures, counted and counted.scrape


@contextlib.contextmanager
def running_engine(folder, case):
    [port] = free_ports(1)
    engine = engines.start_engine(BINARIES / "weir-loadtest", folder, port, "sim", ["tiny"], "0.32.0", case.plan)
    try:
        engines.wait_until_ready(engine)
        yield engine
    finally:
        engine.program.stop()


@contextlib.contextmanager
def running_proxy(folder, engine):
    """The proxy as a sidecar of the engine."""
    ports = dict(zip(("edge", "engine", "admin"), free_ports(3)))
    addresses = ["--listen", f"127.0.0.1:{ports['engine']}", "--admin", f"127.0.0.1:{ports['admin']}"]
    program = Program("weir", [BINARIES / "weir-proxy", "--upstream", engine.url, *addresses], folder)
    proxy = weir.Weir(program, ports)
    try:
        weir.wait_until_ready(proxy, {("default", "tiny")})
        yield proxy
    finally:
        program.stop()
