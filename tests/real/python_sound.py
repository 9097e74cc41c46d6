"""The OpenAI SDK for Python: what hears and what speaks."""

import io
import json
import wave

import pytest

from told import Told

ASK = {"stream_include_usage": True}
TEXT = {"voice": "alloy", "input": "A weir is a low wall."}


def recording(seconds=3):
    """Silence, as a file to transcribe."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(2 * 16000 * seconds))
    return "weir.wav", file.getvalue(), "audio/wav"


def transcription(client, **more):
    answer = client.audio.transcriptions.create(file=recording(), **more)
    # LiteLLM answers with the duration of a verbose transcription beside the text.
    return Told(answer.usage.to_dict() if answer.usage else {}, answer.text, duration=getattr(answer, "duration", 0))


def transcription_verbose(client, **more):
    answer = client.audio.transcriptions.create(file=recording(), response_format="verbose_json", **more)
    return Told({}, answer.text, duration=answer.duration)


def transcription_text(client, **more):
    """OpenAI answers with bare text, vLLM with JSON all the same, which the SDK hands over as it came."""
    said = client.audio.transcriptions.create(file=recording(), response_format="text", **more)
    return Told(json.loads(said)["usage"] if said.startswith("{") else {}, said)


def transcription_streamed(client, **more):
    """OpenAI's events."""
    events = list(client.audio.transcriptions.create(file=recording(), stream=True, **more))
    texts = [event.delta for event in events if event.type == "transcript.text.delta"]
    return Told(events[-1].usage.to_dict(), "".join(texts), len(texts))


def transcription_chunks(client, **more):
    """vLLM's chunks, whose usage has to be asked for."""
    events = client.audio.transcriptions.create(file=recording(), stream=True, extra_body=ASK, **more)
    chunks = [event.to_dict() for event in events]
    texts = [choice["delta"]["content"] for chunk in chunks for choice in chunk["choices"]]
    texts = [text for text in texts if text]
    return Told(chunks[-1]["usage"], "".join(texts), len(texts))


def translation(client, **more):
    with pytest.warns(DeprecationWarning):
        return Told({}, client.audio.translations.create(file=recording(), **more).text)


def speech(client, **more):
    """Bare sound: nobody says how many tokens it took."""
    return Told({}, client.audio.speech.create(**TEXT, **more).content)


def speech_events(client, **more):
    """The SDK has no reader for these events: they are read as lines."""
    stream = client.audio.speech.with_streaming_response
    with stream.create(stream_format="sse", **TEXT, **more) as answer:
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    sounds = [event["audio"] for event in events if event["type"] == "speech.audio.delta"]
    return Told(events[-1]["usage"], "".join(sounds), len(sounds))
