"""The OpenAI SDK through Weir, LiteLLM and Weir again: usable answers, and the same count everywhere."""

import pytest

from stack import TOKENS

MESSAGES = [{"role": "user", "content": "What is a weir?"}]
PROMPT = "A weir is"

# `llama` is hosted_vllm/llama in front of vLLM 0.32.0, `qwen` is openai/qwen in front of 0.10.0.
both_models = pytest.mark.parametrize("model", ["llama", "qwen"])


def assert_counted(counted, model, endpoint, usage):
    """Both hops saw one success of this model at this endpoint, and both counted `usage`, to the token."""
    for hop in ("edge", "engine"):
        assert counted.outcomes(hop) == {"success": 1}, hop
        assert counted.models(hop) == {model: 1}, hop
        assert counted.endpoints(hop) == {endpoint: 1}, hop
        assert counted.tokens(hop) == usage, hop
    assert not counted.estimated()
    assert not counted.usage_missing()


def chat_usage(usage):
    return usage.prompt_tokens, usage.completion_tokens


@both_models
def test_chat(edge, weir, model):
    with weir.counting(edge=1, engine=1) as counted:
        answer = edge.chat.completions.create(model=model, messages=MESSAGES)
    choice = answer.choices[0]
    assert choice.message.content and choice.finish_reason == "stop"
    assert answer.usage.completion_tokens == TOKENS
    assert_counted(counted, model, "chat_completions", chat_usage(answer.usage))


@both_models
def test_chat_streamed_with_usage(edge, weir, model):
    with weir.counting(edge=1, engine=1) as counted:
        options = {"include_usage": True}
        chunks = list(edge.chat.completions.create(model=model, messages=MESSAGES, stream=True, stream_options=options))
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    assert len(usages) == 1 and chunks[-1].usage
    assert usages[0].completion_tokens == TOKENS
    assert len(texts(chunks)) == TOKENS
    assert_counted(counted, model, "chat_completions", chat_usage(usages[0]))


@both_models
def test_chat_streamed_without_usage(edge, weir, model):
    """The client does not ask for usage and sees none; Weir asks, and counts it."""
    with weir.counting(edge=1, engine=1) as counted:
        chunks = list(edge.chat.completions.create(model=model, messages=MESSAGES, stream=True))
    assert not [chunk for chunk in chunks if chunk.usage]
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert len(texts(chunks)) == TOKENS
    assert counted.tokens("engine")[1] == TOKENS
    assert_counted(counted, model, "chat_completions", counted.tokens("engine"))


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": True}}], ids=["unasked", "asked"])
@both_models
def test_chunks_are_those_that_litellm_sends(edge, direct, weir, model, options):
    """As many chunks through Weir as straight from LiteLLM, with the same content."""

    def said(client):
        chunks = client.chat.completions.create(model=model, messages=MESSAGES, stream=True, **options)
        return [chunk.model_dump(exclude={"id", "created"}) for chunk in chunks]

    with weir.counting(edge=1, engine=2):
        assert said(edge) == said(direct)


@both_models
def test_completions(edge, weir, model):
    with weir.counting(edge=1, engine=1) as counted:
        answer = edge.completions.create(model=model, prompt=PROMPT)
    assert answer.choices[0].text and answer.choices[0].finish_reason == "stop"
    assert_counted(counted, model, "completions", chat_usage(answer.usage))


@both_models
def test_completions_streamed_with_usage(edge, weir, model):
    with weir.counting(edge=1, engine=1) as counted:
        options = {"include_usage": True}
        chunks = list(edge.completions.create(model=model, prompt=PROMPT, stream=True, stream_options=options))
    assert chunks[-1].usage.completion_tokens == TOKENS
    assert_counted(counted, model, "completions", chat_usage(chunks[-1].usage))


@both_models
def test_completions_streamed_without_usage(edge, weir, model):
    with weir.counting(edge=1, engine=1) as counted:
        chunks = list(edge.completions.create(model=model, prompt=PROMPT, stream=True))
    assert not [chunk for chunk in chunks if chunk.usage]
    assert len([chunk for chunk in chunks if chunk.choices[0].text]) == TOKENS
    assert_counted(counted, model, "completions", counted.tokens("engine"))


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


@both_models
def test_embeddings(edge, weir, model):
    with weir.counting(edge=1, engine=1) as counted:
        answer = edge.embeddings.create(model=model, input=["a weir", "a wall"], encoding_format="float")
    assert len(answer.data) == 2 and answer.data[0].embedding
    assert_counted(counted, model, "embeddings", (answer.usage.prompt_tokens, 0))


@both_models
def test_responses(edge, weir, model):
    with weir.counting(edge=1, engine=1) as counted:
        answer = edge.responses.create(model=model, input=PROMPT)
    assert answer.output_text and answer.status == "completed"
    assert_counted(counted, model, "responses", (answer.usage.input_tokens, answer.usage.output_tokens))


@both_models
def test_responses_streamed(edge, weir, model):
    with weir.counting(edge=1, engine=1) as counted:
        events = list(edge.responses.create(model=model, input=PROMPT, stream=True))
    assert events[-1].type == "response.completed"
    assert len([event for event in events if event.type == "response.output_text.delta"]) == TOKENS
    usage = events[-1].response.usage
    assert_counted(counted, model, "responses", (usage.input_tokens, usage.output_tokens))


def texts(chunks):
    """The texts of the chunks that have one."""
    contents = [choice.delta.content for chunk in chunks for choice in chunk.choices]
    return [content for content in contents if content]
