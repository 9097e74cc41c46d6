"""What the tests share: everything that runs beside them, started once, and the clients."""

import os
import signal

import pytest

import gateway as litellm
import python_messages
import python_texts
from stack import running_stack

# Nothing here is reached through a proxy of the machine.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"

STACK = pytest.StashKey()


def pytest_configure():
    # A run that is ended from outside must still end what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """A failure shows what the programs had to say last."""
    report = yield
    if report.failed and (stack := item.config.stash.get(STACK, None)):
        report.sections += [(f"log of {program.name}", program.log_tail()) for program in stack.programs]
    return report


@pytest.fixture(scope="session")
def stack(tmp_path_factory, pytestconfig):
    with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        pytestconfig.stash[STACK] = stack
        yield stack


@pytest.fixture(scope="session")
def weir(stack):
    return stack.weir


@pytest.fixture(scope="session")
def gateway(stack):
    return stack.gateway


@pytest.fixture(scope="session")
def prometheus(stack):
    return stack.prometheus


@pytest.fixture(scope="session")
def edge(weir):
    """The OpenAI SDK at Weir's edge listener, with LiteLLM and an engine behind it."""
    return python_texts.client(weir.edge, litellm.KEY)


@pytest.fixture(scope="session")
def direct(gateway):
    """The OpenAI SDK at LiteLLM itself: what a client gets where Weir is not in front."""
    return python_texts.client(gateway.url, litellm.KEY)


@pytest.fixture(scope="session")
def llama(weir):
    """The OpenAI SDK at Weir's engine listener: vLLM 0.32.0."""
    return python_texts.client(f"{weir.engine}/llama", litellm.KEY)


@pytest.fixture(scope="session")
def qwen(weir):
    """The OpenAI SDK at Weir's engine listener: vLLM 0.10.0."""
    return python_texts.client(f"{weir.engine}/qwen", litellm.KEY)


@pytest.fixture(scope="session")
def claude_edge(weir):
    """The Anthropic SDK at Weir's edge listener."""
    return python_messages.client(weir.edge, litellm.KEY)


@pytest.fixture(scope="session")
def claude_llama(weir):
    """The Anthropic SDK at Weir's engine listener: vLLM 0.32.0."""
    return python_messages.client(f"{weir.engine}/llama", litellm.KEY)
