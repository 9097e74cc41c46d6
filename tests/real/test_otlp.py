"""Traces in an OTLP collector that is not ours, over HTTP and gRPC: client -> edge -> LiteLLM -> engine."""

import secrets

import openai
import pytest

import gateway as litellm
import otlp
import python_texts
import weir
from ports import free_ports
from stack import BINARIES, TOKENS

PLANTED = "wormwood"


@pytest.fixture(scope="module", params=otlp.PROTOCOLS)
def protocol(request):
    return request.param


@pytest.fixture(scope="module")
def traced(stack, tmp_path_factory, protocol):
    """A Weir beside the other, in front of the same LiteLLM and the same engines; spans of both go to one collector."""
    folder = tmp_path_factory.mktemp("otlp")
    ports = dict(zip(("edge", "engine", "admin"), free_ports(3)))
    ports["gateway"] = stack.gateway.url.rpartition(":")[2]
    # Headers are secrets.
    environment = stack.collector.environment(protocol) | {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization={PLANTED}"}
    engines = {name: engine.url for name, engine in stack.engines.items()}
    running = weir.start_weir(BINARIES / "weir-proxy", folder, ports, engines, litellm.KEY, environment)
    try:
        weir.wait_until_ready(running, {("llama", "llama"), ("litellm", "llama")})
        yield running
    finally:
        assert running.program.stop() == 0
    told = running.program.log.read_text() + stack.collector.text()
    assert PLANTED not in told
    assert python_texts.MESSAGES[0]["content"] not in told


def context(sampled=True):
    """A client's own span: its trace, its id, and the header that says so."""
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    return trace, span, {"traceparent": f"00-{trace}-{span}-{'01' if sampled else '00'}"}


def test_an_engine(stack, traced):
    trace, parent, headers = context()
    client = python_texts.client(f"{traced.engine}/llama", "none")
    python_texts.chat_streamed_usage(client, model="llama", extra_headers=headers)
    [span] = stack.collector.wait_for(trace, 1)
    assert (span.parent, span.name, span.kind, span.failed) == (parent, "chat llama", "SPAN_KIND_CLIENT", False)
    events = span.events
    assert list(events) == ["sent", "first_byte", "first_token", "finish"]
    assert span.start <= events["sent"] < events["first_byte"] <= events["first_token"] < events["finish"] == span.end
    said = span.attributes
    assert said["gen_ai.request.model"] == "llama"
    assert said["gen_ai.usage.output_tokens"] == TOKENS
    assert (said["weir.hop"], said["weir.outcome"]) == ("engine", "success")
    assert said["gen_ai.response.time_to_first_chunk"] >= 0.01


def test_client_edge_litellm_engine(stack, traced):
    """The shipped configuration of LiteLLM passes the trace on: the engine's span is a child of the edge's."""
    trace, parent, headers = context()
    client = python_texts.client(traced.edge, litellm.KEY)
    python_texts.chat_streamed_usage(client, model="llama", extra_headers=headers)
    edge, engine = stack.collector.wait_for(trace, 2)
    assert [span.attributes["weir.hop"] for span in (edge, engine)] == ["edge", "engine"]
    assert (edge.parent, engine.parent) == (parent, edge.id)
    assert [span.attributes["gen_ai.provider.name"] for span in (edge, engine)] == ["litellm", "vllm"]
    # What LiteLLM does lies between the two.
    assert edge.events["sent"] < engine.start < engine.events["first_token"] < edge.events["first_token"]
    assert engine.events["first_token"] < engine.end < edge.end
    for span in (edge, engine):
        assert span.attributes["gen_ai.usage.output_tokens"] == TOKENS


def test_a_failure_is_exported_though_nothing_is_sampled(stack, traced):
    client = python_texts.client(f"{traced.engine}/llama", "none")
    trace, _, headers = context(sampled=False)
    python_texts.chat(client, model="llama", extra_headers=headers)
    with pytest.raises(openai.InternalServerError):
        python_texts.chat(client, model="llama", extra_headers=headers | {"x-sim": "fault=status:500"})
    [span] = stack.collector.wait_for(trace, 1)
    assert span.failed and span.attributes["error.type"] == "upstream_error"


def test_spans_are_counted(traced):
    spans = lambda result: traced.scrape().total("weir_telemetry_spans_total", result=result)
    assert spans("exported") >= 3
    assert spans("failed") == spans("dropped") == 0
