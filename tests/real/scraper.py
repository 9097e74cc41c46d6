"""A real Prometheus that scrapes Weir and LiteLLM every second."""

import contextlib
import json
import time
import urllib.parse
import urllib.request

from processes import Program
from waiting import until

CONFIGURATION = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: weir
    static_configs: [{{targets: ["{weir}"]}}]
  - job_name: litellm
    metrics_path: /metrics/
    authorization: {{credentials: "{key}"}}
    static_configs: [{{targets: ["{gateway}"]}}]
"""


class Prometheus:
    """A Prometheus that is running."""

    def __init__(self, program, url):
        self.program = program
        self.url = url

    def ask(self, expression):
        """Evaluates PromQL now: a list of (labels, value)."""
        data = self._api("query", query=expression)["data"]
        assert data["resultType"] == "vector", data
        return [(sample["metric"], float(sample["value"][1])) for sample in data["result"]]

    def number(self, expression):
        """Evaluates PromQL that has one series for an answer."""
        samples = self.ask(expression)
        assert len(samples) == 1, (expression, samples)
        return samples[0][1]

    def by(self, expression, *labels):
        """Evaluates PromQL: values that are not 0 by the values of these labels."""
        samples = self.ask(expression)
        return {tuple(known.get(label, "") for label in labels): value for known, value in samples if value}

    def exemplars(self, selector):
        """All exemplars of these series since Prometheus has started: a list of (labels of the series, exemplar)."""
        found = self._api("query_exemplars", query=selector, start=0, end=time.time() + 60)["data"]
        return [(each["seriesLabels"], exemplar) for each in found for exemplar in each["exemplars"]]

    def target(self, job):
        targets = self._api("targets")["data"]["activeTargets"]
        return next(target for target in targets if target["labels"]["job"] == job)

    def rule_groups(self):
        """The names of the groups of rules that it goes by."""
        return {group["name"] for group in self._api("rules")["data"]["groups"]}

    def catch_up(self, job="weir"):
        """Waits for a good scrape that began after this call."""
        now = time.time()

        def newer():
            # Of a bare selector, `timestamp` is that of the sample; of an expression, that of the question.
            at = self.ask(f'timestamp(up{{job="{job}"}})')
            return at and at[0][1] > now and self.number(f'up{{job="{job}"}}') == 1

        until(f"Prometheus has scraped {job} again", newer, 15, lambda: str(self.target(job)))

    def _api(self, path, **query):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)


def start_prometheus(folder, port, configuration=CONFIGURATION, features=(), **targets):
    """Starts Prometheus; `targets` names the addresses that the configuration has places for."""
    file = folder / "prometheus.yml"
    file.write_text(configuration.format(**targets))
    command = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    command += [f"--enable-feature={feature}" for feature in features]
    return Prometheus(Program("prometheus", command, folder), f"http://127.0.0.1:{port}")


def wait_until_ready(prometheus):
    def ready():
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(prometheus.url + "/-/ready", timeout=5).status == 200

    prometheus.program.wait_until("Prometheus is ready", ready, 30)
