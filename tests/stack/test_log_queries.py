"""Every LogQL query of dashboards, documentation and Grafana's data sources, over lines that were really written."""

import re
from pathlib import Path

import pytest
import yaml

import boards
import documents
import logql
import stack_lines
from exported import ROOT
from expressions import fixed_values
from grafana_variables import filled

EMPTY = yaml.safe_load(Path(__file__).with_name("rightly_empty.yml").read_text())["log_queries"]
SOURCES = ROOT / "config/grafana/provisioning/datasources"
LABEL_VALUES = re.compile(r"label_values\((?:(?P<streams>\{.*\}), *)?(?P<label>\w+)\)")


def of_boards():
    for path in boards.FILES:
        board = boards.load(path)
        for panel in boards.panels(board):
            for target in panel.get("targets", ()):
                if boards.speaks(target) == "loki":
                    place = f"{path.stem} / {panel['title']} / {target['refId']}"
                    yield place, filled(target["expr"], **fixed_values(board))


def of_variables():
    for path in boards.FILES:
        for name, variable in boards.variables(boards.load(path)).items():
            if variable["type"] == "query" and boards.speaks(variable) == "loki":
                query = variable["query"]
                yield f"{path.stem} / ${name}", query if isinstance(query, str) else query["query"]


def of_sources():
    """From a span to its lines; $$ stands for a $ there."""
    for file in sorted(SOURCES.glob("*.yml")):
        for source in yaml.safe_load(file.read_text())["datasources"]:
            if query := source.get("jsonData", {}).get("tracesToLogsV2", {}).get("query"):
                yield f"{file.name} / {source['name']}", query


QUERIES = [
    *of_boards(),
    *((f"{file} / {query}", query) for file, query in documents.logql()),
    *((f"QUERIES.md / {row} / {text}", text) for row in documents.rows("Logs") for text in {*row.here, *row.theirs}),
]
LINKS = list(of_sources())


@pytest.fixture(scope="module")
def lines(history):
    return stack_lines.entries(history.logs)


@pytest.fixture(scope="module")
def trace(lines):
    """The id of a trace that has lines of both hops."""
    hops = {}
    for each in lines:
        if each.stream["job"] == "weir" and "trace_id" in each.metadata:
            hops.setdefault(each.metadata["trace_id"], set()).add(each.stream["hop"])
    return next(trace for trace, of in hops.items() if of == {"edge", "engine"})


def test_there_are_lines_of_every_job(lines):
    jobs = {each.stream["job"] for each in lines}
    assert jobs == {"weir", "weir-log", "vllm-server", "vllm-benchmarks", "litellm", "containers"}


@pytest.mark.parametrize(("place", "query"), QUERIES, ids=[place for place, _ in QUERIES])
def test_query(lines, trace, place, query):
    # An example of a trace's id is of no trace here.
    query = re.sub(r'trace_id="[0-9a-f]{32}"', f'trace_id="{trace}"', query)
    try:
        found = logql.evaluate(query, lines)
    except (logql.Unknown, logql.Fault) as error:
        pytest.fail(f"{place}:\n{query}\n{type(error).__name__}: {error}", pytrace=False)
    if place in EMPTY:
        assert not found, f"{place} finds lines; take it out of rightly_empty.yml"
    else:
        assert found, f"{place} finds no line:\n{query}\nMake it find some, or list it in rightly_empty.yml"


def test_what_is_listed_is_still_asked_for():
    assert EMPTY.keys() <= {place for place, _ in QUERIES}


@pytest.mark.parametrize(("place", "query"), list(of_variables()))
def test_variable(lines, place, query):
    found = LABEL_VALUES.fullmatch(query)
    assert found, f"{place}: {query!r} is not of the form label_values({{STREAMS}}, LABEL)"
    chosen = logql.evaluate(found["streams"], lines) if found["streams"] else lines
    assert {each.stream.get(found["label"]) for each in chosen} - {None}, f"{place}: no stream has a {found['label']}"


