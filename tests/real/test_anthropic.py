"""The Anthropic SDK: through Weir, LiteLLM and Weir again, and straight at an engine."""

import anthropic
import pytest

from stack import TOKENS

REQUEST = {"max_tokens": 100, "messages": [{"role": "user", "content": "What is a weir?"}]}

# LiteLLM asks a hosted_vllm/ model in chat completions and an openai/ model in responses.
at_engine = pytest.mark.parametrize("model, endpoint", [("llama", "chat_completions"), ("qwen", "responses")])


def counts(usage):
    return usage.input_tokens, usage.output_tokens


@at_engine
def test_a_message_through_litellm(claude_edge, weir, model, endpoint):
    with weir.counting(edge=1, engine=1) as counted:
        message = claude_edge.messages.create(model=model, **REQUEST)
    assert message.content[0].text and message.stop_reason == "end_turn"
    assert counts(message.usage)[1] == TOKENS
    assert counted.endpoints("edge") == {"messages": 1}
    assert counted.endpoints("engine") == {endpoint: 1}
    assert counted.tokens("edge") == counted.tokens("engine") == counts(message.usage)


@at_engine
def test_a_streamed_message_through_litellm(claude_edge, weir, model, endpoint):
    with weir.counting(edge=1, engine=1) as counted:
        with claude_edge.messages.stream(model=model, **REQUEST) as stream:
            texts = list(stream.text_stream)
            message = stream.get_final_message()
    assert len(texts) == TOKENS and "".join(texts) == message.content[0].text
    assert counted.endpoints("engine") == {endpoint: 1}
    assert counted.tokens("edge") == counted.tokens("engine") == counts(message.usage)


def test_a_message_of_an_engine(claude_llama, weir):
    with weir.counting(edge=0, engine=1) as counted:
        message = claude_llama.messages.create(model="llama", **REQUEST)
    assert message.content[0].text and message.stop_reason == "end_turn"
    assert counted.endpoints("engine") == {"messages": 1}
    assert counted.tokens("engine") == counts(message.usage)


def test_a_streamed_message_of_an_engine(claude_llama, weir):
    with weir.counting(edge=0, engine=1) as counted:
        with claude_llama.messages.stream(model="llama", **REQUEST) as stream:
            texts = list(stream.text_stream)
            message = stream.get_final_message()
    assert len(texts) == TOKENS
    assert counted.tokens("engine") == counts(message.usage)
    assert counted.scrape.total("llm_time_to_first_token_seconds_count", hop="engine") == 1


def test_a_tool_call_of_an_engine(claude_llama, weir):
    with weir.counting(edge=0, engine=1) as counted:
        headers = {"x-sim": "tool=true"}
        message = claude_llama.messages.create(model="llama", extra_headers=headers, **REQUEST)
    assert message.content[-1].type == "tool_use" and message.stop_reason == "tool_use"
    assert counted.tokens("engine") == counts(message.usage)


def test_an_unknown_model_of_an_engine(claude_llama, weir):
    with weir.counting(edge=0, engine=1) as counted:
        with pytest.raises(anthropic.NotFoundError, match="does not exist"):
            claude_llama.messages.create(model="nobody", **REQUEST)
    assert counted.outcomes("engine") == {"not_found": 1}


def test_an_overloaded_engine(claude_llama, weir):
    with weir.counting(edge=0, engine=1) as counted:
        with pytest.raises(anthropic.APIStatusError) as raised:
            claude_llama.messages.create(model="llama", extra_headers={"x-sim": "fault=status:529"}, **REQUEST)
    assert raised.value.status_code == 529
    assert counted.outcomes("engine") == {"overloaded": 1}
