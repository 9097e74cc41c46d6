"""The OpenAI SDK through Weir, LiteLLM and Weir again, beside what test_tokens_agree.py shows of it: the chunks
themselves, and a client that wants no usage."""

import pytest

from python_texts import MESSAGES, PROMPT
from stack import TOKENS


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": True}}], ids=["unasked", "asked"])
@pytest.mark.parametrize("model", ["llama", "qwen"])
def test_chunks_are_those_that_litellm_sends(edge, direct, weir, model, options):
    """As many chunks through Weir as straight from LiteLLM, with the same content."""

    def said(client):
        chunks = client.chat.completions.create(model=model, messages=MESSAGES, stream=True, **options)
        return [chunk.model_dump(exclude={"id", "created"}) for chunk in chunks]

    with weir.counting(edge=1, engine=2):
        assert said(edge) == said(direct)


def test_completions_whose_client_declines_usage(edge, weir):
    """LiteLLM then writes a usage of zeros on every event: that is no report. Weir counts events, and says so."""
    with weir.counting(edge=1, engine=1) as counted:
        chunks = list(edge.completions.create(
            model="llama", prompt=PROMPT, stream=True, stream_options={"include_usage": False}
        ))
    assert {chunk.usage.completion_tokens for chunk in chunks} == {0}
    assert counted.tokens("edge") == (0, 0)
    assert counted.estimated()["edge"] == TOKENS
    assert counted.usage_missing()["edge", "client_declined"] == 1
