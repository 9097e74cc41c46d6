"""The dashboards as they are shipped, panel by panel."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))

LOGQL = "loki"


def load(path):
    return json.loads(path.read_text())


def panels(board, *, folded=True):
    """All panels but headings; `folded`: those under folded headings too."""
    for panel in board["panels"]:
        if panel["type"] != "row":
            yield panel
        elif folded:
            yield from panel.get("panels", [])


def speaks(panel_or_query):
    """`prometheus` or `loki`."""
    return panel_or_query["datasource"]["type"]


def variables(board):
    return {variable["name"]: variable for variable in board["templating"]["list"]}
