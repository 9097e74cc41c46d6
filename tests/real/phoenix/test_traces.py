"""Traces in a real Phoenix: client -> edge -> LiteLLM, with its shipped settings -> engine."""

import contextlib
import datetime
import secrets

import openai
import pytest

import engines
import gateway as litellm
import python_texts
import served
import weir
from ports import free_ports
from stack import BINARIES, LITELLM, PLAN, TOKENS

PROTOCOLS = ("http/protobuf", "grpc")
# More than the engine has to say.
ASKED = {"max_tokens": 64, "temperature": 0.5, "top_p": 0.9, "seed": 7}


@pytest.fixture(scope="session")
def phoenix(tmp_path_factory):
    phoenix = served.start_phoenix(tmp_path_factory.mktemp("phoenix"))
    yield phoenix
    phoenix.program.stop()


@pytest.fixture(scope="session")
def ports():
    names = ("edge", "engine", "admin", "gateway", "llama")
    return dict(zip(names, free_ports(len(names))))


@pytest.fixture(scope="session")
def behind(tmp_path_factory, ports):
    """What is behind Weir: LiteLLM, and an engine. Returns the engine's URL."""
    folder = tmp_path_factory.mktemp("behind")
    with contextlib.ExitStack() as ending:
        loadtest = BINARIES / "weir-loadtest"
        engine = engines.start_engine(loadtest, folder, ports["llama"], "llama", ["llama"], "0.32.0", PLAN)
        ending.callback(engine.program.stop)
        gateway = litellm.start_gateway(LITELLM, folder, ports["gateway"], f"http://127.0.0.1:{ports['engine']}")
        ending.callback(gateway.program.stop)
        engines.wait_until_ready(engine)
        litellm.wait_until_ready(gateway)
        yield engine.url


@pytest.fixture(scope="module", params=PROTOCOLS)
def edge(request, tmp_path_factory, phoenix, behind, ports):
    """The OpenAI SDK at a Weir whose spans go to Phoenix, by each of the protocols."""
    environment = phoenix.environment(request.param)
    folder = tmp_path_factory.mktemp("weir")
    running = weir.start_weir(BINARIES / "weir-proxy", folder, ports, {"llama": behind}, litellm.KEY, environment)
    try:
        weir.wait_until_ready(running, {("llama", "llama"), ("litellm", "llama")})
        yield python_texts.client(running.edge, litellm.KEY)
        spans = lambda result: running.scrape().total("weir_telemetry_spans_total", result=result)
        assert spans("failed") == spans("dropped") == 0
    finally:
        assert running.program.stop() == 0


@contextlib.contextmanager
def client_span(phoenix):
    """A span of the client's own, around what it does: yields the trace, and the header that says so."""
    trace, id = secrets.token_hex(16), secrets.token_hex(8)
    now = lambda: datetime.datetime.now(datetime.UTC)
    start = now()
    yield trace, {"traceparent": f"00-{trace}-{id}-01"}
    phoenix.add(trace, id, "the client", start, now())


def test_every_span_of_a_trace(phoenix, edge):
    with client_span(phoenix) as (trace, headers):
        told = python_texts.chat_streamed_usage(edge, model="llama", extra_headers=headers, **ASKED)
    client, *hops = phoenix.wait_for(3, trace_id=trace)
    edge_span, engine_span = hops
    # Who called whom.
    assert (client.parent, edge_span.parent, engine_span.parent) == (None, client.id, edge_span.id)
    # To Phoenix both are calls of a model.
    assert [(span.name, span.kind, span.status) for span in hops] == [("chat llama", "LLM", "UNSET")] * 2
    # A client has the last byte a moment before Weir knows of it.
    assert client.start <= edge_span.start and edge_span.events["first_token"] <= client.end
    assert engine_span.lies_in(edge_span)
    for span in hops:
        events = span.events
        assert list(events) == ["sent", "first_byte", "first_token", "finish"]
        assert span.start <= events["sent"] < events["first_byte"] <= events["first_token"] < events["finish"] == span.end
    # What LiteLLM does lies between the two.
    assert edge_span.events["sent"] < engine_span.start
    assert engine_span.events["first_token"] < edge_span.events["first_token"]
    assert [span.attributes["weir.hop"] for span in hops] == ["edge", "engine"]
    assert [span.attributes["gen_ai.provider.name"] for span in hops] == ["litellm", "vllm"]
    for span in hops:
        said = span.attributes
        assert said["gen_ai.operation.name"] == "chat"
        assert said["gen_ai.request.model"] == "llama"
        assert said["gen_ai.response.finish_reasons"] == ["stop"]
        assert said["gen_ai.usage.input_tokens"] == told.usage["prompt_tokens"]
        assert said["gen_ai.usage.output_tokens"] == told.usage["completion_tokens"] == TOKENS
        assert said["gen_ai.response.model"] == "llama"
        assert said["gen_ai.response.id"]
        # Phoenix's own names, by which its pages show and add up.
        assert said["llm.model_name"] == "llama"
        assert said["llm.token_count.prompt"] == told.usage["prompt_tokens"]
        assert said["llm.token_count.completion"] == TOKENS
        assert span.parameters.items() >= ASKED.items()
        # Neither the question nor the answer.
        for text in (python_texts.MESSAGES[0]["content"], told.said):
            assert text and text not in repr(span)


def test_a_trace_that_weir_begins(phoenix, edge):
    """A client that knows nothing of traces: the edge's span is the root, and the engine's is its child."""
    roots = {span.id for span in phoenix.spans(parent_id="null")}
    python_texts.chat(edge, model="llama")
    known = len(roots)
    [root] = [span for span in phoenix.wait_for(known + 1, parent_id="null") if span.id not in roots]
    assert root.attributes["weir.hop"] == "edge"
    [child] = phoenix.wait_for(1, parent_id=root.id)
    assert child.attributes["weir.hop"] == "engine" and child.lies_in(root)


def test_what_litellm_tries_again_is_a_span_each(phoenix, edge):
    with client_span(phoenix) as (trace, headers), pytest.raises(openai.InternalServerError):
        python_texts.chat(edge, model="retried", extra_headers=headers)
    _, failed, *tries = phoenix.wait_for(2 + litellm.TRIES, trace_id=trace)
    assert [span.parent for span in tries] == [failed.id] * litellm.TRIES
    for span in (failed, *tries):
        assert (span.status, span.attributes["error.type"]) == ("ERROR", "upstream_error")
        assert span.attributes["http.response.status_code"] == 500
        assert "gen_ai.usage.output_tokens" not in span.attributes
    assert all(span.lies_in(failed) for span in tries)
    assert tries[0].end <= tries[1].start


def test_vectors(phoenix, edge):
    with client_span(phoenix) as (trace, headers):
        edge.embeddings.create(model="llama", input="A weir", encoding_format="float", extra_headers=headers)
    _, edge_span, engine_span = phoenix.wait_for(3, trace_id=trace)
    assert engine_span.parent == edge_span.id
    assert [span.kind for span in (edge_span, engine_span)] == ["EMBEDDING"] * 2
    for span in (edge_span, engine_span):
        assert span.attributes["gen_ai.usage.input_tokens"] > 0
