"""Discovery asks a real LiteLLM: which names it gives to which engines, and nothing that runs a model."""

import re

import pytest

import discovery as weir_discovery
import gateway as litellm
from stack import BINARIES, ENGINES
from waiting import until

CONFIGURATION = """
docker = "off"
interval = "1s"

[[discovery.litellm]]
name = "litellm"
url = "{gateway}"
key_file = "{key_file}"
interval = "500ms"

[[discovery.litellm]]
name = "locked"
url = "{gateway}"
interval = "500ms"

[[discovery.litellm]]
name = "wrong"
url = "{gateway}"
key_file = "{wrong_file}"
interval = "500ms"
"""

ENGINE = """
[[discovery.engines]]
name = "{name}"
url = "{url}"
"""

# What discovery may ask LiteLLM for. /health itself, and others below it, run every model that there is.
ALLOWED = {"/health/liveliness", "/health/readiness", "/health/readiness/details", "/model/info"}


@pytest.fixture(scope="module")
def discovery(stack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("discovery")
    key_file, wrong_file = folder / "litellm.key", folder / "wrong.key"
    key_file.write_text(litellm.KEY + "\n")
    wrong_file.write_text("sk-wrong\n")
    text = CONFIGURATION.format(gateway=stack.gateway.url, key_file=key_file, wrong_file=wrong_file)
    text += "".join(ENGINE.format(name=name, url=engine.url) for name, engine in stack.engines.items())
    with weir_discovery.running(BINARIES / "weir-discovery", folder, text) as discovery:

        def all_was_read():
            up = [value for _, value in discovery.samples("litellm_up")]
            assert up == [1, 1, 1]
            routes = {route for route, in discovery.info("llm_engine_model_info", "route")}
            assert routes == ENGINES.keys()
            return True

        until("LiteLLM and the engines were read", all_was_read, 30, lambda: discovery.page("/status"))
        yield discovery


def test_it_is_up_and_says_what_it_is(discovery):
    assert discovery.samples("litellm_up") == [({"gateway": name}, 1) for name in ("litellm", "locked", "wrong")]
    assert discovery.info("litellm_ready", "gateway") == {("litellm",), ("locked",), ("wrong",)}
    # Newer versions tell their version to those with a key only.
    versions = {("litellm", "1.106.2"), ("locked", ""), ("wrong", "")}
    assert discovery.info("litellm_gateway_info", "gateway", "version") == versions


def test_its_deployments(discovery, weir):
    deployments = discovery.info(
        "litellm_deployment_info", "gateway", "edge_model", "provider", "model", "api_base"
    )
    assert {gateway for gateway, *_ in deployments} == {"litellm"}
    assert ("litellm", "llama", "hosted_vllm", "llama", f"{weir.engine}/llama/v1") in deployments
    assert ("litellm", "qwen", "openai", "qwen", f"{weir.engine}/qwen/v1") in deployments
    names = {"llama", "qwen", "packed", "retried", "compared", *litellm.SOUND, *litellm.PLANNED, *litellm.FAILING}
    assert {name for _, name, *_ in deployments} == names
    assert discovery.samples("litellm_deployments_left_out") == [({"gateway": "litellm"}, 0)]


def test_the_id_of_a_deployment_is_that_of_the_answers(discovery, edge):
    answer = edge.chat.completions.with_raw_response.create(
        model="llama", messages=[{"role": "user", "content": "What is a weir?"}]
    )
    ids = discovery.info("litellm_deployment_info", "edge_model", "model_id")
    assert ("llama", answer.headers["x-litellm-model-id"]) in ids


def test_names_are_joined_with_engines(discovery):
    """Through Weir's engine listener: its address names no engine, the path names the route."""
    links = discovery.info("llm_engine_model_info", "edge_model", "route", "model", "container")
    expected = {("qwen", "qwen", "qwen", "qwen")}
    at_llama = {"llama", "packed", "retried", "compared", *litellm.PLANNED, *litellm.FAILING}
    expected |= {(name, "llama", "llama", "llama") for name in at_llama}
    # Of an engine with several names, the label is the first.
    first = ENGINES["sound"][1][0]
    expected |= {(name, "sound", first, "sound") for name in litellm.SOUND}
    assert links == expected
    aliases = {(name, first) for name in ENGINES["sound"][1][1:]}
    assert discovery.info("llm_model_alias_info", "alias", "model") == aliases


def test_without_a_key_and_with_a_wrong_one(discovery):
    """Both can't read deployments, and say why; neither is down."""
    errors = {known["name"]: known["error"] for known in discovery.status()["sources"] if known["source"] == "litellm"}
    assert errors["litellm"] is None
    assert errors["locked"] is None, "without a key it tells only whether it is up"
    lacking = {known["name"]: known["lacking"] for known in discovery.status()["gateways"]}
    assert "key_file" in lacking["locked"] and lacking["litellm"] is None, lacking
    assert "its key is not accepted" in errors["wrong"], errors
    text = discovery.page("/metrics") + discovery.page("/status") + discovery.program.log.read_text()
    assert litellm.KEY not in text and "sk-wrong" not in text


def test_nothing_is_asked_for_that_runs_a_model(discovery, stack, weir):
    log = stack.gateway.program.log
    asked = lambda: re.findall(r'"GET (/health\S*|/\S*model/\S*) HTTP', log.read_text(errors="replace"))
    before = len(asked())
    with weir.counting(edge=0, engine=0):
        until("discovery has asked for more", lambda: len(asked()) > before + 10, 30)
    assert set(asked()) == ALLOWED
