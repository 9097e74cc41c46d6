"""Each series that the rules record is described, and none that they do not."""

import re

import yaml

from exported import ROOT, RULES

PAGES = ["METRICS.md", "METRICS-GPU.md", "METRICS-RULES.md", "QUERIES.md"]
WINDOW = re.compile(r"(?<=rate)(5m|30m|1h|2h|6h|1d|3d)$")
HISTOGRAM = re.compile(r"_(bucket|sum|count)$")


def recorded():
    rules = [rule for file in RULES.glob("*.yml") for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]
    return {rule["record"] for rule in rules if "record" in rule}


def by_family(names):
    """One name for all windows of an objective, and for the three series of a histogram."""
    names = {WINDOW.sub("<w>", name) if name.startswith("slo:") else name for name in names}
    return {HISTOGRAM.sub("", name) for name in names}


def test_all_are_described():
    text = "\n".join((ROOT / page).read_text() for page in PAGES)
    missing = {name for name in by_family(recorded()) if not re.search(rf"(?<![\w:]){re.escape(name)}(?![\w:]*:)", text)}
    assert not missing, f"recorded, and on none of {PAGES}: {missing}"


def test_all_that_is_described_is_recorded():
    rows = re.findall(r"^\| `([^`]+)` \|", (ROOT / "METRICS-RULES.md").read_text(), re.M)
    assert len(rows) > 10
    assert not set(rows) - by_family(recorded())
