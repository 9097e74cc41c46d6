"""Exemplars and native histograms, as a real Prometheus takes them: by text and by protobuf."""

import contextlib
import secrets

import pytest

import scraper
from ports import free_ports
from waiting import until

MESSAGES = [{"role": "user", "content": "What is a weir?"}]
CONFIGURATION = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: weir
    static_configs: [{{targets: ["{weir}"]}}]
"""
# Those that a stream of the simulated engine has.
LATENCIES = [
    "llm_request_duration_seconds",
    "llm_time_to_first_token_seconds",
    "llm_inter_token_latency_seconds",
    "llm_time_per_output_token_seconds",
]
PROTOBUF = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@contextlib.contextmanager
def scraping(folder, weir, *features):
    [port] = free_ports(1)
    targets = {"weir": weir.admin.removeprefix("http://")}
    prometheus = scraper.start_prometheus(folder, port, CONFIGURATION, features, **targets)
    try:
        scraper.wait_until_ready(prometheus)
        yield prometheus
    finally:
        prometheus.program.stop()


@pytest.fixture(scope="module")
def classic(weir, tmp_path_factory):
    """It asks for OpenMetrics text."""
    with scraping(tmp_path_factory.mktemp("classic"), weir, "exemplar-storage") as prometheus:
        yield prometheus


@pytest.fixture(scope="module")
def native(weir, tmp_path_factory):
    """It asks for protobuf."""
    features = ("exemplar-storage", "native-histograms")
    with scraping(tmp_path_factory.mktemp("native"), weir, *features) as prometheus:
        yield prometheus


def stream(client, model, sampled=True):
    """A streamed answer to a request of a trace, whose id it returns."""
    trace = secrets.token_hex(16)
    header = f"00-{trace}-{secrets.token_hex(8)}-{int(sampled):02x}"
    answer = client.chat.completions.create(
        model=model, messages=MESSAGES, stream=True, stream_options={"include_usage": True},
        extra_headers={"traceparent": header},
    )
    list(answer)
    return trace


def traces(prometheus, selector):
    return {exemplar["labels"]["trace_id"] for _, exemplar in prometheus.exemplars(selector)}


@pytest.mark.parametrize("metric", LATENCIES)
def test_from_a_bucket_to_its_request(llama, weir, classic, metric):
    with weir.counting(engine=2):
        trace = stream(llama, "llama")
        unsampled = stream(llama, "llama", sampled=False)
    selector = f'{metric}_bucket{{route="llama"}}'
    until("the trace is there", lambda: trace in traces(classic, selector), 15, classic.program.log_tail)
    classic.catch_up()
    assert unsampled not in traces(classic, selector)
    [(series, exemplar)] = [
        found for found in classic.exemplars(selector) if found[1]["labels"]["trace_id"] == trace
    ]
    assert (series["hop"], series["model"]) == ("engine", "llama")
    assert 0 < float(exemplar["value"]) <= float(series["le"])


@pytest.mark.parametrize("metric", LATENCIES)
def test_native_histograms_have_exemplars_too(llama, weir, classic, native, metric):
    """Those of the classic buckets. Of a series, Prometheus 2.42 takes that of the lowest bucket only."""
    with weir.counting(engine=1):
        stream(llama, "llama")

    def known():
        of_buckets = traces(classic, f'{metric}_bucket{{route="llama"}}')
        return traces(native, f'{metric}{{route="llama"}}') & of_buckets

    until("both know of the same request", known, 30, native.program.log_tail)


@pytest.mark.parametrize("metric", LATENCIES)
def test_native_and_classic_agree(llama, edge, weir, classic, native, metric):
    with weir.counting(edge=2, engine=5):
        for _ in range(3):
            stream(llama, "llama")
        for _ in range(2):
            stream(edge, "llama")
    for prometheus in (classic, native):
        prometheus.catch_up()
    for hop in ("edge", "engine"):
        selector = f'{{hop="{hop}",model="llama"}}'
        number = lambda part: native.number(f"histogram_{part}(sum({metric}{selector}))")
        assert number("count") == classic.number(f"sum({metric}_count{selector})") > 0
        assert number("sum") == pytest.approx(classic.number(f"sum({metric}_sum{selector})"), rel=1e-9)
        for quantile in (0.1, 0.5, 0.95):
            found = native.number(f"histogram_quantile({quantile}, sum({metric}{selector}))")
            below, above = bucket(classic, quantile, f"{metric}_bucket{selector}")
            # A native bucket that an edge lies in reaches beyond it by 9 % at most.
            assert below / 1.1 <= found <= above * 1.1, (hop, quantile)


def bucket(prometheus, quantile, selector):
    """The edges of the classic bucket that a quantile lies in."""
    buckets = prometheus.ask(f"sum by (le) ({selector})")
    buckets = sorted((float(labels["le"]), count) for labels, count in buckets)
    rank = quantile * buckets[-1][1]
    below = 0.0
    for edge, count in buckets:
        if count >= rank:
            return below, edge
        below = edge


def test_this_prometheus_takes_the_native_ones_only(native):
    """2.42 does, of a family that has both. From 2.45 on `scrape_classic_histograms` keeps the others."""
    native.catch_up()
    for metric in LATENCIES:
        assert native.ask(f"{metric}_bucket") == []
    assert native.ask("count(llm_time_to_first_byte_seconds_bucket)"), "what has no native buckets stays classic"


def test_protobuf_holds_what_text_holds(weir, native):
    kind, scrape = weir.page_bytes("/metrics", PROTOBUF)
    assert kind.startswith("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily")
    assert b"llm_requests_total" in scrape
    scrape = weir.quiet()
    native.catch_up()
    for metric, labels in {
        "llm_tokens_total": ("route", "hop", "endpoint", "model", "kind", "source"),
        "llm_requests_total": ("route", "hop", "endpoint", "model", "outcome", "status"),
        "llm_time_to_first_byte_seconds_bucket": ("route", "hop", "le"),
        "weir_build_info": ("version", "revision"),
    }.items():
        assert native.by(metric, *labels) == scrape.by(metric, *labels), metric
