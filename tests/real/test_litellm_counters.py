"""Weir's counters beside LiteLLM's own: two parties that count the same requests."""

import contextlib

import openai

from waiting import until

MESSAGES = [{"role": "user", "content": "What is a weir?"}]

# A model that only this file uses.
MODEL = "compared"


def test_tokens_and_requests_are_those_that_litellm_counts(edge, weir, gateway):
    with weir.counting(edge=5, engine=5) as counted:
        edge.chat.completions.create(model=MODEL, messages=MESSAGES)
        list(edge.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True))
        edge.completions.create(model=MODEL, prompt="A weir is")
        list(edge.completions.create(model=MODEL, prompt="A weir is", stream=True))
        edge.embeddings.create(model=MODEL, input="A weir", encoding_format="float")

    def litellm_counts():
        scrape = gateway.scrape()
        total = lambda name: scrape.total(name, requested_model=MODEL)
        requests = total("litellm_proxy_total_requests_metric_total")
        # LiteLLM books a while after it has answered.
        assert requests == 5
        return total("litellm_input_tokens_metric_total"), total("litellm_output_tokens_metric_total")

    counts = until("LiteLLM has booked five requests", litellm_counts, 20)
    assert counted.tokens("edge") == counts
    assert counted.tokens("engine") == counts
    assert counted.scrape.by("llm_requests_total", "model", "outcome", hop="edge") == {(MODEL, "success"): 5}


def test_refused_requests_are_those_that_litellm_counts(edge, weir, gateway):
    failed = lambda: gateway.scrape().total("litellm_proxy_failed_requests_metric_total", requested_model="limited")
    before = failed()
    with weir.counting(edge=3, engine=3) as counted:
        for _ in range(3):
            with contextlib.suppress(openai.RateLimitError):
                edge.chat.completions.create(model="limited", messages=MESSAGES)
    until("LiteLLM has booked three failures", lambda: failed() - before == 3, 20, lambda: str(failed() - before))
    assert counted.outcomes("edge") == {"rate_limited": 3}
