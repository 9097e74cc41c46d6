"""What goes wrong at an engine, as LiteLLM passes it on and as Weir counts it on both hops."""

import openai
import pytest

import gateway as litellm

MESSAGES = [{"role": "user", "content": "What is a weir?"}]

REFUSALS = {
    "limited": (openai.RateLimitError, 429, "rate_limited"),
    "overloaded": (openai.InternalServerError, 503, "overloaded"),
    "broken": (openai.InternalServerError, 500, "upstream_error"),
    "locked": (openai.AuthenticationError, 401, "unauthorized"),
    "too-long": (openai.BadRequestError, 400, "context_length"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("model", REFUSALS)
def test_a_refusal_of_the_engine(edge, weir, model, stream):
    error, status, outcome = REFUSALS[model]
    with weir.counting(edge=1, engine=1) as counted:
        with pytest.raises(error) as raised:
            edge.chat.completions.create(model=model, messages=MESSAGES, stream=stream)
    assert raised.value.status_code == status
    for hop in ("edge", "engine"):
        assert counted.outcomes(hop) == {outcome: 1}, hop
        codes = counted.scrape.by("llm_responses_total", "code", hop=hop)
        assert codes == {str(status): 1}, hop
        assert counted.tokens(hop) == (0, 0), hop


def test_retries_of_litellm_are_requests_at_the_engine(edge, weir):
    """One request at the edge, as many at the engine as LiteLLM makes of it."""
    with weir.counting(edge=1, engine=litellm.TRIES) as counted:
        with pytest.raises(openai.InternalServerError):
            edge.chat.completions.create(model="retried", messages=MESSAGES)
    assert counted.outcomes("edge") == {"upstream_error": 1}
    assert counted.outcomes("engine") == {"upstream_error": litellm.TRIES}


def test_a_model_that_litellm_does_not_know(edge, weir):
    with weir.counting(edge=1, engine=0) as counted:
        with pytest.raises(openai.BadRequestError, match="Invalid model name"):
            edge.chat.completions.create(model="nobody", messages=MESSAGES)
    assert counted.outcomes("edge") == {"bad_request": 1}
    assert counted.models("edge") == {"other": 1}


def test_a_key_that_litellm_does_not_know(edge, weir):
    """Without a database to look the key up in, LiteLLM's refusal is a 400."""
    with weir.counting(edge=1, engine=0) as counted:
        with pytest.raises(openai.BadRequestError, match="No connected db"):
            edge.with_options(api_key="sk-wrong").chat.completions.create(model="llama", messages=MESSAGES)
    assert counted.outcomes("edge") == {"bad_request": 1}


@pytest.mark.parametrize("model", ["cut", "hung-up"])
def test_an_engine_that_breaks_off(edge, weir, model):
    """LiteLLM reports it inside its stream, whose status is 200; or as a 500, where it had read no token yet."""
    tokens = 0
    with weir.counting(edge=1, engine=1) as counted:
        with pytest.raises(openai.APIError, match="not completed"):
            for chunk in edge.chat.completions.create(model=model, messages=MESSAGES, stream=True):
                tokens += bool(chunk.choices[0].delta.content)
    assert counted.outcomes("edge") == ({"stream_error": 1} if tokens else counted.outcomes("edge"))
    assert set(counted.outcomes("edge")) <= {"stream_error", "upstream_error"}
    assert counted.outcomes("engine") == {"upstream_reset": 1}
    # Five tokens had come from the engine; how many there were, nobody said. LiteLLM forgets those that it has not
    # read yet when it learns of the end (so does aiohttp): the edge counts what the client got.
    assert counted.estimated().get("edge", 0) == tokens <= 5
    assert counted.estimated()["engine"] == 5
    assert counted.tokens("edge") == counted.tokens("engine") == (0, 0)


def test_an_error_inside_the_engines_stream(edge, weir):
    with weir.counting(edge=1, engine=1) as counted:
        with pytest.raises(openai.APIError, match="EngineCore encountered an issue"):
            list(edge.chat.completions.create(model="in-band", messages=MESSAGES, stream=True))
    assert counted.outcomes("edge") == counted.outcomes("engine") == {"stream_error": 1}


def test_an_answer_that_litellm_completes(edge, weir):
    """LiteLLM makes a finish reason and a usage up where the engine sent none: only the engine's hop shows it."""
    with weir.counting(edge=1, engine=1) as counted:
        chunks = list(edge.chat.completions.create(model="unfinished", messages=MESSAGES, stream=True))
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert counted.outcomes("edge") == {"success": 1}
    assert counted.outcomes("engine") == {"truncated": 1}
