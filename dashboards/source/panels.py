"""The kinds of panels, as Grafana's classic JSON wants them. Each asks a question, its title.

Only kinds that Grafana 9 to 13 have. What a panel is made of is written out, defaults too: what is left out, versions
fill in differently. Colours judge: what is neither good nor bad stays blue, or has the colours of the palette.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from variables import LOKI, PROMETHEUS

REFERENCES = "ABCDEFGHIJKLMNOP"

GREEN, ORANGE, RED, BLUE, GREY = "green", "orange", "red", "blue", "#808080"


@dataclass
class Query:
    """An expression, and how its series are called: `{{label}}`, or plain words."""

    expression: str
    legend: str = ""
    # Points that carry a trace.
    exemplars: bool = False


def limits(*steps, from_below=GREEN):
    """Thresholds: `limits((0.9, ORANGE), (0.98, RED))` is green below 0.9."""
    return [{"color": from_below, "value": None}] + [{"color": colour, "value": value} for value, colour in steps]


def names(**words):
    """Value mappings by value: `names(_1=("up", GREEN), _0=("down", RED))`."""
    options = {
        value.removeprefix("_"): {"text": text, "color": colour, "index": index}
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    return [{"type": "value", "options": options}]


# What is not known is neither good nor bad. Grafana would take the colour that is below all thresholds, often green.
UNKNOWN_IS_GREY = [{"type": "special", "options": {"match": "null+nan", "result": {"color": GREY, "index": 100}}}]


@dataclass
class Panel:
    """What all kinds have. `queries` are expressions, or `Query`s. `logs`: they are LogQL."""

    title: str
    # What it shows, of which metric, and what not to read into it.
    description: str
    queries: list
    unit: str = "none"
    width: int | None = None
    height: int | None = None
    # Makes values judge: from `limits`.
    thresholds: list | None = None
    mappings: list = field(default_factory=list)
    links: list = field(default_factory=list)
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    # Said where there is nothing. Never something calm where nothing means that a part is dead.
    nothing: str = "No data"
    # Fixed colours, by name of the series.
    colours: dict = field(default_factory=dict)
    logs: bool = False
    # An expression whose value becomes a threshold: so that a rule and a panel can't disagree.
    limit_from: str | None = None

    kind: ClassVar[str]
    default_height: ClassVar[int] = 8
    # Whether it shows one value in words, which may be missing.
    says_unknown: ClassVar[bool] = False
    instant: ClassVar[bool] = False
    format: ClassVar[str] = "time_series"

    def json(self):
        """The panel but for its id and place."""
        return {
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": self._source(),
            "targets": self._targets(),
            "fieldConfig": {"defaults": self._defaults(), "overrides": self._overrides()},
            "options": self._options(),
            "transformations": self._transformations(),
        }

    def _source(self):
        return LOKI if self.logs else PROMETHEUS

    def _queries(self):
        return [query if isinstance(query, Query) else Query(query) for query in self.queries]

    def _targets(self):
        targets = [self._target(REFERENCES[at], query) for at, query in enumerate(self._queries())]
        if self.limit_from:
            targets.append(self._target("LIMIT", Query(self.limit_from, "LIMIT"), instant=True))
        return targets

    def _target(self, reference, query, instant=None):
        instant = self.instant if instant is None else instant
        target = {"refId": reference, "datasource": self._source(), "expr": query.expression, "editorMode": "code"}
        if self.logs:
            return target | {"queryType": "instant" if instant else "range", "legendFormat": query.legend}
        return target | {
            "format": self.format,
            "instant": instant,
            "range": not instant,
            "exemplar": query.exemplars,
            "legendFormat": query.legend or "__auto",
        }

    def _defaults(self):
        judged = self.thresholds is not None or self.limit_from is not None
        defaults = {
            "unit": self.unit,
            "color": {"mode": "thresholds"} if judged else self._neutral(),
            "thresholds": {"mode": "absolute", "steps": self.thresholds or limits(from_below=BLUE)},
            "mappings": self.mappings + (UNKNOWN_IS_GREY if judged and self.says_unknown else []),
            "links": self.links,
            "noValue": self.nothing,
            "custom": self._custom(),
        }
        bounds = {"min": self.minimum, "max": self.maximum, "decimals": self.decimals}
        return defaults | {name: value for name, value in bounds.items() if value is not None}

    def _neutral(self):
        return {"mode": "palette-classic"}

    def _custom(self):
        return {}

    def _overrides(self):
        return [
            _override(name, {"color": {"mode": "fixed", "fixedColor": colour}}) for name, colour in self.colours.items()
        ]

    def _options(self):
        return {}

    def _transformations(self):
        if not self.limit_from:
            return []
        threshold = {"fieldName": "Value", "handlerKey": "threshold1"}
        # By its legend, and without one in a table.
        named = {"fieldName": "LIMIT", "handlerKey": "threshold1"}
        options = {"configRefId": "LIMIT", "mappings": [threshold, named]}
        return [{"id": "configFromData", "options": options}]


def _override(name, properties):
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def _reduced(calculation="lastNotNull", each_row=False):
    return {"calcs": [calculation], "fields": "", "values": each_row}


@dataclass
class Stat(Panel):
    """One number, and how it came to it. With several queries: as many numbers, named by their legends."""

    calculation: str = "lastNotNull"
    # Over the range only, so that there is nothing to draw behind it.
    only_now: bool = False

    kind = "stat"
    default_height = 4
    says_unknown = True

    @property
    def instant(self):
        return self.only_now

    def _neutral(self):
        return {"mode": "fixed", "fixedColor": BLUE}

    def _options(self):
        return {
            "colorMode": "value",
            "graphMode": "none" if self.only_now else "area",
            "justifyMode": "auto",
            "orientation": "auto",
            # Answers of Loki's that are asked for once are a table: a row is what elsewhere is a series.
            "reduceOptions": _reduced(self.calculation, each_row=self.logs and self.only_now),
            "textMode": "auto",
        }


@dataclass
class Timeseries(Panel):
    """Lines over time. `right`: names (or regular expressions between slashes) of series with an axis of their own."""

    stacked: bool = False
    bars: bool = False
    # For latencies: what matters lies between milliseconds and minutes.
    logarithmic: bool = False
    # Draws thresholds as lines instead of colouring by them.
    lines: list | None = None
    right: dict = field(default_factory=dict)
    dashed: tuple = ()
    points: bool = False
    axis: str = ""
    # The axis ends there unless a value is above: so that a few percent of failures are not a flat line below 100 %.
    soft_maximum: float | None = None

    kind = "timeseries"

    def _defaults(self):
        defaults = super()._defaults()
        if self.lines or self.limit_from:
            defaults["thresholds"]["steps"] = self.lines or limits(from_below="transparent")
            defaults["color"] = self._neutral()
        return defaults

    def _custom(self):
        custom = {
            "drawStyle": "bars" if self.bars else "points" if self.points else "line",
            "lineInterpolation": "linear",
            "lineWidth": 1,
            "fillOpacity": 70 if self.bars else 25 if self.stacked else 0,
            "gradientMode": "none",
            # Where two points have none between them, as with little traffic, there is no line to be seen.
            "showPoints": "always" if self.points else "never" if self.bars else "auto",
            "pointSize": 5,
            # A gap is a gap: what is not known is not drawn.
            "spanNulls": False,
            "stacking": {"group": "A", "mode": "normal" if self.stacked else "none"},
            "scaleDistribution": {"type": "log", "log": 10} if self.logarithmic else {"type": "linear"},
            "thresholdsStyle": {"mode": "dashed" if self.lines or self.limit_from else "off"},
            "axisPlacement": "auto",
            "axisLabel": self.axis,
            "axisSoftMin": 0,
            "hideFrom": {"legend": False, "tooltip": False, "viz": False},
        }
        return custom if self.soft_maximum is None else custom | {"axisSoftMax": self.soft_maximum}

    def _overrides(self):
        linear = {"custom.scaleDistribution": {"type": "linear"}} if self.logarithmic else {}
        right = [
            _override_by(name, {"custom.axisPlacement": "right", "unit": unit} | linear)
            for name, unit in self.right.items()
        ]
        dashes = {"custom.lineStyle": {"fill": "dash", "dash": [8, 6]}}
        return super()._overrides() + right + [_override_by(name, dashes) for name in self.dashed]

    def _options(self):
        return {
            "legend": {
                "displayMode": "table",
                "placement": "bottom",
                "showLegend": True,
                "calcs": ["mean", "max", "lastNotNull"],
                "sortBy": "Last *",
                "sortDesc": True,
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        }


def _override_by(name, properties):
    """`/…/` is a regular expression on names."""
    override = _override(name, properties)
    if name.startswith("/"):
        override["matcher"]["id"] = "byRegexp"
    return override


@dataclass
class BarGauge(Panel):
    """A bar for each series, now."""

    kind = "bargauge"
    says_unknown = True
    instant = True

    def _options(self):
        return {
            "displayMode": "basic",
            "orientation": "horizontal",
            "reduceOptions": _reduced(),
            "showUnfilled": True,
            "minVizHeight": 10,
            "minVizWidth": 0,
            "valueMode": "color",
        }


@dataclass
class BarChart(Panel):
    """A bar for each value of the label `by`, over the range."""

    by: str = "model"

    kind = "barchart"
    instant = True
    format = "table"

    def _custom(self):
        return {"fillOpacity": 80, "gradientMode": "none", "lineWidth": 1, "axisPlacement": "auto", "axisSoftMin": 0}

    def _options(self):
        return {
            "orientation": "horizontal",
            "xField": self.by,
            "showValue": "auto",
            "stacking": "none",
            "barWidth": 0.8,
            "groupWidth": 0.7,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": len(self.queries) > 1, "calcs": []},
            "tooltip": {"mode": "single", "sort": "none"},
        }

    def _transformations(self):
        queries = self._queries()
        values = {_value_column(at, queries): query.legend or "value" for at, query in enumerate(queries)}
        return _merged(rename=values)


@dataclass
class Heatmap(Panel):
    """How a histogram's values are spread, over time: one query, from `queries.buckets`."""

    kind = "heatmap"
    format = "heatmap"

    def _targets(self):
        return [target | {"legendFormat": "{{le}}"} for target in super()._targets()]

    def _custom(self):
        return {"hideFrom": {"legend": False, "tooltip": False, "viz": False}, "scaleDistribution": {"type": "linear"}}

    def _options(self):
        return {
            "calculate": False,
            "cellGap": 1,
            "color": {"mode": "scheme", "scheme": "Blues", "steps": 64, "exponent": 0.5, "fill": "dark-blue"},
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "tooltip": {"show": True, "yHistogram": False},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": self.unit},
        }


