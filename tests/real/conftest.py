"""What the tests share: everything that runs beside them, started once, and the clients."""

import os
import signal

import anthropic
import openai
import pytest

import gateway as litellm
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


def openai_client(base_url):
    return openai.OpenAI(base_url=base_url, api_key=litellm.KEY, max_retries=0, timeout=60)


@pytest.fixture(scope="session")
def edge(weir):
    """The OpenAI SDK at Weir's edge listener, with LiteLLM and an engine behind it."""
    return openai_client(f"{weir.edge}/v1")


@pytest.fixture(scope="session")
def direct(gateway):
    """The OpenAI SDK at LiteLLM itself: what a client gets where Weir is not in front."""
    return openai_client(f"{gateway.url}/v1")


@pytest.fixture(scope="session")
def llama(weir):
    """The OpenAI SDK at Weir's engine listener: vLLM 0.32.0."""
    return openai_client(f"{weir.engine}/llama/v1")


@pytest.fixture(scope="session")
def qwen(weir):
    """The OpenAI SDK at Weir's engine listener: vLLM 0.10.0."""
    return openai_client(f"{weir.engine}/qwen/v1")


@pytest.fixture(scope="session")
def claude_edge(weir):
    """The Anthropic SDK at Weir's edge listener."""
    return anthropic.Anthropic(base_url=weir.edge, api_key=litellm.KEY, max_retries=0, timeout=60)


@pytest.fixture(scope="session")
def claude_llama(weir):
    """The Anthropic SDK at Weir's engine listener: vLLM 0.32.0."""
    return anthropic.Anthropic(base_url=f"{weir.engine}/llama", api_key="none", max_retries=0, timeout=60)
