"""The stack without containers, run for a minute: everything that can be had here is real, and the rest is scripted.

client -> Weir (edge) -> LiteLLM -> Weir (engine) -> engines, found by discovery beside a scripted Docker
Prometheus, with the configuration and the rules as shipped, scrapes all of it; Alertmanager hears of what fires.
"""

import contextlib
import json
import os
import signal
import time
import urllib.request
from dataclasses import dataclass

import docker_api
import drafting_engine
import engines
import gateway
import scraper
import simulated_gateway
import simulated_langfuse
import simulated_pages
import simulated_prometheus
import simulated_traffic
import simulated_weir
from ports import free_ports
from processes import Program
from prometheus_api import Asked
from simulated_weir import ENGINES
from stack import BINARIES, LITELLM
from waiting import until

# Ports that programs are told.
PORTS = (
    *("edge", "engine", "admin", "discovery", "gpus", "gateway", "page", "prometheus", "alertmanager", "cluster"),
    "node",
)
# Where nobody listens.
DEAD = ("loading", "failed")
# Jobs of the shipped configuration whose pages are real, and those whose pages are made up.
REAL = {
    "weir-proxy": "admin",
    "weir-discovery": "discovery",
    "weir-loadtest": "page",
    "prometheus": "prometheus",
    "alertmanager": "alertmanager",
    "node": "node",
}
SCRIPTED = ("cadvisor", "loki", "alloy", "tempo", "grafana")

# How often each kind of request has to have come up, so that it makes a rate.
ROUNDS = 2
# LangFuse's windows and steps of subqueries are minutes: one has to begin meanwhile, and to be seen for so long.
AFTER_THE_MINUTE = 6
# What comes last: the simulated GPUs have their XID after a minute.
LATE = (
    "count_over_time(nvidia_gpu_xid_errors_total[1m]) > 2",
    "count_over_time(langfuse_generations_total[1m]) > 2",
    'changes(weir_config_reloads_total{result="success"}[5m]) > 0',
)
# Whose counters have to be seen at 0, since a change from nothing is none.
READ_AGAIN = 'weir_config_reloads_total{job=~"weir-proxy|weir-discovery",result="success"} == 0'
# Seconds. On an idle machine of two cores it takes about 80.
LONGEST = 400


@dataclass
class History:
    """What is left of a run."""

    # Where Prometheus has its data.
    folder: object
    start: float
    end: float
    # What Prometheus says came of its rules.
    rules: list
    # Texts of real pages of metrics of others, by whose they are (foreign.yml).
    pages: dict
    # Lines that programs wrote, by their names; `access` are those of the access log.
    logs: dict


def run(folder):
    """Runs it all until there is a history to look back at, and ends it."""
    start = time.time()
    with contextlib.ExitStack() as ending:
        stack = Simulated(folder, ending)
        try:
            asked, rules, pages = _filled(stack, start)
        except (AssertionError, OSError):
            # Whoever has ended is the reason; that nobody answers for it is not.
            stack.fail_if_one_has_ended()
            raise
    logs = {name: program.log.read_text(errors="replace").splitlines() for name, program in stack.programs.items()}
    logs["access"] = (folder / "access.jsonl").read_text().splitlines()
    return History(folder, start, asked.end, rules, pages, logs)


def _filled(stack, start):
    """Its Prometheus when there is a history, what came of the rules, and pages of others."""
    stack.bring_up()
    stack.start_traffic()
    with simulated_traffic.flowing(stack.client()) as rounds:
        stack.disturb()
        stack.wait_for_history(rounds)
        asked = Asked(stack.prometheus.url, start, time.time())
        return asked, asked.rules(), stack.foreign_pages()