@dataclass
class StateTimeline(Panel):
    """When each series had which state; `mappings` say what the values mean."""

    kind = "state-timeline"

    def _custom(self):
        return {"fillOpacity": 70, "lineWidth": 0}

    def _options(self):
        return {
            "alignValue": "left",
            "mergeValues": True,
            "rowHeight": 0.9,
            "showValue": "auto",
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "single", "sort": "none"},
        }


@dataclass
class Column:
    """A column of numbers: a query whose labels are those of the table, or some of them."""

    name: str
    expression: str
    unit: str = "none"
    thresholds: list | None = None
    mappings: list = field(default_factory=list)
    decimals: int | None = None
    links: list = field(default_factory=list)
    width: int | None = None


@dataclass
class Table(Panel):
    """One row for each set of labels, as of now.

    `queries` are `Column`s. `labels` are the labels to show, in this order, and their headings; other labels are hidden.
    Columns of different labels are put into one row where those are equal that both have.
    """

    labels: dict = field(default_factory=dict)
    label_links: dict = field(default_factory=dict)
    # Colours and words for values of labels.
    label_mappings: dict = field(default_factory=dict)
    sort_by: str = ""
    ascending: bool = False
    # Names of columns of which only the fact that there is a row counts.
    hidden: tuple = ()

    kind = "table"
    instant = True
    format = "table"

    def _queries(self):
        return [Query(column.expression) for column in self.queries]

    def _custom(self):
        return {"align": "auto", "displayMode": "auto", "inspect": False, "filterable": True}

    def _overrides(self):
        linked = [_override(self.labels[name], {"links": links}) for name, links in self.label_links.items()]
        linked += [_override(self.labels[name], _coloured(words)) for name, words in self.label_mappings.items()]
        # Else each empty cell says what is meant for a table that is.
        empty = _override_by("/.*/", {"noValue": "–"})
        return [empty, *linked, *(_override(column.name, _column_properties(column)) for column in self.queries)]

    def _options(self):
        return {
            "showHeader": True,
            "cellHeight": "sm",
            "footer": {"show": False, "reducer": ["sum"], "fields": "", "countRows": False},
            "sortBy": [{"displayName": self.sort_by, "desc": not self.ascending}] if self.sort_by else [],
        }

    def _transformations(self):
        values = {_value_column(at, self.queries, self.logs): column.name for at, column in enumerate(self.queries)}
        # So it is called, too, if the first query is the only one that has an answer.
        values |= {"Value": self.queries[0].name}
        hidden = [name for name, shown in values.items() if shown in self.hidden]
        return _merged(rename=self.labels | values, order=[*self.labels, *values], hidden=hidden, only=True)


