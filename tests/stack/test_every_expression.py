"""Every expression of every dashboard and rule, asked of a real Prometheus that the simulated stack has filled."""

from pathlib import Path

import pytest
import yaml

import documents
import expressions
from exported import SUFFIXES, families, family_of, names_in, names_of, selectors
from grafana_variables import filled
from prometheus_api import Refused
from simulated_prometheus import hastened

EMPTY = yaml.safe_load(Path(__file__).with_name("rightly_empty.yml").read_text())
LISTED = {(entry["of"], entry["title"], entry.get("part", "")): entry for entry in EMPTY["expressions"]}

PANELS = list(expressions.of_boards())
VARIABLES = list(expressions.of_variables())
RECORDED = expressions.recorded()
ALERTS = expressions.alerts()
ROWS = list(documents.rows("Metrics"))
TEXTS = [*documents.promql(), *documents.of_sources()]


@pytest.fixture(scope="module")
def values(prometheus):
    """The values that a board's variables have when it is opened: all, or the first one."""
    found = {}
    for variable in VARIABLES:
        own = found.setdefault(variable.place, {})
        if variable.is_single:
            own[variable.name] = min(prometheus.label_values(variable.label, filled(variable.series)))
    return found


def has_value(series):
    """Whether there is a number among values; 0 / 0 is none."""
    return any(value == value for _, found in series for value in (found if isinstance(found, list) else [found]))


def is_listed(expression, metrics):
    return (expression.place, expression.title, expression.part) in LISTED or metrics & EMPTY["metrics"].keys()


def metrics_in(text):
    return {family_of(name) or name for name in names_in(text)}


def assert_answered(prometheus, expression, text):
    """It is accepted, and returns data unless it is listed."""
    try:
        found = prometheus.all_along(text) if expression.is_ranged else prometheus.at_the_end(text)
    except Refused as refusal:
        pytest.fail(f"{expression}:\n{expression.text}\nPrometheus: {refusal}", pytrace=False)
    key = (expression.place, expression.title, expression.part)
    if has_value(found):
        may_have_data = key not in LISTED or LISTED[key].get("sometimes")
        assert may_have_data, f"{expression} returns data; take it out of rightly_empty.yml:\n{found[:3]}"
    elif not is_listed(expression, metrics_in(text)):
        pytest.fail(
            f"{expression}: no data:\n{text}\nof its metrics there were:\n{there(prometheus, text)}\n"
            "Make it return some, or list it in rightly_empty.yml with the reason",
            pytrace=False,
        )


def there(prometheus, text):
    """How many series each selector finds: what a failure shows."""
    counts = []
    for selector in selectors(expressions.parsed(text)):
        one = expressions.selector_text(selector)
        found = prometheus.at_the_end(f"count(last_over_time({one}[15m]))")
        counts.append(f"  {int(found[0][1]) if found else 0:5} {one}")
    return "\n".join(counts)


@pytest.mark.parametrize("expression", PANELS, ids=str)
def test_panel(prometheus, values, expression):
    text = filled(hastened(expression.text), **values.get(expression.place, {}) | expression.values)
    assert_answered(prometheus, expression, text)


@pytest.mark.parametrize("variable", VARIABLES, ids=str)
def test_variable(prometheus, values, variable):
    text = filled(variable.series, **values[variable.place])
    assert [value for value in prometheus.label_values(variable.label, text) if value], f"{variable}: no value: {text}"


@pytest.mark.parametrize("rule", RECORDED, ids=str)
def test_recording_rule(prometheus, rule):
    assert_answered(prometheus, rule, hastened(rule.text))


@pytest.mark.parametrize("expression", [*ALERTS, *TEXTS], ids=str)
def test_alert_and_text(prometheus, expression):
    """An alert is quiet, or not, and a query in a text asks for what may not have come up: but what it looks at has to
    be there."""
    try:
        prometheus.at_the_end(hastened(expression.text))
    except Refused as refusal:
        pytest.fail(f"{expression}:\n{expression.text}\nPrometheus: {refusal}", pytrace=False)
    lacking = []
    for selector in selectors(expressions.parsed(expression.text)):
        text = expressions.selector_text(selector)
        if not prometheus.at_the_end(f"last_over_time({text}[15m])") and not is_excused(selector, text):
            lacking.append(text)
    assert not lacking, f"{expression} looks at what is not there: {lacking}. Right? Then list it in rightly_empty.yml"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_queries_of_old_stacks(prometheus, row):
    for text in row.here:
        assert_answered(prometheus, expressions.Expression("QUERIES.md", str(row), "here", text), text)
    for text in row.theirs:
        # Accepted, whatever comes of it: data too, unless it never was there.
        found = has_value(prometheus.at_the_end(text))
        known = {name for name in names_in(text) if family_of(name)}
        assert (not found and not known) if row.never_existed else found, f"{text}: {found}, {known}"


