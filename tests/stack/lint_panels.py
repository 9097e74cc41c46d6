"""What is wrong with a panel or a board. A rule is a function that yields faults, in words."""

import itertools
import re
import urllib.parse

import promql_parser

import boards
import exported
import lint_queries
from grafana_variables import filled
from promql_labels import labels_of

KINDS = {"timeseries", "stat", "table", "bargauge", "barchart", "heatmap", "state-timeline", "logs"}
MOST_QUERIES, MOST_PANELS = 8, 16
# What a link sets, or hands on as it is chosen.
VARIABLE_OF_LINK = re.compile(r"[?&]var-(\w+)=|\$\{(?!_)(\w+):queryparam\}")
CALM = re.compile(r"\b(ok|fine|healthy|all good|0)\b", re.I)


def faults(panel):
    for rule in RULES:
        yield from rule(panel)


def _asks(panel):
    if not panel["title"].endswith("?"):
        yield "its title is no question"


def _describes(panel):
    text = panel.get("description", "")
    names = {part for target in _promql(panel) for name in exported.names_in(target["expr"]) for part in _parts(name)}
    if len(text) < 40:
        yield "it has no description worth the name"
    elif names and not any(name in text for name in names):
        yield f"its description names no metric of it, as {sorted(names)[0]}"


def _parts(name):
    return {name, exported.family_of(name) or name}


def _is_of_a_kind(panel):
    if panel["type"] not in KINDS:
        yield f"{panel['type']}: not in every Grafana from 9 to 13"


def _has_queries(panel):
    if not 1 <= len(panel["targets"]) <= MOST_QUERIES:
        yield f"{len(panel['targets'])} queries"


def units(panel):
    """All that the panel names, for its values and in its overrides."""
    yield panel["fieldConfig"]["defaults"]["unit"]
    for override in panel["fieldConfig"]["overrides"]:
        for each in override["properties"]:
            if each["id"] == "unit":
                yield each["value"]


def _shares_end_at_one(panel):
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] in ("timeseries", "bargauge") and defaults.get("unit") == "percentunit":
        if "max" not in defaults and "axisSoftMax" not in defaults["custom"]:
            yield "a share without its maximum"


def _unknown_is_not_judged(panel):
    """Grafana gives what is not there the colour that is below all thresholds."""
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] in ("stat", "bargauge") and defaults["color"]["mode"] == "thresholds":
        if not any(each["type"] == "special" and each["options"]["match"] == "null+nan" for each in defaults["mappings"]):
            yield "nothing has the colour of a value: map null to grey"


def _lone_points_are_seen(panel):
    """With little traffic a ratio has a value now and then, and a line needs two. Not every Grafana draws it all the same."""
    custom = panel["fieldConfig"]["defaults"].get("custom", {})
    if panel["type"] == "timeseries" and custom["drawStyle"] == "line" and custom["showPoints"] == "never":
        yield "a point without neighbours may not be seen: showPoints"


def _every_grafana_knows_it(panel):
    for target in panel["targets"]:
        if "$__auto" in target["expr"]:
            yield "$__auto: Grafana knows it from 10.2 on; $__interval, or $__range where the panel asks once"


def _tiles_of_loki_show_each_row(panel):
    """Grafana makes one table of what Loki answers once, and a tile of the last row of it."""
    if panel["type"] == "stat" and any("sum by" in each["expr"] for each in panel["targets"] if boards.speaks(each) == "loki"):
        if not panel["options"]["reduceOptions"]["values"]:
            yield "a tile with several rows of Loki's shows one of them"


def _sources_are_variables(panel):
    for each in (panel, *panel["targets"]):
        if not re.fullmatch(r"\$\{(datasource|loki|tempo)\}", each["datasource"]["uid"]):
            yield f"the data source {each['datasource']} is no variable"


def _judges_on_purpose(panel):
    defaults = panel["fieldConfig"]["defaults"]
    for step in defaults["thresholds"]["steps"]:
        if step["value"] == 80 and defaults["unit"] != "celsius":
            yield "Grafana's own threshold of 80"


def _is_not_calm(panel):
    if CALM.search(panel["fieldConfig"]["defaults"].get("noValue", "")):
        yield "says something calm where there is nothing"


def _legends_name_labels(panel):
    for target in _promql(panel):
        wanted = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", target.get("legendFormat", "")))
        known = labels_of(promql_parser.parse(filled(target["expr"])))
        if panel["type"] != "heatmap" and known is not None and wanted - known:
            yield f"the legend names {sorted(wanted - known)}, which the series of {target['refId']} do not have"


def _has_a_legend(panel):
    """Where there are several queries, each series has to say which it is of."""
    if panel["type"] in ("timeseries", "stat", "state-timeline") and len(panel["targets"]) > 1:
        for target in panel["targets"]:
            if target["legendFormat"] in ("", "__auto"):
                yield f"{target['refId']} has no legend, and is not alone"


def _legends_tell_series_apart(panel):
    """Two lines of one name are as good as none: a legend has all labels that its series differ by."""
    if panel["type"] not in ("timeseries", "stat", "bargauge", "state-timeline"):
        return
    for target in _promql(panel):
        known = labels_of(promql_parser.parse(filled(target["expr"])))
        if known is None or target["refId"] == "LIMIT" or target["legendFormat"] == "__auto":
            continue
        named = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", target["legendFormat"]))
        if "id" in named:  # the first digits of either
            named |= {"container_id", "uuid"}
        if known - named:
            yield f"series of {target['refId']} may differ by {sorted(known - named)}, and be called the same"


