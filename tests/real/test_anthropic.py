"""The Anthropic SDK, beside what test_tokens_agree.py shows of it: counting ahead, and unknown models."""

import anthropic
import pytest

from python_messages import REQUEST

MESSAGES = REQUEST["messages"]


def test_tokens_that_litellm_counts_ahead(claude_edge, stack):
    """No model runs: LiteLLM counts by itself."""
    with stack.counting(edge=0, engine=0) as counted:
        assert claude_edge.messages.count_tokens(model="llama", messages=MESSAGES).input_tokens > 0
    assert counted.passed_through("edge") == 1


def test_tokens_that_are_counted_ahead_by_nobody(claude_llama, stack):
    """The simulated engine does not know the path; whoever answers, Weir passes it through."""
    with stack.counting(edge=0, engine=0) as counted:
        with pytest.raises(anthropic.NotFoundError):
            claude_llama.messages.count_tokens(model="llama", messages=MESSAGES)
    assert counted.passed_through("engine") == 1


def test_an_unknown_model_of_an_engine(claude_llama, stack):
    with stack.counting(engine=1) as counted:
        with pytest.raises(anthropic.NotFoundError, match="does not exist"):
            claude_llama.messages.create(model="nobody", **REQUEST)
    assert counted.outcomes("engine") == {"not_found": 1}
    assert counted.models("engine") == {"other": 1}
