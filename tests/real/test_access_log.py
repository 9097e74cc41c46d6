"""The access log: what it says of requests at both hops, and that the shipped pipelines get it to Loki."""

import contextlib
import json
import uuid
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest

import engines
import gateway
import loki
import weir as proxies
from ports import free_ports
from processes import Program
from stack import BINARIES
from waiting import until

CONFIGURATION = """
[proxy]
admin = "127.0.0.1:{admin}"
edge = "127.0.0.1:{edge}"
engine = "127.0.0.1:{engine}"

[proxy.access_log]
path = "{log}"

[[proxy.routes]]
name = "front"
hop = "edge"
upstream = "http://127.0.0.1:{engine}"
models = ["llama"]
poll_models = "0s"

[[proxy.routes]]
name = "llama"
upstream = "{llama}"

[[proxy.routes]]
name = "gone"
upstream = "http://127.0.0.1:{gone}"
models = ["gone"]
poll_models = "0s"
"""

KEY = "sk-access-log"

# The type of each field that a line may have.
NUMBERS = {"http_status", "attempts", "request_bytes", "response_bytes", "left_out"}
IDS = {"trace_id": 32, "span_id": 16, "parent_id": 16}


def whole_lines(log):
    """What the log has: it is made with its first line, and what stands after the last newline is still being written."""
    return log.read_text().split("\n")[:-1] if log.exists() else []


