"""Which metrics there are, by name: Weir's own from its tables, those of its recording rules, and others that are used.

The tables (METRICS.md, METRICS-GPU.md, METRICS-DISCOVERY.md, METRICS-LOADTEST.md) are tested against the code; foreign.yml against the real
pages of what can be had here (test_foreign.py).
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import promql_parser
import yaml
from promql_parser import MatchOp

from grafana_variables import filled

ROOT = Path(__file__).parents[2]
RULES = ROOT / "config/prometheus/rules"
FOREIGN = Path(__file__).with_name("foreign.yml")
TABLES = ("METRICS.md", "METRICS-GPU.md", "METRICS-DISCOVERY.md", "METRICS-LOADTEST.md")

# What the text above a table says of all its metrics.
OF_EVERY_GPU = {"uuid", "gpu"}
WITHOUT_GPU = {"nvidia_gpu_num_devices"}
OF_EVERY_ENGINE = {"container", "container_id", "model", "engine_version", "engine"}
SECTION_OF_ENGINES = "Their own metrics, under one set of names"

SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


@dataclass(frozen=True)
class Family:
    """A metric: `kind` is counter, gauge, histogram, summary or unknown; `labels` are its own, without those of its
    target (`None`: not known, as of a rule); `source` is where it is described; `owner` is who exports it: `weir`,
    `rules`, or a name in foreign.yml."""

    kind: str
    labels: frozenset | None
    source: str
    owner: str


@functools.cache
def families():
    """All of them, by name: `llm_requests_total`, but `llm_request_duration_seconds` for a histogram's three."""
    found = {}
    for name, family in (*_of_tables(), *_of_rules(), *_of_others()):
        before = found.setdefault(name, family)
        # The daemons have some metrics in common, each with labels of its own.
        if (before.owner, before.kind) != (family.owner, family.kind):
            raise ValueError(f"{name} is there twice: {before} and {family}")
        if before != family:
            labels = before.labels | family.labels if before.labels is not None else None
            found[name] = Family(before.kind, labels, before.source, before.owner)
    return found


@functools.cache
def _series():
    """Names of series, as they stand in queries, with their families'."""
    return {name + suffix: name for name, family in families().items() for suffix in SUFFIXES.get(family.kind, ("",))}


def family_of(name):
    """The name of the family that a series of this name belongs to; `None` if nothing exports it."""
    return _series().get(name)


def names_in(promql):
    """Names of the series that an expression asks for, with Grafana's variables in it or without."""
    names = set()
    for selector in selectors(promql_parser.parse(filled(promql))):
        names |= names_of(selector)
    return names


def selectors(expression):
    """All vector selectors of an expression."""
    found = []

    def visit(node):
        # The walk goes on into what stands in a MatrixSelector, too.
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(expression, visit)
    return found


def names_of(selector):
    """The names that a selector may have. One that is a pattern stands for all that fit, else for itself."""
    if selector.name:
        return {selector.name}
    matchers = [matcher for matcher in selector.matchers.matchers if matcher.name == "__name__"]
    exact = {matcher.value for matcher in matchers if matcher.op == MatchOp.Equal}
    if exact or not matchers:
        return exact
    fitting = {name for name in _series() if all(_fits(name, each) for each in matchers)}
    return fitting or {each.value for each in matchers}


def _fits(name, matcher):
    if matcher.op == MatchOp.NotEqual:
        return name != matcher.value
    return bool(re.fullmatch(matcher.value, name)) == (matcher.op == MatchOp.Re)


def rules():
    """All recording and alert rules, each with its file."""
    for file in sorted(RULES.glob("*.yml")):
        try:
            groups = yaml.safe_load(file.read_text())["groups"]
        except yaml.YAMLError as error:
            raise ValueError(f"{file.relative_to(ROOT)} is no YAML: {error}") from error
        yield from ((file, rule) for group in groups for rule in group["rules"])


def _of_tables():
    for file in TABLES:
        section = header = None
        for line in (ROOT / file).read_text().splitlines():
            if line.startswith("#"):
                section, header = line.lstrip("# "), None
            elif not line.startswith("|"):
                header = None
            elif header is None:
                header = [cell.strip() for cell in line.strip("|").split("|")]
            elif header[:4] == ["name", "type", "unit", "labels"] and not line.startswith("|---"):
                name, kind, _, labels, *_ = (cell.strip() for cell in line.strip("|").split("|"))
                [name] = re.fullmatch(r"`(\w+)`", name).groups()
                labels = set(re.findall(r"`(\w+)`", labels))
                if name.startswith("nvidia_gpu_") and name not in WITHOUT_GPU:
                    labels |= OF_EVERY_GPU
                if section == SECTION_OF_ENGINES:
                    labels |= OF_EVERY_ENGINE
                yield name, Family(kind, frozenset(labels), file, "weir")


def _of_rules():
    recorded = {}
    for file, rule in rules():
        if "record" in rule:
            recorded[rule["record"]] = str(file.relative_to(ROOT))
    for name, source in recorded.items():
        base = re.sub("_(bucket|sum|count)$", "", name)
        if base + "_bucket" in recorded:
            yield base, Family("histogram", None, source, "rules")
        else:
            yield name, Family("counter" if name.endswith("_total") else "gauge", None, source, "rules")


def _of_others():
    for owner, known in yaml.safe_load(FOREIGN.read_text()).items():
        for name, (kind, *labels) in known["families"].items():
            yield name, Family(kind, frozenset(labels) | set(known.get("added", ())), known["link"], owner)
