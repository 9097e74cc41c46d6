"""For every API that the SDKs have: the client is told the tokens that each hop and the engine itself have counted."""

from dataclasses import dataclass

import pytest

import gateway as litellm
from calls import call
from told import assert_agreed


@dataclass
class Row:
    """A call, the endpoint that Weir tells it to be, and whom it is made to."""

    call: str
    endpoint: str
    # An engine, one of its models, and how it is to answer.
    route: str = "llama"
    model: str = "llama"
    plan: str = ""
    # LiteLLM's name for that model with that plan, if another; the endpoint that it asks, if another.
    alias: str = ""
    behind: str = ""
    # Who has such an API. What LiteLLM does instead: test_sound_through_litellm.py.
    hops: tuple = ("engine", "edge")
    sdks: tuple = ("python", "node")
    # Whether the API has a word for tokens.
    in_tokens: bool = True


def older(call, endpoint, **more):
    """At vLLM 0.10.0, which is an openai/ model to LiteLLM."""
    return Row(call, endpoint, "qwen", "qwen", sdks=("python",), **more)


def sound(call, endpoint, model, **more):
    return Row(call, endpoint, "sound", model, **more)


def claude(call, behind="chat_completions", **more):
    """LiteLLM asks a hosted_vllm/ model in chat completions and an openai/ model in responses."""
    return Row(call, "messages", behind=behind, sdks=("anthropic",), **more)


TOOLS = {"plan": litellm.PLANNED["calling"], "alias": "calling"}
THOUGHTS = {"plan": litellm.PLANNED["thinking"], "alias": "thinking"}
CACHED = {"plan": litellm.PLANNED["remembering"], "alias": "remembering"}
NOT_AT_LITELLM = {"hops": ("engine",)}
NOT_AT_0_10 = {"hops": ("edge",), "route": "qwen", "model": "qwen"}

ROWS = [
    Row("chat", "chat_completions"),
    older("chat", "chat_completions"),
    Row("chat", "chat_completions", **THOUGHTS),
    Row("chat", "chat_completions", **CACHED),
    Row("chat_tools", "chat_completions", **TOOLS),
    Row("chat_streamed", "chat_completions"),
    older("chat_streamed", "chat_completions"),
    Row("chat_streamed_usage", "chat_completions"),
    older("chat_streamed_usage", "chat_completions"),
    Row("chat_streamed_usage", "chat_completions", **CACHED),
    Row("chat_streamed_tools", "chat_completions", **TOOLS),
    Row("completions", "completions"),
    older("completions", "completions"),
    Row("completions_streamed", "completions"),
    older("completions_streamed", "completions"),
    Row("completions_streamed_usage", "completions"),
    older("completions_streamed_usage", "completions"),
    Row("responses", "responses"),
    older("responses", "responses"),
    Row("responses", "responses", **THOUGHTS),
    Row("responses", "responses", **CACHED),
    Row("responses_tools", "responses", **TOOLS),
    Row("responses_streamed", "responses"),
    older("responses_streamed", "responses"),
    Row("responses_streamed_tools", "responses", **TOOLS),
    Row("embeddings", "embeddings"),
    older("embeddings", "embeddings"),
    sound("transcription", "transcriptions", "whisper"),
    sound("transcription", "transcriptions", "whisper-1"),
    sound("transcription", "transcriptions", "gpt-4o-transcribe"),
    sound("transcription_verbose", "transcriptions", "whisper"),
    sound("transcription_text", "transcriptions", "whisper", **NOT_AT_LITELLM),
    sound("transcription_text", "transcriptions", "whisper-1", in_tokens=False, **NOT_AT_LITELLM),
    sound("transcription_streamed", "transcriptions", "gpt-4o-transcribe", **NOT_AT_LITELLM),
    sound("transcription_chunks", "transcriptions", "whisper", **NOT_AT_LITELLM),
    sound("translation", "translations", "whisper", in_tokens=False, **NOT_AT_LITELLM),
    sound("speech", "speech", "gpt-4o-mini-tts", in_tokens=False),
    sound("speech_events", "speech", "gpt-4o-mini-tts", **NOT_AT_LITELLM),
    claude("messages"),
    claude("messages", "responses", **NOT_AT_0_10),
    claude("messages_streamed"),
    claude("messages_streamed", "responses", **NOT_AT_0_10),
    claude("messages", **CACHED),
    claude("messages_streamed", **CACHED),
    claude("messages_tools", **TOOLS),
    claude("messages_streamed_tools", **TOOLS),
    claude("messages_thinking", **THOUGHTS),
    claude("messages_streamed_thinking", **THOUGHTS),
]


def cases(hop):
    rows = [(sdk, row) for row in ROWS if hop in row.hops for sdk in row.sdks]
    ids = [f"{sdk}-{row.call}-{row.alias or row.model}" for sdk, row in rows]
    return pytest.mark.parametrize("sdk, row", rows, ids=ids)


@cases("engine")
def test_at_an_engine(stack, sdk, row):
    with stack.counting(engine=1) as counted:
        told = call(sdk, row.call, f"{stack.weir.engine}/{row.route}", row.model, row.plan)
    assert told.said
    assert_agreed(counted, told, row.in_tokens, engine=(row.endpoint, row.model))


@cases("edge")
def test_through_litellm(stack, sdk, row):
    alias = row.alias or row.model
    with stack.counting(edge=1, engine=1) as counted:
        told = call(sdk, row.call, stack.weir.edge, alias)
    assert told.said
    seen = {"edge": (row.endpoint, alias), "engine": (row.behind or row.endpoint, row.model)}
    assert_agreed(counted, told, row.in_tokens, **seen)
