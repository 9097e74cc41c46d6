"""Clients that insist on compressed answers get them, can read them, and Weir counts what is in them."""

import json
import subprocess

import openai
import pytest
import requests

import gateway as litellm
import node_client
import python_texts
from told import Told, assert_agreed

CODINGS = ["gzip", "deflate", "br", "zstd"]
CHAT = ("chat_completions", "llama")

each_coding = pytest.mark.parametrize("coding", CODINGS)
# Usage is not asked for by Weir then: an event can't be taken out of a compressed stream again.
whole_and_streamed = pytest.mark.parametrize("call", ["chat", "chat_streamed_usage"])


def insisting(coding):
    return {"accept-encoding": f"{coding}, identity;q=0", "x-sim": f"coding={coding}"}


@each_coding
@whole_and_streamed
def test_the_openai_sdk_for_python(stack, coding, call):
    client = python_texts.client(f"{stack.weir.engine}/llama", "none")
    with stack.counting(engine=1) as counted:
        told = vars(python_texts)[call](client, model="llama", extra_headers=insisting(coding))
    assert told.said
    assert_agreed(counted, told, engine=CHAT)


@each_coding
@whole_and_streamed
def test_the_openai_sdk_for_node(stack, coding, call):
    with stack.counting(engine=1) as counted:
        told = node_client.call(f"{stack.weir.engine}/llama", "none", call, "llama", insisting(coding))
    assert told.said
    assert_agreed(counted, told, engine=CHAT)


@each_coding
def test_requests(stack, coding):
    body = {"model": "llama", "messages": python_texts.MESSAGES, "stream": True, **python_texts.ASK}
    url = f"{stack.weir.engine}/llama/v1/chat/completions"
    with stack.counting(engine=1) as counted:
        answer = requests.post(url, json=body, headers=insisting(coding), timeout=60)
    assert answer.headers["content-encoding"] == coding
    *_, usage, done, _ = answer.text.split("\n\n")
    assert done == "data: [DONE]"
    assert_agreed(counted, Told(json.loads(usage.removeprefix("data: "))["usage"]), engine=CHAT)


@each_coding
def test_curl(stack, coding):
    """`--compressed` sends its own list of codings; a header of one's own takes its place."""
    body = json.dumps({"model": "llama", "input": "A weir"})
    headers = [word for pair in insisting(coding).items() for word in ("-H", ": ".join(pair))]
    command = ["curl", "-sf", "--compressed", "--json", body, *headers, f"{stack.weir.engine}/llama/v1/embeddings"]
    with stack.counting(engine=1) as counted:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert_agreed(counted, Told(json.loads(done.stdout)["usage"]), engine=("embeddings", "llama"))


@whole_and_streamed
def test_litellm(stack, call):
    """Here LiteLLM is the client that insists."""
    client = python_texts.client(stack.weir.edge, litellm.KEY)
    with stack.counting(edge=1, engine=1) as counted:
        told = vars(python_texts)[call](client, model="packed")
    assert told.said
    assert_agreed(counted, told, edge=("chat_completions", "packed"), engine=CHAT)


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_an_error_that_is_compressed(stack, coding):
    client = python_texts.client(f"{stack.weir.engine}/llama", "none")
    headers = {**insisting(coding), "x-sim": f"coding={coding},fault=context_length"}
    with stack.counting(engine=1) as counted:
        with pytest.raises(openai.BadRequestError, match="maximum context length"):
            python_texts.chat(client, model="llama", extra_headers=headers)
    assert counted.outcomes("engine") == {"context_length": 1}


def test_a_client_that_takes_plain_bytes_too_gets_them(stack):
    """What every SDK sends by itself: codings that it knows. The engine is told that only plain bytes will do."""
    client = python_texts.client(f"{stack.weir.engine}/llama", "none")
    with stack.counting(engine=1) as counted:
        answer = client.chat.completions.with_raw_response.create(model="llama", messages=python_texts.MESSAGES)
    assert "gzip" in answer.http_request.headers["accept-encoding"]
    assert "content-encoding" not in answer.headers
    assert_agreed(counted, Told(answer.parse().usage.to_dict()), engine=CHAT)
