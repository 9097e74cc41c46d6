"""Weir in front of LiteLLM adds nothing, leaves nothing out and changes nothing: the same request with and without it."""

import pytest

import gateway as litellm
from http_stream import post

CHAT = {"messages": [{"role": "user", "content": "What is a weir?"}], "max_tokens": 9}
PROMPT = {"prompt": "A weir is", "max_tokens": 9}
USAGE = {"stream": True, "stream_options": {"include_usage": True}}
DECLINED = {"stream": True, "stream_options": {"include_usage": False}}

# LiteLLM's usage where it was not asked for any: on every event of a streamed completion.
ZEROS = ',"usage":{"completion_tokens":0,"prompt_tokens":0,"total_tokens":0}'

REQUESTS = {
    "chat": ("/v1/chat/completions", {"model": "llama", **CHAT}),
    "chat-streamed": ("/v1/chat/completions", {"model": "llama", "stream": True, **CHAT}),
    "chat-streamed-usage": ("/v1/chat/completions", {"model": "llama", **USAGE, **CHAT}),
    "chat-streamed-declined": ("/v1/chat/completions", {"model": "llama", **DECLINED, **CHAT}),
    "chat-two-choices": ("/v1/chat/completions", {"model": "qwen", "stream": True, "n": 2, **CHAT}),
    "completions": ("/v1/completions", {"model": "llama", **PROMPT}),
    "completions-streamed-usage": ("/v1/completions", {"model": "llama", **USAGE, **PROMPT}),
    "completions-streamed-declined": ("/v1/completions", {"model": "llama", **DECLINED, **PROMPT}),
    "responses": ("/v1/responses", {"model": "llama", "input": "A weir is"}),
    "responses-streamed": ("/v1/responses", {"model": "llama", "input": "A weir is", "stream": True}),
    "messages": ("/v1/messages", {"model": "llama", **CHAT}),
    "messages-streamed": ("/v1/messages", {"model": "llama", "stream": True, **CHAT}),
    "embeddings": ("/v1/embeddings", {"model": "llama", "input": "A weir"}),
    "unknown-model": ("/v1/chat/completions", {"model": "nobody", **CHAT}),
    "no-messages": ("/v1/chat/completions", {"model": "llama"}),
    "429": ("/v1/chat/completions", {"model": "limited", **CHAT}),
    "503-streamed": ("/v1/chat/completions", {"model": "overloaded", "stream": True, **CHAT}),
    "400-streamed": ("/v1/chat/completions", {"model": "too-long", "stream": True, **CHAT}),
    "error-in-stream": ("/v1/chat/completions", {"model": "in-band", "stream": True, **CHAT}),
    "unknown-path": ("/v1/nothing", {"model": "llama"}),
}


def both(weir, gateway, path, body, headers={"authorization": f"Bearer {litellm.KEY}"}):
    """The answer through Weir, and that of LiteLLM itself."""
    with weir.counting():
        return post(weir.edge + path, body, headers), post(gateway.url + path, body, headers)


def assert_same(through, itself):
    assert through.status == itself.status
    assert through.lasting_body() == itself.lasting_body()
    assert through.lasting_headers() == itself.lasting_headers()


@pytest.mark.parametrize("path, body", REQUESTS.values(), ids=REQUESTS)
def test_the_answer_is_the_same(weir, gateway, path, body):
    assert_same(*both(weir, gateway, path, body))


def test_a_completion_without_usage_lacks_only_litellms_zeros(weir, gateway):
    """The one difference: asked by Weir, LiteLLM does not write its zeros on every event."""
    through, itself = both(weir, gateway, "/v1/completions", {"model": "llama", "stream": True, **PROMPT})
    assert ZEROS.encode() in itself.body
    itself.body = itself.body.replace(ZEROS.encode(), b"")
    assert_same(through, itself)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer sk-wrong"}], ids=["no-key", "wrong-key"])
def test_a_refusal_is_the_same(weir, gateway, headers):
    assert_same(*both(weir, gateway, "/v1/chat/completions", {"model": "llama", **CHAT}, headers))
