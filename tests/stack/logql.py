"""LogQL as far as the shipped queries use it, evaluated over lines that are at hand. What is not known is an error.

Loki can't be had as a package. This follows its documentation: https://grafana.com/docs/loki/latest/query/ . All
lines are taken for one window of time: it is about labels, fields and types, and not about time.
"""

import json
import math
import re
from dataclasses import dataclass, field


class Unknown(ValueError):
    """Not LogQL, or more of it than is known here."""


class Fault(AssertionError):
    """A query that Loki would take, and that does not fit the lines."""


@dataclass
class Entry:
    """A line with the labels of its stream and its structured metadata. Stages add to `labels`, which begin as both."""

    line: str
    stream: dict
    metadata: dict = field(default_factory=dict)
    labels: dict = field(default_factory=dict)
    value: float | None = None


# --- words

TOKEN = re.compile(
    r"""\s+|\#[^\n]*
    |(?P<string>"(?:[^"\\]|\\.)*"|`[^`]*`)
    |(?P<amount>\d+(?:\.\d+)?(?:[a-zA-Zµ]+(?:\d+[a-z]+)*)?)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[{}()\[\],=<>|+\-*/%^])""",
    re.X,
)


def words(text):
    """(kind, text) of each word, and an end."""
    found, at = [], 0
    while at < len(text):
        token = TOKEN.match(text, at)
        if not token:
            raise Unknown(f"{text[at:at + 20]!r} in {text!r}")
        at = token.end()
        if token.lastgroup:
            found.append((token.lastgroup, token.group()))
    return [*found, ("end", "")]


def unquoted(text):
    return text[1:-1] if text[0] == "`" else json.loads(text)


# --- what a query is made of

@dataclass
class LogQuery:
    matchers: list
    stages: list

    def entries(self, lines):
        """The lines that it finds."""
        kept = [
            Entry(each.line, each.stream, each.metadata, each.stream | each.metadata)
            for each in lines
            if all(fits(each.stream, one) for one in self.matchers)
        ]
        for stage in self.stages:
            kept = stage(kept)
        return kept


def fits(labels, matcher):
    name, sign, text = matcher
    value = labels.get(name, "")
    return {
        "=": lambda: value == text,
        "!=": lambda: value != text,
        "=~": lambda: bool(re.fullmatch(text, value)),
        "!~": lambda: not re.fullmatch(text, value),
    }[sign]()


DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w|y)")
SECONDS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000,
}
BYTES = {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def amount(text):
    """A number, a duration in seconds or a size in bytes, and which of them it is."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text), "number"
    parts = DURATION.findall(text)
    if parts and "".join(map("".join, parts)) == text:
        return sum(float(count) * SECONDS[unit] for count, unit in parts), "duration"
    if (found := re.fullmatch(r"(\d+(?:\.\d+)?)([a-zA-Z]+)", text)) and found[2].upper() in BYTES:
        return float(found[1]) * BYTES[found[2].upper()], "bytes"
    raise Unknown(f"{text!r}: no number, duration or size")


def read_as(kind, text):
    """The value of a label, for a comparison with an amount of that kind."""
    try:
        if kind == "number":
            return float(text)
        found, is_of = amount(text)
        return found if is_of in (kind, "number") else None
    except ValueError:
        return None


COMPARED = {
    "==": lambda a, b: a == b, "=": lambda a, b: a == b, "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
}


# --- stages

def line_filter(sign, texts):
    """`|= "a" or "b"`: has one of them; the negative ones: has none."""
    has = {
        "=": lambda line, text: text in line,
        "~": lambda line, text: bool(re.search(text, line)),
    }[sign[1]]
    wanted = sign[0] == "|"
    return lambda entries: [each for each in entries if any(has(each.line, text) for text in texts) == wanted]


def as_json(entries):
    """`| json`: members become labels; what the stream has as a label already becomes `NAME_extracted`."""
    for entry in entries:
        for name, value in _flat(members_of(entry)):
            entry.labels[f"{name}_extracted" if name in entry.stream else name] = value
    return entries


def json_of(paths):
    """`| json a="b"`: only these members, under these names; one that is not there is empty."""

    def apply(entries):
        for entry in entries:
            flat = dict(_flat(members_of(entry)))
            for name, path in paths.items():
                entry.labels[f"{name}_extracted" if name in entry.stream else name] = flat.get(path, "")
        known = set().union(*(dict(_flat(members_of(entry))) for entry in entries))
        if entries and (lacking := sorted(set(paths.values()) - known)):
            raise Fault(f"json: no line has {lacking}; there are {sorted(known)}")
        return entries

    return apply


def members_of(entry):
    try:
        members = json.loads(entry.line)
        if not isinstance(members, dict):
            raise ValueError("no object")
    except ValueError:
        entry.labels["__error__"] = "JSONParserErr"
        return {}
    return members


def _flat(members, before=""):
    for name, value in members.items():
        name = before + re.sub(r"\W", "_", name)
        if isinstance(value, dict):
            yield from _flat(value, name + "_")
        elif not isinstance(value, list) and value is not None:
            yield name, json.dumps(value) if not isinstance(value, str) else value


LOGFMT = re.compile(r'(\w[\w.]*)=("(?:[^"\\]|\\.)*"|\S*)')


def as_logfmt(entries):
    for entry in entries:
        for name, value in LOGFMT.findall(entry.line):
            value = json.loads(value) if value.startswith('"') else value
            name = re.sub(r"\W", "_", name)
            entry.labels[f"{name}_extracted" if name in entry.stream else name] = value
    return entries


def label_filter(test):
    return lambda entries: [each for each in entries if test(each.labels)]


def known_names(entries):
    return set().union(*(each.labels for each in entries)) | {"__error__", "__error_details__"}


def named(names, entries, what):
    """Each of these is a label of one of the entries; where there are none, nobody can tell."""
    if entries and (lacking := sorted(set(names) - known_names(entries))):
        raise Fault(f"{what}: no line has {lacking}; there are {sorted(known_names(entries))}")


ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.S)
FIELD = re.compile(r"\.(\w+)")
# Actions of templates that are known: a field, what decides on one, and the ends of that.
KNOWN_ACTION = re.compile(r"\.\w+|if \.\w+|else|end|__line__|__timestamp__|\.\w+ \| (?:lower|upper|trunc \d+)")


def template(text):
    """The fields that a Go template names."""
    for action in ACTION.findall(text):
        if not KNOWN_ACTION.fullmatch(action):
            raise Unknown(f"{{{{{action}}}}} in a template")
    return {name for action in ACTION.findall(text) for name in FIELD.findall(action)}


def filled_in(text, labels):
    """The text with its fields; what it says on conditions is all there."""
    plain = re.sub(r"\{\{-?\s*(?:if|else|end)[^}]*\}\}", "", text)
    return ACTION.sub(lambda action: "".join(labels.get(name, "") for name in FIELD.findall(action[1])), plain)


def line_format(text):
    names = template(text)

    def apply(entries):
        named(names, entries, "line_format")
        for entry in entries:
            entry.line = filled_in(text, entry.labels)
        return entries

    return apply


def label_format(name, source, is_template):
    names = template(source) if is_template else {source}

    def apply(entries):
        named(names, entries, "label_format")
        for entry in entries:
            if is_template:
                entry.labels[name] = filled_in(source, entry.labels)
            elif source in entry.labels:
                entry.labels[name] = entry.labels.pop(source)
        return entries

    return apply


def only(names, are_kept):
    def apply(entries):
        named(names, entries, "keep" if are_kept else "drop")
        for entry in entries:
            entry.labels = {name: value for name, value in entry.labels.items() if (name in names) == are_kept}
        return entries

    return apply


def unwrap(name, kind):
    def apply(entries):
        named({name}, entries, "unwrap")
        for entry in entries:
            if name not in entry.labels:
                continue
            entry.value = read_as(kind, entry.labels.pop(name))
            if entry.value is None:
                entry.labels["__error__"] = "SampleExtractionErr"
        return [entry for entry in entries if entry.value is not None or "__error__" in entry.labels]

    return apply


# --- the parser

AGGREGATIONS = {"sum", "avg", "min", "max", "count", "topk", "bottomk", "sort", "sort_desc"}
OF_LINES = {"rate", "count_over_time", "bytes_rate", "bytes_over_time", "absent_over_time"}
OF_VALUES = {
    f"{name}_over_time": of
    for name, of in {
        "sum": sum, "avg": lambda values: sum(values) / len(values), "max": max, "min": min,
        "first": lambda values: values[0], "last": lambda values: values[-1],
    }.items()
}


class Parser:
    """Reads a query; what it returns are functions of lines."""

    def __init__(self, text):
        self.text, self.words, self.at = text, words(text), 0
        # Queries for lines within it, innermost first.
        self.log_queries = []

    def kind(self):
        return self.words[self.at][0]

    def next(self, *expected):
        kind, text = self.words[self.at]
        if expected and text not in expected and kind not in expected:
            raise Unknown(f"{text or 'the end'!r} where {' or '.join(expected)} is known, in {self.text!r}")
        self.at += 1
        return text

    def is_next(self, *texts):
        return self.words[self.at][1] in texts and self.kind() != "string"

    def skip(self, *texts):
        return self.next() if self.is_next(*texts) else None

    def query(self):
        """(is_metric, function of lines)"""
        if self.is_next("{"):
            found = self.log_query()
            result = False, found.entries
        else:
            result = True, self.metric()
        if self.kind() != "end":
            raise Unknown(f"{self.words[self.at][1]!r} is left over in {self.text!r}")
        return result

    # Lines.

    def log_query(self):
        self.next("{")
        matchers = []
        while not self.skip("}"):
            name, sign = self.next("word"), self.next("=", "!=", "=~", "!~")
            matchers.append((name, sign, unquoted(self.next("string"))))
            if not self.skip(","):
                self.next("}")
                break
        query = LogQuery(matchers, [])
        self.log_queries.append(query)
        while self.is_next("|=", "|~", "!=", "!~", "|"):
            query.stages.append(self.stage())
        return query

    def stage(self):
        sign = self.next()
        if sign != "|":
            texts = [unquoted(self.next("string"))]
            while self.skip("or"):
                texts.append(unquoted(self.next("string")))
            return line_filter(sign, texts)
        if self.skip("json"):
            return json_of(self.paths()) if self.kind() == "word" else as_json
        if self.skip("logfmt"):
            return as_logfmt
        if self.skip("line_format"):
            return line_format(unquoted(self.next("string")))
        if self.skip("label_format"):
            name = self.next("word")
            self.next("=")
            is_template = self.kind() == "string"
            source = self.next("string", "word")
            return label_format(name, unquoted(source) if is_template else source, is_template)
        if word := self.skip("drop", "keep"):
            names = [self.next("word")]
            while self.skip(","):
                names.append(self.next("word"))
            return only(set(names), word == "keep")
        if self.skip("unwrap"):
            name, kind = self.next("word"), "number"
            if self.skip("("):
                kind = {"duration": "duration", "duration_seconds": "duration", "bytes": "bytes"}.get(name)
                if not kind:
                    raise Unknown(f"unwrap {name}(…)")
                name = self.next("word")
                self.next(")")
            return unwrap(name, kind)
        return self.filters()

    def paths(self):
        """`json a="b", c="d"`: names of labels, and of the members that become them."""
        found = {}
        while True:
            name = self.next("word")
            self.next("=")
            found[name] = unquoted(self.next("string"))
            if not re.fullmatch(r"\w+", found[name]):
                raise Unknown(f"json {name}={found[name]!r}: only members of the outermost object are known here")
            if not self.skip(","):
                return found

    def filters(self):
        """`a="b" and c>2 or (…)`; a comma is `and`."""
        names = set()
        test = self.either(names)

        def apply(entries):
            named(names, entries, "a filter")
            return label_filter(test)(entries)

        return apply

    def either(self, names):
        tests = [self.both(names)]
        while self.skip("or"):
            tests.append(self.both(names))
        return lambda labels: any(test(labels) for test in tests)

    def both(self, names):
        tests = [self.one(names)]
        while self.skip("and", ","):
            tests.append(self.one(names))
        return lambda labels: all(test(labels) for test in tests)

    def one(self, names):
        if self.skip("("):
            test = self.either(names)
            self.next(")")
            return test
        name = self.next("word")
        names.add(name)
        sign = self.next("=", "!=", "=~", "!~", "==", ">", ">=", "<", "<=")
        if self.kind() == "string":
            if sign not in ("=", "!=", "=~", "!~"):
                raise Unknown(f"{name}{sign} with a text")
            text = unquoted(self.next())
            return lambda labels: fits(labels, (name, sign, text))
        bound, kind = amount(self.next("amount"))

        def compare(labels):
            if name not in labels:
                return False
            value = read_as(kind, labels[name])
            if value is None:
                raise Fault(f"{name}={labels[name]!r} is compared with a {kind}")
            return COMPARED[sign](value, bound)

        return compare

    # Numbers: a function of lines returns {labels: value}; labels are a frozenset of pairs.

    def metric(self):
        """Operations from left to right, whatever goes before: it is about whether there is a result."""
        left = self.term()
        while sign := self.skip("+", "-", "*", "/", "%", ">", ">=", "<", "<=", "==", "!="):
            if self.is_next("bool", "on", "ignoring"):
                raise Unknown(f"{self.words[self.at][1]} in {self.text!r}")
            left = combined(sign, left, self.term())
        return left

    def term(self):
        if self.kind() == "amount":
            number = amount(self.next())[0]
            return lambda lines: number
        if self.skip("("):
            found = self.metric()
            self.next(")")
            return found
        name = self.next("word")
        if name in AGGREGATIONS:
            return self.aggregation(name)
        if name in OF_LINES or name in OF_VALUES or name == "quantile_over_time":
            return self.over_time(name)
        raise Unknown(f"{name}(…) in {self.text!r}")

    def grouping(self):
        """`by (a, b)`: the names; `None` without."""
        if self.is_next("without"):
            raise Unknown("without (…)")
        if not self.skip("by"):
            return None
        names = []
        self.next("(")
        while not self.skip(")"):
            names.append(self.next("word"))
            self.skip(",")
        return names

    def aggregation(self, name):
        by = self.grouping()
        self.next("(")
        if name in ("topk", "bottomk"):
            self.next("amount")
            self.next(",")
        inner = self.metric()
        self.next(")")
        by = self.grouping() if by is None else by
        return inner if name in ("topk", "bottomk", "sort", "sort_desc") else aggregated(name, by or [], inner)

    def over_time(self, name):
        self.next("(")
        if name == "quantile_over_time":
            self.next("amount")
            self.next(",")
        query = self.log_query()
        self.next("[")
        amount(self.next("amount"))
        self.next("]")
        if self.is_next("offset"):
            raise Unknown("offset")
        self.next(")")
        return measured(name, query, self.grouping())


def measured(name, query, by):
    def apply(lines):
        entries = query.entries(lines)
        if broken := [each for each in entries if each.labels.get("__error__")]:
            raise Fault(f'{broken[0].labels["__error__"]} of {broken[0].line[:80]!r}: needs | __error__=""')
        takes_values = name not in OF_LINES
        if takes_values and entries and any(each.value is None for each in entries):
            raise Fault(f"{name} without unwrap")
        if by:
            named(by, entries, f"by of {name}")
        groups = {}
        for each in entries:
            labels = each.labels if by is None else {one: each.labels[one] for one in by if one in each.labels}
            groups.setdefault(frozenset(labels.items()), []).append(each.value if takes_values else len(each.line))
        return {labels: number_of(name, values) for labels, values in groups.items()}

    return apply


def number_of(name, values):
    if name in OF_VALUES:
        return OF_VALUES[name](values)
    if name == "quantile_over_time":
        return sorted(values)[len(values) // 2]
    return float(sum(values) if name.startswith("bytes") else len(values))


def aggregated(name, by, inner):
    def apply(lines):
        groups = {}
        for labels, value in inner(lines).items():
            own = dict(labels)
            groups.setdefault(frozenset((one, own[one]) for one in by if one in own), []).append(value)
        if by and groups and (lacking := set(by) - {one for labels in groups for one, _ in labels}):
            raise Fault(f"{name} by {sorted(lacking)}: nothing has it")
        of = {"sum": sum, "min": min, "max": max, "count": len, "avg": lambda values: sum(values) / len(values)}[name]
        return {labels: of(values) for labels, values in groups.items()}

    return apply


CALCULATED = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.nan, "%": lambda a, b: a % b if b else math.nan,
}


def combined(sign, left, right):
    def pair(a, b):
        if sign in CALCULATED:
            return CALCULATED[sign](a, b)
        return a if COMPARED[sign](a, b) else None

    def apply(lines):
        a, b = left(lines), right(lines)
        if not isinstance(a, dict) and not isinstance(b, dict):
            return pair(a, b)
        keys = a if isinstance(a, dict) else b
        at = lambda of, key: of.get(key) if isinstance(of, dict) else of
        pairs = {key: (at(a, key), at(b, key)) for key in keys}
        found = {key: pair(*both) for key, both in pairs.items() if None not in both}
        return {key: value for key, value in found.items() if value is not None}

    return apply


def evaluate(text, lines):
    """What a query finds among lines: entries, or numbers by labels. Raises `Unknown` and `Fault`."""
    parser = Parser(text)
    _, apply = parser.query()
    streams = set().union(*(each.stream for each in lines)) if lines else set()
    for query in parser.log_queries:
        for name, _, _ in query.matchers:
            if name not in streams:
                raise Fault(f"{{{name}=…}}: no stream has this label; there are {sorted(streams)}")
        if not any(all(fits(each.stream, one) for one in query.matchers) for each in lines):
            raise Fault(f"no stream has {query.matchers}")
    return apply(lines)
