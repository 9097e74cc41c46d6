"""What there is to keep of each engine: series, bytes of a scrape, of logs and of spans, bytes on Prometheus' disk. SCALE.md has the
figures (scale_page.py); this measures them, prints its tables anew, and writes them with --write. It takes some minutes:

    PYTHONPATH=tests/real .venv/bin/python tests/stack/scale.py [--write]
"""

import contextlib
import datetime
import gzip
import itertools
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

import scale_page
from ports import free_ports
from scale_server import ENGINES, GPUS, Client, chat_round, embedding_round, failing_round, fetch, running
from scraper import start_prometheus, wait_until_ready
from stack import ROOT
from waiting import until

RULES = ROOT / "config/prometheus/rules"

# As config/prometheus/prometheus.yml drops them.
DROPPED = re.compile(r".*_created|python_.*")
# Samples of a chunk, at most; seconds between two scrapes, and the time of the first: a block begins then.
CHUNK = 120
INTERVAL = 15
EPOCH = 1_800_000_000


@dataclass
class Part:
    """A part of a page: how many series, and how many bytes of text."""

    series: float
    bytes: float

    @classmethod
    def of(cls, lines):
        return cls(len(lines), sum(len(line.encode()) + 1 for line in lines))

    def __sub__(self, other):
        return Part(self.series - other.series, self.bytes - other.bytes)

    def __truediv__(self, count):
        return Part(self.series / count, self.bytes / count)


def samples(page):
    return [line for line in page.splitlines() if line and not line.startswith("#")]


def having(lines, **labels):
    """The lines with these labels."""
    wanted = [f'{name}="{value}"' for name, value in labels.items()]
    return [line for line in lines if all(label in line for label in wanted)]


def of_the_proxy(page):
    """What each engine and each model at the edge adds, and what is there without any."""
    lines = samples(page)
    of_engines = [having(lines, route=name) for name in ENGINES]
    # Costs and what is known of both hops have no route at the edge, or no hop.
    of_models = [
        [line for line in having(lines, model=name) if f'route="{name}"' not in line] for name in ENGINES
    ]
    engine, model = mean(of_engines), mean(of_models)
    fixed = Part.of(page.splitlines()) - Part.of([line for part in (*of_engines, *of_models) for line in part])
    fixed.series = len(lines) - sum(map(len, (*of_engines, *of_models)))
    return engine, model, fixed


def of_discovery(page):
    lines = samples(page)
    # `name`: of a source, which an engine is, too.
    each = [having(lines, container=name) + having(lines, source="engine", name=name) for name in ENGINES]
    fixed = Part.of(page.splitlines()) - Part.of([line for part in each for line in part])
    fixed.series = len(lines) - sum(map(len, each))
    return mean(each), fixed


def of_gpus(page):
    lines = samples(page)
    of_cards = [line for line in lines if 'uuid="' in line]
    fixed = Part.of(page.splitlines()) - Part.of(of_cards)
    fixed.series = len(lines) - len(of_cards)
    return Part.of(of_cards) / GPUS, fixed


def of_vllm(page):
    """Of its own page: the series that are kept, and the bytes that are sent."""
    return Part(len(kept(page)), len(page.encode()))


def kept(page):
    """The samples that Prometheus is to keep."""
    return [line for line in samples(page) if not DROPPED.fullmatch(re.match(r"[\w:]+", line)[0])]


def mean(parts):
    return Part.of([line for part in parts for line in part]) / len(parts)


@dataclass
class Figures:
    """What was measured. `fixed` is by job: there once in each process."""

    engine: Part
    edge_model: Part
    discovered: Part
    vllm: dict
    gpu: Part
    fixed: dict
    further_endpoint: float
    log_line: float
    log_line_gzip: float
    span: float
    resident: dict

    @property
    def own_page(self):
        """Of vLLM's own pages the largest, that of the newest."""
        return max(self.vllm.values(), key=lambda part: part.series)


def measure(server):
    """Everything but the disk; takes some seconds."""
    clients = [Client(server.proxy.edge), Client(server.proxy.engine)]
    for _ in range(20):
        chat_round(clients)
    failing_round(clients)
    server.proxy.quiet()
    count = lambda name, **labels: server.proxy.scrape().total(name, **labels)
    wanted = count("llm_requests_total")
    # A moment after a request has ended.
    until("all lines are written", lambda: count("weir_access_log_lines_total", result="written") == wanted, 20)
    until("all spans are exported", lambda: count("weir_telemetry_spans_total", result="exported") == wanted, 20)
    log = server.log.read_bytes()
    until("discovery has read the engines again", lambda: all_read(server), 20)

    engine, edge_model, proxy_fixed = of_the_proxy(server.page("weir-proxy"))
    discovered, discovery_fixed = of_discovery(server.page("weir-discovery"))
    gpu, gpu_fixed = of_gpus(server.page("weir-gpu-exporter"))
    vllm = {version: of_vllm(fetch(server.vllm[name])) for name, version in ENGINES.items()}
    spans = server.spans.received / wanted

    embedding_round(clients)
    server.proxy.quiet()
    wider, _, _ = of_the_proxy(server.page("weir-proxy"))
    return Figures(
        engine, edge_model, discovered, vllm, gpu,
        {"weir-proxy": proxy_fixed, "weir-discovery": discovery_fixed, "weir-gpu-exporter": gpu_fixed},
        wider.series - engine.series,
        len(log) / wanted, len(gzip.compress(log)) / wanted, spans,
        {job: number(server.page(job), "process_resident_memory_bytes") for job in server.pages},
    )


