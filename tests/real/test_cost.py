"""What LiteLLM says that a request cost, and what Weir makes of it."""

import pytest

from python_texts import MESSAGES
from stack import TOKENS

NAME = "llm_cost_usd_total"

# As gateway.py has the plan and the prices of the model.
INPUT, CACHED, OUTPUT = 12 * 1e-6, 8 * 0.25e-6, TOKENS * 4e-6


def costs(counted, **labels):
    return counted.scrape.by(NAME, "route", "kind", "source", **labels)


def test_litellms_own_number_counts(edge, weir):
    with weir.counting(edge=1, engine=1) as counted:
        answer = edge.chat.completions.with_raw_response.create(model="priced", messages=MESSAGES)
    told = float(answer.headers["x-litellm-response-cost"])
    assert told == pytest.approx(INPUT + CACHED + OUTPUT)
    # Once, though it passed Weir twice.
    assert costs(counted) == {("litellm", "all", "litellm"): pytest.approx(told)}


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": True}}], ids=["unasked", "asked"])
def test_a_stream_costs_what_the_table_says(edge, weir, options):
    """LiteLLM cannot know what a stream will cost when it sends its head."""
    with weir.counting(edge=1, engine=1) as counted:
        with edge.chat.completions.with_streaming_response.create(
            model="priced", messages=MESSAGES, stream=True, **options
        ) as answer:
            assert float(answer.headers.get("x-litellm-response-cost") or 0) == 0
            answer.read()
    assert costs(counted) == {
        ("litellm", "input", "priced"): pytest.approx(INPUT),
        ("litellm", "cached_input", "priced"): pytest.approx(CACHED),
        ("litellm", "output", "priced"): pytest.approx(OUTPUT),
    }


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_without_a_price_has_no_cost(edge, weir, stream):
    with weir.counting(edge=1, engine=1) as counted:
        told = edge.chat.completions.create(model="llama", messages=MESSAGES, stream=stream)
        list(told)
    assert costs(counted) == {}
    assert counted.tokens("edge")[1] == TOKENS
