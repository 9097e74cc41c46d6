"""Asking for the list of models runs none: it is passed through."""

import pytest

from calls import call
from stack import ENGINES


@pytest.mark.parametrize("sdk", ["python", "node"])
@pytest.mark.parametrize("engine", ENGINES)
def test_of_an_engine(stack, sdk, engine):
    with stack.counting(edge=0, engine=0) as counted:
        told = call(sdk, "models", f"{stack.weir.engine}/{engine}", None)
    assert told.said == ENGINES[engine][1]
    assert counted.passed_through("engine") == 1


@pytest.mark.parametrize("sdk", ["python", "node"])
def test_of_litellm(stack, sdk):
    with stack.counting(edge=0, engine=0) as counted:
        told = call(sdk, "models", stack.weir.edge, None)
    assert {"llama", "qwen", "gpt-realtime"} <= set(told.said)
    assert counted.passed_through("edge") == 1