# Older Grafanas know the first, newer ones the second.
COLOURED_TEXT = {"custom.displayMode": "color-text", "custom.cellOptions": {"type": "color-text"}}


def _coloured(mappings):
    return {"mappings": mappings, **COLOURED_TEXT}


def _column_properties(column):
    properties = {"unit": column.unit}
    if column.thresholds:
        properties["thresholds"] = {"mode": "absolute", "steps": column.thresholds}
    if column.thresholds or column.mappings:
        properties["color"] = {"mode": "thresholds"}
        properties |= COLOURED_TEXT
    optional = {
        "mappings": column.mappings + (UNKNOWN_IS_GREY if column.thresholds or column.mappings else []),
        "decimals": column.decimals,
        "links": column.links,
        "custom.width": column.width,
    }
    return properties | {name: value for name, value in optional.items() if value not in (None, [])}


def _value_column(at, queries, logs=False):
    """How Grafana calls the values of a query in a table. Loki's are always called by the query."""
    return f"Value #{REFERENCES[at]}" if logs or len(queries) > 1 else "Value"


def _merged(rename, order=(), hidden=(), only=False):
    """All queries in one table; `only`: nothing but what `order` names."""
    organise = {
        "excludeByName": {"Time": True} | {name: True for name in hidden},
        "indexByName": {name: at for at, name in enumerate(order)},
        "renameByName": rename,
    }
    shown = [name for name in order if name not in hidden]
    keep = [{"id": "filterFieldsByName", "options": {"include": {"names": shown}}}] if only else []
    return [{"id": "merge", "options": {}}, *keep, {"id": "organize", "options": organise}]


@dataclass
class Logs(Panel):
    """Lines, the newest first. `duplicates`: `signature` shows lines alike but for their numbers once."""

    duplicates: str = "none"

    kind = "logs"
    default_height = 10
    logs: bool = True

    def _options(self):
        return {
            "dedupStrategy": self.duplicates,
            "enableLogDetails": True,
            "prettifyLogMessage": False,
            "showCommonLabels": False,
            "showLabels": False,
            "showTime": True,
            "sortOrder": "Descending",
            "wrapLogMessage": True,
        }
