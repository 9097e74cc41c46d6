"""Which labels the result of a PromQL expression has, as far as its text and the catalogue of metrics tell."""

import promql_parser as promql
from promql_parser import AggModifierType, VectorMatchCardinality

import exported

# What Prometheus puts on every series of a target.
OF_TARGETS = {"job", "instance"}

# Functions whose result has the labels of their (last) vector, all of them.
KEEPS = {"topk", "bottomk"}


def labels_of(node):
    """A set of names, or `None` where it is not known. What is no vector has none."""
    match node:
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return labels_of(node.expr)
        case promql.MatrixSelector():
            return labels_of(node.vector_selector)
        case promql.VectorSelector():
            return _of_selector(node)
        case promql.AggregateExpr():
            return _of_aggregate(node)
        case promql.Call():
            return _of_call(node)
        case promql.BinaryExpr():
            return _of_operation(node)
        case promql.NumberLiteral() | promql.StringLiteral():
            return set()
    raise ValueError(f"{type(node)} is new here")


def _of_selector(selector):
    known = set()
    for name in exported.names_of(selector):
        family = exported.families().get(exported.family_of(name))
        if family is None or family.labels is None:
            return None
        known |= family.labels | ({"le"} if name.endswith("_bucket") else set())
    return known | OF_TARGETS


def _of_aggregate(node):
    inner = labels_of(node.expr)
    if str(node.op) in KEEPS:
        return inner
    given = set(node.modifier.labels) if node.modifier else set()
    if node.modifier and node.modifier.type == AggModifierType.Without:
        return None if inner is None else inner - given
    return given


def _of_call(node):
    if not node.args:
        return set()
    if node.func.name == "absent":
        return None
    if node.func.name == "label_replace":
        inner = labels_of(node.args[0])
        return None if inner is None else inner | {node.args[1].val}
    inner = labels_of(node.args[-1])
    if node.func.name in ("vector", "scalar", "time"):
        return set()
    return inner - {"le"} if inner and node.func.name == "histogram_quantile" else inner


def _of_operation(node):
    if not is_vector(node.lhs):
        return labels_of(node.rhs)
    if not is_vector(node.rhs) or str(node.op) in ("and", "unless"):
        return labels_of(node.lhs)
    left, right = labels_of(node.lhs), labels_of(node.rhs)
    if str(node.op) == "or":
        return None if left is None or right is None else left | right
    card = node.modifier.card if node.modifier else None
    if card is None or str(card).endswith("OneToOne"):
        return _matched(node.modifier, left)
    many = left if card == VectorMatchCardinality.ManyToOne else right
    return None if many is None else many | set(node.modifier.group_labels or [])


def _matched(modifier, left):
    """What a one-to-one match leaves: with `on`, only those labels."""
    if modifier and modifier.matching and str(modifier.matching).startswith("on"):
        return set(modifier.matching.labels)
    if modifier and modifier.matching and left is not None:
        return left - set(modifier.matching.labels)
    return left


def is_vector(node):
    match node:
        case promql.NumberLiteral() | promql.StringLiteral():
            return False
        case promql.ParenExpr() | promql.UnaryExpr():
            return is_vector(node.expr)
        case promql.BinaryExpr():
            return is_vector(node.lhs) or is_vector(node.rhs)
        case promql.Call():
            return node.func.name not in ("time", "scalar", "pi")
    return True
