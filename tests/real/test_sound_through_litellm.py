"""What LiteLLM 1.106.2 makes of requests for sound that it does not pass on as they are."""

import json

import pytest

import python_sound
from calls import failure
from stack import TOKENS

sdks = pytest.mark.parametrize("sdk", ["python", "node"])


@sdks
def test_it_has_no_translations(stack, sdk):
    with stack.counting(edge=1, engine=0) as counted:
        assert failure(sdk, "translation", stack.weir.edge, "whisper-1") == ("NotFoundError", 404)
    assert counted.endpoints("edge") == {"translations": 1}
    assert counted.outcomes("edge") == {"not_found": 1}


@pytest.mark.parametrize("model", ["whisper", "whisper-1"])
def test_text_comes_in_json(stack, edge, model):
    """Whatever the engine has answered is the `text`, and usage is null."""
    with stack.counting(edge=1, engine=1) as counted:
        form = {"model": model, "file": python_sound.recording(), "response_format": "text"}
        answer = json.loads(edge.audio.transcriptions.create(**form))
    assert answer["text"] and answer["usage"] is None
    assert counted.outcomes("edge") == counted.outcomes("engine") == {"success": 1}
    assert counted.seconds("edge") == 0
    assert counted.usage_missing() == {("edge", "not_sent"): 1}


def test_a_stream_of_text_comes_as_one_text(stack, edge):
    """All of the engine's events are the `text` of one JSON answer, whose usage is null: the edge's hop lacks it."""
    with stack.counting(edge=1, engine=1) as counted:
        form = {"model": "gpt-4o-transcribe", "file": python_sound.recording(), "stream": True}
        with edge.audio.transcriptions.with_streaming_response.create(**form) as answer:
            answer.read()
    assert answer.headers["content-type"] == "application/json"
    assert "transcript.text.done" in answer.json()["text"]
    assert counted.outcomes("edge") == counted.outcomes("engine") == {"success": 1}
    assert counted.tokens("edge") == (0, 0)
    assert counted.tokens("engine")[1] == TOKENS
    assert counted.usage_missing() == {("edge", "not_sent"): 1}


def test_events_of_speech_come_as_bare_sound(stack, edge):
    """It leaves `stream_format` out when it asks the engine."""
    with stack.counting(edge=1, engine=1) as counted:
        answer = edge.audio.speech.create(model="gpt-4o-mini-tts", stream_format="sse", **python_sound.TEXT)
    assert answer.response.headers["content-type"] == "audio/mpeg" and answer.content
    for hop in ("edge", "engine"):
        assert counted.outcomes(hop) == {"success": 1}
        assert counted.tokens(hop) == (0, 0)
    assert not counted.usage_missing()
