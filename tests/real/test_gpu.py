"""A real Prometheus that scrapes the GPU exporter: the queries that people have, and the shipped rules."""

import subprocess
from collections import Counter

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from gpus import MODELS, UNKNOWN, WINDOW, running_gpus
from stack import BINARIES

# Power and tokens change while they are looked at.
NEARLY = 0.03

# What the rules record.
WATTS = "model:nvidia_gpu_power_watts:sum_avg5m"
SHARES = "model:nvidia_gpu_share:sum_avg5m"
TOKENS = "model:llm_output_tokens:rate5m"
TOKENS_PER_GPU = "model:llm_output_tokens_per_gpu:rate5m"
JOULES_PER_TOKEN = "model:nvidia_gpu_joules_per_output_token:avg5m"


@pytest.fixture(scope="module")
def gpus(tmp_path_factory):
    with running_gpus(BINARIES / "weir-gpu-exporter", tmp_path_factory.mktemp("gpus")) as gpus:
        yield gpus


@pytest.fixture(scope="module")
def prometheus(gpus):
    return gpus.prometheus


def by_model(prometheus, expression):
    samples = prometheus.ask(expression)
    assert {labels.get("attribution", "exclusive") for labels, _ in samples} <= {"exclusive"}
    return {labels["model"]: value for labels, value in samples}


def watts_by_gauge(prometheus):
    """Mean watts of each model, by the gauge and not by the energy counter that the rules go by."""
    power = f"avg_over_time(nvidia_gpu_power_usage_milliwatts[{WINDOW}s]) / 1000"
    owner = "* on (uuid, gpu) group_left (container_id) (nvidia_gpu_container_share == 1)"
    of = prometheus.by(f"sum by (container_id) ({power} {owner})", "container_id")
    return {name: of[model.container_id,] for name, model in MODELS.items()}


@pytest.mark.parametrize(("query", "least", "most"), [
    ("nvidia_gpu_memory_used_bytes / nvidia_gpu_memory_total_bytes * 100", 80, 95),
    ("nvidia_gpu_duty_cycle", 1, 100),
    ("nvidia_gpu_power_usage_milliwatts / 1000", 100, 700),
    ("nvidia_gpu_temperature_celsius", 25, 90),
])
def test_the_queries_of_old_dashboards(prometheus, query, least, most):
    samples = prometheus.ask(query)
    assert sorted(labels["gpu"] for labels, _ in samples) == [str(index) for index in range(8)]
    assert len({labels["uuid"] for labels, _ in samples}) == 8
    assert all(least <= value <= most for _, value in samples), samples


def test_who_uses_which_gpu(prometheus):
    """The join that dashboards make: a container has one model, so that it is not many to many."""
    info = "max by (container_id, container, model) (llm_container_info)"
    share = "max by (uuid, gpu, container_id) (nvidia_gpu_container_share)"
    samples = prometheus.ask(f"{share} * on (container_id) group_left (container, model) {info}")
    found = Counter(labels["model"] for labels, value in samples if value == 1)
    assert found == {name: model.gpus for name, model in MODELS.items()}
    assert by_model(prometheus, SHARES) == found
    unknown = prometheus.ask(f'nvidia_gpu_container_share{{container_id="{UNKNOWN}"}}')
    assert [labels["gpu"] for labels, _ in unknown] == ["7"]


def test_watts_of_each_model(prometheus):
    assert by_model(prometheus, WATTS) == pytest.approx(watts_by_gauge(prometheus), rel=NEARLY)
    rest = prometheus.number(f"sum(uuid:nvidia_gpu_power_watts:avg5m) - sum({WATTS})")
    assert 100 < rest < 700, "the last GPU's power belongs to no model"


def test_joules_per_token(prometheus):
    """As many as the model's GPUs take in a second, by the tokens that it writes in a second. Nothing for a model
    that wrote none."""
    written = {name: model.tokens_per_second for name, model in MODELS.items() if model.tokens_per_second}
    watts = watts_by_gauge(prometheus)
    assert by_model(prometheus, TOKENS) == pytest.approx(written, rel=NEARLY)
    expected = {name: watts[name] / tokens for name, tokens in written.items()}
    assert by_model(prometheus, JOULES_PER_TOKEN) == pytest.approx(expected, rel=NEARLY)
    expected = {name: tokens / MODELS[name].gpus for name, tokens in written.items()}
    assert by_model(prometheus, TOKENS_PER_GPU) == pytest.approx(expected, rel=NEARLY)


def test_it_is_said_that_nothing_is_real(prometheus):
    assert prometheus.number("weir_source_simulated") == 1
    assert prometheus.number('weir_source_up{source="simulate"}') == 1


def test_the_page_is_sound(gpus):
    text = gpus.page("/metrics")
    found = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    openmetrics = gpus.page("/metrics", "application/openmetrics-text;version=1.0.0")
    names = {sample.name for family in text_string_to_metric_families(openmetrics) for sample in family.samples}
    assert {"nvidia_gpu_energy_joules_total", "nvidia_gpu_info", "nvidia_gpu_container_share"} <= names