def _columns_are_labels(panel):
    """What a table is told to show has to be in one of its queries."""
    if panel["type"] != "table":
        return
    wanted = {
        name
        for change in panel["transformations"]
        if change["id"] == "filterFieldsByName"
        for name in change["options"]["include"]["names"]
        if not name.startswith("Value")
    }
    known = [labels_of(promql_parser.parse(filled(target["expr"]))) for target in _promql(panel)]
    if known and None not in known and wanted - set().union(*known):
        yield f"the columns {sorted(wanted - set().union(*known))} are labels of none of its queries"


def _queries_are_right(panel):
    for target in _promql(panel):
        for fault in lint_queries.faults(target["expr"], instant=target["instant"]):
            yield f"{target['refId']}: {fault}"


def _promql(panel):
    return [target for target in panel["targets"] if boards.speaks(target) == "prometheus"]


RULES = [
    _asks,
    _describes,
    _is_of_a_kind,
    _has_queries,
    _shares_end_at_one,
    _unknown_is_not_judged,
    _lone_points_are_seen,
    _every_grafana_knows_it,
    _tiles_of_loki_show_each_row,
    _sources_are_variables,
    _judges_on_purpose,
    _is_not_calm,
    _legends_name_labels,
    _has_a_legend,
    _legends_tell_series_apart,
    _columns_are_labels,
    _queries_are_right,
]


def faults_of_board(board, others):
    """`others`: all boards by uid, for links."""
    for rule in (_is_classic, _does_not_overlap, _is_not_too_much, _knows_its_variables, _refreshes, _annotates):
        yield from rule(board)
    yield from _links_lead_somewhere(board, others)


def _is_classic(board):
    if board["id"] is not None or board["schemaVersion"] > 38 or board["editable"] or board["graphTooltip"] != 1:
        yield "id null, schemaVersion 38 at most, not editable, a shared crosshair"
    if board["tags"] != ["weir"] or not board["description"].endswith("?"):
        yield "the tag weir, and a question as its description"
    numbers = [panel["id"] for panel in (*board["panels"], *boards.panels(board))]
    if len(set(numbers)) != len({id(panel) for panel in (*board["panels"], *boards.panels(board))}):
        yield "two panels have one id"


def _does_not_overlap(board):
    for one, other in itertools.combinations(boards.panels(board), 2):
        a, b = one["gridPos"], other["gridPos"]
        if a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]:
            yield f"{one['title']!r} and {other['title']!r} overlap"
    for panel in boards.panels(board):
        if panel["gridPos"]["x"] + panel["gridPos"]["w"] > 24:
            yield f"{panel['title']!r} does not fit"


def _is_not_too_much(board):
    seen = sum(panel["type"] != "stat" for panel in boards.panels(board, folded=False))
    if seen > MOST_PANELS:
        yield f"{seen} panels besides its tiles: more than anybody looks at"


def _annotates(board):
    """Annotations are lines that nobody looks for: what is wrong with one is not seen."""
    for annotation in board["annotations"]["list"]:
        if boards.speaks(annotation) != "prometheus":
            continue
        found = list(lint_queries.faults(annotation["expr"], instant=False))
        wanted = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", annotation["titleFormat"] + annotation["textFormat"]))
        known = labels_of(promql_parser.parse(filled(annotation["expr"])))
        if known is not None and wanted - known:
            found.append(f"it names {sorted(wanted - known)}, which its series do not have")
        yield from (f"annotation {annotation['name']!r}: {fault}" for fault in found)


def _knows_its_variables(board):
    known = set(boards.variables(board))
    used = set(re.findall(r"\$\{?([a-z]\w*)", str(board)))
    if used - known:
        yield f"uses {sorted(used - known)}, which it does not have"
    if idle := known - used:
        yield f"has {sorted(idle)}, which nothing uses"
    for name, variable in boards.variables(board).items():
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield f"${name} does not follow the time"


def _refreshes(board):
    if board["refresh"] not in ("5s", "10s", "30s", "1m", "5m"):
        yield f"refreshes every {board['refresh']!r}"


def _links_lead_somewhere(board, others):
    for title, url in _links(board):
        if not url.startswith("/d/"):
            continue
        uid = re.match(r"/d/([\w-]+)", url).group(1)
        if uid not in others:
            yield f"{title!r} leads to {uid}, which is no board"
            continue
        wanted = {each for found in VARIABLE_OF_LINK.findall(url) for each in found if each}
        if wanted - set(boards.variables(others[uid])):
            yield f"{title!r} sets {sorted(wanted - set(boards.variables(others[uid])))}, which {uid} does not have"
        if "model" in wanted and "hop" in boards.variables(others[uid]) and "hop" not in wanted:
            yield f"{title!r} says a model, and not at which hop it is called so"


def _links(board):
    for panel in boards.panels(board):
        config = panel["fieldConfig"]
        values = [config["defaults"].get("links", [])]
        values += [
            each["value"] for override in config["overrides"] for each in override["properties"] if each["id"] == "links"
        ]
        for link in itertools.chain(*values, panel.get("links", [])):
            yield link["title"], urllib.parse.unquote(link["url"])