@dataclass
class Place:
    weir: proxies.Weir
    log: Path

    def lines(self, *, count, **members):
        """So many lines with these members, once they are written."""

        def written():
            lines = [json.loads(line) for line in whole_lines(self.log)]
            lines = [line for line in lines if members.items() <= line.items()]
            assert len(lines) == count, lines
            return lines

        return until(f"{count} lines with {members} are written", written, 10, self.weir.program.log_tail)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A Weir with an access log; between its hops is nothing."""
    folder = tmp_path_factory.mktemp("access-log")
    names = ("edge", "engine", "admin", "llama", "gone")
    ports = dict(zip(names, free_ports(len(names))))
    log = folder / "access.jsonl"
    with contextlib.ExitStack() as ending:

        def kept(running):
            ending.callback(running.program.stop)
            return running

        plan = "tokens=12,ttft=10ms,gap=2ms"
        loadtest = BINARIES / "weir-loadtest"
        engine = kept(engines.start_engine(loadtest, folder, ports["llama"], "llama", ["llama"], "0.32.0", plan))
        engines.wait_until_ready(engine)
        configuration = folder / "weir.toml"
        configuration.write_text(CONFIGURATION.format(**ports | {"log": log, "llama": engine.url}))
        program = Program("weir", [BINARIES / "weir-proxy", "--config", configuration], folder)
        weir = kept(proxies.Weir(program, ports))
        proxies.wait_until_ready(weir, {("llama", "llama")})
        yield Place(weir, log)


def chat(place, trace, base=None, model="llama", **more):
    """A streamed chat in a trace of its own; at the edge unless `base` says otherwise."""
    client = openai.OpenAI(base_url=(base or place.weir.edge) + "/v1", api_key=KEY, max_retries=0)
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"} | more
    messages = [{"role": "user", "content": "wormwood"}]
    stream = client.chat.completions.create(model=model, messages=messages, stream=True, extra_headers=headers)
    return list(stream)


def test_a_request_is_a_line_at_each_hop(place):
    trace = uuid.uuid4().hex
    chat(place, trace, **{"x-request-id": "r-1"})
    [edge] = place.lines(count=1, hop="edge", trace_id=trace)
    assert edge["parent_id"] == "00f067aa0ba902b7"
    assert (edge["route"], edge["model"], edge["request_id"]) == ("front", "llama", "r-1")
    [engine] = place.lines(count=1, hop="engine", trace_id=trace)
    assert engine["route"] == engine["model"] == "llama"
    assert engine["parent_id"] == edge["span_id"]
    for line in (edge, engine):
        assert (line["endpoint"], line["outcome"], line["http_status"]) == ("chat_completions", "success", 200)
        assert line["streamed"] is True and line["attempts"] == 1 and line["finish_reason"] == "stop"
        assert (line["output_tokens"], line["usage_source"]) == (12, "reported")
        assert 10 <= line["ttft_ms"] < line["duration_ms"]
    assert engine["duration_ms"] < edge["duration_ms"]
    assert "wormwood" not in place.log.read_text() and KEY not in place.log.read_text()


def test_a_failure_is_a_line(place):
    refused, unknown, gone = (uuid.uuid4().hex for _ in range(3))
    with pytest.raises(openai.APIStatusError):
        chat(place, refused, **{"x-sim": "fault=status:401"})
    for line in place.lines(count=2, trace_id=refused):
        assert (line["status"], line["outcome"], line["http_status"]) == ("client", "unauthorized", 401)
    # A name that nobody answered to is not told: it may be anything.
    with pytest.raises(openai.APIStatusError):
        chat(place, unknown, base=place.weir.engine + "/llama", model="sk-misplaced")
    [line] = place.lines(count=1, trace_id=unknown)
    assert (line["route"], line["model"], line["outcome"]) == ("llama", "other", "not_found")
    with pytest.raises(openai.APIStatusError):
        chat(place, gone, base=place.weir.engine + "/gone", model="gone")
    [line] = place.lines(count=1, trace_id=gone)
    assert (line["route"], line["status"], line["outcome"]) == ("gone", "error", "connect_failed")
    assert "ttft_ms" not in line and "usage_source" not in line


@pytest.mark.parametrize("stages", [loki.of_alloy(), loki.of_promtail()], ids=["alloy", "promtail"])
def test_loki_takes_what_the_shipped_pipelines_send(place, stages):
    trace = uuid.uuid4().hex
    chat(place, trace)
    place.lines(count=2, trace_id=trace)
    lines = place.log.read_text().splitlines()
    with loki.receiving() as receiver:
        loki.ship([*lines, lines[0][:40]], stages, receiver)
    assert len(receiver.entries) == len(lines), "a line that was cut short is dropped, no other"
    for labels, time, line, metadata in receiver.entries:
        line = json.loads(line)
        # Labels are few, and of closed lists; ids are none of them.
        assert set(labels) == {"job", "hop", "route", "status"}
        assert labels.items() <= (line | {"job": "weir"}).items()
        assert metadata["trace_id"] == line["trace_id"] and metadata["model"] == line["model"]
        assert float(metadata["latency"]) * 1000 == pytest.approx(line["duration_ms"])
        assert int(time) == int(loki.nanoseconds(line["ts"]))
    asked = [labels["hop"] for labels, _, _, metadata in receiver.entries if metadata["trace_id"] == trace]
    assert sorted(asked) == ["edge", "engine"]


def test_the_pipelines_name_fields_of_the_log(place):
    trace = uuid.uuid4().hex
    chat(place, trace)
    [line] = place.lines(count=1, trace_id=trace, hop="edge")
    # Clients are not told apart here.
    known = set(line) | {"client"}
    pipelines = [loki.of_alloy(), loki.of_alloy(loki.STACK), loki.of_promtail()]
    for stages in pipelines:
        assert set(stages.json) <= known
        used = {*stages.labels, *stages.metadata, stages.timestamp}
        assert used - loki.MADE.keys() == set(stages.json) - {loki.FROM}
        assert set(stages.labels) == {"hop", "route", "status"}
    assert all(stages == pipelines[0] for stages in pipelines)


def assert_typed(line):
    for name, value in line.items():
        if name in IDS:
            assert len(value) == IDS[name] and int(value, 16), name
        elif name in NUMBERS or name.endswith(("_ms", "_tokens", "_usd")):
            assert isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0, name
        elif name == "streamed":
            assert isinstance(value, bool)
        else:
            assert isinstance(value, str) and value, name


@pytest.mark.last
def test_the_log_of_the_whole_run(stack):
    """One line for each request that was counted, whatever was asked of LiteLLM and the engines."""

    def agreed():
        scrape = stack.weir.scrape()
        became = lambda result: scrape.total("weir_access_log_lines_total", result=result)
        text = stack.weir.access_log.read_text()
        lines = [json.loads(line) for line in whole_lines(stack.weir.access_log)]
        requests = [line for line in lines if "left_out" not in line]
        assert len(requests) + became("suppressed") == scrape.total("llm_requests_total")
        assert len(lines) == became("written") and became("dropped") == 0
        return text, requests

    text, requests = until("a line for each request is written", agreed, 20, stack.weir.program.log_tail)
    assert gateway.KEY not in text
    for line in requests:
        assert_typed(line)
    calls = [line["litellm_call_id"] for line in requests if "litellm_call_id" in line]
    assert calls and all(map(uuid.UUID, calls))
    assert len({line["span_id"] for line in requests}) == len(requests)