def is_excused(selector, text):
    metrics = {family_of(name) or name for name in names_of(selector)}
    return text in EMPTY["selectors"] or metrics & EMPTY["metrics"].keys()


def test_no_rule_failed(history):
    """In the run itself, where rules work on what other rules have recorded."""
    assert len(history.rules) == len(RECORDED) + len(ALERTS)
    failed = {rule["name"]: rule["lastError"] for rule in history.rules if rule["health"] != "ok"}
    assert not failed


def test_what_is_listed_is_still_empty(prometheus):
    """Expressions are looked at one by one, above."""
    there = [name for name in EMPTY["metrics"] if any(map(prometheus.has, series_of(name)))]
    there += [text for text in EMPTY["selectors"] if prometheus.at_the_end(f"last_over_time({text}[15m])")]
    assert not there, f"there is data; take it out of rightly_empty.yml: {there}"


def test_what_is_listed_is_still_asked_for():
    texts = [expression.text for expression in (*PANELS, *RECORDED, *ALERTS)]
    used = set().union(*map(metrics_in, texts))
    looking = (*ALERTS, *TEXTS)
    asked = {expressions.selector_text(one) for each in looking for one in selectors(expressions.parsed(each.text))}
    known = {(expression.place, expression.title, expression.part) for expression in (*PANELS, *RECORDED)}
    idle = [*(EMPTY["metrics"].keys() - used), *(EMPTY["selectors"].keys() - asked), *(LISTED.keys() - known)]
    assert not idle, f"nothing asks for it any more; take it out of rightly_empty.yml: {idle}"


def test_every_reason_is_one():
    reasons = [entry["reason"] for entry in EMPTY["expressions"]]
    reasons += [reason for part in ("metrics", "selectors", "log_queries", "unused") for reason in EMPTY[part].values()]
    assert not [reason for reason in reasons if len(reason) < 15]
    assert len(LISTED) == len(EMPTY["expressions"]), "one is listed twice"


def series_of(name):
    return [name + suffix for suffix in SUFFIXES.get(families()[name].kind if name in families() else "gauge", ("",))]


@pytest.mark.parametrize("expression", [*PANELS, *RECORDED, *ALERTS, *TEXTS], ids=str)
def test_names_exist(expression):
    # A native histogram has the family's own name.
    native = {name for name, family in families().items() if family.kind == "histogram" and expression in TEXTS}
    never = {name for row in ROWS if row.never_existed for text in row.theirs for name in names_in(text)}
    unknown = sorted(name for name in names_in(expression.text) - native - never if family_of(name) is None)
    assert not unknown, f"{expression} asks for what nothing exports: {unknown}"


def used_somewhere():
    """Metrics in dashboards, rules, and answers to the queries of old stacks."""
    used = set()
    for expression in (*PANELS, *RECORDED, *ALERTS):
        used |= metrics_in(expression.text)
    for variable in VARIABLES:
        used |= metrics_in(variable.series)
    for text in (text for row in ROWS for text in row.here):
        used |= metrics_in(text)
    return used


def test_every_metric_is_asked_for():
    """Recorded ones, too: else there would be no use in them."""
    used = used_somewhere()
    ours = {name for name, family in families().items() if family.owner in ("weir", "rules")}
    idle = sorted(ours - used - EMPTY["unused"].keys())
    assert not idle, f"exported, and in no dashboard and no rule: {idle}. Show them, or list them in rightly_empty.yml"
    stale = sorted(EMPTY["unused"].keys() & used) + sorted(EMPTY["unused"].keys() - ours)
    assert not stale, f"in a dashboard or a rule, or not ours; take it out of rightly_empty.yml: {stale}"


def test_what_others_export_is_asked_for():
    """foreign.yml names no more than what is used."""
    foreign = {name for name, family in families().items() if family.owner not in ("weir", "rules")}
    idle = sorted(foreign - used_somewhere())
    assert not idle, f"in foreign.yml, and in no dashboard, rule or query of QUERIES.md: {idle}"
