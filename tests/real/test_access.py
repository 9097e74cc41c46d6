"""Keys that Weir checks, as the SDKs see it: their own exceptions, their own retries."""

import anthropic
import openai
import pytest

import locked

MESSAGES = [{"role": "user", "content": "What is a weir?"}]
REJECTED = {"rejected": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with locked.running(tmp_path_factory.mktemp("access")) as place:
        yield place


def openai_client(place, key):
    http = place.http()
    return openai.OpenAI(base_url=f"{place.weir.edge}/v1", api_key=key, http_client=http, max_retries=0)


def chat(client):
    return client.chat.completions.create(model=locked.MODEL, messages=MESSAGES)


def test_a_key_that_nobody_knows(place):
    with place.weir.counting(edge=1) as counted, pytest.raises(openai.AuthenticationError) as raised:
        chat(openai_client(place, "sk-stolen"))
    assert raised.value.response.headers["x-weir-error"] == "unauthorized"
    assert "sk-stolen" not in str(raised.value)
    assert counted.outcomes("edge") == REJECTED
    claude = anthropic.Anthropic(
        base_url=place.weir.edge, api_key="sk-stolen", http_client=place.http(), max_retries=0
    )
    with place.weir.counting(edge=1) as counted, pytest.raises(anthropic.AuthenticationError) as raised:
        claude.messages.create(model=locked.MODEL, max_tokens=64, messages=MESSAGES)
    assert raised.value.body["error"]["type"] == "authentication_error"
    assert counted.outcomes("edge") == REJECTED


def test_a_key_that_was_used_too_often(place):
    client = openai_client(place, locked.KEYS["team-b"])
    with place.weir.counting(edge=3) as counted:
        chat(client)
        chat(client)
        with pytest.raises(openai.RateLimitError) as raised:
            chat(client)
    assert 0 < int(raised.value.response.headers["retry-after"]) <= 1800
    assert counted.outcomes("edge") == {"success": 2, "rejected": 1}
    # Others are not held up.
    chat(openai_client(place, locked.KEYS["team-a"]))


def test_clients_are_told_apart(place):
    with place.weir.counting(edge=1) as counted:
        usage = chat(openai_client(place, locked.KEYS["team-a"])).usage
    of_a = {"client": "team-a", "route": "secure"}
    assert counted.scrape.total("llm_client_requests_total", **of_a) == 1
    assert counted.scrape.total("llm_client_tokens_total", kind="output", **of_a) == usage.completion_tokens
    assert counted.scrape.total("llm_client_tokens_total", kind="input", **of_a) == usage.prompt_tokens


def test_an_open_route_asks_for_nothing(place):
    client = openai.OpenAI(base_url=f"{place.weir.engine}/v1", api_key="anything", max_retries=0)
    with place.weir.counting(engine=1) as counted:
        chat(client)
    assert counted.outcomes("engine") == {"success": 1}
