"""The alerts as they are shipped, and what their tests (promtool's) say of each: when it fires, and when it is quiet."""

import functools
import re
from dataclasses import dataclass

import promql_parser
import yaml

import exported

TESTS = exported.ROOT / "config/prometheus/tests"


@dataclass(frozen=True)
class Alert:
    name: str
    file: str
    expr: str
    # As it is written, with comments.
    text: str
    labels: dict
    annotations: dict

    def __str__(self):
        return self.name


def alerts():
    """All of them, in the order of the files; one that is there twice is there twice."""
    texts = {}
    return [
        Alert(
            rule["alert"], file.name, str(rule["expr"]), texts.setdefault(file, _texts(file))[rule["alert"]],
            rule.get("labels", {}), rule.get("annotations", {}),
        )
        for file, rule in exported.rules()
        if "alert" in rule
    ]


def _texts(file):
    """Of each alert of a file what is written from its name to the next rule."""
    parts = re.split(r"^ *- (alert|record): *(\S+).*\n", file.read_text(), flags=re.M)
    return {name: text for kind, name, text in zip(parts[1::3], parts[2::3], parts[3::3]) if kind == "alert"}


@dataclass(frozen=True)
class Firing:
    """One that fires, with the words that are sent then."""

    labels: dict
    annotations: dict


@dataclass(frozen=True)
class Cases:
    """Of one alert: how it fires in its tests, and how often it has to be quiet."""

    firing: tuple = ()
    quiet: int = 0


@functools.cache
def cases():
    """By the alerts' names."""
    found = {}
    for file in sorted(TESTS.glob("*.yml")):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test.get("alert_rule_test", ()):
                before = found.get(case["alertname"], Cases())
                fires = tuple(Firing(each["exp_labels"], each.get("exp_annotations", {})) for each in case.get("exp_alerts") or ())
                found[case["alertname"]] = Cases(before.firing + fires, before.quiet + (not fires))
    return found


def compared(alert):
    """The numbers that an alert's expression compares something with, as they stand there."""
    found = []

    def visit(node):
        is_comparison = isinstance(node, promql_parser.BinaryExpr) and str(node.op) in ("<", ">", "<=", ">=", "==", "!=")
        if is_comparison and isinstance(node.rhs, promql_parser.NumberLiteral):
            found.append(node.rhs.val)

    promql_parser.walk(promql_parser.parse(alert.expr), visit)
    return found
