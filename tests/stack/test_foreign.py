"""What foreign.yml says of others' metrics, against the real pages of those that run here."""

import re

import pytest
import yaml

from exported import FOREIGN, SUFFIXES
from scrape import Scrape

# Whose pages are real. The engines' are imitations that are compared with recordings
# (discovery/tests/engine_metrics/recordings.rs). Metrics that a page lacks before their first event are listed, too.
REAL = ("prometheus", "alertmanager", "node", "litellm", "vllm")
FAMILIES = yaml.safe_load(FOREIGN.read_text())
# On no page: Prometheus makes them itself.
SYNTHETIC = re.compile(r"up|scrape_\w+|ALERTS\w*")
# Not there in the run, with the reasons.
LACKING = yaml.safe_load(FOREIGN.with_name("rightly_empty.yml").read_text())["metrics"]


@pytest.mark.parametrize("owner", REAL)
def test_type_and_labels(history, owner):
    kinds, labels = {}, {}
    for page in history.pages[owner]:
        kinds |= dict(re.findall(r"^# TYPE (\S+) (\w+)$", page, re.M))
        for (name, known), _ in Scrape.of_text(page).items():
            labels.setdefault(name, set()).update(label for label, _ in known)
    wrong = []
    for name, (kind, *expected) in FAMILIES[owner]["families"].items():
        if SYNTHETIC.fullmatch(name):
            continue
        if name in LACKING:
            assert name not in labels, f"{name} is there: take it out of rightly_empty.yml"
            continue
        found = kinds.get(name, "none").replace("untyped", "unknown")
        series = {each for suffix in SUFFIXES.get(kind, ("",)) for each in labels.get(name + suffix, ())} - {"le"}
        if found != kind or not set(expected) <= series:
            wrong.append(f"{name}: {kind} with {expected} in foreign.yml, {found} with {sorted(series)} on the page")
    assert not wrong, "\n".join(wrong)