class Simulated:
    """The programs; those that are started are ended with `ending`."""

    def __init__(self, folder, ending):
        self.folder, self.ending = folder, ending
        names = (*PORTS, *ENGINES, *DEAD)
        self.ports = dict(zip(names, free_ports(len(names))))
        self.programs = {}
        self.docker = self.prometheus = None

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"

    def start(self, name, *command):
        self.keep(name, Program(name, command, self.folder))

    def keep(self, name, program):
        self.ending.callback(program.stop)
        self.programs[name] = program

    def bring_up(self):
        key_file, secret_file = self.folder / "litellm.key", self.folder / "langfuse.secret"
        key_file.write_text(gateway.KEY)
        secret_file.write_text(simulated_langfuse.SECRET_KEY)

        # It takes longest.
        litellm = simulated_gateway.start(
            LITELLM, self.folder, self.ports["gateway"], f"http://{self.address('engine')}"
        )
        self.keep("litellm", litellm.program)
        running = [self.start_engine(name) for name in ENGINES]
        exporter = [BINARIES / "weir-gpu-exporter", "--source", "simulate", "--log-format", "json"]
        self.start("gpus", *exporter, "--listen", self.address("gpus"))
        page = [BINARIES / "weir-loadtest", "serve", "--log-format", "json", "--store", self.folder / "runs.db"]
        self.start("page", *page, "--listen", self.address("page"))
        self.start("node", "prometheus-node-exporter", f"--web.listen-address={self.address('node')}")
        self.start_alertmanager()

        scripted = self.enter(drafting_engine.in_front_of(f"http://{self.address('draft')}"))
        other = self.enter(simulated_pages.serving(lambda: "# TYPE app_up gauge\napp_up 1\n"))
        containers = simulated_weir.containers(self.ports | {"draft": scripted, "other": other})
        socket = self.folder / "docker.sock"
        self.docker = self.enter(docker_api.running(socket, containers))
        values = self.ports | simulated_weir.hashes() | {
            "socket": socket, "access_log": self.folder / "access.jsonl", "key_file": key_file,
            "langfuse": self.enter(simulated_langfuse.running()),
            "public_key": simulated_langfuse.PUBLIC_KEY, "secret_file": secret_file,
        }
        self.start_weir("discovery", "weir-discovery", simulated_weir.DISCOVERY.format(**values))
        self.start_weir("weir", "weir-proxy", simulated_weir.PROXY.format(**values))

        targets = {job: self.address(name) for job, name in REAL.items()}
        for owner in SCRIPTED:
            port = self.enter(simulated_pages.serving(lambda owner=owner: simulated_pages.page(owner, containers)))
            targets[owner] = f"127.0.0.1:{port}"
        sink = self.enter(simulated_pages.sink())
        self.prometheus = simulated_prometheus.start(self.folder, self.ports, key_file, targets, sink)
        self.keep("prometheus", self.prometheus.program)

        for engine in running:
            engines.wait_until_ready(engine)
        scraper.wait_until_ready(self.prometheus)
        gateway.wait_until_ready(litellm)
        self.wait_for_routes()

    def enter(self, context):
        return self.ending.enter_context(context)

    def start_engine(self, name):
        version, models, plan = ENGINES[name]
        binary, port = BINARIES / "weir-loadtest", self.ports[name]
        engine = engines.start_engine(binary, self.folder, port, name, models, version, plan)
        self.keep(f"engine-{name}", engine.program)
        return engine

    def start_weir(self, name, binary, configuration):
        file = self.folder / f"{name}.toml"
        file.write_text(configuration)
        self.start(name, BINARIES / binary, "--config", file, "--log-format", "json")

    def start_alertmanager(self):
        configuration = self.folder / "alertmanager.yml"
        configuration.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        self.start(
            "alertmanager", "prometheus-alertmanager", f"--config.file={configuration}",
            f"--storage.path={self.folder / 'silences'}", f"--web.listen-address={self.address('alertmanager')}",
            f"--cluster.listen-address={self.address('cluster')}",
        )

    def wait_for_routes(self):
        expected = {("litellm", "llama"), ("llama", "llama"), ("qwen", "qwen"), ("old", "old"), ("sound", "embed")}

        def known():
            with contextlib.suppress(OSError):
                with urllib.request.urlopen(f"http://{self.address('admin')}/models", timeout=5) as page:
                    return {(each["route"], each["model"]) for each in json.load(page)["models"]} >= expected

        self.programs["weir"].wait_until("Weir knows LiteLLM and the engines that discovery found", known, 60)

    def client(self):
        edge, engine, draft = (f"http://{self.address(name)}" for name in ("edge", "engine", "draft"))
        return simulated_traffic.Client(edge, engine, draft, simulated_weir.KEYS)

    def start_traffic(self):
        """What the stack itself brings along."""
        command = [BINARIES / "weir-loadtest", "traffic", "--target", f"http://{self.address('edge')}"]
        command += ["--model", "llama", "--rate", "0.3", "--key-file", self.folder / "litellm.key"]
        self.start("traffic", *command)
        # A benchmark of an engine itself: what passes Weir stays as it is.
        command = [BINARIES / "weir-loadtest", "run", "--target", f"http://{self.address('old')}", "--proxy", "none"]
        command += ["--model", "old", "--rate", "0.5", "--duration", "30m", "--store", self.folder / "runs.db"]
        self.start("benchmark", *command)

    def disturb(self):
        """What goes wrong once."""
        self.prometheus.program.wait_until("the counters are seen at 0", self.have_counters_been_seen, 30)
        self.docker.end("vllm-failed", exit_code=1)
        self.docker.restart("label-studio", is_oom=True)
        # Whose loading is seen from its beginning.
        self.docker.restart("vllm-draft")
        self.hang_up("weir")
        self.break_configuration("discovery")
        # More failures at once than the access log has lines for.
        client = self.client()
        for _ in range(20):
            client.chat("gone", base=client.engine + "/gone")

    def have_counters_been_seen(self):
        seen = self.prometheus.ask(READ_AGAIN)
        assert len(seen) == 2, f"{READ_AGAIN}: {seen}"
        return True

    def hang_up(self, name):
        os.kill(self.programs[name].pid, signal.SIGHUP)

    def break_configuration(self, name):
        """It is read again while it is wrong, and once it is right again."""
        file, program = self.folder / f"{name}.toml", self.programs[name]
        right = file.read_text()
        file.write_text(right + "\nunknown = true\n")
        self.hang_up(name)
        program.wait_until("it has said so", lambda: "The configuration can't be used" in program.log.read_text(), 20)
        file.write_text(right)
        self.hang_up(name)

    def wait_for_history(self, rounds):
        began = time.time()

        def has_history():
            self.fail_if_one_has_ended()
            assert rounds() >= ROUNDS, f"{rounds()} of {ROUNDS} rounds of requests have ended"
            assert (time.time() - AFTER_THE_MINUTE) // 60 > began // 60, "no minute has begun"
            for expression in LATE:
                assert self.prometheus.ask(expression), f"nothing is there yet of {expression}"
            return True

        self.prometheus.program.wait_until("there is a history", has_history, LONGEST)

    def fail_if_one_has_ended(self):
        for program in self.programs.values():
            program.fail_if_ended()

    def foreign_pages(self):
        """Real pages of metrics of others."""
        urls = {job: [f"http://{self.address(job)}/metrics"] for job in ("prometheus", "alertmanager", "node")}
        urls["litellm"] = [f"http://{self.address('gateway')}/metrics/"]
        urls["vllm"] = [f"http://{self.address(name)}/metrics" for name in ENGINES]
        return {owner: [_text(url) for url in pages] for owner, pages in urls.items()}


def _text(url):
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {gateway.KEY}"})
    with urllib.request.urlopen(request, timeout=20) as page:
        return page.read().decode()
