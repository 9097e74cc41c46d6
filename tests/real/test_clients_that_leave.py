"""Clients that close a stream before its end, whatever the API: one outcome, and what they got is an estimate."""

import itertools

import pytest

import gateway as litellm
import node_client
import python_messages
import python_sound
import python_texts

PIECES = 3
ENDLESS = litellm.FAILING["endless"]
LEFT = {"client_closed_mid_stream": 1}
ENDPOINTS = {"chat": "chat_completions", "completions": "completions", "responses": "responses"}

each_hop = pytest.mark.parametrize("hop", ["engine", "edge"])
each_call = pytest.mark.parametrize("call", ENDPOINTS)


def place(stack, hop):
    """Where an answer without an end is to be had: base URL, model, headers."""
    if hop == "edge":
        return stack.weir.edge, "endless", {}
    return f"{stack.weir.engine}/llama", "llama", {"x-sim": ENDLESS}


def counting(stack, hop):
    return stack.counting(edge=int(hop == "edge"), engine=1)


def assert_left(counted, endpoint, hop):
    assert counted.outcomes(hop) == LEFT
    assert counted.endpoints(hop) == {endpoint: 1}
    # How many were generated, nobody said.
    assert counted.tokens(hop)[1] == 0
    abandoned = counted.scrape.total("llm_abandoned_tokens_total", hop=hop, source="estimated")
    assert PIECES <= abandoned == counted.estimated()[hop] < 5000
    assert counted.usage_missing()[hop, "stream_cut"] == 1
    # LiteLLM leaves the engine in turn.
    assert counted.outcomes("engine") == LEFT


def begun(client, call, **more):
    """A stream of some API, and whether one of its events says something."""
    more |= {"stream": True}
    if call == "responses":
        stream = client.responses.create(input=python_texts.PROMPT, **more)
        return stream, lambda event: event.type == "response.output_text.delta"
    if call == "completions":
        stream = client.completions.create(prompt=python_texts.PROMPT, **more)
        return stream, lambda chunk: chunk.choices[0].text
    stream = client.chat.completions.create(messages=python_texts.MESSAGES, **more)
    return stream, lambda chunk: chunk.choices[0].delta.content


@each_call
@each_hop
def test_python(stack, hop, call):
    base_url, model, headers = place(stack, hop)
    client = python_texts.client(base_url, litellm.KEY)
    with counting(stack, hop) as counted:
        stream, says_something = begun(client, call, model=model, extra_headers=headers)
        assert len(list(itertools.islice(filter(says_something, stream), PIECES))) == PIECES
        stream.close()
    assert_left(counted, ENDPOINTS[call], hop)


@each_call
@each_hop
def test_node(stack, hop, call):
    base_url, model, headers = place(stack, hop)
    with counting(stack, hop) as counted:
        told = node_client.call(base_url, litellm.KEY, f"leave_{call}", model, headers)
    assert told.pieces == PIECES
    assert_left(counted, ENDPOINTS[call], hop)


@each_hop
def test_anthropic(stack, hop):
    base_url, model, headers = place(stack, hop)
    request = {**python_messages.REQUEST, "max_tokens": 10_000, "model": model, "extra_headers": headers}
    with counting(stack, hop) as counted:
        with python_messages.client(base_url, litellm.KEY).messages.stream(**request) as stream:
            assert len(list(itertools.islice(stream.text_stream, PIECES))) == PIECES
    assert_left(counted, "messages", hop)


def test_a_node_client_that_leaves_before_the_first_token(stack):
    base_url, model, _ = place(stack, "engine")
    with stack.counting(engine=1) as counted:
        told = node_client.call(base_url, "none", "leave_before_the_first_token", model, {"x-sim": "ttft=60s"})
    assert told.pieces == 0
    assert counted.outcomes("engine") == {"client_closed_before_first_token": 1}


@pytest.fixture
def sound(stack):
    """The OpenAI SDK at the engine that hears and speaks, without an end."""
    client = python_texts.client(f"{stack.weir.engine}/sound", "none")
    return client.with_options(default_headers={"x-sim": ENDLESS})


def test_a_transcription(stack, sound):
    with stack.counting(engine=1) as counted:
        form = {"model": "gpt-4o-transcribe", "file": python_sound.recording(), "stream": True}
        stream = sound.audio.transcriptions.create(**form)
        assert len(list(itertools.islice(stream, PIECES))) == PIECES
        stream.close()
    assert_left(counted, "transcriptions", "engine")


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_speech(stack, sound, stream_format):
    """An event of sound is not a token: nothing is estimated."""
    request = {"model": "gpt-4o-mini-tts", "stream_format": stream_format, **python_sound.TEXT}
    with stack.counting(engine=1) as counted:
        with sound.audio.speech.with_streaming_response.create(**request) as answer:
            assert next(answer.iter_bytes(100))
    assert counted.outcomes("engine") == LEFT
    assert counted.endpoints("engine") == {"speech": 1}
    assert not counted.estimated()
