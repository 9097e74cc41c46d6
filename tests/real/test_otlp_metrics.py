"""Metrics of generative AI in an OTLP collector that is not ours, over HTTP and gRPC, by the names of each generation."""

import contextlib

import openai
import pytest

import gateway as litellm
import otlp
import python_texts
import weir
from ports import free_ports
from stack import BINARIES, TOKENS
from waiting import until

SERVER = {
    "gen_ai.server.request.duration",
    "gen_ai.server.time_to_first_token",
    "gen_ai.server.time_per_output_token",
}
OLD = SERVER | {"gen_ai.client.token.usage", "gen_ai.client.operation.duration"}
NEW = SERVER | {
    "gen_ai.client.inference.duration",
    "gen_ai.client.inference.time_to_first_chunk",
    "gen_ai.client.inference.operation.input_tokens",
    "gen_ai.client.inference.operation.output_tokens",
}
BY_VARIABLE = {"OTEL_METRICS_EXPORTER": "otlp"}
# As weir.toml has it.
BY_CONFIGURATION = {"WEIR_TELEMETRY__METRICS": "true", "WEIR_TELEMETRY__SEMCONV": "old"}
NEWEST = BY_VARIABLE | {"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental"}


@contextlib.contextmanager
def measured(stack, folder, protocol, environment):
    """A Weir beside the other, and a collector that keeps its metrics."""
    ports = dict(zip(("edge", "engine", "admin"), free_ports(3)))
    ports["gateway"] = stack.gateway.url.rpartition(":")[2]
    engines = {name: engine.url for name, engine in stack.engines.items()}
    collector = otlp.start_collector(folder, "metrics")
    environment = collector.environment(protocol) | {"OTEL_METRIC_EXPORT_INTERVAL": "100"} | environment
    running = weir.start_weir(BINARIES / "weir-proxy", folder, ports, engines, litellm.KEY, environment)
    try:
        weir.wait_until_ready(running, {("llama", "llama"), ("litellm", "llama")})
        yield running, collector
    finally:
        assert running.program.stop() == 0
        collector.program.stop()


@pytest.mark.parametrize(
    ("protocol", "environment", "names", "provider"),
    [
        ("http/protobuf", BY_VARIABLE, OLD | NEW, {"gen_ai.system", "gen_ai.provider.name"}),
        ("grpc", BY_CONFIGURATION, OLD, {"gen_ai.system"}),
        ("grpc", NEWEST, NEW, {"gen_ai.provider.name"}),
    ],
    ids=["both", "old", "new"],
)
def test_both_hops(stack, tmp_path, protocol, environment, names, provider):
    with measured(stack, tmp_path, protocol, environment) as (proxy, collector):
        engine = python_texts.client(f"{proxy.engine}/llama", "none")
        edge = python_texts.client(proxy.edge, litellm.KEY)
        python_texts.chat_streamed_usage(engine, model="llama")
        python_texts.chat_streamed_usage(edge, model="llama")
        with pytest.raises(openai.InternalServerError):
            python_texts.chat(engine, model="llama", extra_headers={"x-sim": "fault=status:500"})

        def came():
            points = collector.histograms()
            requests = points.get("gen_ai.server.request.duration", [])
            assert sum(point.count for point in requests) == 3, requests
            return points

        points = until("three requests in the collector", came, 20, collector.program.log_tail)
    assert set(points) == names
    requests = points["gen_ai.server.request.duration"]
    by = lambda point: (point.attributes["weir.hop"], point.attributes.get("error.type"))
    assert sorted(map(by, requests), key=str) == [("edge", None), ("engine", "upstream_error"), ("engine", None)]
    for name, of_name in points.items():
        for point in of_name:
            said = point.attributes
            assert point.unit == ("{token}" if "token" in name and "time" not in name else "s"), name
            assert (said["gen_ai.request.model"], said["gen_ai.operation.name"]) == ("llama", "chat")
            assert {name for name in said if name in ("gen_ai.system", "gen_ai.provider.name")} == provider
    # A token is counted once at each hop.
    if OLD <= names:
        output = [it for it in points["gen_ai.client.token.usage"] if it.attributes["gen_ai.token.type"] == "output"]
    else:
        output = points["gen_ai.client.inference.operation.output_tokens"]
    assert sorted((it.attributes["weir.hop"], it.count, it.sum) for it in output) == [
        ("edge", 1, TOKENS),
        ("engine", 1, TOKENS),
    ]
    [first] = [it for it in points["gen_ai.server.time_to_first_token"] if it.attributes["weir.hop"] == "engine"]
    assert first.count == 1 and first.sum >= 0.01


def test_nothing_is_exported_unless_it_is_asked_for(stack, tmp_path):
    with measured(stack, tmp_path, "http/protobuf", {}) as (proxy, collector):
        python_texts.chat(python_texts.client(f"{proxy.engine}/llama", "none"), model="llama")
        exported = lambda: proxy.scrape().total("weir_telemetry_spans_total", result="exported") == 1
        until("the span is exported", exported)
    assert "ResourceMetrics" not in collector.text()