def all_read(server):
    """Whether discovery shows, of each engine, as many tokens as the engine itself."""
    page = samples(server.page("weir-discovery"))
    for name in ENGINES:
        own = sum(value(line) for line in samples(fetch(server.vllm[name])) if line.startswith("vllm:generation_tokens_total{"))
        shown = [line for line in having(page, container=name) if line.startswith("llm_engine_generation_tokens_total{")]
        if not own or sum(map(value, shown)) != own:
            return False
    return True


def value(line):
    return float(line.rpartition(" ")[2])


def number(page, name):
    [line] = [line for line in samples(page) if line.startswith(name + " ")]
    return value(line)


@dataclass
class Disk:
    """What Prometheus' storage makes of it."""

    chunk_bytes_per_sample: float
    # In each block: of two hours at first, of up to a tenth of the retention later.
    index_bytes_per_series: float


def measure_disk(server, folder):
    """Looks at the pages again and again, with chats in between, and has the storage of Prometheus write them as an hour of scrapes.

    Not by a Prometheus that scrapes each second: where a machine is busy, scrapes come late, and a sample whose time is no
    multiple of the interval takes two bytes more.
    """
    clients = [Client(server.proxy.edge), Client(server.proxy.engine)]
    file = folder / "pages.txt"
    with file.open("w") as pages:
        for step in range(2 * CHUNK):
            chat_round(clients)
            for job, instance, page in all_pages(server):
                target = f'job="{job}",instance="{instance}"'
                pages.writelines(f"{line}\n" for line in stamped(kept(page), target, EPOCH + step * INTERVAL))
        pages.write("# EOF\n")
    blocks = folder / "blocks"
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", file, blocks], check=True, stdout=subprocess.DEVNULL)
    [meta] = blocks.glob("*/meta.json")
    stats = json.loads(meta.read_text())["stats"]
    # Of a series that came later, the first is not.
    assert stats["numSamples"] > 0.99 * CHUNK * stats["numChunks"], f"chunks are not full: {stats}"
    chunks = sum(part.stat().st_size for part in (meta.parent / "chunks").iterdir())
    index = (meta.parent / "index").stat().st_size
    return Disk(chunks / stats["numSamples"], index / stats["numSeries"])


def all_pages(server):
    for job, url in server.pages.items():
        yield job, address(url), fetch(url)
    for url in server.vllm.values():
        yield "vllm", address(url), fetch(url)


def stamped(lines, target, at):
    """The samples with the labels of their target and a time, as OpenMetrics has them."""
    for line in lines:
        series, _, value = line.rpartition(" ")
        name, brace, labels = series.partition("{")
        yield f"{name}{{{target},{labels} {value} {at}" if brace else f"{name}{{{target}}} {value} {at}"


@contextlib.contextmanager
def evaluated(server, folder):
    """A Prometheus that scrapes all of it, with the shipped rules."""
    job = lambda name, *urls: {"job_name": name, "static_configs": [{"targets": list(map(address, urls))}]}
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [f"{RULES}/*.yml"],
        "scrape_configs": [*itertools.starmap(job, server.pages.items()), job("vllm", *server.vllm.values())],
    }
    [port] = free_ports(1)
    # Braces would be places for addresses there.
    prometheus = start_prometheus(folder, port, yaml.safe_dump(configuration).replace("{", "{{").replace("}", "}}"))
    try:
        wait_until_ready(prometheus)
        yield prometheus
    finally:
        prometheus.program.stop()


def recorded(prometheus):
    """How many series the rules make: of each model, of each GPU, and besides. To be asked after some minutes: there are rules
    that go by what others have made, and groups that are evaluated once a minute."""
    found = [labels for name in recorded_names() for labels, _ in prometheus.ask(name)]
    of_models = sum("model" in labels for labels in found)
    of_gpus = sum("model" not in labels and "uuid" in labels for labels in found)
    return of_models / len(ENGINES), of_gpus / GPUS, len(found) - of_models - of_gpus


def address(url):
    return url.removeprefix("http://").partition("/")[0]


def recorded_names():
    """What the rules record."""
    groups = [group for file in RULES.glob("*.yml") for group in yaml.safe_load(file.read_text())["groups"]]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def main():
    """Prints the tables, or writes them into SCALE.md with --write."""
    with tempfile.TemporaryDirectory(prefix="weir-scale-") as folder, running(Path(folder)) as server:
        figures = measure(server)
        with evaluated(server, Path(folder)) as prometheus:
            disk = measure_disk(server, Path(folder))
            rules = recorded(prometheus)
    text = scale_page.tables(scale_page.rows(figures, disk, rules), datetime.date.today())
    if "--write" in sys.argv[1:]:
        scale_page.write(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
