"""SCALE.md's tables: what was measured, and what follows from it for many engines."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "SCALE.md"
BEGIN, END = "<!-- measured: make scale -->", "<!-- end of what was measured -->"

INTERVAL = 15
DAY = 86_400
RETENTION = 30 * DAY
# A block grows to a tenth of the retention.
BLOCKS = 10
GPUS_OF_A_NODE = 8
ENGINES = (1, 10, 100, 1000)
# One of each hop.
LINES_OF_A_REQUEST = 2
# Prometheus' own of each target: up, scrape_duration_seconds and three more.
OF_EACH_TARGET = 5

# What was measured, and its row. Those with bytes of a scrape beside have two numbers.
ROWS = {
    "engine": "each engine, by the proxy (hop `engine`)",
    "edge_model": "each model, by the proxy at the edge",
    "discovered": "each engine, by discovery",
    "vllm": "each engine, by itself (vLLM 0.32; older ones have fewer)",
    "gpu": "each GPU",
    "proxy": "each proxy besides",
    "discovery": "each discovery besides",
    "exporter": "each GPU exporter besides",
    "endpoint": "each further endpoint of a model, at each hop",
    "rules_model": "each model, by the rules",
    "rules_gpu": "each GPU, by the rules",
    "rules": "rules besides",
    "chunk": "bytes of a sample in Prometheus' chunks",
    "index": "bytes of a series in the index of each of its blocks",
    "line": "bytes of a line of the access log",
    "line_gzip": "the same with gzip",
    "span": "bytes of a span (OTLP, protobuf)",
    "memory_proxy": "memory of the proxy, MB",
    "memory_discovery": "memory of discovery, MB",
    "memory_exporter": "memory of the GPU exporter, MB",
}
WITH_BYTES = ("engine", "edge_model", "discovered", "vllm", "gpu", "proxy", "discovery", "exporter")
SERIES = (*WITH_BYTES, "endpoint", "rules_model", "rules_gpu", "rules")


def measured(figures):
    """What is measured in seconds: by row, a number, or a pair of series and bytes."""
    pairs = {
        "engine": figures.engine,
        "edge_model": figures.edge_model,
        "discovered": figures.discovered,
        "vllm": figures.own_page,
        "gpu": figures.gpu,
        "proxy": figures.fixed["weir-proxy"],
        "discovery": figures.fixed["weir-discovery"],
        "exporter": figures.fixed["weir-gpu-exporter"],
    }
    resident = {job: size / 1e6 for job, size in figures.resident.items()}
    return {name: (part.series, part.bytes) for name, part in pairs.items()} | {
        "endpoint": figures.further_endpoint,
        "line": figures.log_line,
        "line_gzip": figures.log_line_gzip,
        "span": figures.span,
        "memory_proxy": resident["weir-proxy"],
        "memory_discovery": resident["weir-discovery"],
        "memory_exporter": resident["weir-gpu-exporter"],
    }


def rows(figures, disk, rules):
    """All of it."""
    names = ("rules_model", "rules_gpu", "rules")
    more = {"chunk": disk.chunk_bytes_per_sample, "index": disk.index_bytes_per_series}
    return measured(figures) | dict(zip(names, rules)) | more


def tables(found, date):
    """The part of the page that is measured."""
    lines = [f"Measured on {date}.", "", "| | series | bytes of a scrape |", "|---|---|---|"]
    for name in SERIES:
        series, size = found[name] if name in WITH_BYTES else (found[name], None)
        lines.append(f"| {ROWS[name]} | {series:,.0f} | {f'{size:,.0f}' if size else '–'} |")
    lines += ["", "| | |", "|---|---|"]
    for name in ROWS:
        if name not in SERIES:
            lines.append(f"| {ROWS[name]} | {shown(found[name])} |")
    # By the numbers that are shown, so that a reader comes to the same.
    return "\n".join(lines) + "\n\n" + sizes(read("\n".join(lines))) + "\n"


def shown(number):
    return f"{number:,.0f}" if number >= 10 else f"{number:.2f}"


def series_of(found, engines):
    """Of so many engines with a sidecar, each with a model of its own that passes the edge, and with a GPU of its own."""
    count = lambda name: found[name][0] if name in WITH_BYTES else found[name]
    nodes = -(-engines // GPUS_OF_A_NODE)
    pod = sum(map(count, ("engine", "discovered", "vllm", "proxy", "discovery"))) + 3 * OF_EACH_TARGET
    node = count("exporter") + OF_EACH_TARGET
    edge = count("proxy") + OF_EACH_TARGET
    each = pod + count("edge_model") + count("rules_model") + count("gpu") + count("rules_gpu")
    return engines * each + nodes * node + edge + count("rules")


def disk_of(found, series):
    """Bytes for the retention."""
    return series / INTERVAL * RETENTION * found["chunk"] + BLOCKS * series * found["index"]


def sizes(found):
    """The table for many engines."""
    lines = [
        "| engines | series | samples/s | disk for 30 days | access log a day, at 1 request/s for each engine | spans a day, the same |",
        "|---|---|---|---|---|---|",
    ]
    for engines in ENGINES:
        series = series_of(found, engines)
        requests = engines * DAY * LINES_OF_A_REQUEST
        cells = (f"{engines:,}", f"{series:,.0f}", f"{series / INTERVAL:,.0f}", gigabytes(disk_of(found, series)),
                 gigabytes(requests * found["line"]), gigabytes(requests * found["span"]))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def gigabytes(count):
    return f"{count / 1e9:,.1f} GB"


def read(text):
    """The measured rows of a page: as `rows`."""
    found = {}
    for name, title in ROWS.items():
        [cells] = re.findall(rf"^\| {re.escape(title)} \| (.+) \|$", text, re.M)
        numbers = [float(cell.replace(",", "")) for cell in cells.split(" | ") if cell != "–"]
        found[name] = tuple(numbers) if name in WITH_BYTES else numbers[0]
    return found


def of_the_page():
    """Its measured part."""
    return PAGE.read_text().partition(BEGIN + "\n")[2].partition(END)[0]


def write(text):
    before, _, rest = PAGE.read_text().partition(BEGIN + "\n")
    PAGE.write_text(before + BEGIN + "\n" + text + END + rest.partition(END)[2])
