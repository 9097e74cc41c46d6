"""What goes wrong, as each SDK throws it and as Weir counts it."""

import pytest

from calls import failure

CALLS = [
    ("chat", "chat_completions", "llama", "llama"),
    ("completions", "completions", "llama", "llama"),
    ("responses", "responses", "llama", "llama"),
    ("embeddings", "embeddings", "llama", "llama"),
    ("transcription", "transcriptions", "sound", "whisper"),
    ("speech", "speech", "sound", "gpt-4o-mini-tts"),
]
STREAMS = [
    ("chat_streamed", "chat_completions", "llama", "llama"),
    ("completions_streamed", "completions", "llama", "llama"),
    ("transcription_chunks", "transcriptions", "sound", "whisper"),
]
# How the engine refuses: the SDK's error and its status, Weir's outcome.
REFUSALS = {
    "fault=status:401": ("AuthenticationError", 401, "unauthorized"),
    "fault=status:403": ("PermissionDeniedError", 403, "unauthorized"),
    "fault=context_length": ("BadRequestError", 400, "context_length"),
    "fault=status:422": ("UnprocessableEntityError", 422, "bad_request"),
    "fault=status:429": ("RateLimitError", 429, "rate_limited"),
    "fault=status:500:html": ("InternalServerError", 500, "upstream_error"),
    "fault=status:503:empty": ("InternalServerError", 503, "overloaded"),
    "fault=status:504": ("InternalServerError", 504, "upstream_timeout"),
}

sdks = pytest.mark.parametrize("sdk", ["python", "node"])


def cases(calls):
    return pytest.mark.parametrize("call, endpoint, route, model", calls, ids=[case[0] for case in calls])


def assert_failed(counted, outcome, endpoint, model):
    assert counted.outcomes("engine") == {outcome: 1}
    assert counted.endpoints("engine") == {endpoint: 1}
    assert counted.models("engine") == {model: 1}
    assert counted.tokens("engine") == (0, 0)


@sdks
@pytest.mark.parametrize("plan", REFUSALS)
def test_refusals_of_an_engine(stack, sdk, plan):
    name, status, outcome = REFUSALS[plan]
    with stack.counting(engine=1) as counted:
        assert failure(sdk, "chat", f"{stack.weir.engine}/llama", "llama", plan) == (name, status)
    assert_failed(counted, outcome, "chat_completions", "llama")


@sdks
@cases(CALLS)
def test_every_api_is_refused(stack, sdk, call, endpoint, route, model):
    with stack.counting(engine=1) as counted:
        saw = failure(sdk, call, f"{stack.weir.engine}/{route}", model, "fault=status:429")
    assert saw == ("RateLimitError", 429)
    assert_failed(counted, "rate_limited", endpoint, model)


@sdks
@cases(CALLS)
def test_every_api_has_models_that_nobody_serves(stack, sdk, call, endpoint, route, model):
    with stack.counting(engine=1) as counted:
        saw = failure(sdk, call, f"{stack.weir.engine}/{route}", "nobody")
    assert saw == ("NotFoundError", 404)
    assert_failed(counted, "not_found", endpoint, "other")


@sdks
@cases(STREAMS)
def test_an_error_inside_a_stream(stack, sdk, call, endpoint, route, model):
    with stack.counting(engine=1) as counted:
        saw = failure(sdk, call, f"{stack.weir.engine}/{route}", model, "fault=in_band_error:3")
    assert saw == ("APIError", None)
    assert_failed(counted, "stream_error", endpoint, model)
    assert counted.estimated() == {"engine": 3}


@sdks
@cases(STREAMS)
def test_a_stream_that_breaks_off(stack, sdk, call, endpoint, route, model):
    with stack.counting(engine=1) as counted:
        saw = failure(sdk, call, f"{stack.weir.engine}/{route}", model, "fault=reset_mid_event:3")
    # In Node fetch's own error comes through.
    assert saw == {"python": ("APIConnectionError", None), "node": ("TypeError", None)}[sdk]
    assert_failed(counted, "upstream_reset", endpoint, model)


@sdks
@pytest.mark.parametrize("call", ["chat", "completions", "responses", "embeddings"])
def test_litellm_passes_a_refusal_on(stack, sdk, call):
    with stack.counting(edge=1, engine=1) as counted:
        assert failure(sdk, call, stack.weir.edge, "limited") == ("RateLimitError", 429)
    assert counted.outcomes("edge") == counted.outcomes("engine") == {"rate_limited": 1}
    assert counted.models("edge") == {"limited": 1}


@pytest.mark.parametrize("plan, name, status, outcome", [
    ("fault=status:429", "RateLimitError", 429, "rate_limited"),
    ("fault=status:529", "OverloadedError", 529, "overloaded"),
    ("fault=context_length", "BadRequestError", 400, "context_length"),
])
@pytest.mark.parametrize("call", ["messages", "messages_streamed"])
def test_anthropic(stack, call, plan, name, status, outcome):
    with stack.counting(engine=1) as counted:
        assert failure("anthropic", call, f"{stack.weir.engine}/llama", "llama", plan) == (name, status)
    assert_failed(counted, outcome, "messages", "llama")
