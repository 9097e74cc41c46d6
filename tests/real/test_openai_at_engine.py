"""The OpenAI SDK straight at Weir's engine listener, beside what test_tokens_agree.py shows of it: reasoning, choices,
routes, refusals."""

import openai
import pytest

from python_texts import CHAT_TOOLS, MESSAGES
from stack import TOKENS

REQUEST = {"messages": MESSAGES}


def sim(plan):
    """The header that tells the engine how to answer."""
    return {"extra_headers": {"x-sim": plan}}


def test_a_streamed_tool_call(llama, weir):
    """The call's name is the first token."""
    with weir.counting(edge=0, engine=1) as counted:
        with llama.chat.completions.stream(model="llama", tools=CHAT_TOOLS, **REQUEST, **sim("tool=true")) as stream:
            answer = stream.get_final_completion()
    assert answer.choices[0].message.tool_calls[0].function.name
    assert answer.usage is None
    assert counted.outcomes("engine") == {"success": 1}
    assert counted.tokens("engine")[1] == TOKENS
    assert counted.scrape.total("llm_time_to_first_token_seconds_count") == 1


@pytest.mark.parametrize("client, model", [("llama", "llama"), ("qwen", "qwen")])
def test_reasoning(request, weir, client, model):
    """vLLM 0.10.0 calls it reasoning_content, 0.32.0 reasoning."""
    client = request.getfixturevalue(client)
    with weir.counting(edge=0, engine=1) as counted:
        asked = {"model": model, "stream": True, **REQUEST, **sim("tokens=9,reasoning=4")}
        chunks = list(client.chat.completions.create(**asked))
    thoughts = [
        delta for chunk in chunks for delta in [chunk.choices[0].delta.model_dump()]
        if delta.get("reasoning") or delta.get("reasoning_content")
    ]
    assert len(thoughts) == 4
    assert counted.tokens("engine")[1] == 9
    assert counted.scrape.total("llm_time_to_first_token_seconds_count") == 1
    assert counted.scrape.total("llm_time_to_first_answer_token_seconds_count") == 1


def test_several_choices(llama, weir):
    with weir.counting(edge=0, engine=1) as counted:
        chunks = list(llama.chat.completions.create(model="llama", n=2, stream=True, **REQUEST))
    assert {chunk.choices[0].index for chunk in chunks} == {0, 1}
    assert counted.tokens("engine")[1] == 2 * TOKENS


def test_the_model_in_the_body_names_the_route(weir, llama):
    without_prefix = llama.with_options(base_url=f"{weir.engine}/v1")
    with weir.counting(edge=0, engine=1) as counted:
        without_prefix.chat.completions.create(model="qwen", **REQUEST)
    assert counted.scrape.by("llm_requests_total", "route") == {"qwen": 1}


def test_an_unknown_model(llama, weir):
    with weir.counting(edge=0, engine=1) as counted:
        with pytest.raises(openai.NotFoundError, match="The model `nobody` does not exist") as raised:
            llama.chat.completions.create(model="nobody", **REQUEST)
    # vLLM's code is a number, LiteLLM's a string.
    assert raised.value.body["code"] == 404 and raised.value.type == "NotFoundError"
    assert counted.outcomes("engine") == {"not_found": 1}
    assert counted.models("engine") == {"other": 1}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("client, model", [("llama", "llama"), ("qwen", "qwen")])
def test_a_prompt_that_is_too_long(request, weir, client, model, stream):
    client = request.getfixturevalue(client)
    with weir.counting(edge=0, engine=1) as counted:
        with pytest.raises(openai.BadRequestError, match="maximum context length"):
            client.chat.completions.create(model=model, stream=stream, **REQUEST, **sim("fault=context_length"))
    assert counted.outcomes("engine") == {"context_length": 1}


def test_a_client_that_leaves_before_the_first_token(llama, weir):
    with weir.counting(edge=0, engine=1) as counted:
        with pytest.raises(openai.APITimeoutError):
            hasty = llama.with_options(timeout=0.5)
            list(hasty.chat.completions.create(model="llama", stream=True, **REQUEST, **sim("ttft=60s")))
    assert counted.outcomes("engine") == {"client_closed_before_first_token": 1}
    assert counted.scrape.total("llm_no_first_token_total", outcome="client_closed_before_first_token") == 1
