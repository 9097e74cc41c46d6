"""Discovery's questions to LangFuse, against the description of LangFuse's API: by Prism, which refuses what does not
fit. What it answers is made up: this is about the shape of requests, totals are tested against scripted servers."""

import os
import urllib.parse
from pathlib import Path

import pytest

import discovery
import prism
from stack import BINARIES
from waiting import until

# In our own words, with the examples that it answers with.
OURS = Path(__file__).parent / "langfuse/openapi.yml"
# LangFuse's own, which is not ours to hand on: https://cloud.langfuse.com/generated/api/openapi.yml
THEIRS = "WEIR_LANGFUSE_OPENAPI"

V1, V2 = "/api/public/metrics", "/api/public/v2/metrics"
QUESTIONS = {"generations", "errors", "traces", "numeric_scores", "categorical_scores"}

CONFIGURATION = """
docker = "off"

[[discovery.langfuse]]
name = "real"
url = "{url}"
public_key = "pk-lf-1"
secret_key_file = "{secret}"
interval = "1s"
window = "1m"
lag = "0s"
environment = "production"
"""


@pytest.fixture
def weir(tmp_path):
    """Starts discovery in front of a server at `url`."""
    secret = tmp_path / "secret"
    secret.write_text("sk-lf-1\n")

    def start(url):
        configuration = CONFIGURATION.format(url=url, secret=secret)
        return discovery.running(BINARIES / "weir-discovery", tmp_path, configuration)

    return start


def value(running, name, **labels):
    """The one sample of this name with these labels."""
    found = [value for known, value in running.samples(name) if labels.items() <= known.items()]
    assert len(found) == 1, (name, labels, found)
    return found[0]


def is_up(running):
    return value(running, "langfuse_up", project="real") == 1


def without(folder, *paths):
    """Our description without these paths: the API of another version."""
    text = OURS.read_text()
    for path in paths:
        assert f"  {path}:\n" in text
        text = text.replace(f"  {path}:\n", f"  /gone{path}:\n")
    description = folder / "openapi.yml"
    description.write_text(text)
    return description


def test_every_question_fits_and_its_answer_is_read(weir, tmp_path):
    with prism.running(tmp_path, OURS) as server, weir(server.url) as running:
        until("LangFuse is up", lambda: is_up(running), 20, running.program.log_tail)
        assert running.info("langfuse_api_info", "api", "version") == {("v2", "4.16.0")}
        assert value(running, "langfuse_window_generations", model="gpt-4o") == 3
        assert value(running, "langfuse_window_tokens", model="gpt-4o", kind="input") == 1200
        assert value(running, "langfuse_window_cost_usd", model="gpt-4o") == 0.00123
        assert value(running, "langfuse_window_latency_seconds", model="gpt-4o", percentile="95") == 2.5
        assert value(running, "langfuse_window_errors", model="gpt-4o") == 3
        assert value(running, "langfuse_window_score_average", score="quality") == 0.75
        assert value(running, "weir_source_up", source="langfuse") == 1
        assert running.samples("langfuse_query_failures_total") == []
        assert server.violations() == []


def test_without_the_newest_api_the_one_before_is_asked(weir, tmp_path):
    with prism.running(tmp_path, without(tmp_path, V2)) as server, weir(server.url) as running:
        until("LangFuse is up", lambda: is_up(running), 20, running.program.log_tail)
        assert running.info("langfuse_api_info", "api") == {("v1",)}
        assert value(running, "langfuse_window_traces") == 3
        assert (server.was_asked_for(V2), server.violations()) == (1, [])


def test_the_oldest_api_tells_less(weir, tmp_path):
    with prism.running(tmp_path, without(tmp_path, V2, V1)) as server, weir(server.url) as running:
        until("LangFuse is up", lambda: is_up(running), 20, running.program.log_tail)
        assert running.info("langfuse_api_info", "api") == {("daily",)}
        assert value(running, "langfuse_window_tokens", model="gpt-4o", kind="output") == 34
        assert value(running, "langfuse_window_traces") == 2
        assert running.samples("langfuse_window_errors") == []
        assert server.violations() == []


def test_every_question_fits_langfuses_own_description(weir, tmp_path):
    theirs = os.environ.get(THEIRS)
    if not theirs or not Path(theirs).is_file():
        pytest.skip(f"{THEIRS} names no file: LangFuse's own OpenAPI description, which Weir does not bring along")
    with prism.running(tmp_path, theirs) as server, weir(server.url) as running:
        # Its rows are junk, `{}`: generations are given up at the third time, and then the rest is asked.
        def all_were_asked():
            failures = running.samples("langfuse_query_failures_total")
            assert {labels["reason"] for labels, _ in failures} == {"unreadable"}, failures
            return {labels["query"] for labels, _ in failures} == QUESTIONS

        until("all questions were asked", all_were_asked, 30, running.program.log_tail)
        error = "the answer is not what LangFuse is known to send: a row without a count"
        assert error in running.program.log.read_text()
        assert server.violations() == []


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        ("/api/public/health", True),
        ("/api/public/metrics/daily?page=1&limit=50&fromTimestamp=2026-11-22T07:40:00Z&toTimestamp=now", False),
        ("/api/public/metrics?" + urllib.parse.urlencode({"query": '{"view":"traces"}'}), False),
        ("/api/public/v2/metrics", False),
    ],
)
def test_prism_does_look(tmp_path, path, fits):
    """Else it would prove nothing."""
    with prism.running(tmp_path, OURS) as server:
        assert prism.fits(server.url + path, "pk-lf-1", "sk-lf-1") == fits, server.log()
