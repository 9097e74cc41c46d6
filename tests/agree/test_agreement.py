"""The tools agree with the script and with each other where their words mean the same, and where they do not, the
figures can be converted. Medians of what the tools themselves report, and of the proxy's histograms the means.
"""

import itertools
import statistics

import pytest

import page
import proxy_words
from cases import CASES, PROXIED
from figures import LATENCIES, WORDS, means_another_thing
from measure import TOOLS
from tolerances import LATE, OF_MEANS, agree

EACH_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
EACH_PROXIED = pytest.mark.parametrize("case", PROXIED, ids=lambda case: case.name)
EACH_TOOL = pytest.mark.parametrize("tool", TOOLS)


def each(cases, tools, words):
    """Each word that a tool has of a load, and that means the same."""
    there = [
        pytest.param(case, tool, word, id=f"{case.name}, {tool}, {word}")
        for case, tool, word in itertools.product(cases, tools, words)
        if case.has(word) and TOOLS[tool].has(word) and not means_another_thing(case, tool, word)
    ]
    return pytest.mark.parametrize("case, tool, word", there)


@EACH_CASE
@EACH_TOOL
def test_every_request_and_token(measured, case, tool):
    figures = measured.direct(case)[tool]
    assert figures.requests == len(figures.records) == case.requests
    assert figures.output_tokens == case.requests * case.tokens


@each(CASES, TOOLS, WORDS)
def test_against_the_script(measured, case, tool, word):
    value, truth = measured.direct(case)[tool].said(word), case.truth(word)
    assert agree(word, value, truth)
    if word in ("itl", "tpot"):
        return
    assert value < truth * 1.001 if word.endswith("_per_second") else value >= truth, "early"


@each(CASES, ("aiperf", "guidellm"), WORDS)
def test_against_weir(measured, case, tool, word):
    by_tool = measured.direct(case)
    assert agree(word, by_tool[tool].said(word), by_tool["weir-loadtest"].said(word))


@EACH_CASE
def test_what_aiperf_calls_inter_token_latency(measured, case):
    """Our TPOT, in every single request: times the tokens but one, and the TTFT, makes the request latency."""
    for record in measured.direct(case)["aiperf"].records:
        gaps = record["output_sequence_length"] - 1
        whole = record["inter_token_latency"] * gaps + record["time_to_first_token"]
        assert whole == pytest.approx(record["request_latency"], abs=1e-3)


@EACH_CASE
def test_what_aiperf_calls_inter_chunk_latency(measured, case):
    """The gaps between all events, those of one read included: their sum is the same as of the gaps between writes."""
    for record in measured.direct(case)["aiperf"].records:
        gaps = record["inter_chunk_latency"]
        assert len(gaps) == case.events - 1
        assert sum(gaps) == pytest.approx(record["request_latency"] - record["time_to_first_token"], abs=1e-3)
        assert sum(gap == 0 for gap in gaps) >= case.events - case.writes
    converted = measured.direct(case)["aiperf"].means["itl"] * (case.events - 1) / (case.writes - 1)
    assert agree("itl", converted, measured.direct(case)["weir-loadtest"].medians["itl"])


@EACH_CASE
def test_what_guidellm_calls_inter_token_latency(measured, case):
    """Our TPOT, in every single request."""
    for record in measured.direct(case)["guidellm"].records:
        times = record["info"]["timings"]
        decoding = (times["last_token_iteration"] - times["first_token_iteration"]) * 1000
        assert record["inter_token_latency_ms"] * (record["output_tokens"] - 1) == pytest.approx(decoding, abs=1e-3)


@EACH_CASE
def test_what_guidellm_calls_time_per_output_token(measured, case):
    """The time to the last token over all tokens: with the time to the first in it, and so not our TPOT."""
    records = measured.direct(case)["guidellm"].records
    for record in records:
        times = record["info"]["timings"]
        until_last = (times["last_token_iteration"] - times["request_start"]) * 1000
        assert record["time_per_output_token_ms"] * record["output_tokens"] == pytest.approx(until_last, abs=1e-3)
    converted = statistics.median(record["time_per_output_token_ms"] for record in records) * case.tokens
    assert agree("duration", converted, measured.direct(case)["weir-loadtest"].medians["duration"])


@EACH_CASE
def test_what_weir_calls_time_per_output_token(measured, case):
    """Times the tokens but one, and the TTFT, it makes the duration: the last event shares the engine's last write."""
    rest = []
    for record in measured.direct(case)["weir-loadtest"].records:
        until_last = record["time_per_output_token"] * (record["output_tokens"] - 1) + record["time_to_first_token"]
        rest.append(record["duration"] - until_last)
    # Connecting is in the duration only.
    assert min(rest) >= 0 and statistics.median(rest) < LATE / 1000


@EACH_PROXIED
@EACH_TOOL
def test_the_proxy_counts_the_same(measured, case, tool):
    figures, counted = measured.proxied(case)[tool]
    assert counted.by("llm_requests_total", "outcome") == {"success": figures.requests}
    assert proxy_words.tokens(counted, "input") == figures.input_tokens
    assert proxy_words.tokens(counted, "output") == figures.output_tokens == case.requests * case.tokens


@each(PROXIED, TOOLS, LATENCIES)
def test_the_proxy_measures_the_same(measured, case, tool, word):
    """Of the very same requests, and so means are compared. The client stands farther from the engine."""
    figures, counted = measured.proxied(case)[tool]
    proxy = proxy_words.mean(counted, word)
    assert agree(word, figures.means[word], proxy, OF_MEANS)
    if word not in ("itl", "tpot"):
        assert figures.means[word] >= proxy, "the client has seen it before the proxy"


def test_tables(measured):
    """Printed, for whoever runs it."""
    print(page.tables(measured))