@pytest.mark.parametrize(("place", "query"), LINKS, ids=[place for place, _ in LINKS])
def test_from_a_trace_to_its_lines(lines, trace, place, query):
    found = logql.evaluate(query.replace("$${__trace.traceId}", trace), lines)
    assert {each.stream["hop"] for each in found} == {"edge", "engine"}


def test_from_a_line_to_its_trace(lines):
    """Grafana's data source finds the id where it is."""
    fields = [
        field
        for file in sorted(SOURCES.glob("*.yml"))
        for source in yaml.safe_load(file.read_text())["datasources"]
        for field in source.get("jsonData", {}).get("derivedFields", ())
    ]
    of_labels = {field["matcherRegex"] for field in fields if field.get("matcherType") == "label"}
    assert of_labels == {"trace_id"}
    access = [each for each in lines if each.stream["job"] == "weir"]
    assert all("trace_id" in each.metadata for each in access if "left_out" not in each.line)
    [in_lines] = [field["matcherRegex"] for field in fields if field.get("matcherType") != "label"]
    traced = [each for each in access if "trace_id" in each.metadata]
    assert traced and all(re.search(in_lines, each.line)[1] == each.metadata["trace_id"] for each in traced)


TEXT = '{"status":"error","ttft_ms":5,"text":"a"}'
ACCESS = logql.Entry(TEXT, {"job": "weir", "status": "error"}, {"model": "llama"})
PLAIN = logql.Entry("GET / broke", {"job": "other"})


@pytest.mark.parametrize(("query", "error"), [
    ('{job="nobody"}', "no stream has"),
    ('{model="llama"}', "no stream has this label"),
    ('{job="weir"} | json | ttft="5"', "no line has"),
    ('{job="weir"} | json | text > 5', "is compared with a number"),
    ('{job="weir"} | json | line_format "{{.nothing}}"', "no line has"),
    ('sum by (client) (count_over_time({job="weir"} | json [5m]))', "nothing has it"),
    ('sum(sum_over_time({job="weir"} | json [5m]))', "without unwrap"),
    ('sum(sum_over_time({job="weir"} | json | unwrap text [5m]))', "SampleExtractionErr"),
    ('sum(count_over_time({job="other"} | json [5m]))', "JSONParserErr"),
    ('{job="weir", status!="error"}', "no stream has"),
    ('{job="weir"} | pattern "<_> <x>"', "is known"),
    ('{job="weir"} | json | line_format "{{ div .ttft_ms 2 }}"', "in a template"),
    ('rate({job="weir"}[5m]) offset 1h', "is left over"),
    ('stddev_over_time({job="weir"} | json | unwrap ttft_ms [5m])', "stddev_over_time"),
])
def test_what_does_not_fit_is_told(query, error):
    """Else it would prove nothing."""
    with pytest.raises((logql.Unknown, logql.Fault)) as raised:
        logql.evaluate(query, [ACCESS, PLAIN])
    assert error in str(raised.value)


@pytest.mark.parametrize(("query", "found"), [
    ('{job=~"wei.*"} |= "error" or "nothing" != "b"', 1),
    ('{job="weir"} | model="llama" | json | (ttft_ms >= 5 and text=~"a|b")', 1),
    ('{job="weir"} | json | ttft_ms > 5', 0),
    ('{job="weir"} | json ms="ttft_ms" | ms != "" | line_format "{{.ms}} {{.model}}" |= "5 llama"', 1),
    ('max by (model) (quantile_over_time(0.9, {job="weir"} | json | unwrap ttft_ms | __error__="" [5m])) > 4', 1),
    ('topk(3, sum(rate({job=~".+"} |~ `(?i)BROKE|error` [1m])) by (job)) / 2', 2),
])
def test_what_fits_is_found(query, found):
    assert len(logql.evaluate(query, [ACCESS, PLAIN])) == found
