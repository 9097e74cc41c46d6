"""What no SDK has: rerank, score, classify, pooling, Cohere's embed, SageMaker's invocations, batches of chats."""

import json

import pytest
import requests

import gateway as litellm
from python_sound import recording
from stack import TOKENS
from told import Told, assert_agreed

KEY = {"authorization": f"Bearer {litellm.KEY}"}
CHAT = [{"role": "user", "content": "What is a weir?"}]
RANK = {"query": "a wall", "documents": ["a weir", "a lake"]}
PAIRS = {"text_1": "a wall", "text_2": ["a weir", "a lake"]}
COHERE = {"texts": ["a weir"], "input_type": "search_document", "embedding_types": ["float"]}
FLOATS = "application/octet-stream"

# Path, body, endpoint. The answer says its usage in JSON.
IN_JSON = [
    ("/rerank", RANK, "rerank"),
    ("/v1/rerank", RANK, "rerank"),
    ("/v2/rerank", {"top_n": 1, **RANK}, "rerank"),
    ("/score", PAIRS, "score"),
    ("/v1/score", {"queries": "a wall", "documents": ["a weir"]}, "score"),
    ("/classify", {"input": ["a weir"]}, "classify"),
    ("/pooling", {"input": "a weir"}, "pooling"),
    ("/v2/embed", COHERE, "embeddings"),
    ("/v1/chat/completions/batch", {"messages": [CHAT, CHAT]}, "chat_completions"),
    ("/invocations", {"messages": CHAT}, "chat_completions"),
    ("/invocations", {"prompt": "A weir is"}, "completions"),
    ("/invocations", {"input": "a weir"}, "embeddings"),
    ("/invocations", RANK, "rerank"),
    ("/invocations", PAIRS, "score"),
]
# It says its usage in a header.
IN_A_HEADER = [
    ("/v1/embeddings", {"input": ["a weir", "a lake"]}, "embeddings"),
    ("/pooling", {"input": "a weir"}, "pooling"),
]
AT_LITELLM = [case for case in IN_JSON if case[2] == "rerank" and case[0] != "/invocations"]


def names(cases):
    return [f"{path}-{'-'.join(body)}" for path, body, _ in cases]


def post(base_url, path, body, **headers):
    answer = requests.post(base_url + path, json={"model": "llama", **body}, headers=KEY | headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def told_by(answer):
    """The usage of an answer: OpenAI's, or Cohere's of the tokens that were billed or seen."""
    json = answer.json()
    meta = json.get("meta", {})
    return Told(json.get("usage") or meta.get("tokens") or meta["billed_units"])


@pytest.mark.parametrize("path, body, endpoint", IN_JSON, ids=names(IN_JSON))
def test_at_an_engine(stack, path, body, endpoint):
    with stack.counting(engine=1) as counted:
        answer = post(f"{stack.weir.engine}/llama", path, body)
    assert_agreed(counted, told_by(answer), engine=(endpoint, "llama"))


@pytest.mark.parametrize("path, body, endpoint", AT_LITELLM, ids=names(AT_LITELLM))
def test_through_litellm(stack, path, body, endpoint):
    with stack.counting(edge=1, engine=1) as counted:
        answer = post(stack.weir.edge, path, body)
    assert_agreed(counted, told_by(answer), edge=(endpoint, "llama"), engine=(endpoint, "llama"))


@pytest.mark.parametrize("path, body, endpoint", IN_A_HEADER, ids=names(IN_A_HEADER))
def test_bare_floats(stack, path, body, endpoint):
    with stack.counting(engine=1) as counted:
        answer = post(f"{stack.weir.engine}/llama", path, {"encoding_format": "bytes", **body})
    assert answer.headers["content-type"] == FLOATS
    told = Told(json.loads(answer.headers["metadata"])["usage"])
    assert_agreed(counted, told, engine=(endpoint, "llama"))


def test_bare_floats_and_nothing_else(stack):
    """Nobody is told how many tokens it took, and nobody was to be."""
    body = {"input": "a weir", "encoding_format": "bytes_only"}
    with stack.counting(engine=1) as counted:
        answer = post(f"{stack.weir.engine}/llama", "/v1/embeddings", body)
    assert answer.headers["content-type"] == FLOATS and "metadata" not in answer.headers
    assert counted.tokens("engine") == (0, 0)
    assert not counted.usage_missing()


def test_a_batch_is_one_request_with_the_tokens_of_all_its_chats(stack):
    with stack.counting(engine=1) as counted:
        answer = post(f"{stack.weir.engine}/llama", "/v1/chat/completions/batch", {"messages": [CHAT, CHAT, CHAT]})
    assert [choice["index"] for choice in answer.json()["choices"]] == [0, 1, 2]
    assert counted.tokens("engine")[1] == 3 * TOKENS


def test_a_streamed_translation(stack):
    """The SDKs stream none."""
    form = {"model": "whisper", "stream": "true", "stream_include_usage": "true"}
    url = f"{stack.weir.engine}/sound/v1/audio/translations"
    with stack.counting(engine=1) as counted:
        answer = requests.post(url, data=form, files={"file": recording()}, stream=True, timeout=60)
        events = [line.removeprefix(b"data: ") for line in answer.iter_lines() if line]
    assert events[-1] == b"[DONE]"
    assert_agreed(counted, Told(json.loads(events[-2])["usage"], pieces=TOKENS), engine=("translations", "whisper"))


@pytest.mark.parametrize(
    "path, endpoint", [("/v1/score", "score"), ("/v1/classify", "classify"), ("/v2/embed", "embeddings")]
)
def test_what_litellm_does_not_have(stack, path, endpoint):
    """Its 404 is counted as what the client was after."""
    with stack.counting(edge=1) as counted:
        answer = requests.post(stack.weir.edge + path, json={"model": "llama"}, headers=KEY, timeout=60)
    assert answer.status_code == 404
    assert counted.endpoints("edge") == {endpoint: 1}
    assert counted.outcomes("edge") == {"not_found": 1}
