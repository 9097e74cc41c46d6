"""A real Prometheus scrapes Weir, and answers with the numbers that the run knows to be true."""

import math
from collections import Counter

import pytest

from stack import TOKENS

MESSAGES = [{"role": "user", "content": "What is a weir?"}]


def test_the_targets_are_up(prometheus):
    for job in ("weir", "litellm"):
        prometheus.catch_up(job)
        target = prometheus.target(job)
        assert (target["health"], target["lastError"]) == ("up", "")


def test_tokens_by_hop_model_and_kind(edge, llama, weir, prometheus):
    query = "sum by (hop, model, kind) (llm_tokens_total)"
    weir.quiet()
    prometheus.catch_up()
    before = prometheus.by(query, "hop", "model", "kind")
    known = Counter()

    def book(hop, model, usage):
        known[hop, model, "input"] += usage.prompt_tokens
        known[hop, model, "output"] += usage.completion_tokens

    with weir.counting(edge=3, engine=4):
        for model in ("llama", "qwen", "llama"):
            answer = edge.chat.completions.create(model=model, messages=MESSAGES)
            book("edge", model, answer.usage)
            book("engine", model, answer.usage)
        book("engine", "llama", llama.chat.completions.create(model="llama", messages=MESSAGES).usage)
    prometheus.catch_up()
    after = prometheus.by(query, "hop", "model", "kind")
    assert {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)} == known


def test_successes_and_rates(edge, weir, prometheus):
    """A rate sees the first request of a model, since its outcomes exist at 0 once it is known."""
    success = 'sum(llm_requests_total{outcome="success"})'
    weir.quiet()
    prometheus.catch_up()
    before = prometheus.number(success)
    with weir.counting(edge=2, engine=2):
        for _ in range(2):
            edge.chat.completions.create(model="llama", messages=MESSAGES)
            prometheus.catch_up()
    prometheus.catch_up()
    assert prometheus.number(success) - before == 4
    assert prometheus.number('sum(rate(llm_requests_total{outcome="success",hop="edge"}[1m]))') > 0
    assert prometheus.number('sum(rate(llm_tokens_total{hop="edge",kind="output"}[1m]))') > 0


@pytest.mark.parametrize("metric", [
    "llm_time_to_first_token_seconds",
    "llm_inter_token_latency_seconds",
    "llm_time_per_output_token_seconds",
    "llm_request_duration_seconds",
])
def test_quantiles(edge, weir, prometheus, metric):
    with weir.counting(edge=2, engine=2):
        for _ in range(2):
            list(edge.chat.completions.create(model="llama", messages=MESSAGES, stream=True))
            prometheus.catch_up()
    for hop in ("edge", "engine"):
        buckets = f'sum by (le) (rate({metric}_bucket{{hop="{hop}",model="llama"}}[1m]))'
        median = prometheus.number(f"histogram_quantile(0.5, {buckets})")
        assert not math.isnan(median) and 0 < median < 10, hop


def test_events_of_a_stream(llama, weir, prometheus):
    """Every event is the first token, the end of a gap, or shares an instant with the one before."""
    with weir.counting(engine=1) as counted:
        list(llama.chat.completions.create(model="llama", messages=MESSAGES, stream=True))
    assert counted.scrape.total("llm_stream_events_total") == TOKENS
    prometheus.catch_up()
    gaps = "sum(llm_inter_token_latency_seconds_count)"
    rest = "(sum(llm_coalesced_events_total) or vector(0)) + (sum(llm_discarded_gaps_total) or vector(0))"
    firsts = "sum(llm_time_to_first_token_seconds_count)"
    assert prometheus.number(f"sum(llm_stream_events_total) - {gaps} - ({rest}) - {firsts}") == 0


@pytest.mark.last
def test_the_ledger_balances(weir, prometheus):
    """After the whole run, whatever went wrong in it: started = ended + active, for each hop, endpoint and model."""
    weir.quiet()
    prometheus.catch_up()
    by = "sum by (route, hop, endpoint, model)"
    open_requests = f"{by} (llm_requests_started_total) - {by} (llm_requests_total)"
    differences = prometheus.ask(open_requests)
    assert len(differences) > 10
    assert {value for _, value in differences} == {0}
    assert prometheus.number("sum(llm_active_requests)") == 0
    outcomes = {known["outcome"] for known, value in prometheus.ask("sum by (outcome) (llm_requests_total) > 0")}
    assert len(outcomes) >= 10, outcomes


@pytest.mark.last
def test_prometheus_has_what_weir_says(weir, prometheus):
    scrape = weir.quiet()
    prometheus.catch_up()
    labels = ("route", "hop", "endpoint", "model", "kind", "source")
    assert prometheus.by("llm_tokens_total", *labels) == scrape.by("llm_tokens_total", *labels)
    labels = ("route", "hop", "endpoint", "model", "outcome", "status")
    assert prometheus.by("llm_requests_total", *labels) == scrape.by("llm_requests_total", *labels)
