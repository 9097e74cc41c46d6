"""Sessions over a WebSocket: a session is one request, with the tokens of all its answers."""

import base64
import contextlib
import itertools

import pytest
from websockets.exceptions import ConnectionClosed, WebSocketException

import gateway as litellm
import node_client
import python_texts
from told import Told, assert_agreed

SOUND = base64.b64encode(bytes(3200)).decode()
QUESTION = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What is a weir?"}]}


def converse(base_url, answers, model="gpt-realtime"):
    """OpenAI's protocol: asks so many times, and returns the sum of what it was told."""
    client = python_texts.client(base_url, litellm.KEY)
    told = Told({"input_tokens": 0, "output_tokens": 0})
    with client.realtime.connect(model=model) as session:
        assert session.recv().type == "session.created"
        session.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        for _ in range(answers):
            session.conversation.item.create(item=QUESTION)
            session.response.create()
            done = next(event for event in session if event.type == "response.done")
            told.usage["input_tokens"] += done.response.usage.input_tokens
            told.usage["output_tokens"] += done.response.usage.output_tokens
    return told


def transcribe(base_url):
    """vLLM's protocol over the SDK's connection: the model is named by the client's first message."""
    client = python_texts.client(base_url, litellm.KEY)
    with client.realtime.connect() as session:
        session.send({"type": "session.update", "model": "whisper"})
        session.input_audio_buffer.append(audio=SOUND)
        session.send({"type": "input_audio_buffer.commit", "final": True})
        done = next(event for event in session if event.type == "transcription.done")
    return Told(done.to_dict()["usage"], done.text)


def test_a_conversation_with_an_engine(stack):
    with stack.counting(engine=1) as counted:
        told = converse(f"{stack.weir.engine}/sound", answers=3)
    assert_agreed(counted, told, engine=("realtime", "gpt-realtime"))


def test_a_transcription_by_an_engine(stack):
    with stack.counting(engine=1) as counted:
        told = transcribe(f"{stack.weir.engine}/sound")
    assert told.said
    assert_agreed(counted, told, engine=("realtime", "whisper"))


def test_a_conversation_with_a_browsers_websocket(stack):
    """It names protocols, one of which must be taken, brings its key as another, and offers to compress."""
    with stack.counting(engine=1) as counted:
        told = node_client.call(f"{stack.weir.engine}/sound", "none", "conversation", "gpt-realtime")
    assert_agreed(counted, told, engine=("realtime", "gpt-realtime"))


def test_the_model_of_the_query_names_the_route(stack):
    with stack.counting(engine=1) as counted:
        told = converse(stack.weir.engine, answers=1)
    assert_agreed(counted, told, engine=("realtime", "gpt-realtime"))


def test_a_conversation_through_litellm(stack):
    """Of its api_base LiteLLM takes the host alone: it asks for /v1/realtime?model=…, without the route's prefix."""
    with stack.counting(edge=1, engine=1) as counted:
        told = converse(stack.weir.edge, answers=2)
    seen = ("realtime", "gpt-realtime")
    assert_agreed(counted, told, edge=seen, engine=seen)


def test_a_provider_whose_sessions_litellm_does_not_proxy(stack):
    """Of hosted_vllm/ it says so in a session that it has accepted, as an event and as the reason of its leaving."""
    client = python_texts.client(stack.weir.edge, litellm.KEY)
    with stack.counting(edge=1, engine=0) as counted:
        with pytest.raises(ConnectionClosed, match="Unsupported model: whisper"):
            with client.realtime.connect(model="whisper") as session:
                assert session.recv().type == "error"
                session.recv()
    assert counted.outcomes("edge") == {"stream_error": 1}
    assert counted.endpoints("edge") == {"realtime": 1}


def test_a_client_that_leaves_in_the_middle_of_an_answer(stack):
    """A session ends when its client says so: that is its good end. Of the answer nobody says what it took."""
    client = python_texts.client(f"{stack.weir.engine}/sound", "none")
    headers = {"x-sim": litellm.FAILING["endless"]}
    with stack.counting(engine=1) as counted:
        with client.realtime.connect(model="gpt-realtime", extra_headers=headers) as session:
            session.response.create()
            deltas = (event for event in session if event.type == "response.output_text.delta")
            assert len(list(itertools.islice(deltas, 3))) == 3
    assert counted.outcomes("engine") == {"success": 1}
    assert counted.tokens("engine") == (0, 0)


@pytest.mark.parametrize("fault, outcome", [
    ("in_band_error:3", "stream_error"),
    ("reset_mid_event:3", "upstream_reset"),
    ("close_mid_stream:3", "truncated"),
    ("status:503", "overloaded"),
])
def test_an_engine_that_fails(stack, fault, outcome):
    client = python_texts.client(f"{stack.weir.engine}/sound", "none")
    with stack.counting(engine=1) as counted:
        with contextlib.suppress(WebSocketException, ValueError):
            with client.realtime.connect(model="gpt-realtime", extra_headers={"x-sim": f"fault={fault}"}) as session:
                session.response.create()
                ends = (event for event in session if event.type in ("response.done", "error"))
                assert next(ends).type == "error"
    assert counted.outcomes("engine") == {outcome: 1}
    assert counted.endpoints("engine") == {"realtime": 1}
