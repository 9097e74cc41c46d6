"""Responses that are made in the background, and those that are read again: read as often as one likes, made once."""

import pytest

from python_texts import PROMPT
from stack import TOKENS
from told import Told, assert_agreed
from waiting import until

RESPONSES = ("responses", "llama")


def in_background(client):
    """A response that is asked for and waited for, and how often it took to ask whether it is there."""
    response = client.responses.create(model="llama", input=PROMPT, background=True, store=True)
    assert response.status == "queued" and response.usage is None
    asked = []

    def completed():
        asked.append(client.responses.retrieve(response.id))
        return asked[-1].status == "completed" and asked[-1]

    return until("the response is completed", completed, 10), len(asked)


def test_a_response_of_the_background(stack, llama):
    """The request is counted, and no usage is missing; Weir does not follow up whether anybody fetches it."""
    with stack.counting(engine=1) as counted:
        response, asked = in_background(llama)
    assert response.usage.output_tokens == TOKENS
    assert counted.outcomes("engine") == {"success": 1}
    assert counted.endpoints("engine") == {"responses": 1}
    assert counted.passed_through("engine") == asked
    assert counted.tokens("engine") == (0, 0)
    assert not counted.usage_missing()


def test_a_response_of_the_background_through_litellm(stack, edge):
    with stack.counting(edge=1, engine=1) as counted:
        response, asked = in_background(edge)
    assert response.usage.output_tokens == TOKENS
    for hop in ("edge", "engine"):
        assert counted.outcomes(hop) == {"success": 1}
        assert counted.passed_through(hop) == asked
        assert counted.tokens(hop) == (0, 0)
    assert not counted.usage_missing()


def test_a_streamed_response_of_the_background(stack, llama):
    with stack.counting(engine=1) as counted:
        events = list(llama.responses.create(model="llama", input=PROMPT, background=True, store=True, stream=True))
    told = Told(events[-1].response.usage.to_dict(), pieces=TOKENS)
    assert_agreed(counted, told, engine=RESPONSES)


def test_a_response_that_is_read_again(stack, llama):
    with stack.counting(engine=1) as counted:
        made = llama.responses.create(model="llama", input=PROMPT)
        again = llama.responses.retrieve(made.id)
    assert again.usage == made.usage and again.output_text == made.output_text
    assert counted.passed_through("engine") == 1
    assert_agreed(counted, Told(made.usage.to_dict()), engine=RESPONSES)


@pytest.mark.parametrize("more", [{}, {"starting_after": 5}], ids=["whole", "rest"])
def test_events_that_are_played_again(stack, llama, more):
    with stack.counting(engine=1) as counted:
        made = list(llama.responses.create(model="llama", input=PROMPT, stream=True))
        again = list(llama.responses.retrieve(made[0].response.id, stream=True, **more))
    assert again == made[more.get("starting_after", -1) + 1 :]
    assert counted.passed_through("engine") == 1
    told = Told(made[-1].response.usage.to_dict(), pieces=TOKENS)
    assert_agreed(counted, told, engine=RESPONSES)


def test_a_response_that_is_read_again_through_litellm(stack, edge):
    """LiteLLM passes a question for its events on as one for the whole response."""
    with stack.counting(edge=1, engine=1) as counted:
        made = edge.responses.create(model="llama", input=PROMPT)
        again = edge.responses.retrieve(made.id)
        assert list(edge.responses.retrieve(made.id, stream=True)) == []
    assert again.usage.total_tokens == made.usage.total_tokens
    assert counted.passed_through("edge") == counted.passed_through("engine") == 2
    assert_agreed(counted, Told(made.usage.to_dict()), edge=RESPONSES, engine=RESPONSES)
