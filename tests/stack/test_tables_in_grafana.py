"""What tables show, by Grafana's own code (npm's @grafana/data), from the answers of the Prometheus of the simulated stack.

Grafana itself can't be had here; what it makes of several answers in one table is where dashboards break unseen.
"""

import json
import math
import re
import subprocess
from pathlib import Path

import pytest

import boards
import expressions
import lint_panels
from grafana_variables import filled
from simulated_prometheus import hastened

FOLDER = Path(__file__).with_name("grafana")
# One of the Python packages.
NODE = boards.ROOT / ".venv/bin/node"

TABLES = [
    pytest.param(path.stem, panel, id=f"{path.stem} / {panel['title']}")
    for path in boards.FILES
    for panel in boards.panels(boards.load(path))
    if panel["type"] in ("table", "barchart") and boards.speaks(panel) == "prometheus"
]


@pytest.fixture(scope="module")
def grafana():
    """Asks Grafana's code about tables, many at once."""
    assert (FOLDER / "node_modules").exists(), "Grafana's code is not installed: make stack does that"

    def ask(tables):
        command = [NODE, FOLDER / "shown.cjs"]
        done = subprocess.run(command, input=json.dumps({"tables": tables}), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        # Libraries have something to say on stdout, too.
        return json.loads(done.stdout.splitlines()[-1])

    return ask


@pytest.fixture(scope="module")
def shown(grafana, prometheus):
    """All tables with their columns, by board and title."""
    tables = [(uid, panel, answers(prometheus, uid, panel)) for uid, panel in (param.values for param in TABLES)]
    found = grafana([{"panel": panel, "answers": each} for _, panel, each in tables])["tables"]
    return {(uid, panel["title"]): (each, table) for (uid, panel, each), table in zip(tables, found)}


def answers(prometheus, uid, panel):
    values = expressions.fixed_values(boards.load(boards.FOLDER / f"{uid}.json"))
    return {
        target["refId"]: [
            # JSON knows no NaN, nor does Grafana show it.
            {"labels": labels, "value": value if math.isfinite(value) else None}
            for labels, value in prometheus.at_the_end(filled(hastened(target["expr"]), **values))
        ]
        for target in panel["targets"]
        if target["refId"] != "LIMIT"
    }


@pytest.mark.parametrize("uid, panel", TABLES)
def test_each_thing_is_one_row(shown, uid, panel):
    """What belongs together is merged, what is not to be seen is not, and columns are called as they should be."""
    given, table = shown[uid, panel["title"]]
    columns = {column["name"]: column["shown"] for column in table["columns"]}
    assert len(columns) == len(table["columns"]), f"two columns have one name: {list(columns)}"
    if not any(given.values()):
        return  # rightly_empty.yml says why, and test_every_expression.py holds it to that
    assert not [name for name in columns if re.match(r"Value|Time$|__name__", name)], f"as Grafana calls them: {list(columns)}"
    rows = list(zip(*columns.values()))
    assert rows, f"nothing of {given} is shown"
    texts = labels_of_rows(panel, columns)
    assert len(set(texts)) == len(texts), f"one thing has several rows: {texts}"


def labels_of_rows(panel, columns):
    """What each row is of: its columns that are labels."""
    headings = {
        heading
        for change in panel["transformations"]
        if change["id"] == "organize"
        for name, heading in change["options"]["renameByName"].items()
        if not name.startswith("Value")
    }
    if panel["type"] == "barchart":
        headings = {panel["options"]["xField"]}
    return list(zip(*(shown for name, shown in columns.items() if name in headings)))


def test_all_units_are_grafanas(grafana):
    known = set(grafana([])["units"])
    wrong = [
        (path.stem, panel["title"], unit)
        for path in boards.FILES
        for panel in boards.panels(boards.load(path))
        for unit in lint_panels.units(panel)
        if unit not in known and not re.match(r"suffix:\S", unit)
    ]
    assert not wrong
