"""The Prometheus of the simulated stack: with the shipped configuration while it is filled, without any afterwards."""

import contextlib
import json
import re
from pathlib import Path

import yaml

import scraper
from ports import free_ports
from processes import Program

SHIPPED = Path(__file__).parents[2] / "config/prometheus"

# What only Prometheus 3 knows, and the one that runs here may be older.
FOR_NEWER_VERSIONS = {"scrape_native_histograms", "always_scrape_classic_histograms"}
# Jobs whose targets discovery finds; all others have an address.
FOUND = {"weir", "weir-gpu-exporter", "vllm", "litellm", "containers"}
INTERVAL = "2s"

# What looks back further than the run lasts.
OFFSET = re.compile(r"\boffset \d+[mhdw]\b")


def hastened(expression):
    """The expression with its offsets brought near. Windows need no change: they hold what there is."""
    return OFFSET.sub("offset 5s", expression)


def start(folder, ports, key_file, targets, sink):
    """Starts it as shipped for the stack: only addresses, files and times are others."""
    # The job of the GPU exporter knows it by its port.
    shipped = yaml.safe_load((SHIPPED / "stack.yml").read_text().replace(":9445", f":{ports['gpus']}"))
    for job in shipped["scrape_configs"]:
        _relocate(job, ports["discovery"], key_file, targets)
    configuration = {
        "global": {name: INTERVAL for name in shipped["global"].keys() - FOR_NEWER_VERSIONS},
        "rule_files": [_rules(folder)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [targets["alertmanager"]]}]}]},
        "scrape_configs": shipped["scrape_configs"],
        "remote_write": [{"url": sink}],
    }
    # Braces are places for addresses there.
    text = json.dumps(configuration).replace("{", "{{").replace("}", "}}")
    return scraper.start_prometheus(folder, ports["prometheus"], text, features=["exemplar-storage"])


def _relocate(job, discovery, key_file, targets):
    name = job["job_name"]
    assert name in FOUND | targets.keys(), f"job {name}: tests/stack/simulated.py has nothing for it to scrape"
    for setting in ("scrape_interval", "scrape_timeout", "basic_auth"):
        job.pop(setting, None)
    for found in job.get("http_sd_configs", ()):
        found.pop("authorization", None)
        found |= {"url": f"http://127.0.0.1:{discovery}/sd/{found['url'].rpartition('/')[2]}", "refresh_interval": "1s"}
    for static in job.get("static_configs", ()):
        static["targets"] = [targets[name]]
    if "authorization" in job:
        job["authorization"]["credentials_file"] = str(key_file)


def _rules(folder):
    """A copy of all rules, whose alerts fire at once."""
    copies = folder / "rules"
    copies.mkdir()
    for file in sorted((SHIPPED / "rules").glob("*.yml")):
        rules = yaml.safe_load(file.read_text())
        for group in rules["groups"]:
            group.pop("interval", None)
            for rule in group["rules"]:
                rule.pop("for", None)
                rule["expr"] = hastened(str(rule["expr"]))
        (copies / file.name).write_text(json.dumps(rules))
    return f"{copies}/*.yml"


@contextlib.contextmanager
def at_rest(folder):
    """One that scrapes nothing, with the data of the one that was started in this folder; yields its URL."""
    configuration = folder / "at-rest.yml"
    configuration.write_text("{}\n")
    [port] = free_ports(1)
    command = ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    prometheus = scraper.Prometheus(Program("prometheus-at-rest", command, folder), f"http://127.0.0.1:{port}")
    try:
        scraper.wait_until_ready(prometheus)
        yield prometheus.url
    finally:
        prometheus.program.stop()
