"""A dashboard: its variables, its rows of panels, and where they stand."""

import json
from dataclasses import dataclass, field

import annotations
import links
from variables import DATASOURCE

GRID = 24
# Grafana 9 has this as its own; newer ones take it as it is.
SCHEMA_VERSION = 38


@dataclass
class Row:
    """A heading, and rows of panels under it. Folded: what not everybody has, or needs now."""

    title: str
    panels: list
    folded: bool = False


@dataclass
class Board:
    """`rows` holds lists of panels, and `Row`s. Panels of a list share its width, unless they say theirs."""

    uid: str
    title: str
    question: str
    rows: list
    variables: list = field(default_factory=list)
    since: str = "3h"
    refresh: str = "30s"

    def json(self):
        return {
            "id": None,
            "uid": self.uid,
            "title": f"Weir / {self.title}",
            "description": self.question,
            "tags": ["weir"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "timezone": "",
            "weekStart": "",
            "fiscalYearStartMonth": 0,
            "liveNow": False,
            "time": {"from": f"now-{self.since}", "to": "now"},
            "timepicker": {},
            "refresh": self.refresh,
            "links": [links.ALL_BOARDS],
            "annotations": {"list": annotations.ALL},
            "templating": {"list": [DATASOURCE, *self.variables]},
            "panels": _placed(self.rows),
        }

    def text(self):
        """As a file: one panel, variable and annotation a line, so that a change is seen as what it is."""
        board = self.json()
        lists = {"annotations": board["annotations"].pop("list"), "templating": board["templating"].pop("list")}
        panels = board.pop("panels")
        head = [f"  {json.dumps(name)}: {_short(value)}" for name, value in board.items() if name not in lists]
        head += [f'  "{name}": {{"list": {_lines(items)}}}' for name, items in lists.items()]
        head.append(f'  "panels": {_lines(panels)}')
        return "{\n" + ",\n".join(head) + "\n}\n"


def _short(value):
    return json.dumps(value, ensure_ascii=False)


def _lines(items):
    return "[\n" + ",\n".join(f"    {_short(item)}" for item in items) + "\n  ]"


def _placed(rows):
    """All panels with ids and places, from top to bottom."""
    placed, top = [], 0
    for row in rows:
        if not isinstance(row, Row):
            panels, top = _side_by_side(row, top)
            placed += panels
            continue
        heading = {"type": "row", "title": row.title, "collapsed": row.folded, "panels": []}
        heading["gridPos"] = {"h": 1, "w": GRID, "x": 0, "y": top}
        top += 1
        inside = []
        for line in row.panels:
            panels, top = _side_by_side(line, top)
            inside += panels
        placed.append(heading)
        if row.folded:
            heading["panels"] = inside
        else:
            placed += inside
    return _numbered(placed)


def _side_by_side(line, top):
    given = sum(panel.width or 0 for panel in line)
    free = [panel for panel in line if panel.width is None]
    each = (GRID - given) // len(free) if free else 0
    height = max(panel.height or panel.default_height for panel in line)
    left, panels = 0, []
    for panel in line:
        width = panel.width or each
        panels.append(panel.json() | {"gridPos": {"h": height, "w": width, "x": left, "y": top}})
        left += width
    assert 0 < left <= GRID, f"{left} columns of {GRID} under {line[0].title!r}"
    return panels, top + height


def _numbered(panels):
    number = 0
    for panel in panels:
        number += 1
        panel["id"] = number
        for inner in panel.get("panels", []):
            number += 1
            inner["id"] = number
    return panels
