"""What is wrong with a PromQL expression of a panel. A rule is a function that yields faults, in words."""

import re

import promql_parser as promql

import exported
from grafana_variables import filled
from promql_labels import OF_TARGETS, is_vector, labels_of

# By which one may divide without asking whether it is 0: sizes of what is there.
NEVER_ZERO = re.compile(
    r"nvidia_gpu_memory_total_bytes|node_memory_MemTotal_bytes|node_filesystem_size_bytes|node_filefd_maximum"
    r"|node_nf_conntrack_entries_limit|process_max_fds|slo:budget:ratio|weir_kpi_target|slo:target:seconds"
    r"|nvidia_gpu_power_limit_watts"
)
OVER_TIME = {"rate", "irate", "increase", "delta", "changes", "resets", "deriv", "count_over_time", "present_over_time"}
FOR_COUNTERS = {"rate", "irate", "increase"}


def faults(expression, *, instant):
    """All faults of an expression as it stands in a panel, which is asked once (`instant`) or for each point."""
    tree = promql.parse(filled(expression))
    yield from _windows(expression, instant)
    if re.search(r"or\s+vector\(\s*0\s*\)", expression):
        yield "`or vector(0)`: what is dead looks idle"
    for node, above in _nodes(tree):
        for rule in RULES:
            yield from rule(node, above)


def _windows(expression, instant):
    for function, window in re.findall(r"\b(rate|irate|increase)\((?:[^()]|\([^()]*\))*?\[([^\]]*)\]", expression):
        if window != "$__rate_interval" and not (instant and window == "$__range"):
            yield f"{function}(…[{window}]): $__rate_interval, or $__range where the panel asks once"


def _nodes(node, above=()):
    """All nodes with those above them, the nearest last."""
    yield node, above
    below = (*above, node)
    match node:
        case promql.AggregateExpr():
            children = [node.expr]
        case promql.Call():
            children = node.args
        case promql.BinaryExpr():
            children = [node.lhs, node.rhs]
        case promql.MatrixSelector():
            children = [node.vector_selector]
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            children = [node.expr]
        case _:
            children = []
    for child in children:
        yield from _nodes(child, below)


def _family(selector):
    names = exported.names_of(selector)
    return exported.families().get(exported.family_of(min(names))) if names else None


def _functions(above):
    return {node.func.name for node in above if isinstance(node, promql.Call)}


def _is_exported(node, _):
    if isinstance(node, promql.VectorSelector):
        for name in exported.names_of(node):
            if exported.family_of(name) is None:
                yield f"{name}: nothing exports it"


def _matchers_name_labels(node, _):
    if not isinstance(node, promql.VectorSelector):
        return
    known = labels_of(node)
    for matcher in node.matchers.matchers:
        if known is not None and matcher.name not in known | {"__name__"}:
            yield f"{node.name} has no label {matcher.name!r}"


def _counters_are_rated(node, above):
    if not isinstance(node, promql.VectorSelector) or not (family := _family(node)):
        return
    functions = _functions(above)
    if family.kind in ("counter", "histogram", "summary") and not functions & OVER_TIME:
        yield f"{node.name} is a {family.kind}: without rate() or increase() it says how long the process has run"
    if family.kind == "gauge" and functions & FOR_COUNTERS:
        yield f"{node.name} is a gauge: it has no rate"


def _one_hop(node, _):
    if not isinstance(node, promql.VectorSelector) or not (family := _family(node)):
        return
    if family.owner == "weir" and "hop" in (family.labels or ()):
        if "hop" not in {matcher.name for matcher in node.matchers.matchers}:
            yield f"{node.name} without `hop`: both hops see the same requests"


def _groups_by_labels_there_are(node, _):
    if not isinstance(node, promql.AggregateExpr) or not node.modifier:
        return
    known = labels_of(node.expr)
    for label in node.modifier.labels:
        if known is not None and label not in known | OF_TARGETS:
            yield f"{node.op} … ({label}): no series in it has that label"


def _averages(node, _):
    if isinstance(node, promql.AggregateExpr) and str(node.op) == "avg":
        inner = str(node.expr)
        if "histogram_quantile" in inner or re.search(r"_(ratio|sum)\b", inner):
            yield "avg() of quantiles, ratios or sums"


def _quantiles(node, _):
    if isinstance(node, promql.BinaryExpr) and all("histogram_quantile" in str(side) for side in (node.lhs, node.rhs)):
        if str(node.op) in "+-*/":
            yield "arithmetic between quantiles"
    if not (isinstance(node, promql.Call) and node.func.name == "histogram_quantile"):
        return
    labels = labels_of(node.args[1])
    if labels is not None and "le" not in labels:
        yield "histogram_quantile without `le`"
    if "llm_engine_" in str(node.args[1]) and not (labels or set()) & {"container", "container_id"}:
        yield "a quantile over engines: their histograms have different edges, so by container only"


def _divisions(node, _):
    if not isinstance(node, promql.BinaryExpr) or str(node.op) not in "/%" or not is_vector(node.rhs):
        return
    below = node.rhs
    while isinstance(below, promql.ParenExpr):
        below = below.expr
    compared = isinstance(below, promql.BinaryExpr) and str(below.op) in (">", "!=", ">=")
    if not compared and not NEVER_ZERO.search(str(below)):
        yield f"divided by what may be 0: {str(below)[:60]}"


def _joins(node, _):
    if not isinstance(node, promql.BinaryExpr) or not node.modifier:
        return
    card = str(node.modifier.card)
    if not card.endswith(("ManyToOne", "OneToMany")):
        return
    one = node.rhs if card.endswith("ManyToOne") else node.lhs
    while isinstance(one, promql.ParenExpr):
        one = one.expr
    if "slo:" in str(one) or "weir_kpi_target" in str(one):
        return  # recorded once
    # A binary operation of an aggregate and a number is as single as the aggregate.
    if isinstance(one, promql.BinaryExpr) and not is_vector(one.rhs):
        one = one.lhs
        while isinstance(one, promql.ParenExpr):
            one = one.expr
    if isinstance(one, promql.Call) and one.func.name == "label_replace":
        one = one.args[0]
    if not isinstance(one, promql.AggregateExpr):
        yield f"group_left: two of the same on its one side would fail the query, so aggregate it: {str(one)[:60]}"


RULES = [
    _is_exported,
    _matchers_name_labels,
    _counters_are_rated,
    _one_hop,
    _groups_by_labels_there_are,
    _averages,
    _quantiles,
    _divisions,
    _joins,
]
