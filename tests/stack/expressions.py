"""Every PromQL expression that is shipped: of panels, variables and annotations of dashboards, and of rules."""

import re
from dataclasses import dataclass, field

import promql_parser

import boards
from exported import rules
from grafana_variables import filled


@dataclass(frozen=True)
class Expression:
    """`place` is the board or the file, `title` the panel or the rule, `part` tells several of one apart."""

    place: str
    title: str
    part: str
    text: str
    # Whether it is asked for points in time, or once.
    is_ranged: bool = False
    # What the board's variables are; those that are not named here are asked for.
    values: dict = field(default_factory=dict, hash=False)

    def __str__(self):
        return f"{self.place} / {self.title} / {self.part}"


def of_boards():
    """Panels' and annotations'."""
    for path in boards.FILES:
        board = boards.load(path)
        values = fixed_values(board)
        for panel in boards.panels(board):
            for target in panel.get("targets", ()):
                if boards.speaks(target) == "prometheus":
                    is_ranged = bool(target.get("range"))
                    yield Expression(path.stem, panel["title"], target["refId"], target["expr"], is_ranged, values)
        for annotation in board["annotations"]["list"]:
            if boards.speaks(annotation) == "prometheus":
                yield Expression(path.stem, "annotations", annotation["name"], annotation["expr"], True, values)


def fixed_values(board):
    """What variables are that need not be asked for: typed in, chosen from a list, or all values."""
    values = {}
    for name, variable in boards.variables(board).items():
        if variable.get("includeAll"):
            values[name] = variable["allValue"]
        if variable["type"] in ("textbox", "constant", "custom", "interval"):
            chosen = variable["current"]["value"]
            values[name] = chosen[0] if isinstance(chosen, list) else chosen
    return values


@dataclass(frozen=True)
class Variable:
    """A variable that asks for values of a label: all that `series` have."""

    place: str
    name: str
    series: str
    label: str
    # Whether one value is chosen, rather than all.
    is_single: bool

    def __str__(self):
        return f"{self.place} / ${self.name}"


LABEL_VALUES = re.compile(r"label_values\((?:(?P<series>.+), *)?(?P<label>\w+)\)")


def of_variables():
    for path in boards.FILES:
        for name, variable in boards.variables(boards.load(path)).items():
            if variable["type"] == "query" and boards.speaks(variable) == "prometheus":
                query = variable["query"]["query"] if isinstance(variable["query"], dict) else variable["query"]
                found = LABEL_VALUES.fullmatch(query)
                if not found:
                    raise ValueError(f"{path.stem} / ${name}: {query!r} is not of the form label_values(SERIES, LABEL)")
                yield Variable(path.stem, name, found["series"], found["label"], not variable["includeAll"])


def _rules(kind):
    for file, rule in rules():
        if kind in rule:
            # Of several that record one name, labels tell which.
            part = ",".join(f"{name}={value}" for name, value in rule.get("labels", {}).items())
            yield Expression(f"rules/{file.name}", rule[kind], part, str(rule["expr"]), True)


def recorded():
    return list(_rules("record"))


def alerts():
    return list(_rules("alert"))


def selector_text(selector):
    """A selector as it is written, without offset and range."""
    signs = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    sign = lambda matcher: signs[str(matcher.op).rpartition(".")[2]]
    matchers = [each.name + sign(each) + quoted(each.value) for each in selector.matchers.matchers]
    return (selector.name or "") + (f"{{{','.join(matchers)}}}" if matchers else "")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parsed(text):
    return promql_parser.parse(filled(text))
