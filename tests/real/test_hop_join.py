"""What LiteLLM adds, told by Weir on both of its sides; with the shipped configuration of LiteLLM."""

import contextlib

import openai

import gateway as litellm

MESSAGES = [{"role": "user", "content": "What is a weir?"}]
MODEL = "llama"
# Of the engine, before its first token: none of it is LiteLLM's.
PLAN = "ttft=700ms,tokens=12,gap=5ms"


def phases(counted, model):
    """By phase: how many requests, and their mean in seconds."""
    of = lambda what: counted.scrape.by(f"llm_hop_added_seconds_{what}", "phase", model=model)
    sums = of("sum")
    return {phase: (count, sums.get(phase, 0) / count) for phase, count in of("count").items()}


def test_every_request_of_every_api_is_joined(edge, claude_edge, weir):
    create = edge.chat.completions.create
    with weir.counting(edge=9, engine=9) as counted:
        create(model=MODEL, messages=MESSAGES)
        list(create(model=MODEL, messages=MESSAGES, stream=True))
        edge.completions.create(model=MODEL, prompt="A weir is")
        list(edge.completions.create(model=MODEL, prompt="A weir is", stream=True))
        edge.responses.create(model=MODEL, input="A weir is")
        list(edge.responses.create(model=MODEL, input="A weir is", stream=True))
        claude_edge.messages.create(model=MODEL, messages=MESSAGES, max_tokens=20)
        list(claude_edge.messages.create(model=MODEL, messages=MESSAGES, max_tokens=20, stream=True))
        edge.embeddings.create(model=MODEL, input="A weir", encoding_format="float")
    assert counted.scrape.by("llm_hop_requests_total", "result", model=MODEL) == {"joined": 9}
    assert counted.scrape.total("llm_hop_attempts_total", model=MODEL) == 9
    assert counted.scrape.total("llm_hop_buffering_total", model=MODEL) == 0
    found = phases(counted, MODEL)
    assert (found["before_upstream"][0], found["first_token"][0]) == (9, 4)


def test_the_engines_time_is_not_litellms(edge, weir):
    """The simulated engine takes 0.7 s: it is in the time to the first token at both hops, and in no phase."""
    headers = {"x-sim": PLAN}
    with weir.counting(edge=3, engine=3) as counted:
        for _ in range(3):
            list(edge.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, extra_headers=headers))
    found = phases(counted, MODEL)
    assert {phase: count for phase, (count, _) in found.items() if phase != "after"} == {
        "before_upstream": 3,
        "first_token": 3,
        "per_event": 3,
    }
    mean = {phase: mean for phase, (_, mean) in found.items()}
    first = lambda hop: counted.scrape.total("llm_time_to_first_token_seconds_sum", hop=hop) / 3
    assert first("engine") >= 0.7
    assert mean["before_upstream"] < 0.5 and mean["first_token"] < 0.5
    # Both ways of telling what comes before the first token agree: what is left is the engine's overhead.
    difference = first("edge") - first("engine")
    assert 0 <= difference - mean["before_upstream"] - mean["first_token"] < 0.02, (difference, mean)


def test_what_litellm_tries_again_is_an_attempt(edge, weir):
    with weir.counting(edge=1, engine=litellm.TRIES) as counted, contextlib.suppress(openai.InternalServerError):
        edge.chat.completions.create(model="retried", messages=MESSAGES)
    assert counted.scrape.by("llm_hop_requests_total", "model", "result") == {("retried", "joined"): 1}
    assert counted.scrape.total("llm_hop_attempts_total", model="retried") == litellm.TRIES
    # Nothing was answered.
    assert phases(counted, "retried") == {}
