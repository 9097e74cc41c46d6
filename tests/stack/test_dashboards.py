"""The dashboards: as their source makes them, of a shape that Grafana takes, and by our own rules."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

import boards
import lint_panels

BOARDS = {path.stem: boards.load(path) for path in boards.FILES}
EXCEPTIONS = yaml.safe_load(Path(__file__).with_name("lint_exceptions.yml").read_text()) or []
EXPECTED = {
    "weir-" + name
    for name in (
        *("overview", "llm-traffic", "litellm", "vllm", "gpu", "containers", "system", "langfuse", "logs", "slo"),
        "self",
    )
}


def test_all_boards_are_there():
    assert set(BOARDS) == EXPECTED


def test_they_are_as_their_source_makes_them():
    command = [sys.executable, boards.FOLDER / "source", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("uid", sorted(BOARDS))
def test_its_shape_is_grafanas(uid):
    """By Grafana's own models: they know each member of a dashboard and what it may be."""
    assert Dashboard.from_json(BOARDS[uid]).uid == BOARDS[uid]["uid"] == uid


@pytest.mark.parametrize("uid", sorted(BOARDS))
def test_its_rules(uid):
    board = BOARDS[uid]
    found = [("", fault) for fault in lint_panels.faults_of_board(board, BOARDS)]
    found += [(panel["title"], fault) for panel in boards.panels(board) for fault in lint_panels.faults(panel)]
    excepted = [entry for entry in EXCEPTIONS if entry["board"] == uid]
    fits = lambda entry, panel, fault: entry["panel"] == panel and entry["fault"] in fault
    left = [each for each in found if not any(fits(entry, *each) for entry in excepted)]
    idle = [entry for entry in excepted if not any(fits(entry, *each) for each in found)]
    assert not left, "\n".join(f"{uid} / {panel}: {fault}" for panel, fault in left)
    assert not idle, f"exceptions that nothing needs any more: {idle}"
    assert all(len(entry["reason"]) > 20 for entry in excepted)
