"""The page of metrics after the whole run, read by those who know best what it must look like."""

import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

pytestmark = pytest.mark.last

# What Prometheus 2.42 sends.
OF_PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.mark.parametrize("path", ["/metrics", "/prometheus"])
def test_promtool_finds_nothing(weir, path):
    content_type, text = weir.page(path)
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert "llm_tokens_total" in text
    found = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_openmetrics_holds_the_same_samples(weir):
    weir.quiet()
    content_type, text = weir.page("/metrics", OF_PROMETHEUS)
    assert content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert text.endswith("# EOF\n")
    families = text_string_to_metric_families(text)
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("llm_")
    }
    assert found == {key: value for key, value in weir.scrape().items() if key[0].startswith("llm_")}


def test_nothing_was_lost_on_the_way(weir):
    """No request of the run was degraded, beyond the bounded labels, or Weir's own fault."""
    scrape = weir.quiet()
    assert scrape.by("weir_meter_degraded_total", "reason") == {}
    assert scrape.total("llm_requests_total", outcome="internal_error") == 0
    assert scrape.total("llm_requests_total", route="unrouted") == 0
